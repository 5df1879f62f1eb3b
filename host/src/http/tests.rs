//! The server on a real socket with a fake host behind it: what is refused, how, and what reaches
//! the host.

use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::*;
use crate::backend::fake::Fake;
use crate::clock::SystemClock;
use crate::config::Overrides;
use crate::token::{self, Hash};

pub(super) struct Running {
    pub fake: Arc<Fake>,
    pub address: SocketAddr,
    client: Client,
    stop: Option<oneshot::Sender<()>>,
    done: tokio::task::JoinHandle<()>,
}

pub(super) async fn start(config: &str, fake: Fake) -> Running {
    let config = format!("[server]\nlisten = \"127.0.0.1:0\"\n{config}");
    let config = Config::parse(config, None, &Overrides::default()).unwrap();
    let environment: std::collections::BTreeMap<String, String> = [
        ("TOKEN".to_string(), "t0ken".to_string()),
        ("KEY".to_string(), "k3yk3y".to_string()),
        ("LINKS".to_string(), "0123456789abcdef".to_string()),
    ]
    .into();
    let fake = Arc::new(fake);
    let listener = listen(&config).await.unwrap();
    let server = Server::new(listener, &config, fake.clone(), Arc::new(SystemClock), &environment).unwrap();
    let address = server.address();
    let (stop, stopped) = oneshot::channel();
    let done = tokio::spawn(server.run(async move { drop(stopped.await) }));
    let client = crate::network::builder().build().unwrap();
    Running { fake, address, client, stop: Some(stop), done }
}

impl Running {
    pub fn client(&self) -> &Client {
        &self.client
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
        self.client.post(self.url(path)).body(body)
    }

    /// Stops it in order, to its end.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        self.done.await.unwrap();
    }

    pub fn post_json(&self, path: &str, body: Value) -> RequestBuilder {
        self.client.post(self.url(path)).json(&body)
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(self.url(path))
    }

    /// Writes raw bytes and reads until the other side closes.
    pub async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }
}

async fn answer(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

pub(super) const ONE: &str = r#"{"status":"firing","alerts":[{"labels":{"alertname":"a"}}]}"#;

#[tokio::test]
async fn alerts_come_in_and_everything_bad_gets_a_sentence() {
    let host = start("max_body = \"64KiB\"", Fake::default()).await;
    let taken = json!({ "alerts": 1, "incidents": ["i-b1"], "repeats": 1 });
    assert_eq!(answer(host.post("/alert", ONE)).await, (200, taken.clone()));
    let (status, _) = answer(host.post("/v1/alerts/alertmanager?a=1&b=x%20y&a=2", ONE)).await;
    assert_eq!(status, 200);
    let query = host.fake.seen.lock().unwrap()[1].query.clone();
    assert_eq!(query, [("a", "1"), ("b", "x y"), ("a", "2")].map(|(k, v)| (k.to_string(), v.to_string())));

    let nested = format!("{{\"alerts\":{}1", "[".repeat(30_000));
    for (path, body, status, sentence) in [
        ("/alert", Vec::new(), 400, "the body is empty"),
        ("/alert", b"{\"alerts\": [}".to_vec(), 400, "the body is not JSON"),
        ("/alert", nested.into_bytes(), 400, "recursion limit"),
        ("/alert", vec![b'{', 0xff, 0xfe], 400, "the body is not JSON"),
        ("/alert", br#"{"alerts":[{"labels":{"a":1}}]}"#.to_vec(), 400, "alerts[0]: has neither a status"),
        ("/v1/alerts/nope", ONE.into(), 404, "there is no source called \"nope\"; there are alertmanager"),
        ("/v1/alerts/..%2fx", ONE.into(), 404, "there is no source called \"../x\""),
        ("/alert", vec![b' '; 10 << 20], 413, "the body is larger than 64KiB"),
        ("/nowhere", ONE.into(), 404, "there is nothing at /nowhere"),
    ] {
        let (got, error) = answer(host.post(path, body)).await;
        let error = error["error"].as_str().unwrap().to_string();
        assert!(got == status && error.contains(sentence), "{path}: {got} {error}");
    }
    let (status, error) = answer(host.get("/alert")).await;
    assert_eq!((status, error["error"].as_str()), (405, Some("/alert does not take GET")));
}

#[tokio::test]
async fn packed_bodies_and_paths_with_a_slash_at_their_end_are_taken() {
    let host = start("max_body = \"64KiB\"", Fake::default()).await;
    let gzip = |text: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut encoder, text).unwrap();
        encoder.finish().unwrap()
    };
    for path in ["/alert", "/alert/", "/v1/alerts/alertmanager/"] {
        let (status, taken) = answer(host.post(path, gzip(ONE.as_bytes())).header("content-encoding", "gzip")).await;
        assert_eq!((status, &taken["alerts"]), (200, &json!(1)), "{path}");
    }
    let (status, error) =
        answer(host.post("/alert", gzip(&vec![b' '; 1 << 20])).header("content-encoding", "gzip")).await;
    assert!(status == 413 && error["error"].as_str().unwrap().contains("once it is unpacked"), "{error}");
    let refused = host.post("/alert", ONE).header("content-encoding", "br").send().await.unwrap();
    assert_eq!(refused.status().as_u16(), 415);
    assert_eq!(refused.headers()["accept-encoding"], "gzip, deflate");
}

