//! The page behind a signed link, on a real socket: what it shows, and which answers it takes.

#![expect(clippy::disallowed_methods, reason = "the server under test reads the real clock")]

use reqwest::Response;

use super::tests::{Running, start};
use crate::backend::fake::Fake;
use crate::domain::decision::{Ruling, RulingKind};
use crate::domain::{ActionId, Entry, Fact, Mode, Person, Requirement};
use crate::gate::link::Links;
use crate::secret::Secret;
use crate::token::{self, Hash};

const CONFIG: &str = "[approvals]\nlink = { base = \"https://t.example\", secret = { env = \"LINKS\" } }";

/// A host whose first incident waits for an answer of anybody about `a1`, and the link to it.
async fn asking(config: &str, hours: i64) -> (Running, String) {
    let (host, path, _) = asking_of(config, hours, &[], 1).await;
    (host, path)
}

/// The same of groups, and the link that was made for ada.
async fn asking_of(config: &str, hours: i64, who: &[&str], approvals: u32) -> (Running, String, String) {
    let mut fake = Fake::default();
    let until = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(hours);
    let ruling = Ruling {
        kind: RulingKind::Ask,
        rule: "ask-first".into(),
        reason: "<b>bold</b> & \"quoted\"".into(),
        heard: Vec::new(),
        requires: vec![Requirement {
            gate: "ask-first".into(),
            who: who.iter().map(|group| group.to_string()).collect(),
            approvals,
            own: false,
        }],
        until: Some(until),
        mode: Mode::Enforce,
        spends: Vec::new(),
        counts: Default::default(),
        held_against: false,
    };
    let fact = Fact::Ruled { action: ActionId("a1".into()), ruling };
    fake.incidents[0].apply(&Entry { at: jiff::Timestamp::now(), fact });
    let links = Links::new("https://t.example", Secret::new("0123456789abcdef"));
    let (incident, record) = (&fake.incidents[0].id, &fake.incidents[0].actions[0]);
    let urls = [links.url(incident, record), links.personal_url(incident, record, "ada")];
    let [path, own] = urls.map(|url| url.unwrap().strip_prefix("https://t.example").unwrap().to_string());
    (start(config, fake).await, path, own)
}

fn body(path: &str, answer: &str, person: &str) -> String {
    let query = path.split_once('?').unwrap().1;
    format!("{query}&answer={answer}&person={person}&comment=go+on")
}

