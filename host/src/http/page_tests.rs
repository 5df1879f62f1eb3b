//! Pages on a real socket: who sees what, who may answer, and what a browser is told to do with them.

use reqwest::redirect::Policy;
use reqwest::{Client, Response};

use super::tests::{Running, start};
use crate::backend::fake::Fake;
use crate::domain::decision::{Ruling, RulingKind};
use crate::domain::{ActionId, Entry, Fact, Mode, Person, Requirement};
use crate::token::{self, Hash};

/// A host whose first incident asks the group sre about `a1`.
pub(super) async fn asking(config: &str) -> Running {
    let mut fake = Fake::default();
    let ruling = Ruling {
        kind: RulingKind::Ask,
        rule: "ask-first".into(),
        reason: "<b>bold</b>".into(),
        heard: Vec::new(),
        requires: vec![Requirement { gate: "ask-first".into(), who: vec!["sre".into()], approvals: 1, own: false }],
        until: Some("2099-01-01T00:00:00Z".parse().unwrap()),
        mode: Mode::Enforce,
        spends: Vec::new(),
        counts: Default::default(),
        held_against: false,
    };
    let at = jiff::Timestamp::UNIX_EPOCH;
    fake.incidents[0].apply(&Entry { at, fact: Fact::Ruled { action: ActionId("a1".into()), ruling } });
    start(config, fake).await
}

/// A browser: it keeps cookies by hand and follows nothing by itself.
pub(super) struct Browser<'a> {
    host: &'a Running,
    http: Client,
    cookie: Option<String>,
}

impl<'a> Browser<'a> {
    pub(super) fn new(host: &'a Running) -> Self {
        let http = crate::network::builder().redirect(Policy::none()).build().unwrap();
        Self { host, http, cookie: None }
    }

    pub(super) async fn signed_in(host: &'a Running, token: &str) -> Self {
        let mut browser = Self::new(host);
        let answer = browser.send("/sign-in", &[("to", "/i/i-b1/a1"), ("token", token)]).await;
        assert_eq!((answer.status().as_u16(), answer.headers()["location"].to_str().unwrap()), (303, "/i/i-b1/a1"));
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{cookie}");
        browser.cookie = cookie.split(';').next().map(str::to_string);
        browser
    }

    pub(super) async fn look(&self, path: &str) -> Response {
        let request = self.http.get(self.host.url(path)).header("Sec-Fetch-Site", "same-origin");
        self.cookie.iter().fold(request, |request, cookie| request.header("Cookie", cookie)).send().await.unwrap()
    }

    pub(super) async fn send(&self, path: &str, form: &[(&str, &str)]) -> Response {
        self.send_from(
            path,
            form,
            &[("Origin", &format!("http://{}", self.host.address)), ("Sec-Fetch-Site", "same-origin")],
        )
        .await
    }

    pub(super) async fn send_from(&self, path: &str, form: &[(&str, &str)], headers: &[(&str, &str)]) -> Response {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self.http.post(self.host.url(path)).body(body);
        let request = request.header("Content-Type", "application/x-www-form-urlencoded");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        self.cookie.iter().fold(request, |request, cookie| request.header("Cookie", cookie)).send().await.unwrap()
    }

    /// Sends the form of a question as it came.
    async fn answer(&self, answer: &str, more: &[(&str, &str)]) -> Response {
        let page = self.look("/i/i-b1/a1").await.text().await.unwrap();
        let (digest, version) = (hidden(&page, "digest"), hidden(&page, "version"));
        let mut form = vec![("digest", digest.as_str()), ("version", version.as_str()), ("answer", answer)];
        form.extend_from_slice(more);
        self.send("/i/i-b1/a1", &form).await
    }
}

pub(super) fn hidden(page: &str, name: &str) -> String {
    let field = format!("name=\"{name}\" value=\"");
    let at = page.find(&field).unwrap_or_else(|| panic!("{name} in {page}")) + field.len();
    page[at..].split('"').next().unwrap().to_string()
}

/// Whether the button of an answer can be pressed.
fn can(page: &str, answer: &str) -> bool {
    let at = page.find(&format!("name=\"answer\" value=\"{answer}\"")).expect("a button");
    !page[at..].split('>').next().unwrap().contains("disabled")
}

pub(super) struct People {
    pub(super) config: String,
    pub(super) ada: String,
    pub(super) vic: String,
    bob: String,
    sam: String,
}

