//! Who somebody is: whoever others name is nobody of the same name, and where the accounts are gone nobody is taken for anybody.

use reqwest::header::{ACCEPT, ETAG, IF_MATCH};
use serde_json::{Value, json};

use super::account_tests::{Kept, PASSWORD, account, write};
use super::callers::Callers;
use super::oidc::Identity;
use super::tests::start;
use crate::accounts::password;
use crate::backend::fake::Fake;
use crate::config::{Config, Overrides};
use crate::domain::audit::{ACCOUNTS, AuditEntry, AuditOutcome, Channel, change};
use crate::domain::{Permission, Role};
use crate::token;

#[test]
fn an_account_here_shuts_nobody_out_who_is_called_the_same_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "[sign_in]\naccounts = {:?}\n[users.ada]\nrole = \"admin\"\n[server.oidc]\nissuer = \"https://id.example\"\n\
         client_id = \"t\"\nredirect = \"https://t.example/oidc/callback\"\n\
         [[access]]\ngroups = [\"sre\"]\nrole = \"responder\"\n[[access]]\npeople = [\"ada\"]\nrole = \"admin\"\n",
        folder.path().join("accounts.json")
    );
    write(&folder.path().join("accounts.json"), |book| {
        drop(book.accounts.insert("ann".into(), account(Role::Admin, "h")))
    });
    let config = Config::parse(text, None, &Overrides::default()).unwrap();
    let callers = Callers::new(&config, None).unwrap();
    let named = |subject: &str, name: &str| {
        let groups = Some(["sre".to_string()].into());
        callers.by_provider(&Identity { subject: subject.into(), name: name.into(), groups }).unwrap()
    };
    for group in ["s re", " sre", "sre ", "sre\u{200b}", "\u{455}re", "sre,x"] {
        let groups = Some([group.to_string()].into());
        let identity = Identity { subject: "7".into(), name: "x".into(), groups };
        let caller = callers.by_provider(&identity).unwrap();
        assert!(!caller.access().may(Permission::Look) && caller.proven().unwrap().is_in(group), "{group:?}");
    }
    for name in ["ada", "ADA", "a da", "a\u{200b}nn", "ann", "\u{430}nn"] {
        let caller = named("7", name);
        assert!(caller.access().may(Permission::Approve) && !caller.access().may(Permission::Administer), "{name}");
        assert_eq!(caller.called(), format!("{name} (via sso)"));
        assert!(caller.is_same_as(&named("7", "otherwise")) && !caller.is_same_as(&named("8", name)), "{name}");
    }
}

#[tokio::test]
async fn a_name_that_was_typed_in_vain_is_told_as_it_was_typed() {
    let hash = password::hash(PASSWORD).unwrap();
    let kept = Kept::new("", |book| drop(book.accounts.insert("ada".into(), account(Role::Admin, &hash)))).await;
    let before = kept.audited(3).await.len();
    let secret = token::generate().unwrap();
    for (before, behind) in [("Bearer ", ""), ("my ", " name"), ("tok=", ","), ("", "x")] {
        let typed = super::callers::typed(&format!("{before}{}{behind}", secret.expose())).unwrap().to_string();
        assert!(!typed.contains(secret.expose().get(..20).unwrap()), "{typed}");
    }
    let long = format!("<b>{}", "x".repeat(500));
    for name in ["mallory", secret.expose(), long.as_str()] {
        assert_eq!(kept.sign_in(&[("name", name), ("password", "wrong horse battery")], "").await.status(), 403);
    }
    let basic = kept.http.get(kept.host.url("/v1/incidents")).basic_auth("eve", Some("x")).send().await.unwrap();
    assert_eq!(basic.status(), 401);
    let all = kept.audited(before + 4).await;
    let names: Vec<String> = all
        .iter()
        .filter(|told| told.outcome == AuditOutcome::Refused)
        .map(|told| told.person.as_ref().map_or("-".into(), ToString::to_string))
        .collect();
    assert_eq!((names.len(), names[0].as_str(), names[1].as_str()), (4, "mallory (unproven)", "-"), "{names:?}");
    assert!(names[2].starts_with("<b>xxx") && names[2].len() < 120, "{names:?}");
    assert_eq!(names[3], "eve (unproven)");
    let cookie = kept.cookie("ada", PASSWORD, "").await;
    let (_, page) = kept.look("/audit", &[("Cookie", &cookie)]).await;
    assert!(
        page.contains("<strong>mallory</strong>") && page.contains("&lt;b&gt;xxx") && !page.contains("<b>x"),
        "{page}"
    );
}

