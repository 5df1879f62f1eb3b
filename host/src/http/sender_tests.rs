//! What senders show and in what they come, on a real socket: what reaches the source, and what they are answered.

use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Method, RequestBuilder};

use super::tests::{ONE, Running, start};
use crate::backend::fake::Fake;
use crate::domain::alert::normalised::Reply;

fn sign(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

async fn status(request: RequestBuilder) -> u16 {
    request.send().await.unwrap().status().as_u16()
}

fn seen(host: &Running) -> Vec<crate::ports::Inbound> {
    host.fake.seen.lock().unwrap().clone()
}

#[tokio::test]
async fn a_token_in_the_url_reaches_no_source() {
    let config = "[sources.alertmanager]\nauth = { query = { name = \"key\", token = [{ env = \"TOKEN\" }, { env = \"KEY\" }] } }";
    let host = start(config, Fake::default()).await;
    for (query, want) in
        [("?key=t0ken&a=1", 200), ("?a=1&key=k3yk3y&key=x", 200), ("?key=t0ke", 401), ("?KEY=t0ken", 401), ("", 401)]
    {
        assert_eq!(status(host.post(&format!("/v1/alerts/alertmanager{query}"), ONE)).await, want, "{query}");
    }
    let told = host.post("/alert?key=guess3d", ONE).send().await.unwrap().text().await.unwrap();
    assert!(told.contains("?key=TOKEN") && !told.contains("guess3d"), "{told}");
    for inbound in seen(&host) {
        assert_eq!(inbound.query, [("a".to_string(), "1".to_string())]);
    }
    assert_eq!(seen(&host).len(), 2);
}

#[tokio::test]
async fn a_token_in_a_header_of_the_senders_own_reaches_no_source() {
    let host = start("[sources.alertmanager]\nauth = { gitlab = { env = \"TOKEN\" } }", Fake::default()).await;
    assert_eq!(status(host.post("/alert", ONE)).await, 401);
    assert_eq!(status(host.post("/alert", ONE).header("X-Gitlab-Token", "t0ke")).await, 401);
    assert_eq!(
        status(host.post("/alert", ONE).header("X-Gitlab-Token", "t0ken").header("X-Gitlab-Event", "e")).await,
        200
    );
    let headers = seen(&host)[0].headers.clone();
    assert!(!headers.contains_key("x-gitlab-token") && headers.contains_key("x-gitlab-event"), "{headers:?}");
}

#[tokio::test]
async fn a_signature_is_over_the_bytes_as_they_were_sent() {
    let host = start("[sources.alertmanager]\nauth = { github = { env = \"KEY\" } }", Fake::default()).await;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut encoder, ONE.as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    let send = |signed: &[u8]| {
        let signature = format!("sha256={}", sign("k3yk3y", signed));
        let request = host.post("/alert", packed.clone()).header("Content-Encoding", "gzip");
        status(request.header("X-Hub-Signature-256", signature))
    };
    assert_eq!(send(ONE.as_bytes()).await, 401);
    assert_eq!(send(&packed).await, 200);
    let told = host.post("/alert", ONE).send().await.unwrap().text().await.unwrap();
    let wanted = "x-hub-signature-256: sha256=<hex of HMAC-SHA256 over {body}, the body as it is sent>";
    assert!(told.contains(wanted) && !told.contains("k3y"), "{told}");
}

#[tokio::test]
async fn forms_are_proven_and_come_as_one_kind() {
    let config = "[sources.alertmanager]\nauth = { statuscake = { user = \"ada\", key = { env = \"KEY\" } } }";
    let host = start(config, Fake::default()).await;
    // printf adak3yk3y | md5sum
    let token = "628d71342e166f3ca7eda489a6d39a5f";
    let form = "application/x-www-form-urlencoded";
    let send = |body: String| status(host.post("/alert", body).header("Content-Type", form));
    assert_eq!(send("Status=Down&Token=00".into()).await, 401);
    // Proven, and nothing that Alertmanager sends.
    assert_eq!(send(format!("Token={token}&Status=Down&Name=a%26b")).await, 400);
    assert_eq!(seen(&host)[0].body, "Status=Down&Name=a%26b");

    let host = start("", Fake::default()).await;
    let multipart = "--x\r\nContent-Disposition: form-data; name=\"data\"\r\n\r\n{\"a\": \"b&c\"}\r\n--x--\r\n";
    let send = |kind: &str, body: Vec<u8>| status(host.post("/alert", body).header("Content-Type", kind));
    assert_eq!(send("multipart/form-data; boundary=x", multipart.into()).await, 400);
    let inbound = seen(&host).pop().unwrap();
    assert_eq!((inbound.body.as_str(), &inbound.headers["content-type"]), ("data=%7B%22a%22%3A+%22b%26c%22%7D", form));
    for (kind, body) in [
        ("multipart/form-data; boundary=x", b"\x00\xff\xfe--x".to_vec()),
        ("multipart/form-data", multipart.into()),
        ("multipart/form-data; boundary=", multipart.into()),
        (form, b"\xff\xfe&%zz=%".to_vec()),
        ("application/octet-stream", vec![0xff; 300]),
        ("text/plain", Vec::new()),
        ("\u{e9}", b"{".to_vec()),
    ] {
        assert_eq!(send(kind, body).await, 400, "{kind}");
    }
    // SNS says that its JSON is text.
    assert_eq!(send("text/plain; charset=UTF-8", ONE.into()).await, 200);
}

#[tokio::test]
async fn a_source_takes_the_methods_that_its_senders_use_and_no_others() {
    let methods = ["GET", "PUT", "POST", "OPTIONS", "HEAD", "DELETE", "PATCH", "TRACE", "QUERY"];
    let usual = start("", Fake::default()).await;
    let reply = Some(Reply { status: 200, ..Reply::default() });
    let open =
        start("", Fake { methods: vec!["POST", "PUT", "GET", "OPTIONS", "HEAD", "DELETE"], reply, ..Fake::default() });
    let open = open.await;
    for method in methods {
        let send = |host: &Running, path: &str| {
            status(host.client().request(Method::from_bytes(method.as_bytes()).unwrap(), host.url(path)).body(ONE))
        };
        let usually = if method == "POST" { 200 } else { 405 };
        assert_eq!(send(&usual, "/v1/alerts/alertmanager").await, usually, "{method}");
        assert_eq!(send(&usual, "/alert").await, usually, "{method}");
        let asked = ["GET", "PUT", "POST", "OPTIONS"].contains(&method);
        assert_eq!(send(&open, "/v1/alerts/alertmanager").await, if asked { 200 } else { 405 }, "{method}");
    }
    let taken: Vec<String> = seen(&open).into_iter().map(|inbound| inbound.method).collect();
    assert_eq!(taken, ["GET", "PUT", "POST", "OPTIONS"]);
    // A page of another site cannot make a browser of this machine send one.
    for (name, value) in
        [("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.example"), ("Host", "evil.example")]
    {
        let navigation = open.get("/v1/alerts/alertmanager?a=1").header("Sec-Fetch-Mode", "navigate");
        assert_eq!(status(navigation.header(name, value)).await, 403, "{name}");
    }
}

#[tokio::test]
async fn a_sender_that_has_proven_itself_is_answered_by_the_source() {
    let reply = Reply {
        status: 202,
        content_type: "application/json".into(),
        headers: vec![("WebHook-Allowed-Origin".into(), "a.example".into()), ("Set-Cookie".into(), "a=b".into())],
        body: "{\"challenge\":\"c\"}".into(),
    };
    let fake = || Fake { methods: vec!["POST", "OPTIONS"], reply: Some(reply.clone()), ..Fake::default() };
    let host = start("[sources.alertmanager]\nauth = { github = { env = \"KEY\" } }", fake()).await;
    let path = "/v1/alerts/alertmanager";
    let refused = host.client().request(Method::OPTIONS, host.url(path)).send().await.unwrap();
    assert_eq!((refused.status().as_u16(), refused.headers().get("webhook-allowed-origin")), (401, None));
    for _again in 0..2 {
        let signature = format!("sha256={}", sign("k3yk3y", ONE.as_bytes()));
        let answer = host.post(path, ONE).header("X-Hub-Signature-256", signature).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 202);
        let headers = answer.headers();
        assert_eq!(
            (&headers["webhook-allowed-origin"], &headers["x-content-type-options"]),
            (&"a.example".parse().unwrap(), &"nosniff".parse().unwrap())
        );
        assert!(!headers.contains_key("set-cookie"));
        assert_eq!(answer.text().await.unwrap(), "{\"challenge\":\"c\"}");
    }
    let long = Fake { reply: Some(Reply { body: "x".repeat(10 << 20), ..reply.clone() }), ..Fake::default() };
    let host = start("", long).await;
    let usual = host.post(path, ONE).send().await.unwrap().text().await.unwrap();
    assert!(usual.starts_with("{\"alerts\":1"), "{usual}");
}

