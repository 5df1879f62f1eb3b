//! What people change of accounts while the host runs: their own tokens and sessions, and as admins who there is; each change is in
//! force at once, and stands in the record with who made it and from where.

use reqwest::Method;
use serde_json::{Value, json};

use super::account_tests::{Kept, PASSWORD, account, write};
use crate::accounts::password;
use crate::domain::Role;
use crate::domain::audit::{AuditEntry, Channel};
use crate::token::{self, Hash};

impl Kept {
    async fn api(&self, token: &str, method: Method, path: &str, body: Value) -> (u16, Value) {
        let request = self.http.request(method, self.host.url(path)).bearer_auth(token).json(&body);
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    async fn form(&self, cookie: &str, path: &str, form: &str) -> (u16, String) {
        let request = self.http.post(self.host.url(path)).header("Cookie", cookie).body(form.to_string());
        let request = request.header("Content-Type", "application/x-www-form-urlencoded");
        let answer = request.header("Origin", format!("http://{}", self.host.address)).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    fn told(&self, part: &str) -> Vec<AuditEntry> {
        let all = self.host.fake.audited.lock().unwrap();
        all.iter().filter(|audited| audited.why.contains(part)).cloned().collect()
    }
}

/// A token in `[users]`, and the section.
fn user(name: &str, role: &str) -> (String, String) {
    let token = token::generate().unwrap();
    let section = format!("[users.{name}]\nrole = \"{role}\"\ntokens = [\"{}\"]\n", Hash::of(token.expose()));
    (token.expose().to_string(), section)
}

fn sentence(answer: &(u16, Value)) -> &str {
    answer.1["error"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn everybody_sees_what_they_may_and_makes_tokens_that_permit_no_more() {
    let hash = password::hash(PASSWORD).unwrap();
    let kept = Kept::new("[[access]]\ngroups = [\"pay\"]\nrole = \"operator\"\nnamespace = \"pay*\"\n", |book| {
        let ada = account(Role::Responder, &hash);
        book.accounts.insert("ada".into(), crate::accounts::Account { groups: ["pay".into()].into(), ..ada });
        book.accounts.insert("vic".into(), account(Role::Viewer, &hash));
    })
    .await;
    let (first, second) = (kept.cookie("ada", PASSWORD, "").await, kept.cookie("ada", PASSWORD, "").await);
    let (status, page) = kept.look("/me", &[("Cookie", &first)]).await;
    assert!(status == 200 && page.contains("responder") && page.contains("operator where namespace=pay*"), "{page}");
    assert!(page.contains("an [[access]] names your group") && page.matches("name=\"end\"").count() == 2, "{page}");

    let (status, page) = kept.form(&first, "/me", "make=yes&look=yes&handle=yes&lasts=1h&label=ci").await;
    let token = page.split("<code id=\"token\">").nth(1).and_then(|rest| rest.split('<').next()).unwrap().to_string();
    assert!(status == 200 && token::is_token(&token), "{page}");
    assert!(!kept.look("/me", &[("Cookie", &first)]).await.1.contains(&token), "shown once");
    assert_eq!(kept.api(&token, Method::GET, "/v1/incidents", Value::Null).await.0, 200);
    assert_eq!(kept.api(&token, Method::POST, "/v1/pause", json!({})).await.0, 403);
    // With a token none is made that permits more or lasts longer.
    for (body, part) in [
        (json!({ "scopes": ["pause"], "expires": "10m" }), "does not permit pause"),
        (json!({ "expires": "30d" }), "outlasts"),
        (json!({ "expires": "1x" }), "no length of time"),
        (json!({ "scopes": ["everything"] }), "there is no scope"),
    ] {
        let answer = kept.api(&token, Method::POST, "/v1/me/tokens", body).await;
        assert!(sentence(&answer).contains(part), "{answer:?}");
    }
    let (status, made) = kept.api(&token, Method::POST, "/v1/me/tokens", json!({ "expires": "10m" })).await;
    assert_eq!(
        (status, &made["token"]["scopes"]),
        (200, &json!(["look", "handle"])),
        "no more than the one that was shown"
    );
    let (status, me) = kept.api(made["secret"].as_str().unwrap(), Method::GET, "/v1/me", Value::Null).await;
    assert_eq!((status, me["name"].as_str(), me["tokens"].as_array().map(Vec::len)), (200, Some("ada"), Some(2)));
    let id = made["token"]["id"].as_str().unwrap();
    // Nobody ends what is another's.
    let vic = kept.cookie("vic", PASSWORD, "").await;
    assert_eq!(kept.form(&vic, "/me", &format!("revoke={id}")).await.0, 404);
    let (_, page) = kept.look("/me", &[("Cookie", &second)]).await;
    let session =
        page.split("name=\"end\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_string();
    assert_eq!(kept.form(&vic, "/me", &format!("end={session}")).await.0, 404);
    assert_eq!(kept.form(&vic, "/me", "make=yes&pause=yes&lasts=1h").await.0, 400, "a viewer's token pauses nothing");
    assert_eq!(kept.form(&first, "/me", &format!("revoke={id}")).await.0, 303);
    assert_eq!(kept.api(made["secret"].as_str().unwrap(), Method::GET, "/v1/me", Value::Null).await.0, 401);
    assert_eq!(kept.form(&first, "/me", "everywhere=yes").await.0, 303);
    assert_eq!(
        (kept.look("/", &[("Cookie", &first)]).await.0, kept.look("/", &[("Cookie", &second)]).await.0),
        (303, 303)
    );
    let made = kept.told("of ada was made");
    assert!(
        made.iter().any(|told| told.way == Channel::Page) && made.iter().any(|told| told.way == Channel::Api),
        "{made:?}"
    );
    assert!(made.iter().all(|told| told.from == "127.0.0.1" && told.person.as_ref().unwrap().name() == "ada"));
}

#[tokio::test]
async fn a_token_that_permits_little_ends_nothing_and_is_told_nothing_of_more() {
    let hash = password::hash(PASSWORD).unwrap();
    let kept = Kept::new("", |book| drop(book.accounts.insert("ada".into(), account(Role::Admin, &hash)))).await;
    let session = kept.cookie("ada", PASSWORD, "").await;
    let mint = async |form: &str| {
        let (_, page) = kept.form(&session, "/me", &format!("make=yes&lasts=2h{form}")).await;
        page.split("<code id=\"token\">").nth(1).and_then(|rest| rest.split('<').next()).unwrap().to_string()
    };
    let (full, little) = (mint("").await, mint("&look=yes").await);
    let keyed = async |token: &str| {
        let request = kept.http.post(kept.host.url("/v1/me/tokens")).bearer_auth(token).header("Idempotency-Key", "k1");
        let answer = request.json(&json!({ "expires": "1h" })).send().await.unwrap();
        serde_json::from_str::<Value>(&answer.text().await.unwrap()).unwrap()
    };
    let first = keyed(&full).await;
    assert_eq!(keyed(&full).await["secret"], first["secret"], "the same is made once");
    let other = keyed(&little).await;
    assert!(other["secret"] != first["secret"] && other["token"]["scopes"] == json!(["look"]), "{other}");
    let id = Hash::of(&full).id();
    let path = format!("/v1/me/tokens/{id}/revoke");
    let answer = kept.api(&little, Method::POST, &path, json!({})).await;
    assert!(answer.0 == 403 && sentence(&answer).contains("permits less"), "{answer:?}");
    let answer = kept.api(&little, Method::POST, "/v1/me/sign-out", json!({})).await;
    assert!(answer.0 == 403 && sentence(&answer).contains("ends no sessions"), "{answer:?}");
    assert_eq!(kept.look("/", &[("Cookie", &session)]).await.0, 200);
    // It may end itself, and so may whoever may all.
    let own = format!("/v1/me/tokens/{}/revoke", Hash::of(&little).id());
    assert_eq!(kept.api(&little, Method::POST, &own, json!({})).await.0, 200);
    assert_eq!(kept.api(other["secret"].as_str().unwrap(), Method::GET, "/v1/me", Value::Null).await.0, 401);
    assert_eq!(kept.api(&full, Method::POST, &path, json!({})).await.0, 200);
    assert_eq!(kept.api(first["secret"].as_str().unwrap(), Method::GET, "/v1/me", Value::Null).await.0, 401);
}

#[tokio::test]
async fn an_admin_says_who_there_is_and_nobody_what_they_may_themselves() {
    let ((ada, section), (opal, other)) = (user("ada", "admin"), user("opal", "operator"));
    let kept = Kept::new(&format!("{section}{other}"), |_| ()).await;
    let new = json!({ "name": "bob", "password": PASSWORD, "role": "responder", "places": ["namespace=pay*"], "groups": ["sre"] });
    assert_eq!(kept.api(&opal, Method::POST, "/v1/people", new.clone()).await.0, 403);
    let (status, made) = kept.api(&ada, Method::POST, "/v1/people", new.clone()).await;
    let person = &made["person"];
    assert_eq!((status, person["access"][0]["namespace"].as_str()), (200, Some("pay*")), "{made}");
    for (body, status, part) in [
        (new, 409, "already"),
        (json!({ "name": "Bob" }), 400, "cannot be a name"),
        (json!({ "name": "eve", "password": "short" }), 400, "12 letters"),
        (json!({ "name": "eve", "role": "root" }), 400, "there is no role"),
        (json!({ "name": "eve", "places": ["namespace=a"] }), 400, "a place bounds a role"),
        (json!({ "name": "eve", "nick": "e" }), 400, "nick"),
    ] {
        let answer = kept.api(&ada, Method::POST, "/v1/people", body).await;
        assert!(answer.0 == status && sentence(&answer).contains(part), "{answer:?}");
    }
    let bob = kept.cookie("bob", PASSWORD, "").await;
    assert_eq!(kept.look("/tools", &[("Cookie", &bob)]).await.0, 403, "bound to some places");
    let wider = kept.api(&ada, Method::POST, "/v1/people/bob", json!({ "role": "operator", "places": [] })).await;
    assert_eq!((wider.0, kept.look("/tools", &[("Cookie", &bob)]).await.0), (200, 200), "at once: {wider:?}");
    for (path, body, status, part) in [
        ("/v1/people/ada", json!({ "role": "viewer" }), 403, "nobody changes what they may do themselves"),
        ("/v1/people/opal", json!({ "role": "viewer" }), 400, "is in the configuration"),
        ("/v1/people/nobody", json!({ "role": "viewer" }), 404, "there is nobody called nobody"),
        ("/v1/people/bob", json!({ "role": "root" }), 400, "there is no role"),
    ] {
        let answer = kept.api(&ada, Method::POST, path, body).await;
        assert!(answer.0 == status && sentence(&answer).contains(part), "{answer:?}");
    }
    assert_eq!(kept.api(&ada, Method::POST, "/v1/people/opal", json!({ "disabled": true })).await.0, 200);
    assert_eq!(kept.api(&opal, Method::GET, "/v1/incidents", Value::Null).await.0, 401);
    let (_, listed) = kept.api(&ada, Method::GET, "/v1/people", Value::Null).await;
    let of = |name: &str| listed["people"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap().clone();
    assert!(
        of("opal")["disabled"] == true && of("bob")["sessions"] == 1 && of("ada")["seen"].is_string(),
        "{listed:#}"
    );
    assert!(!listed.to_string().contains("argon2"), "nothing of it proves anything");
    assert_eq!(kept.api(&ada, Method::POST, "/v1/people/bob/sign-out", json!({})).await.1["ended"], 1);
    assert_eq!(kept.look("/tools", &[("Cookie", &bob)]).await.0, 303);
    for part in [
        "account bob was made",
        "bob is operator now, and was responder where namespace=pay*",
        "account opal was disabled",
    ] {
        let told = kept.told(part);
        assert!(
            told.len() == 1 && told[0].person.as_ref().unwrap().name() == "ada" && told[0].from == "127.0.0.1",
            "{part}: {told:?}"
        );
    }
    let page = kept.look("/people", &[("Authorization", &format!("Bearer {ada}"))]).await;
    assert!(page.0 == 200 && page.1.contains("Nobody changes what they may do themselves"), "{}", page.1);
}

#[tokio::test]
async fn what_was_changed_while_no_host_ran_is_told_once_and_by_whom() {
    let kept = Kept::new("", |book| book.make("ada", account(Role::Viewer, "x")).unwrap()).await;
    kept.audited(3).await;
    write(&kept.path, |book| drop(book.accounts.remove("ada")));
    assert_eq!(kept.look("/healthz", &[]).await.0, 200);
    let all = kept.audited(4).await;
    let told: Vec<&str> = all.iter().filter(|told| told.route == "accounts").map(|told| told.why.as_str()).collect();
    let wanted = [
        "account ada was made",
        "the password of ada was set",
        "ada is viewer now, and was without a role of their own",
        "account ada was removed",
    ];
    assert_eq!(told, wanted);
    assert!(
        all.iter().all(|told| told.person.as_ref().unwrap().name() == "root" && told.change().is_some()),
        "{all:?}"
    );
}

#[tokio::test]
async fn a_form_says_nothing_anew_that_another_admin_has_changed_since_it_was_shown() {
    let hash = password::hash(PASSWORD).unwrap();
    let kept = Kept::new("", |book| {
        book.accounts.insert("ada".into(), account(Role::Admin, &hash));
        book.accounts.insert("vic".into(), account(Role::Viewer, &hash));
    })
    .await;
    let ada = kept.cookie("ada", PASSWORD, "").await;
    let (_, page) = kept.look("/people", &[("Cookie", &ada)]).await;
    let form =
        page.split("<form").find(|form| form.contains("value=\"vic\"") && form.contains("name=\"read\"")).unwrap();
    let read = form.split("name=\"read\" value=\"").nth(1).unwrap().split("\">").next().unwrap();
    let read = read.trim_end_matches('"').replace("&quot;", "%22");
    write(&kept.path, |book| {
        book.accounts.get_mut("vic").unwrap().groups.insert("dba".into());
    });
    let set = format!("name=vic&act=set&role=responder&groups=&places=&read={read}");
    let (status, page) = kept.form(&ada, "/people", &set).await;
    assert!(status == 412 && page.contains("has changed since it was read"), "{status} {page}");
    let vic = crate::accounts::read(&kept.path).unwrap().accounts["vic"].clone();
    assert!(vic.role == Some(Role::Viewer) && vic.groups.contains("dba"), "{vic:?}");
}