#[tokio::test]
async fn accounts_that_are_gone_at_the_start_let_nobody_in() {
    let known = AuditEntry {
        person: None,
        way: Channel::Cli,
        from: String::new(),
        route: ACCOUNTS.into(),
        object: change(7),
        outcome: AuditOutcome::Done,
        status: 0,
        why: "account ada was made".into(),
        times: 1,
        since: None,
        until: None,
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("accounts.json");
    let section = format!("[sign_in]\naccounts = {path:?}\n");
    let fake = || Fake { audited: std::sync::Mutex::new(vec![known.clone()]), ..Fake::default() };
    let host = start(&section, fake()).await;
    let refused = host.get("/v1/incidents").send().await.unwrap();
    assert_eq!(refused.status(), 401);
    let text = refused.text().await.unwrap();
    assert!(text.contains("accounts.json is gone") && text.contains("tidegate user reset"), "{text}");
    let page = host.get("/sign-in").send().await.unwrap().text().await.unwrap();
    assert!(page.contains("the file of them is gone"), "{page}");
    let ready: Value = host.get("/readyz").send().await.unwrap().json().await.unwrap();
    assert_eq!(ready, json!({ "ready": true, "degraded": true }));
    assert_eq!(host.post("/alert", super::tests::ONE).send().await.unwrap().status(), 200, "alerts are taken");
    // An account that is made now is one, and the rest stays shut.
    let hash = password::hash(PASSWORD).unwrap();
    write(&path, |book| drop(book.accounts.insert("root".into(), account(Role::Admin, &hash))));
    let body = format!("name=root&password={}", PASSWORD.replace(' ', "+"));
    let client = crate::network::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let request = client.post(host.url("/sign-in")).body(body).header("Origin", format!("http://{}", host.address));
    let answer = request.header("Content-Type", "application/x-www-form-urlencoded").send().await.unwrap();
    assert_eq!(answer.status(), 303);
    assert_eq!(host.get("/v1/incidents").send().await.unwrap().status(), 401);
    host.stop().await;
    // Where somebody has said that there are none, it is as if there had never been any.
    std::fs::remove_file(&path).unwrap();
    let by = crate::accounts::Actor {
        person: None,
        way: Channel::Cli,
        from: String::new(),
        at: jiff::Timestamp::UNIX_EPOCH,
    };
    crate::accounts::LockedFile::take(&path).unwrap().reset(&by).unwrap();
    let host = start(&section, fake()).await;
    assert_eq!(host.get("/v1/incidents").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn the_last_admin_goes_only_where_that_is_meant_and_nobody_changes_what_has_changed() {
    let hash = password::hash(PASSWORD).unwrap();
    let kept = Kept::new("[server.auth]\nbearer = { env = \"TOKEN\" }\n", |book| {
        book.accounts.insert("ada".into(), account(Role::Admin, &hash));
        book.accounts.insert("vic".into(), account(Role::Viewer, &hash));
    })
    .await;
    let send = async |path: &str, body: Value, tag: Option<&str>| {
        let request = kept.http.post(kept.host.url(path)).bearer_auth("t0ken").json(&body);
        let request = tag.into_iter().fold(request, |request, tag| request.header(IF_MATCH, tag));
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let tag = async || {
        let answer = kept.http.get(kept.host.url("/v1/people/vic")).bearer_auth("t0ken").send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.headers()[ETAG].to_str().unwrap().to_string()
    };
    let first = tag().await;
    kept.cookie("vic", PASSWORD, "").await;
    assert_eq!(tag().await, first, "that they were here changes nothing");
    assert_eq!(send("/v1/people/vic", json!({ "role": "responder" }), Some(&first)).await.0, 200);
    let (status, text) = send("/v1/people/vic", json!({ "role": "operator" }), Some(&first)).await;
    assert!(status == 412 && text.contains("has changed since it was read"), "{status} {text}");
    assert_eq!(send("/v1/people/vic", json!({ "role": "operator" }), Some(&tag().await)).await.0, 200);
    let same = tag().await;
    let at_once = (0..8).map(|n| send("/v1/people/vic", json!({ "groups": [format!("g{n}")] }), Some(&same)));
    let answers = futures::future::join_all(at_once).await;
    let all: Vec<u16> = answers.into_iter().map(|(status, _)| status).collect();
    assert_eq!(all.iter().filter(|status| **status == 200).count(), 1, "{all:?}");
    for body in [json!({ "role": "viewer" }), json!({ "disabled": true }), json!({ "places": ["cluster=lab"] })] {
        let (status, text) = send("/v1/people/ada", body.clone(), None).await;
        assert!(
            status == 409 && text.contains("ada is the last whom this host knows itself"),
            "{body}: {status} {text}"
        );
    }
    let (_, page) = kept.look("/people", &[("Authorization", "Bearer t0ken")]).await;
    assert_eq!(page.matches("name=\"last_admin\"").count(), 2, "{page}");
    assert_eq!(send("/v1/people/vic", json!({ "role": "admin" }), None).await.0, 200);
    assert_eq!(send("/v1/people/ada", json!({ "role": "viewer" }), None).await.0, 200, "another is left");
    assert_eq!(
        send("/v1/people/vic", json!({ "disabled": true, "last_admin": true }), None).await.0,
        200,
        "it is meant"
    );
}

#[tokio::test]
async fn a_provider_that_is_away_is_named_where_the_host_says_how_it_is() {
    // Nobody listens there.
    let provider = "[server.oidc]\nissuer = \"https://127.0.0.1:1\"\nclient_id = \"t\"\nname = \"Keycloak\"\n\
                    redirect = \"https://t.example/oidc/callback\"\n[[access]]\ngroups = [\"sre\"]\nrole = \"viewer\"\n";
    let kept = Kept::new(&format!("[server.auth]\nbearer = {{ env = \"TOKEN\" }}\n{provider}"), |_| ()).await;
    let named = async || {
        let (status, text) = kept.look("/readyz", &[("Authorization", "Bearer t0ken")]).await;
        let ready: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((status, &ready["ready"]), (200, &json!(true)), "alerts are taken all the same");
        let problem = ready["problems"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let problem = problem.filter(|problem| problem.contains("Keycloak (https://127.0.0.1:1) is away")).count();
        (problem > 0).then(|| assert_eq!(ready["degraded"], true))
    };
    for left in (0..3_000).rev() {
        if named().await.is_some() {
            break;
        }
        assert!(left > 0, "it is never named");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let (_, text) = kept.look("/readyz", &[]).await;
    let ready: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(ready, json!({ "ready": true, "degraded": true }), "what it is strangers do not hear");
}

#[tokio::test]
async fn what_is_told_late_stands_where_it_was_done_and_says_how_often() {
    let at = |second: i64| jiff::Timestamp::from_second(second).ok();
    let one = |route: &str, since: Option<i64>, until: Option<i64>, times: u64| AuditEntry {
        person: None,
        way: Channel::Api,
        from: String::new(),
        route: route.into(),
        object: String::new(),
        outcome: AuditOutcome::Refused,
        status: 403,
        why: String::new(),
        times,
        since: since.and_then(at),
        until: until.and_then(at),
    };
    // The fake writes one a second, from the epoch on.
    let change =
        AuditEntry { object: change(7), outcome: AuditOutcome::Done, ..one(ACCOUNTS, Some(-60), Some(-60), 1) };
    let all =
        vec![one("GET /a", None, None, 1), one("GET /b", None, None, 1), change, one("GET /c", Some(-9), Some(0), 1)];
    let kept = Kept::new("[server.auth]\nbearer = { env = \"TOKEN\" }\n", |_| ()).await;
    kept.host.fake.audited.lock().unwrap().splice(.., all);
    let (_, text) = kept.look("/v1/audit?until=1970-01-01T00:00:02Z", &[("Authorization", "Bearer t0ken")]).await;
    let read: Value = serde_json::from_str(&text).unwrap();
    let listed: Vec<(&str, &str)> = read["audit"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["route"].as_str().unwrap(), one["at"].as_str().unwrap()))
        .collect();
    assert_eq!(
        listed,
        [
            ("GET /b", "1970-01-01T00:00:01Z"),
            ("GET /c", "1970-01-01T00:00:00Z"),
            ("GET /a", "1970-01-01T00:00:00Z"),
            ("accounts", "1969-12-31T23:59:00Z"),
        ]
    );
    assert_eq!((&read["audit"][1]["times"], &read["audit"][3]["written"]), (&json!(1), &json!("1970-01-01T00:00:02Z")));
    let (_, page) = kept.look("/audit?until=1970-01-01T00:00:02Z", &[("Authorization", "Bearer t0ken")]).await;
    assert!(page.contains("1 more of the kind") && page.contains("1969-12-31"), "{page}");
}

#[tokio::test]
async fn a_token_of_the_last_admin_ends_where_that_is_meant() {
    let token = crate::accounts::Token {
        id: "tg1".into(),
        owner: "ada".into(),
        sha256: crate::token::Hash::of("s").to_string(),
        label: String::new(),
        scopes: std::collections::BTreeSet::new(),
        made: jiff::Timestamp::UNIX_EPOCH,
        expires: None,
        made_with: None,
    };
    let kept = Kept::new("[server.auth]\nbearer = { env = \"TOKEN\" }\n", |book| {
        let ada = crate::accounts::Account { role: Some(Role::Admin), ..Default::default() };
        book.accounts.insert("ada".into(), ada);
        book.tokens.push(token);
    })
    .await;
    let path = kept.host.url("/v1/people/ada/tokens/tg1/revoke");
    let refused = kept.http.post(&path).bearer_auth("t0ken").send().await.unwrap();
    assert_eq!(refused.status(), 409);
    let text = refused.text().await.unwrap();
    assert!(text.contains("last_admin") && text.contains("ada is the last"), "{text}");
    let (_, page) = kept.look("/people", &[("Authorization", "Bearer t0ken")]).await;
    let form = page.split("<form").find(|form| form.contains("value=\"tg1\"")).unwrap();
    assert!(form.contains("name=\"last_admin\""), "{form}");
    let meant = kept.http.post(&path).bearer_auth("t0ken").json(&json!({ "last_admin": true })).send().await.unwrap();
    assert_eq!(meant.status(), 200, "it is meant");
    assert!(crate::accounts::read(&kept.path).unwrap().tokens.is_empty());
}

#[tokio::test]
async fn while_the_accounts_are_gone_nothing_is_written_that_forgets_them() {
    let hash = password::hash(PASSWORD).unwrap();
    let kept = Kept::new("[server.auth]\nbearer = { env = \"TOKEN\" }\n", |book| {
        book.accounts.insert("ada".into(), account(Role::Admin, &hash));
        book.keep_out("mal", "mal", true);
    })
    .await;
    std::fs::remove_file(&kept.path).unwrap();
    let make = async |name: &str, role: &str| {
        let body = json!({ "name": name, "role": role, "password": PASSWORD });
        let answer = kept.http.post(kept.host.url("/v1/people")).bearer_auth("t0ken").json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (status, text) = make("zed", "viewer").await;
    assert!(status == 503 && text.contains("is gone") && !kept.path.exists(), "{status} {text}");
    assert_eq!(make("root", "admin").await.0, 200, "with an admin it is begun anew");
    // Neither is what is there a list, which could be read as its members in their order.
    std::fs::write(&kept.path, "[]").unwrap();
    assert!(crate::accounts::read(&kept.path).unwrap_err().contains("is not one"));
}

#[tokio::test]
async fn a_browser_reads_a_page_where_nothing_is_and_a_program_a_sentence() {
    let host = start("", Fake::default()).await;
    for (path, status) in [("/nowhere", 404), ("//evil.example/x", 404)] {
        let page = host.get(path).header(ACCEPT, "text/html,application/xhtml+xml;q=0.9").send().await.unwrap();
        assert_eq!(page.status().as_u16(), status);
        assert!(page.headers()["content-type"].to_str().unwrap().starts_with("text/html"), "{path}");
        assert!(page.headers().contains_key("content-security-policy"));
        let text = page.text().await.unwrap();
        assert!(text.contains("there is nothing at") && !text.contains("href=\"//"), "{text}");
    }
    let post = host.post("/incidents", "").header(ACCEPT, "text/html").send().await.unwrap();
    assert!(post.status() == 405 && post.text().await.unwrap().contains("<html"));
    for (path, accept) in [("/nowhere", "*/*"), ("/v1/nowhere", "text/html"), ("/nowhere", "application/json")] {
        let answer = host.get(path).header(ACCEPT, accept).send().await.unwrap();
        assert_eq!(answer.status(), 404, "{path}");
        assert!(!answer.text().await.unwrap().contains("<html"), "{path}: {accept}");
    }
    // Whose request was not meant for this host is shown nothing of it.
    let foreign =
        host.get("/nowhere").header("Host", "evil.example:10000").header(ACCEPT, "text/html").send().await.unwrap();
    let text = foreign.text().await.unwrap();
    assert!(text.contains("<html") && !text.contains("/incidents"), "{text}");
}
