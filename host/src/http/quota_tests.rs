//! Strangers that take up what they can, on a real socket: senders are served all the while.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::tests::{ONE, Running, start};
use crate::backend::fake::Fake;

const LINK: &str = "[approvals]\nlink = { base = \"https://t.example\", secret = { env = \"LINKS\" } }\n";
const SIGNED: &str = "[sources.alertmanager]\nauth = { hmac = { secret = { env = \"KEY\" }, header = \"X-Sig\" } }";

async fn send(host: &Running, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(host.address).await.unwrap();
    // Whoever is pushed out while it still writes sees a broken connection.
    let _ = stream.write_all(bytes).await;
    stream
}

fn head(path: &str, length: usize, more: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {length}\r\n{more}\r\n")
}

/// What comes back within a second; empty when nothing does.
async fn answer(stream: &mut TcpStream) -> String {
    let mut bytes = vec![0; 4096];
    let read = tokio::time::timeout(Duration::from_secs(1), stream.read(&mut bytes)).await;
    String::from_utf8_lossy(&bytes[..read.unwrap_or(Ok(0)).unwrap_or(0)]).into_owned()
}

fn signature(body: &[u8]) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"k3yk3y").unwrap();
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

async fn taken(host: &Running, times: usize) {
    for n in 0..times {
        let sent = host.post("/alert", ONE).header("X-Sig", signature(ONE.as_bytes())).send();
        let status = tokio::time::timeout(Duration::from_secs(5), sent).await.unwrap().unwrap().status();
        assert_eq!(status, 200, "alert {n}");
    }
}

#[tokio::test]
async fn forms_that_never_come_stop_no_alert() {
    let host = start(LINK, Fake::default()).await;
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let mut strangers = Vec::new();
    for n in 0..400 {
        strangers.push(send(&host, head(&format!("/approve/i-b1/a{}", n % 3), 100, form).as_bytes()).await);
        if n % 100 == 0 {
            taken(&host, 3).await;
        }
    }
    taken(&host, 5).await;
    let first = answer(&mut strangers[0]).await;
    assert!(first.starts_with("HTTP/1.1 503 "), "the oldest gave way: {first}");
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let last = answer(strangers.last_mut().unwrap()).await;
    assert!(last.starts_with("HTTP/1.1 408 "), "and the others are cut off after two seconds: {last}");
}

#[tokio::test]
async fn a_form_with_a_bad_link_or_too_long_is_refused_before_it_comes() {
    let host = start(LINK, Fake::default()).await;
    for (path, length, want) in [
        ("/approve/i-b1/a1?until=1&token=x", 100, "403"),
        ("/approve/nothing/a1?until=1&token=x", 100, "403"),
        ("/approve/i-b1/a1", 9_000, "413"),
    ] {
        let more = "Expect: 100-continue\r\n";
        let mut stream = send(&host, head(path, length, more).as_bytes()).await;
        let answer = answer(&mut stream).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {want} ")), "{path}: {answer}");
    }
}

#[tokio::test]
async fn bodies_that_nobody_proved_are_bounded_in_sum_and_stop_no_alert() {
    let host = start(&format!("max_body = \"4MiB\"\n{SIGNED}"), Fake::default()).await;
    let length = 4 << 20;
    let stalled = vec![b'x'; length - 10];
    let sig = format!("X-Sig: {}\r\n", "ab".repeat(32));
    let mut strangers = Vec::new();
    for _ in 0..24 {
        let mut stream = send(&host, head("/alert", length, &sig).as_bytes()).await;
        let _ = stream.write_all(&stalled).await;
        strangers.push(stream);
    }
    taken(&host, 5).await;
    let mut refused = 0;
    for stream in &mut strangers {
        let answer = answer(stream).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 503 "), "{answer}");
        refused += usize::from(!answer.is_empty());
        if refused >= 6 {
            break;
        }
    }
    // 64 MiB are sixteen of them.
    assert!(refused >= 6, "only {refused} gave way");
    let many = start(&format!("max_requests = 8\n{SIGNED}"), Fake::default()).await;
    let mut strangers = Vec::new();
    for _ in 0..40 {
        strangers.push(send(&many, head("/alert", 100, &sig).as_bytes()).await);
    }
    taken(&many, 5).await;
}

#[tokio::test]
async fn what_cannot_be_a_signature_is_refused_at_the_head() {
    let host = start(SIGNED, Fake::default()).await;
    for sig in ["X-Sig: 00\r\n", "X-Sig: \r\n", "", "X-Sig: sha256=ab\r\n"] {
        let mut stream = send(&host, head("/alert", 8 << 20, sig).as_bytes()).await;
        let answer = answer(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 401 "), "{sig:?}: {answer}");
    }
}

#[tokio::test]
async fn idle_connections_and_half_heads_keep_nobody_out() {
    let host = start("max_connections = 16", Fake::default()).await;
    let mut strangers = Vec::new();
    for n in 0..100 {
        strangers.push(send(&host, if n % 2 == 0 { b"" } else { b"GET /healthz HTTP/1.1\r\nHo" }).await);
        if n % 20 == 0 {
            let sent = crate::network::builder().build().unwrap().post(host.url("/alert")).body(ONE).send();
            assert_eq!(tokio::time::timeout(Duration::from_secs(2), sent).await.unwrap().unwrap().status(), 200);
        }
    }
    let mut rest = String::new();
    assert_eq!(strangers[0].read_to_string(&mut rest).await.unwrap_or(0), 0, "the oldest is closed");
}

#[tokio::test]
async fn a_request_under_way_is_not_pushed_out_by_new_connections() {
    let fake = Fake { slow: Duration::from_millis(300), ..Fake::default() };
    let host = start("max_connections = 4", fake).await;
    let sent = tokio::spawn(host.post("/alert", ONE).send());
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut idle = Vec::new();
    for _ in 0..30 {
        idle.push(send(&host, b"").await);
    }
    assert_eq!(sent.await.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn watchers_are_counted_and_do_not_stand_in_the_way_of_the_api() {
    let host = start("max_connections = 64", Fake::default()).await;
    let mut watchers = Vec::new();
    for _ in 0..16 {
        watchers.push(host.get("/v1/incidents/watch").send().await.unwrap());
    }
    assert!(watchers.iter().all(|watcher| watcher.status() == 200));
    assert_eq!(host.get("/v1/incidents/watch").send().await.unwrap().status(), 503);
    assert_eq!(host.get("/v1/incidents").send().await.unwrap().status(), 200);
    taken(&host, 2).await;
}
