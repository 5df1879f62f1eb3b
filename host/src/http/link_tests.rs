//! The page behind a signed link, on a real socket: what it shows, and which answers it takes.

#![expect(clippy::disallowed_methods, reason = "the server under test reads the real clock")]

use reqwest::Response;

use super::tests::{Running, start};
use crate::backend::fake::Fake;
use crate::domain::decision::{Ruling, RulingKind};
use crate::domain::{ActionId, Entry, Fact, Mode};
use crate::gate::link::Links;
use crate::secret::Secret;

const CONFIG: &str = "[approvals]\nlink = { base = \"https://t.example\", secret = { env = \"LINKS\" } }";

/// A host whose first incident waits for an answer about `a1`, and the link to it.
async fn asking(config: &str, hours: i64) -> (Running, String) {
    let mut fake = Fake::default();
    let until = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(hours);
    let ruling = Ruling {
        kind: RulingKind::Ask,
        rule: "ask-first".into(),
        reason: "<b>bold</b> & \"quoted\"".into(),
        heard: Vec::new(),
        who: "sre".into(),
        approvals: 1,
        own: false,
        until: Some(until),
        mode: Mode::Enforce,
        spends: Vec::new(),
        counts: Default::default(),
        held_against: false,
    };
    let fact = Fact::Ruled { action: ActionId("a1".into()), ruling };
    fake.incidents[0].apply(&Entry { at: jiff::Timestamp::now(), fact });
    let links = Links::new("https://t.example", Secret::new("0123456789abcdef"));
    let url = links.url(&fake.incidents[0].id, &fake.incidents[0].actions[0]).unwrap();
    let path = url.strip_prefix("https://t.example").unwrap().to_string();
    (start(config, fake).await, path)
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
async fn an_answer_over_the_page_is_marked_as_coming_over_a_link() {
    let (host, path) = asking(CONFIG, 1).await;
    let response = send(&host, &path, body(&path, "approve", "ada"), &OWN).await;
    assert_eq!(response.status(), 200);
    assert!(response.text().await.unwrap().contains("<h1>Approved</h1>"));
    let given = host.fake.answers.lock().unwrap()[0].clone();
    assert_eq!((given.person.as_str(), given.via.as_str(), given.comment.as_str()), ("ada", "link", "go on"));
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
