//! Requests under all names and from all pages, on a real socket: who is let in and who is not.

use super::tests::{ONE, start};
use crate::backend::fake::Fake;

const CASES: &str = include_str!("admission_cases.txt");

const LINK: &str = "[approvals]\nlink = { base = \"https://t.example\", secret = { env = \"LINKS\" } }\n";
const AUTH: &str = "auth = { bearer = { env = \"TOKEN\" } }\n";

#[tokio::test]
async fn whoever_needs_no_proof_comes_from_this_machine_and_means_it() {
    let of_source = format!("[sources.alertmanager]\n{AUTH}");
    let open = start(LINK, Fake::default()).await;
    let api = start(&format!("{AUTH}{LINK}"), Fake::default()).await;
    let full = start(&format!("{AUTH}{LINK}{of_source}"), Fake::default()).await;
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in CASES.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let mut parts = line.split(" | ");
        let words: Vec<&str> = parts.next().unwrap().split(' ').collect();
        let [config, method, path, want] = words[..] else { panic!("{line}") };
        let host = match config {
            "open" => &open,
            "api" => &api,
            "full" => &full,
            other => panic!("{other}"),
        };
        let port = host.address.port().to_string();
        let mut headers: Vec<String> = parts
            .map(|header| header.replace("PORT", &port))
            .map(|header| if header == "TOKEN" { "Authorization: Bearer t0ken".into() } else { header })
            .collect();
        if !headers.iter().any(|header| header.starts_with("Host:")) {
            headers.push(format!("Host: 127.0.0.1:{port}"));
        }
        headers.retain(|header| header != "Host:");
        let body = match (method, path) {
            ("POST", path) if path.starts_with("/v1/alerts/") || path == "/alert" => ONE,
            _ => "",
        };
        headers.push("Connection: close".into());
        headers.push(format!("Content-Length: {}", body.len()));
        let answer =
            host.raw(format!("{method} {path} HTTP/1.1\r\n{}\r\n\r\n{body}", headers.join("\r\n")).as_bytes()).await;
        if answer.split(' ').nth(1) != Some(want) {
            wrong.push(format!("{line}\n    {}", answer.lines().next().unwrap_or("no answer")));
        }
        count += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 60, "{count}");
    let taken = open.fake.seen.lock().unwrap().len() + api.fake.seen.lock().unwrap().len();
    assert_eq!(taken + full.fake.seen.lock().unwrap().len(), 5, "what is refused reaches nobody");
    assert!(open.fake.orders.lock().unwrap().is_empty() && open.fake.answers.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_refusal_says_what_would_help() {
    let host = start(LINK, Fake::default()).await;
    for (path, header, sentence) in [
        ("/v1/incidents", "Host: evil.example", "not as \\\"evil.example\\\"; configure [server] auth"),
        ("/v1/alerts/x", "Host: evil.example", "configure [sources.x] auth"),
        (
            "/alert",
            "Host: localhost\r\nVia: 1.1 p",
            "the header via says that the request came through a proxy; configure [sources.alertmanager] auth",
        ),
        ("/approve/a/b", "Host: evil.example", "keep the Host of approvals.link.base"),
    ] {
        let answer = host.raw(format!("GET {path} HTTP/1.1\r\n{header}\r\nConnection: close\r\n\r\n").as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 403 ") && answer.contains(sentence), "{path}: {answer}");
    }
}