/// Senders of CloudEvents ask before they send, and sign nothing of that.
#[tokio::test]
async fn a_sender_that_was_named_is_told_that_it_may_send_and_gets_no_further() {
    let config = "[sources.alertmanager]\nauth = { github = { env = \"KEY\" } }\nallow_origins = [\"ci.example\"]";
    let host = start(config, Fake { methods: vec!["POST", "OPTIONS"], ..Fake::default() }).await;
    let path = "/v1/alerts/alertmanager";
    for (origin, want) in [("ci.example", 200), ("evil.example", 401), ("", 401)] {
        let asked = host.client().request(Method::OPTIONS, host.url(path)).header("WebHook-Request-Origin", origin);
        let answer = asked.body(ONE).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), want, "{origin}");
        assert_eq!(answer.headers().contains_key("webhook-allowed-origin"), want == 200, "{origin}");
    }
    assert_eq!(status(host.post(path, ONE)).await, 401, "a message needs its proof all the same");
    assert!(seen(&host).is_empty(), "no source has heard any of it");
}

#[tokio::test]
async fn what_cannot_be_proven_now_may_be_later() {
    let config = "[sources.alertmanager]\nauth = { jwt = { issuer = \"https://id.example\", audience = \"a\", keys = \"http://127.0.0.1:9/keys\" } }";
    let host = start(config, Fake::default()).await;
    assert_eq!(status(host.post("/alert", ONE)).await, 401);
    assert_eq!(status(host.post("/alert", ONE).bearer_auth("x.y.z")).await, 401);
    // {"alg":"ES256","kid":"k"}.{}
    let answer =
        host.post("/alert", ONE).bearer_auth("eyJhbGciOiJFUzI1NiIsImtpZCI6ImsifQ.e30.AA").send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 503);
    assert!(answer.headers().contains_key("retry-after"));
    assert!(answer.text().await.unwrap().contains("the keys of https://id.example cannot be had"));
    let host = start(
        "[sources.alertmanager]\nauth = { sns = { topics = [\"arn:aws:sns:eu-west-1:123456789012:a\"] } }",
        Fake::default(),
    );
    let host = host.await;
    let told = host.post("/alert", ONE).send().await.unwrap();
    assert_eq!(told.status().as_u16(), 401);
    assert!(told.text().await.unwrap().contains("a message that Amazon SNS signed"));
    assert!(seen(&host).is_empty());
}

#[tokio::test]
async fn what_a_sender_adds_to_its_address_is_the_sources() {
    let host = start("[sources.alertmanager]\nauth = { bearer = { env = \"TOKEN\" } }", Fake::default()).await;
    let below = "/v1/alerts/alertmanager/api/v2/alerts";
    assert_eq!(status(host.post(below, ONE)).await, 401, "the proof is the source's too");
    assert_eq!(status(host.post(below, ONE).bearer_auth("t0ken")).await, 200);
    assert_eq!(seen(&host).len(), 1);
    assert_eq!(status(host.post("/v1/alerts/nobody/api/v2/alerts", ONE)).await, 404);
}