/// Ada is asked, Bob is not, Vic may look alone, Sam sends alerts.
pub(super) fn people() -> People {
    let [ada, bob, vic, sam] = [(); 4].map(|()| token::generate().unwrap().expose().to_string());
    let user =
        |name: &str, token: &str, more: &str| format!("[users.{name}]\ntokens = [\"{}\"]\n{more}\n", Hash::of(token));
    let config = [
        user("ada", &ada, "groups = [\"sre\"]"),
        user("bob", &bob, ""),
        user("vic", &vic, "role = \"viewer\""),
        user("sam", &sam, "role = \"sender\""),
    ]
    .concat();
    People { config, ada, vic, bob, sam }
}

const PAGES: [&str; 15] = [
    "/",
    "/incidents",
    "/incidents?state=all&q=g",
    "/i/i-b1",
    "/i/i-b1/a1",
    "/alerts",
    "/alerts?matchers=a%3D%22b%22&by=namespace&silenced=no&severity=critical",
    "/silences",
    "/silences?state=expired",
    "/silences/new?matchers=namespace%3Dshop",
    "/policies",
    "/policies/explain",
    "/tools",
    "/costs?days=31",
    "/inspections",
];

#[tokio::test]
async fn each_page_shows_what_each_may_see_and_do() {
    let people = people();
    let host = asking(&people.config).await;
    let (stranger, ada) = (Browser::new(&host), Browser::signed_in(&host, &people.ada).await);
    let (bob, vic) = (Browser::signed_in(&host, &people.bob).await, Browser::signed_in(&host, &people.vic).await);
    for path in PAGES.into_iter().chain(["/i/i-b1/journal.json", "/live"]) {
        let answer = stranger.look(path).await;
        assert_eq!(answer.status(), 303, "{path}");
        let to: String = form_urlencoded::byte_serialize(path.as_bytes()).collect();
        assert_eq!(answer.headers()["location"], format!("/sign-in?to={to}"));
        for (name, browser) in [("ada", &ada), ("bob", &bob), ("vic", &vic)] {
            let answer = browser.look(path).await;
            assert_eq!(answer.status(), 200, "{path} for {name}");
            let html = answer.headers()["content-type"] == "text/html; charset=utf-8";
            assert_eq!(html, PAGES.contains(&path), "{path}");
            if html {
                let headers = answer.headers().clone();
                assert_eq!(headers["cache-control"], "no-store");
                let policy = headers["content-security-policy"].to_str().unwrap();
                assert!(
                    policy.contains("default-src 'none'; script-src 'self'")
                        && policy.contains("trusted-types tidegate")
                );
                let page = answer.text().await.unwrap();
                assert!(page.contains(&format!("<strong>{name}</strong>")), "{page}");
            }
        }
    }
    for (browser, deny, approve) in [(&ada, true, true), (&bob, true, false), (&vic, false, false)] {
        let page = browser.look("/i/i-b1/a1").await.text().await.unwrap();
        assert_eq!((can(&page, "deny"), can(&page, "approve")), (deny, approve), "{page}");
        assert!(page.contains("&lt;b&gt;bold&lt;/b&gt;"), "{page}");
    }
    // A button that is off is no door: the server says no as well.
    assert_eq!(vic.answer("approve", &[]).await.status(), 403);
    assert_eq!(vic.answer("deny", &[]).await.status(), 403);
    assert_eq!(stranger.send("/i/i-b1/a1", &[("answer", "approve")]).await.status(), 401);
    assert!(host.fake.answers.lock().unwrap().is_empty());
    let answer = ada.answer("approve", &[("comment", "go on"), ("person", "somebody else")]).await;
    assert_eq!((answer.status().as_u16(), answer.headers()["location"].to_str().unwrap()), (303, "/i/i-b1/a1"));
    let answers = host.fake.answers.lock().unwrap().clone();
    let [said] = answers.as_slice() else { panic!("{answers:?}") };
    assert_eq!((said.via.as_str(), said.comment.as_str(), said.digest.is_some()), ("page", "go on", true));
    assert_eq!(said.person.proven().unwrap().name(), "ada");
    // What the API shows can be followed from a page, and is changed by no cookie.
    assert_eq!(ada.look("/v1/incidents/i-b1").await.status(), 200);
    assert_eq!(ada.send("/v1/pause", &[]).await.status(), 401);
}

