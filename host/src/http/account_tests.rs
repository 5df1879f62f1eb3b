//! Accounts on a real socket: passwords, tokens with an end and scopes, sessions that end with what opened them, and a proxy that
//! names people.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use tempfile::TempDir;

use super::tests::{Running, start};
use crate::accounts::{Account, AccountsFile, Actor, LastUsed, LockedFile, Token, password};
use crate::backend::fake::Fake;
use crate::clock::SystemClock;
use crate::domain::audit::{AuditEntry, AuditOutcome, Channel};
use crate::domain::{Permission, Role};
use crate::ports::Clock;
use crate::token::{self, Hash};

pub(super) const PASSWORD: &str = "correct horse battery";

/// A host with a file of accounts.
pub(super) struct Kept {
    pub host: Running,
    pub path: PathBuf,
    pub http: Client,
    _folder: TempDir,
}

impl Kept {
    pub async fn new(config: &str, fill: impl FnOnce(&mut AccountsFile)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("accounts.json");
        write(&path, fill);
        let host = start(&format!("[sign_in]\naccounts = {path:?}\n{config}"), Fake::default()).await;
        let http = crate::network::builder().redirect(Policy::none()).build().unwrap();
        Self { host, path, http, _folder: folder }
    }

    pub async fn sign_in(&self, form: &[(&str, &str)], cookie: &str) -> Response {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self.http.post(self.host.url("/sign-in")).body(body).header("Cookie", cookie);
        let request = request.header("Origin", format!("http://{}", self.host.address));
        request.header("Content-Type", "application/x-www-form-urlencoded").send().await.unwrap()
    }

    /// The cookie that a name and a password open.
    pub async fn cookie(&self, name: &str, password: &str, before: &str) -> String {
        let answer = self.sign_in(&[("name", name), ("password", password)], before).await;
        assert_eq!(answer.status(), 303, "{}", answer.text().await.unwrap());
        answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_string()
    }