async fn send(host: &Running, path: &str, body: String, headers: &[(&str, &str)]) -> Response {
    let form = "application/x-www-form-urlencoded";
    let mut request = host.post(path.split('?').next().unwrap(), body).header("Content-Type", form);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

const OWN: [(&str, &str); 2] = [("Origin", "null"), ("Sec-Fetch-Site", "same-origin")];

#[tokio::test]
async fn looking_shows_the_question_and_answers_nothing() {
    let (host, path) = asking(CONFIG, 1).await;
    for request in [host.get(&path), host.client().head(host.url(&path))] {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        let headers = response.headers().clone();
        assert_eq!(headers["cache-control"], "no-store");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'none'; style-src 'sha256-") && policy.contains("frame-ancestors 'none'")
        );
    }
    let page = host.get(&path).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("k.delete") && page.contains("pod a") && page.contains("ask-first"), "{page}");
    assert!(page.contains("&lt;b&gt;bold&lt;/b&gt; &amp; &quot;quoted&quot;") && !page.contains("<script"), "{page}");
    assert_eq!(page.matches("<form ").count(), 2);
    assert!(host.fake.answers.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_typed_name_is_kept_as_not_proven_and_as_coming_over_a_link() {
    let (host, path) = asking(CONFIG, 1).await;
    let response = send(&host, &path, body(&path, "approve", "ada"), &OWN).await;
    assert_eq!(response.status(), 200);
    assert!(response.text().await.unwrap().contains("<h1>Approved</h1>"));
    let given = host.fake.answers.lock().unwrap()[0].clone();
    assert_eq!(given.person, Person::typed("ada"));
    assert_eq!((given.via.as_str(), given.comment.as_str()), ("link", "go on"));
    assert_eq!(given.digest.as_ref(), Some(&host.fake.incidents[0].actions[0].action.digest));
    let denied = send(&host, &path, body(&path, "deny", "bob"), &[("Origin", "https://t.example")]).await;
    assert!(denied.text().await.unwrap().contains("<h1>Denied</h1>"));
}

#[tokio::test]
async fn what_is_not_a_good_link_or_not_our_page_answers_nothing() {
    let (host, path) = asking(CONFIG, 1).await;
    let good = body(&path, "approve", "ada");
    let (other, later) = (path.replace("/a1?", "/a2?"), path.replace("until=", "until=9"));
    let forged = format!("{}A", &path[..path.len() - 1]);
    let forged = if forged == path { format!("{}B", &path[..path.len() - 1]) } else { forged };
    for wrong in [&other, &later, &forged, &path.replace("i-b1", "i-a1"), &path.replace("i-b1", "nothing")] {
        assert_eq!(host.get(wrong).send().await.unwrap().status(), 403, "{wrong}");
        let response = send(&host, wrong, body(wrong, "approve", "ada"), &OWN).await;
        assert_eq!(response.status(), 403, "{wrong}");
    }
    for foreign in [
        &[("Origin", "https://evil.example")][..],
        &[("Origin", "null")],
        &[("Origin", "https://t.example"), ("Sec-Fetch-Site", "cross-site")],
        &[("Sec-Fetch-Site", "same-site")],
    ] {
        assert_eq!(send(&host, &path, good.clone(), foreign).await.status(), 403, "{foreign:?}");
    }
    assert_eq!(send(&host, &path, body(&path, "approve", "+"), &OWN).await.status(), 400, "no name");
    assert_eq!(send(&host, &path, body(&path, "maybe", "ada"), &OWN).await.status(), 403);
    assert!(host.fake.answers.lock().unwrap().is_empty());

    let (host, path) = asking(CONFIG, -1).await;
    let expired = host.get(&path).send().await.unwrap();
    assert_eq!(expired.status(), 410);
    assert!(expired.text().await.unwrap().contains("nobody answered in time"));
    let forged = path.replace("token=", "token=A");
    assert_eq!(host.get(&forged).send().await.unwrap().status(), 403, "who has no good link learns nothing");
    let (host, path) = asking("", 1).await;
    assert_eq!(host.get(&path).send().await.unwrap().status(), 404, "not configured");
}

/// People of a group: ada, who is reached alone, and bob; vera may only look. Their tokens.
fn people() -> (String, [String; 3]) {
    let tokens = [(); 3].map(|()| token::generate().unwrap().expose().to_string());
    let [ada, bob, vera] = &tokens;
    let hash = |token: &str| Hash::of(token);
    let text = format!(
        "{CONFIG}\n[people]\nsre = [\"ada\", \"bob\", \"vera\"]\n[notifiers.ada-alone]\nplugin = \"webhook\"\n\
         [users.ada]\ntokens = [\"{}\"]\nnotify = \"ada-alone\"\n[users.bob]\ntokens = [\"{}\"]\n\
         [users.vera]\nrole = \"viewer\"\ntokens = [\"{}\"]\n",
        hash(ada),
        hash(bob),
        hash(vera)
    );
    (text, tokens)
}

#[tokio::test]
async fn a_link_that_was_passed_on_proves_nobody_and_tells_nothing_about_whom_is_asked() {
    let (config, [_, bob, vera]) = people();
    let (host, path, _) = asking_of(&config, 1, &["sre"], 1).await;
    let page = host.get(&path).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("A token of your own") && page.contains("people who prove their name"), "{page}");
    for secret in ["sre", "ada", "bob", "vera"] {
        assert!(!page.contains(secret), "{secret}: {page}");
    }
    for typed in ["mallory", "ada", "bob", "ADA", "ada+(as+bob)"] {
        let response = send(&host, &path, body(&path, "approve", typed), &OWN).await;
        assert_eq!(response.status(), 403, "{typed}");
        let page = response.text().await.unwrap();
        assert!(page.contains("people who prove their name") && !page.contains("sre"), "{page}");
    }
    let with = |token: &str| format!("{}&own_token={token}", body(&path, "approve", "mallory"));
    for wrong in [token::generate().unwrap().expose(), "hunter2", vera.as_str()] {
        let response = send(&host, &path, with(wrong), &OWN).await;
        assert_eq!(response.status(), 403);
        assert!(response.text().await.unwrap().contains("Nobody who may answer has this token"));
    }
    assert!(host.fake.answers.lock().unwrap().is_empty());
    let response = send(&host, &path, with(&bob), &OWN).await;
    assert_eq!(response.status(), 200);
    assert!(response.text().await.unwrap().contains("<h1>Approved</h1>"));
    let given = host.fake.answers.lock().unwrap()[0].person.clone();
    let bob = given.proven().unwrap();
    assert!(bob.id() == "bob" && bob.is_in("sre") && bob.proof().as_str() == "token", "{bob:?}");
}

#[tokio::test]
async fn tokens_cannot_be_tried_out_at_a_link() {
    let (config, [ada, ..]) = people();
    let (host, path, _) = asking_of(&config, 1, &["sre"], 1).await;
    let with = |token: &str| format!("{}&own_token={token}", body(&path, "approve", "x"));
    let mut codes = Vec::new();
    for _ in 0..super::attempts::WRONG + 1 {
        codes.push(send(&host, &path, with("tg_p_wrong"), &OWN).await.status().as_u16());
    }
    assert_eq!(codes, [403, 403, 403, 403, 403, 429]);
    assert_eq!(send(&host, &path, with(&ada), &OWN).await.status(), 429, "not even a good one, for a minute");
    assert!(host.fake.answers.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_link_that_was_made_for_somebody_proves_them_and_nobody_else() {
    let (config, _) = people();
    let (host, common, own) = asking_of(&config, 1, &["sre"], 2).await;
    let page = host.get(&own).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("<dt>You answer as</dt><dd>ada</dd>") && !page.contains("own_token"), "{page}");
    // Another name in the link, the name in the common link, the common token in a link with a name.
    let (to_bob, without) = (own.replace("for=ada", "for=bob"), own.replace("for=ada&", ""));
    let borrowed = common.replace("&token", "&for=ada&token");
    for wrong in [&to_bob, &without, &borrowed] {
        assert_eq!(host.get(wrong).send().await.unwrap().status(), 403, "{wrong}");
        assert_eq!(send(&host, wrong, body(wrong, "approve", "ada"), &OWN).await.status(), 403, "{wrong}");
    }
    let response = send(&host, &own, body(&own, "approve", "bob"), &OWN).await;
    assert!(response.text().await.unwrap().contains("and more are needed"));
    let given = host.fake.answers.lock().unwrap()[0].person.clone();
    assert_eq!((given.name(), given.proven().unwrap().proof().as_str()), ("ada", "link"));

    // Who is reached alone no longer has no such links either.
    let (host, _, own) = asking_of(&config.replace("notify = \"ada-alone\"\n", ""), 1, &["sre"], 1).await;
    assert_eq!(send(&host, &own, body(&own, "approve", "ada"), &OWN).await.status(), 403);
    assert!(host.fake.answers.lock().unwrap().is_empty());
}