#[tokio::test]
async fn what_has_changed_since_it_was_seen_is_not_answered() {
    let people = people();
    let host = asking(&people.config).await;
    let ada = Browser::signed_in(&host, &people.ada).await;
    let page = ada.look("/i/i-b1/a1").await.text().await.unwrap();
    let (digest, version) = (hidden(&page, "digest"), hidden(&page, "version"));
    for form in [
        [("digest", digest.as_str()), ("version", "0000"), ("answer", "approve")],
        [("digest", "0000"), ("version", version.as_str()), ("answer", "approve")],
    ] {
        let answer = ada.send("/i/i-b1/a1", &form).await;
        assert_eq!(answer.status(), 409);
        let page = answer.text().await.unwrap();
        assert!(page.contains("has changed since you saw it") && can(&page, "approve"), "{page}");
    }
    let unclear = ada.answer("maybe", &[]).await;
    assert_eq!(unclear.status(), 400);
    assert!(host.fake.answers.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_session_begins_with_a_token_and_ends_when_somebody_says_so() {
    let people = people();
    let host = asking(&people.config).await;
    let stranger = Browser::new(&host);
    let never = token::generate().unwrap();
    for (given, status, words) in [
        (never.expose(), 403, "Nobody has this token"),
        (people.sam.as_str(), 403, "send alerts"),
        ("x", 403, "Nobody"),
    ] {
        let answer = stranger.send("/sign-in", &[("to", "//evil.example/"), ("token", given)]).await;
        assert_eq!((answer.status().as_u16(), answer.headers().contains_key("set-cookie")), (status, false));
        let page = answer.text().await.unwrap();
        assert!(
            page.contains(words) && !page.contains("evil.example") && !page.contains(given.trim_matches('x'))
                || given == "x",
            "{page}"
        );
    }
    for _ in 0..6 {
        stranger.send("/sign-in", &[("token", "guess")]).await;
    }
    assert_eq!(stranger.send("/sign-in", &[("token", "guess")]).await.status(), 429);
    // What cannot be guessed gets in all the same: nobody keeps the others out by guessing.
    let (one, two) = (Browser::signed_in(&host, &people.ada).await, Browser::signed_in(&host, &people.ada).await);
    let bob = Browser::signed_in(&host, &people.bob).await;
    let led = stranger.send("/sign-in", &[("to", "//evil.example/"), ("token", &people.bob)]).await;
    assert_eq!(led.headers()["location"], "/");
    assert_eq!(one.look("/sign-in?to=/incidents").await.headers()["location"], "/incidents");

    // Forms of other pages are refused, whatever cookie comes with them.
    for headers in [
        [("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")],
        [("Origin", "null"), ("Sec-Fetch-Site", "same-site")],
    ] {
        for path in ["/sign-out", "/i/i-b1/a1", "/sign-in", "/language"] {
            assert_eq!(one.send_from(path, &[("everywhere", "yes")], &headers).await.status(), 403, "{path}");
        }
    }
    let out = one.send("/sign-out", &[("everywhere", "no")]).await;
    assert!(out.headers()["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!((one.look("/").await.status().as_u16(), two.look("/").await.status().as_u16()), (303, 200));
    let three = Browser::signed_in(&host, &people.ada).await;
    two.send("/sign-out", &[("everywhere", "yes")]).await;
    assert_eq!((three.look("/").await.status().as_u16(), bob.look("/").await.status().as_u16()), (303, 200));
}

#[tokio::test]
async fn under_a_name_of_its_own_a_session_needs_tls() {
    let people = people();
    let host = asking(&people.config).await;
    let stranger = Browser::new(&host);
    let form = [("token", people.ada.as_str())];
    let by = |origin: &'static str| [("Host", "tidegate.example"), ("Origin", origin)];
    let clear = stranger.send_from("/sign-in", &form, &by("http://tidegate.example")).await;
    assert_eq!((clear.status().as_u16(), clear.headers().contains_key("set-cookie")), (403, false));
    let guarded = stranger.send_from("/sign-in", &form, &by("https://tidegate.example")).await;
    let cookie = guarded.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("__Host-tidegate=") && cookie.ends_with("; Secure"), "{cookie}");
}

#[tokio::test]
async fn on_this_machine_without_proofs_everybody_is_told_that_nothing_is_proven() {
    let host = asking("").await;
    let browser = Browser::new(&host);
    for path in PAGES {
        let page = browser.look(path).await;
        assert_eq!(page.status(), 200, "{path}");
        assert!(page.text().await.unwrap().contains("names with answers are not proven"), "{path}");
    }
    let nameless = browser.answer("deny", &[("person", " ")]).await;
    assert_eq!(nameless.status(), 400);
    assert!(nameless.text().await.unwrap().contains("needs the name of a person"));
    assert_eq!(browser.answer("deny", &[("person", "ada")]).await.status(), 303);
    assert_eq!(host.fake.answers.lock().unwrap().first().unwrap().person, Person::typed("ada"));
    // Neither a proxy nor another name gets in.
    for header in [("Host", "evil.example"), ("X-Forwarded-For", "10.0.0.1")] {
        assert_eq!(host.get("/").header(header.0, header.1).send().await.unwrap().status(), 403);
    }
    for (path, status) in
        [("/i/nope", 404), ("/i/i-b1/a9", 404), ("/incidents?state=odd", 400), ("/incidents?x=1", 400)]
    {
        let answer = browser.look(path).await;
        assert_eq!(answer.status().as_u16(), status, "{path}");
        assert!(answer.text().await.unwrap().contains("<main"), "{path}");
    }
    assert_eq!(browser.look("/i/i-b").await.headers()["location"], "/i/i-b1");
}

#[tokio::test]
async fn what_pages_load_is_kept_for_ever_and_the_language_as_chosen() {
    let host = asking("").await;
    let browser = Browser::new(&host);
    let page = browser.look("/").await.text().await.unwrap();
    for ending in [".css", ".js", ".svg"] {
        let end = page.find(&format!("{ending}\"")).unwrap() + ending.len();
        let path = &page[page[..end].rfind('"').unwrap() + 1..end];
        let asset = browser.http.get(host.url(path)).header("Accept-Encoding", "gzip").send().await.unwrap();
        assert_eq!(asset.status(), 200, "{path}");
        assert_eq!(asset.headers()["cache-control"], "public, max-age=31536000, immutable");
        assert_eq!(asset.headers()["content-encoding"], "gzip");
    }
    assert_eq!(browser.look("/s/page.0.js").await.status(), 404);
    let chosen = browser.send("/language", &[("language", "zh"), ("to", "/incidents?state=all")]).await;
    assert_eq!(chosen.headers()["location"], "/incidents?state=all");
    let cookie = chosen.headers()["set-cookie"].to_str().unwrap().split(';').next().map(str::to_string);
    let chinese = Browser { cookie, ..Browser::new(&host) };
    assert!(chinese.look("/").await.text().await.unwrap().contains("<html lang=\"zh\">"));
    let browser = browser.http.get(host.url("/")).header("Accept-Language", "zh-CN,en;q=0.5").send().await.unwrap();
    assert!(browser.text().await.unwrap().contains("<html lang=\"zh\">"));
}

#[tokio::test]
async fn open_pages_hear_of_changes_until_their_session_ends() {
    let people = people();
    let host = asking(&people.config).await;
    let ada = Browser::signed_in(&host, &people.ada).await;
    let mut stream = ada.look("/live").await;
    assert_eq!(stream.headers()["x-accel-buffering"], "no");
    let mut next = async || -> Option<String> {
        let chunk = tokio::time::timeout(std::time::Duration::from_secs(5), stream.chunk()).await.unwrap();
        chunk.unwrap_or_default().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    };
    let first = next().await.unwrap();
    assert!(first.contains("event: tick") && first.contains("retry: 2000"), "{first}");
    for id in ["i-b1", "i-a1", "i-b1"] {
        host.fake.changes.send(id.into()).unwrap();
    }
    let told = next().await.unwrap();
    assert!(told.contains("event: changed") && told.contains("[\"i-a1\",\"i-b1\"]"), "{told}");
    // Who has missed something is told so.
    let mut late = ada.look("/live?since=7").await;
    let mut told = String::new();
    while !told.contains("event: reload") {
        told.push_str(&String::from_utf8_lossy(&late.chunk().await.unwrap().expect("more")));
    }
    ada.send("/sign-out", &[("everywhere", "no")]).await;
    host.fake.changes.send("i-b1".into()).unwrap();
    assert_eq!(next().await, None);
}