    pub async fn look(&self, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
        let request = self.http.get(self.host.url(path));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// What is written down, once it is so much.
    pub async fn audited(&self, count: usize) -> Vec<AuditEntry> {
        for _ in 0..200 {
            let all = self.host.fake.audited.lock().unwrap().clone();
            if all.len() >= count {
                return all;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("{:?}", self.host.fake.audited.lock().unwrap());
    }
}

pub(super) fn write(path: &std::path::Path, change: impl FnOnce(&mut AccountsFile)) {
    let (person, from) = (Some(crate::domain::Person::typed("root")), "here".to_string());
    let by = Actor { person, way: Channel::Cli, from, at: SystemClock.now() };
    LockedFile::take(path).unwrap().change_unguarded(&by, change);
}

pub(super) fn account(role: Role, hash: &str) -> Account {
    let since = Some(Timestamp::UNIX_EPOCH);
    Account { role: Some(role), password: Some(hash.into()), since, ..Account::default() }
}

#[tokio::test]
async fn a_name_and_its_password_open_a_session_that_ends_with_the_password() {
    let hash = password::hash(PASSWORD).unwrap();
    let kept = Kept::new("", |book| {
        book.accounts.insert("ada".into(), account(Role::Responder, &hash));
        book.accounts.insert("vic".into(), account(Role::Viewer, &hash));
    })
    .await;
    let (status, page) = kept.look("/sign-in", &[]).await;
    assert!(status == 200 && page.contains("name=\"password\"") && page.contains("name=\"token\""), "{page}");
    let mut said = Vec::new();
    for (name, password) in [("ada", "wrong horse battery"), ("nobody", PASSWORD), ("ada", ""), ("", PASSWORD)] {
        let answer = kept.sign_in(&[("to", "/"), ("name", name), ("password", password)], "").await;
        assert_eq!(answer.status(), 403, "{name}");
        assert!(answer.headers().get("set-cookie").is_none());
        said.push(answer.text().await.unwrap().replace("&quot;", ""));
    }
    let error = |page: &str| page.split("role=\"alert\">").nth(1).unwrap().split('<').next().unwrap().to_string();
    assert_eq!(error(&said[0]), error(&said[1]), "nobody learns who there is");

    let first = kept.cookie("ADA ", PASSWORD, "").await;
    let looked = [("Cookie", first.as_str())];
    for path in ["/", "/v1/incidents", "/i/i-b1"] {
        assert_eq!(kept.look(path, &looked).await.0, 200, "{path}");
    }
    assert!(kept.look("/", &looked).await.1.contains("<strong>ada</strong>"));
    for path in ["/", "/v1/incidents", "/audit"] {
        let answer = kept.http.get(kept.host.url(path)).header("Cookie", &first).send().await.unwrap();
        assert_eq!(answer.headers()["cache-control"], "no-store", "{path}");
    }
    // A session that was there before is not gone on with.
    let second = kept.cookie("ada", PASSWORD, &first).await;
    assert_ne!(first, second);
    assert_eq!((kept.look("/", &looked).await.0, kept.look("/", &[("Cookie", &second)]).await.0), (303, 200));
    // The name in the form of an answer counts for nothing beside the one that was proven; a viewer answers nothing.
    let vic = kept.cookie("vic", PASSWORD, "").await;
    let request = kept.http.post(kept.host.url("/i/i-b1/a1")).header("Cookie", &vic).body("answer=approve");
    let request = request.header("Content-Type", "application/x-www-form-urlencoded");
    assert_eq!(request.send().await.unwrap().status(), 403);
    // With a session alone nothing is changed over the API.
    let request = kept.http.post(kept.host.url("/v1/pause")).header("Cookie", &second).body("");
    assert_eq!(request.send().await.unwrap().status(), 401);

    write(&kept.path, |book| book.accounts.get_mut("ada").unwrap().since = Some(SystemClock.now()));
    assert_eq!(kept.look("/", &[("Cookie", &second)]).await.0, 303, "the password was changed");
    let third = kept.cookie("ada", PASSWORD, "").await;
    write(&kept.path, |book| book.accounts.get_mut("ada").unwrap().disabled = true);
    assert_eq!(kept.look("/", &[("Cookie", &third)]).await.0, 303, "the account was disabled");
    assert_eq!(kept.sign_in(&[("name", "ada"), ("password", PASSWORD)], "").await.status(), 403);
    // What cannot be read lets nobody in, least of all everybody.
    std::fs::write(&kept.path, "{").unwrap();
    assert_eq!(kept.look("/", &[("Cookie", &vic)]).await.0, 303);
    assert_eq!(kept.look("/v1/incidents", &[]).await.0, 401);

    let all = kept.audited(15).await;
    let named = |outcome: AuditOutcome, name: &str| {
        let of = |audited: &&AuditEntry| {
            audited.outcome == outcome && audited.person.as_ref().is_some_and(|p| p.name() == name)
        };
        all.iter().filter(of).map(|audited| audited.route.clone()).collect::<Vec<_>>()
    };
    assert_eq!(named(AuditOutcome::Done, "ada"), ["POST /sign-in"; 3]);
    assert_eq!(named(AuditOutcome::Refused, "vic"), ["POST /i/{id}/{action}"]);
    let refused =
        all.iter().find(|audited| audited.route == "POST /sign-in" && audited.outcome == AuditOutcome::Refused);
    let refused = refused.unwrap();
    let typed = crate::domain::Person::typed("ada");
    assert_eq!(
        (refused.way, refused.from.as_str(), refused.person.as_ref()),
        (Channel::Page, "127.0.0.1", Some(&typed))
    );
    assert_eq!(refused.why, "nobody of this name has this password");
    assert!(!serde_json::to_string(&all).unwrap().contains("horse"), "no password is written down");
    assert!(all.iter().any(|audited| audited.route == "accounts" && audited.why == "account ada was disabled"));
}

#[tokio::test]
async fn who_guesses_passwords_waits() {
    let hash = password::hash(PASSWORD).unwrap();
    let kept = Kept::new("", |book| drop(book.accounts.insert("ada".into(), account(Role::Admin, &hash)))).await;
    let mut statuses = Vec::new();
    for _ in 0..6 {
        let answer = kept.sign_in(&[("name", "ada"), ("password", "wrong horse battery")], "").await;
        statuses.push(answer.status().as_u16());
    }
    assert_eq!(statuses, [403, 403, 403, 403, 429, 429]);
    let answer = kept.sign_in(&[("name", "ada"), ("password", PASSWORD)], "").await;
    assert_eq!(answer.status(), 429, "the right one is not even looked at");
}

#[tokio::test]
async fn a_token_has_an_end_and_permits_no_more_than_it_says() {
    let now = SystemClock.now();
    let mut made = Vec::new();
    let mut token = |owner: &str, scopes: &[Permission], hours: i64| {
        let secret = token::generate().unwrap().expose().to_string();
        let hash = Hash::of(&secret);
        made.push(Token {
            id: hash.id(),
            owner: owner.into(),
            sha256: hash.to_string(),
            label: String::new(),
            scopes: scopes.iter().copied().collect(),
            made: now,
            expires: Some(now + SignedDuration::from_hours(hours)),
            made_with: None,
        });
        (secret, hash.id())
    };
    let (looks, id) = token("opal", &[Permission::Look], 1);
    let (all, all_id) = token("opal", &[], 1);
    let (expired, _) = token("opal", &[], -1);
    let (strange, _) = token("nobody", &[], 1);
    let (much, _) = token("vic", &[Permission::Look, Permission::Operate], 1);
    let config = "[mcp]\nwrite = [\"silence\"]\n[users.opal]\nrole = \"operator\"\n[users.vic]\nrole = \"viewer\"\n";
    let kept = Kept::new(config, |book| book.tokens = made).await;
    let resume = async |token: &str| {
        let request =
            kept.http.post(kept.host.url("/v1/resume")).bearer_auth(token).header("Content-Type", "application/json");
        let answer = request.body("{}").send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let look = async |token: &str| kept.look("/v1/incidents", &[("Authorization", &format!("Bearer {token}"))]).await;
    assert_eq!((look(&looks).await.0, look(&all).await.0, resume(&all).await.0), (200, 200, 200));
    let (status, text) = resume(&looks).await;
    assert!(status == 403 && text.contains("it lacks the scope operate"), "{status} {text}");
    let (status, text) = resume(&much).await;
    assert!(
        status == 403 && text.contains("vic may look and change nothing"),
        "a scope gives nothing: {status} {text}"
    );
    let (status, text) = look(&expired).await;
    assert!(status == 401 && text.contains("this token expired at"), "{status} {text}");
    assert_eq!((look(&strange).await.0, look("tg_p_x").await.0), (401, 401));
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"silence_create","arguments":{}}}"#;
    let request = kept.http.post(kept.host.url("/mcp")).bearer_auth(&looks).body(call);
    let request = request.header("Accept", "application/json, text/event-stream");
    let text = request.header("Content-Type", "application/json").send().await.unwrap().text().await.unwrap();
    assert!(text.contains("it lacks the scope silence"), "{text}");
    assert_eq!(kept.host.fake.orders.lock().unwrap().len(), 1);
    let order = kept.host.fake.orders.lock().unwrap()[0].clone();
    assert_eq!(order.person.name(), "opal");
    write(&kept.path, |book| book.tokens.retain(|token| token.id != all_id));
    assert_eq!((look(&all).await.0, look(&looks).await.0), (401, 200), "revoked at once");
    write(&kept.path, |book| book.accounts.entry("opal".into()).or_default().disabled = true);
    assert_eq!(look(&looks).await.0, 401, "a token dies with its owner");
    let path = kept.path.clone();
    kept.host.stop().await;
    assert!(LastUsed::beside(&path).at(&id).is_some_and(|used| used <= SystemClock.now()));
}

const PROXY: &str = "proxy = { from = [\"127.0.0.1\"], secret = { env = \"LINKS\" } }\n\
                     [users.old]\n[[access]]\ngroups = [\"sre\"]\nrole = \"responder\"\n";
const SECRET: (&str, &str) = ("X-Tidegate-Proxy", "0123456789abcdef");

#[tokio::test]
async fn a_proxy_names_people_and_nobody_else_does() {
    let kept = Kept::new(PROXY, |_| ()).await;
    let ann = [SECRET, ("X-Forwarded-User", "Ann"), ("X-Forwarded-Groups", "dev, SRE")];
    let (status, page) = kept.look("/", &ann).await;
    assert!(status == 200 && page.contains("<strong>Ann (via proxy)</strong>"), "{status} {page}");
    for (headers, wanted) in [
        (vec![SECRET, ("X-Forwarded-User", "bob"), ("X-Forwarded-Groups", "dev")], 403),
        // A group is the one that is called so, whatever the case.
        (vec![SECRET, ("X-Forwarded-User", "bob"), ("X-Forwarded-Groups", "dev,SRE")], 200),
        (vec![SECRET, ("X-Forwarded-User", "bob"), ("X-Forwarded-Groups", "s re")], 403),
        (vec![SECRET, ("X-Forwarded-User", "bob"), ("X-Forwarded-Groups", "s\tre, sre2")], 403),
        (vec![SECRET, ("X-Forwarded-User", "bob"), ("X-Forwarded-Groups", "dev ,\tsre ")], 200),
        // Somebody without a word about them was an operator before there were roles; a proxy makes nobody one.
        (vec![SECRET, ("X-Forwarded-User", "old")], 403),
        (vec![("X-Forwarded-User", "Ann"), ("X-Forwarded-Groups", "sre")], 403),
        (
            vec![("X-Tidegate-Proxy", "0123456789abcdeg"), ("X-Forwarded-User", "Ann"), ("X-Forwarded-Groups", "sre")],
            403,
        ),
        (vec![SECRET, ("X-Forwarded-User", "Ann"), ("X-Forwarded-User", "bob"), ("X-Forwarded-Groups", "sre")], 403),
        (vec![SECRET, ("X_Forwarded_User", "Ann"), ("X-Forwarded-Groups", "sre")], 403),
        (vec![SECRET, ("X-Forwarded-User", " "), ("X-Forwarded-Groups", "sre")], 403),
        (vec![SECRET], 401),
        (vec![], 401),
    ] {
        let (status, text) = kept.look("/v1/incidents", &headers).await;
        assert_eq!(status, wanted, "{headers:?}: {text}");
    }
    let (_, text) = kept.look("/healthz", &[("X-Forwarded-Groups", "sre")]).await;
    assert!(text.contains("is taken only with the proxy's secret"), "on every path: {text}");
    let request = kept.http.post(kept.host.url("/v1/pause")).header("Content-Type", "application/json").body("{}");
    let request = ann.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    assert_eq!(request.send().await.unwrap().status(), 200);
    let order = kept.host.fake.orders.lock().unwrap()[0].clone();
    let person = order.person.proven().unwrap();
    assert!(person.name() == "Ann" && person.is_in("sre") && person.proof().as_str() == "proxy");
    // A page of another site has no more way in behind a proxy that signs people in by itself.
    let request = kept.http.post(kept.host.url("/v1/pause")).header("Origin", "https://evil.example").body("{}");
    let request = ann.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    assert_eq!(request.send().await.unwrap().status(), 403);
    // Whoever is kept out here is let in by nobody's word, and whoever has an account is that one.
    write(&kept.path, |book| book.keep_out("ann", "Ann", true));
    assert_eq!(kept.look("/v1/me", &ann).await.0, 403);
    write(&kept.path, |book| book.keep_out("ann", "Ann", false));
    assert_eq!(kept.look("/v1/me", &ann).await.0, 200);
    let all = kept.audited(4).await;
    let smuggled = all.iter().find(|audited| audited.route.contains("(at the door)")).unwrap();
    assert!(smuggled.outcome == AuditOutcome::Refused && smuggled.why.contains("proxy"), "{smuggled:?}");
    assert!(all.iter().any(|audited| audited.way == Channel::Proxy && audited.route == "POST /v1/pause"));

    let elsewhere = PROXY.replace("127.0.0.1", "10.9.9.9");
    let kept = Kept::new(&elsewhere, |_| ()).await;
    let (status, text) = kept.look("/v1/incidents", &ann).await;
    assert!(status == 403 && text.contains("this is another address"), "{status} {text}");
    write(&kept.path, |_| ());
}