#[tokio::test]
async fn what_is_left_out_is_answered_and_what_is_refused_is_counted() {
    let host = start("", Fake::default()).await;
    let body =
        r#"{"status":"firing","alerts":[{"labels":{"alertname":"a"}},{"labels":{"alertname":"Odd"},"status":"odd"}]}"#;
    let (status, taken) = answer(host.post("/alert", body)).await;
    assert_eq!((status, &taken["alerts"]), (200, &json!(1)));
    assert!(taken["left_out"][0].as_str().unwrap().starts_with("Odd: alerts[1].status: expected"), "{taken}");
    for (path, body) in [("/alert", "x"), ("/alert", "y"), ("/v1/alerts/nope", ONE), ("/v1/alerts/nope2", ONE)] {
        answer(host.post(path, body)).await;
    }
    let metrics = host.get("/metrics").send().await.unwrap().text().await.unwrap();
    for line in ["source=\"alertmanager\",reason=\"unreadable\"} 2", "source=\"unknown\",reason=\"unknown_source\"} 2"]
    {
        assert!(metrics.contains(line), "{metrics}");
    }
}

#[tokio::test]
async fn ten_thousand_alerts_and_bodies_of_unknown_length() {
    let host = start("", Fake::default()).await;
    let many = format!("[{}]", vec![r#"{"labels":{"alertname":"a"}}"#; 10_000].join(","));
    let (status, taken) = answer(host.post("/alert", many)).await;
    assert_eq!((status, &taken["alerts"]), (200, &json!(10_000)));
    let endless = futures::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 1 << 20]));
    let body = reqwest::Body::wrap_stream(futures::StreamExt::take(endless, 10));
    let (status, _) = answer(host.post("/alert", body)).await;
    assert_eq!(status, 413);
}

#[tokio::test]
async fn a_journal_that_cannot_be_written_makes_senders_try_again() {
    let host = start("", Fake { full: true, ..Fake::default() }).await;
    let response = host.post("/alert", ONE).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(response.headers().contains_key("retry-after"));
    let (status, ready) = answer(host.get("/readyz")).await;
    assert_eq!((status, ready), (503, json!({ "ready": false, "degraded": true, "problems": ["disk full"] })));
    assert_eq!(host.get("/healthz").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn why_the_host_is_not_ready_is_nothing_for_strangers() {
    let only = json!({ "ready": false, "degraded": true });
    let open = start("", Fake { full: true, ..Fake::default() }).await;
    // Nobody but this machine reaches a host on loopback, whoever claims to; a page may ask and read nothing.
    for (name, value) in [("Host", "evil.example:10000"), ("Host", "10.0.0.7:10000"), ("Sec-Fetch-Site", "cross-site")]
    {
        let (status, told) = answer(open.get("/readyz").header(name, value)).await;
        assert!(status == 403 && !told.to_string().contains("disk full"), "{name}: {value}: {status} {told}");
    }
    let config = "auth = { basic = { user = \"ada\", password = { env = \"KEY\" } } }";
    let host = start(config, Fake { full: true, ..Fake::default() }).await;
    assert_eq!(answer(host.get("/readyz")).await, (503, only.clone()));
    assert_eq!(answer(host.get("/readyz").basic_auth("ada", Some("wrong"))).await, (503, only));
    let told = answer(host.get("/readyz").basic_auth("ada", Some("k3yk3y"))).await;
    assert_eq!(told, (503, json!({ "ready": false, "degraded": true, "problems": ["disk full"] })));
}

#[tokio::test]
async fn more_requests_than_can_be_worked_on_are_sent_away() {
    let fake = Fake { slow: Duration::from_millis(500), ..Fake::default() };
    let host = start("max_requests = 1", fake).await;
    let (first, second) = tokio::join!(host.post("/alert", ONE).send(), async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        let response = host.post("/alert", ONE).send().await.unwrap();
        assert_eq!(host.get("/healthz").send().await.unwrap().status(), 200, "health is never refused");
        response
    });
    assert_eq!(first.unwrap().status(), 200);
    assert_eq!(second.status(), 503);
    assert!(second.headers().contains_key("retry-after"));
}

#[tokio::test]
async fn slow_heads_and_slow_bodies_are_cut_off() {
    let host = start("header_timeout = \"200ms\"\nbody_timeout = \"200ms\"", Fake::default()).await;
    assert_eq!(host.raw(b"POST /alert HTTP/1.1\r\nHost: localhost\r\n").await, "", "half a head gets no answer");
    let late = host.raw(b"POST /alert HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{").await;
    assert!(late.starts_with("HTTP/1.1 408 ") && late.contains("did not arrive within 0.2 s"), "{late}");
    let idle = host.raw(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(idle.ends_with("ok\n"), "an idle connection is closed after its answer: {idle}");
    assert!(host.fake.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn sources_and_api_demand_what_is_configured_and_pass_no_credentials_on() {
    let config = "auth = { basic = { user = \"ada\", password = { env = \"KEY\" } } }\n\
                  [sources.alertmanager]\nauth = { bearer = { env = \"TOKEN\" } }";
    let host = start(config, Fake::default()).await;
    let response = host.post("/alert", ONE).send().await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(response.headers()["www-authenticate"], "Bearer realm=\"tidegate\"");
    assert_eq!(host.post("/alert", ONE).bearer_auth("t0kem").send().await.unwrap().status(), 401);
    let good = host.post("/alert", ONE).bearer_auth("t0ken").header("Cookie", "a=b").header("X-Thing", "1");
    assert_eq!(good.send().await.unwrap().status(), 200);
    let headers = host.fake.seen.lock().unwrap()[0].headers.clone();
    assert!(!headers.contains_key("authorization") && !headers.contains_key("cookie"), "{headers:?}");
    assert_eq!(&headers["x-thing"], "1");

    for path in ["/v1/incidents", "/v1/incidents/i-b1", "/v1/incidents/watch", "/metrics"] {
        assert_eq!(host.get(path).send().await.unwrap().status(), 401, "{path}");
    }
    assert_eq!(host.post_json("/v1/pause", json!({})).send().await.unwrap().status(), 401);
    let paused = host.post_json("/v1/pause", json!({ "person": "bob" })).basic_auth("ada", Some("k3yk3y"));
    assert_eq!(paused.send().await.unwrap().status(), 200);
    let person = host.fake.orders.lock().unwrap()[0].person.clone();
    assert_eq!(person.to_string(), "ada (as bob)");
    assert_eq!(person.proven().map(|ada| ada.id()).as_deref(), Some("ada"), "a proven name beats a said one");
}

#[tokio::test]
async fn signed_bodies_are_checked_byte_by_byte() {
    let config = "[sources.alertmanager]\nauth = { hmac = { secret = { env = \"KEY\" }, header = \"X-Sig\" } }";
    let host = start(config, Fake::default()).await;
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"k3yk3y").unwrap();
    mac.update(ONE.as_bytes());
    let signature = hex::encode(mac.finalize().into_bytes());
    let signed = |body: String| host.post("/alert", body).header("X-Sig", &signature).send();
    assert_eq!(signed(ONE.into()).await.unwrap().status(), 200);
    assert_eq!(signed(format!("{ONE} ")).await.unwrap().status(), 401);
    assert_eq!(host.post("/alert", ONE).send().await.unwrap().status(), 401);
    assert!(!host.fake.seen.lock().unwrap()[0].headers.contains_key("x-sig"));
}

#[tokio::test]
async fn a_signed_request_is_taken_once_and_again_only_when_it_was_not_acknowledged() {
    use hmac::{Hmac, KeyInit, Mac};
    let sign = |text: String| {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"k3yk3y").unwrap();
        mac.update(text.as_bytes());
        hex::encode(mac.finalize().into_bytes())
    };
    for timed in [false, true] {
        let more = if timed { ", timestamp_header = \"X-Time\"" } else { "" };
        let config = format!(
            "[sources.alertmanager]\nauth = {{ hmac = {{ secret = {{ env = \"KEY\" }}, header = \"X-Sig\"{more} }} }}"
        );
        let now = SystemClock.now().as_second();
        let signature = |at: i64| sign(if timed { format!("{at}:{ONE}") } else { ONE.into() });
        let send = async |host: &Running, at: i64, signature: String| {
            let request = host.post("/alert", ONE).header("X-Sig", signature).header("X-Time", at.to_string());
            request.send().await.unwrap().status().as_u16()
        };
        let host = start(&config, Fake::default()).await;
        for written in [signature(now), signature(now).to_uppercase(), format!("00, {}", signature(now))] {
            assert_eq!(send(&host, now, written).await, 200);
        }
        assert_eq!(host.fake.seen.lock().unwrap().len(), 1, "the same request in another form is the same");
        if timed {
            assert_eq!(send(&host, now - 1, signature(now - 1)).await, 200);
            assert_eq!(host.fake.seen.lock().unwrap().len(), 2, "one that was signed anew is another");
        }
        let host = start(&config, Fake { full: true, ..Fake::default() }).await;
        for _ in 0..2 {
            assert_eq!(send(&host, now, signature(now)).await, 503);
        }
        assert_eq!(host.fake.seen.lock().unwrap().len(), 2, "what was not acknowledged is taken when it comes again");
    }
}

#[tokio::test]
async fn a_token_proves_a_name_and_opens_what_its_role_opens() {
    let [ada, vera, am] = [(); 3].map(|()| token::generate().unwrap().expose().to_string());
    let hash = |token: &str| Hash::of(token);
    let config = format!(
        "[sources.alertmanager]\nauth = {{ bearer = {{ env = \"TOKEN\" }} }}\n[people]\nsre = [\"ada\"]\n\
         [users.ada]\ntokens = [\"{}\"]\n[users.vera]\nrole = \"viewer\"\ntokens = [\"{}\"]\n\
         [users.am]\nrole = \"sender\"\ntokens = [\"{}\"]\n",
        hash(&ada),
        hash(&vera),
        hash(&am)
    );
    let host = start(&config, Fake::default()).await;
    let status = async |request: RequestBuilder| request.send().await.unwrap().status().as_u16();
    let pause = || host.post_json("/v1/pause", json!({ "person": "bob" }));
    // One letter is wrong; nothing; the hash; what only the source takes.
    let typo = format!("{}!", &ada[..ada.len() - 1]);
    for wrong in [typo.as_str(), "", &hash(&ada).to_string(), "t0ken"] {
        assert_eq!(status(host.get("/v1/incidents").bearer_auth(wrong)).await, 401, "{wrong}");
        assert_eq!(status(pause().bearer_auth(wrong)).await, 401, "{wrong}");
    }
    assert_eq!(status(pause()).await, 401, "who has users asks everybody");
    assert_eq!(status(host.get("/v1/incidents").bearer_auth(&vera)).await, 200);
    assert_eq!(status(pause().bearer_auth(&vera)).await, 403, "who may look changes nothing");
    assert_eq!(status(host.get("/v1/incidents").bearer_auth(&am)).await, 403, "who may send does not look");
    assert_eq!(status(pause().bearer_auth(&am)).await, 403);
    assert_eq!(status(host.post("/alert", ONE).bearer_auth(&am)).await, 200);
    for other in [&ada, &vera] {
        assert_eq!(status(host.post("/alert", ONE).bearer_auth(other)).await, 401, "who may not send does not");
    }
    assert_eq!(status(pause().basic_auth("vera", Some(&ada))).await, 401, "the token of another");
    assert!(host.fake.orders.lock().unwrap().is_empty());
    assert_eq!(status(pause().bearer_auth(&ada)).await, 200);
    assert_eq!(status(pause().basic_auth("ada", Some(&ada))).await, 200);
    let orders = host.fake.orders.lock().unwrap().clone();
    for order in orders {
        let proven = order.person.proven().unwrap();
        assert_eq!((proven.id().as_str(), proven.said(), proven.is_in("sre")), ("ada", Some("bob"), true));
    }
}

#[tokio::test]
async fn a_switched_off_source_does_not_exist() {
    let host = start("[sources.alertmanager]\nenabled = false", Fake::default()).await;
    assert_eq!(host.post("/alert", ONE).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn web_pages_of_others_get_nothing() {
    let host = start("", Fake::default()).await;
    let status = async |request: RequestBuilder| request.send().await.unwrap().status().as_u16();
    let rebound = "evil.example:10000";
    assert_eq!(status(host.get("/v1/incidents").header("Host", rebound)).await, 403);
    assert_eq!(status(host.post_json("/v1/pause", json!({"person": "p"})).header("Host", rebound)).await, 403);
    let foreign = ("Origin", "http://evil.example");
    assert_eq!(status(host.post_json("/v1/pause", json!({"person": "p"})).header(foreign.0, foreign.1)).await, 403);
    assert_eq!(status(host.post("/alert", ONE).header(foreign.0, foreign.1)).await, 403);
    let own = host.url("");
    assert_eq!(status(host.post_json("/v1/pause", json!({"person": "p"})).header("Origin", own)).await, 200);
    assert!(host.fake.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn incidents_are_listed_found_and_told() {
    let host = start("", Fake::default()).await;
    let (_, list) = answer(host.get("/v1/incidents?limit=2")).await;
    assert_eq!(list["incidents"].as_array().unwrap().len(), 2);
    assert_eq!(list["incidents"][0]["id"], "i-b1");
    let (_, open) = answer(host.get("/v1/incidents?state=open")).await;
    assert_eq!(open["incidents"].as_array().unwrap().len(), 2, "the first one acts");
    let (status, error) = answer(host.get("/v1/incidents?state=odd")).await;
    assert!(status == 400 && error["error"].as_str().unwrap().contains("unknown variant `odd`"), "{error}");
    assert_eq!(answer(host.get("/v1/incidents/i-b")).await.1["id"], "i-b1");
    assert_eq!(answer(host.get("/v1/incidents/latest")).await.1["id"], "i-b1");
    let (status, error) = answer(host.get("/v1/incidents/i-a")).await;
    assert_eq!((status, error["error"].as_str()), (404, Some("i-a is not one incident but several: i-a2, i-a1")));
    let report = host.get("/v1/incidents/i-a2/report").send().await.unwrap();
    assert_eq!(report.headers()["content-type"], "text/markdown; charset=utf-8");
    assert_eq!(report.text().await.unwrap(), "# Report");
    assert_eq!(host.get("/v1/incidents/i-b1/report").send().await.unwrap().status(), 404);
    let (status, seen) = answer(host.get("/v1/incidents/i-b1/evidence")).await;
    assert_eq!((status, &seen["incident"], &seen["evidence"]), (200, &json!("i-b1"), &json!([])));
    let (status, none) = answer(host.get("/v1/incidents/i-b1/evidence/1")).await;
    assert_eq!((status, none["error"].as_str().unwrap().contains("there is no number 1")), (404, true), "{none}");
    let (_, told) = answer(host.get("/v1/incidents/i-b1/timeline")).await;
    assert_eq!(told["timeline"][0]["kind"], "closed");
    let metrics = host.get("/metrics").send().await.unwrap();
    assert!(metrics.headers()["content-type"].to_str().unwrap().starts_with("text/plain"));
}

#[tokio::test]
async fn answers_carry_who_what_and_how() {
    let host = start("", Fake::default()).await;
    let path = "/v1/incidents/i-b1/actions/a1/approve";
    let digest = host.fake.incidents[0].actions[0].action.digest.clone();
    let words = json!({ "person": " ada ", "digest": digest, "comment": "go", "via": "cli" });
    let (status, view) = answer(host.post_json(path, words)).await;
    assert_eq!((status, view["id"].as_str()), (200, Some("i-b1")));
    let given = host.fake.answers.lock().unwrap()[0].clone();
    assert_eq!(
        (given.person.to_string().as_str(), given.via.as_str(), given.digest.as_deref()),
        ("ada (unproven)", "cli", Some(digest.as_str()))
    );
    for (path, body, status, sentence) in [
        (path, json!({}), 400, "person: is missing"),
        (path, json!({ "person": "p", "digset": "d" }), 400, "unknown field `digset`"),
        (path, json!({ "person": "p", "digest": "d1" }), 409, "is not what you saw"),
        ("/v1/incidents/i-b1/actions/a9/deny", json!({ "person": "p" }), 409, "too late"),
        ("/v1/incidents/i-x/actions/a1/deny", json!({ "person": "p" }), 404, "there is no incident i-x"),
        ("/v1/incidents/latest/actions/a1/approve", json!({ "person": "p" }), 404, "needs the full id"),
    ] {
        let (got, error) = answer(host.post_json(path, body)).await;
        let error = error["error"].as_str().unwrap().to_string();
        assert!(got == status && error.contains(sentence), "{path}: {got} {error}");
    }
    assert_eq!(host.post("/v1/pause", "person=p").send().await.unwrap().status(), 415);
    let order = json!({ "person": "p", "reason": "r", "scope": "rule:x" });
    assert_eq!(answer(host.post_json("/v1/pause", order)).await.1, json!({ "paused": true, "scope": "rule:x" }));
}

#[tokio::test]
async fn a_watcher_sees_changes_and_does_not_keep_the_server_from_stopping() {
    let mut host = start("", Fake::default()).await;
    let mut events = host.get("/v1/incidents/watch").send().await.unwrap();
    host.fake.changes.send("i-a2".into()).unwrap();
    let event = String::from_utf8(events.chunk().await.unwrap().unwrap().to_vec()).unwrap();
    assert!(event.starts_with("event: incident\ndata: {\"id\":\"i-a2\""), "{event}");
    host.stop.take().unwrap().send(()).unwrap();
    while events.chunk().await.unwrap().is_some() {}
    (&mut host.done).await.unwrap();
    assert!(TcpStream::connect(host.address).await.is_err());
}

#[tokio::test]
async fn a_request_under_way_is_finished_before_the_server_stops() {
    let fake = Fake { slow: Duration::from_millis(400), ..Fake::default() };
    let mut host = start("", fake).await;
    let request = host.post("/alert", ONE);
    let sent = tokio::spawn(request.send());
    tokio::time::sleep(Duration::from_millis(150)).await;
    host.stop.take().unwrap().send(()).unwrap();
    assert_eq!(sent.await.unwrap().unwrap().status(), 200);
    (&mut host.done).await.unwrap();
}

#[tokio::test]
async fn no_server_comes_up_beyond_loopback_without_authentication() {
    let config = Config::parse("[server]\nlisten = \"0.0.0.0:0\"".into(), None, &Overrides::default()).unwrap();
    let listener = listen(&config).await.unwrap();
    let environment = std::collections::BTreeMap::new();
    let server = Server::new(listener, &config, Arc::new(Fake::default()), Arc::new(SystemClock), &environment);
    let problems = server.err().unwrap().to_string();
    assert!(problems.contains("the API needs authentication"), "{problems}");
    assert!(problems.contains("no source takes anything from them: add auth"), "{problems}");
    let named = "[server]\nlisten = \"0.0.0.0:0\"\n[sources.alertmanager]\nenabled = true";
    let config = Config::parse(named.into(), None, &Overrides::default()).unwrap();
    let listener = listen(&config).await.unwrap();
    let server = Server::new(listener, &config, Arc::new(Fake::default()), Arc::new(SystemClock), &environment);
    let problems = server.err().unwrap().to_string();
    assert!(problems.contains("source alertmanager needs authentication"), "{problems}");
}
