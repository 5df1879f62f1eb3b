//! What a hostile guest does to others: to servers, mailboxes, its state and the host's own network.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use tidegate::domain::Occasion;
use tidegate::domain::message::{Content, Stage};
use tidegate::plugin::Plugins;
use tidegate::ports::{Message, Notifiers as _, NotifyError};
use tidegate_tests::guests::LoadOptions;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::folder;

const NOTIFIER: &str = "misbehaves-as-notifier";

/// Without any grant there is no target.
pub(super) const GRANT: &str = "grant = [{ origin = \"https://nowhere.test\", methods = [\"GET\"] }]";

/// Lets a target deliver a message whose body is an order.
pub(super) async fn deliver(plugins: &Plugins, target: &str, order: &str) -> Result<String, NotifyError> {
    let message = Message {
        delivery: "i1-report-x".into(),
        message: "i1-report-x".into(),
        incident: serde_json::from_value(json!("i1")).unwrap(),
        occasion: Occasion::Report,
        stage: Stage::First,
        earlier: vec![],
        severity: "warning".into(),
        outcome: "fixed".into(),
        content: Content { title: "x".into(), body: order.into(), ..Content::default() },
        language: "en".into(),
    };
    let answer = plugins.deliver(target, &message, Timestamp::UNIX_EPOCH).await;
    answer.map(Option::unwrap_or_default)
}

/// A server that remembers the first lines of what arrives and answers by the path's beginning.
struct Server {
    port: u16,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, seen) = (listener.local_addr().unwrap().port(), Arc::new(Mutex::new(Vec::new())));
        let kept = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, Arc::clone(&kept)));
            }
        });
        Self { port, seen }
    }

    fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn taken(&self) -> Vec<String> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

async fn answer(mut stream: TcpStream, seen: Arc<Mutex<Vec<String>>>) {
    let mut buffer = vec![0; 64 << 10];
    let n = stream.read(&mut buffer).await.unwrap_or(0);
    let request = String::from_utf8_lossy(&buffer[..n]).into_owned();
    let first = request.lines().next().unwrap_or_default().to_string();
    let path = first.split(' ').nth(1).unwrap_or_default().to_string();
    seen.lock().unwrap().push(first);
    let (head, rest, pause) = match path.as_str() {
        "/drips" => ("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n", "x".to_string(), 50),
        "/drips-headers" => ("HTTP/1.1 200 OK\r\n", "x: y\r\n".to_string(), 50),
        "/drips-first-line" => ("H", "T".to_string(), 50),
        "/pours" => ("HTTP/1.1 200 OK\r\n\r\n", "x".repeat(64 << 10), 0),
        "/silent" => ("", String::new(), 50),
        _ => ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n", String::new(), 0),
    };
    let mut sent = stream.write_all(head.as_bytes()).await;
    while sent.is_ok() && (pause > 0 || !rest.is_empty()) {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        sent = stream.write_all(rest.as_bytes()).await;
    }
}

async fn notifier(tables: &str) -> Arc<Plugins> {
    let plugins = format!("[{NOTIFIER}]\n{tables}\n");
    let options = LoadOptions { plugins, cache: Some(super::cache().await), ..LoadOptions::default() };
    options.load(folder().await).await.unwrap().0
}

async fn granted(server: &Server, more: &str) -> Arc<Plugins> {
    let origin = server.origin();
    notifier(&format!(
        "limits = {{ wall_ms = 300000, cpu_ms = 30000, memory_mib = 256 }}\n\
         grant = [{{ origin = \"{origin}\", methods = [\"GET\", \"POST\"], private = true {more} }}]"
    ))
    .await
}

#[tokio::test]
async fn a_server_that_drips_pours_or_says_nothing_holds_nobody() {
    let server = Server::start().await;
    let plugins = granted(&server, "").await;
    for (path, want) in [
        ("/drips", "HttpError::Timeout"),
        ("/drips-headers", "HttpError::Timeout"),
        ("/drips-first-line", "HttpError::Timeout"),
        ("/silent", "HttpError::Timeout"),
        ("/pours", "HttpError::ResponseTooLarge(1048576)"),
    ] {
        // What pours is not waited for.
        let timeout = if path == "/pours" { 60_000 } else { 300 };
        let order = format!("send GET {}{path} {timeout}", server.origin());
        assert_eq!(deliver(&plugins, NOTIFIER, &order).await.unwrap(), want, "{path}");
    }
    assert_eq!(server.taken().len(), 5);
    // Where the guest sets no limit, waiting ends before the call does, and the guest can still say what came of it.
    let origin = server.origin();
    let impatient = notifier(&format!(
        "limits = {{ wall_ms = 300 }}\ngrant = [{{ origin = \"{origin}\", methods = [\"GET\"], private = true }}]"
    ))
    .await;
    let said = deliver(&impatient, NOTIFIER, &format!("send GET {origin}/drips 600000")).await.unwrap();
    assert_eq!(said, "HttpError::Timeout");
    // A server that says nothing is found out by its peer as soon as that hangs up.
    assert_eq!(server.taken().len(), 1);
}

#[tokio::test]
async fn a_flood_of_requests_ends_at_the_limit_of_the_call() {
    let server = Server::start().await;
    let plugins = granted(&server, "").await;
    let order = format!("flood-http POST {}/ 500", server.origin());
    let told = deliver(&plugins, NOTIFIER, &order).await.unwrap();
    let want = "500 answers; the last: HttpError::Denied(\"plugin misbehaves-as-notifier has used up its 32 requests of this call\")";
    assert_eq!(told, want);
    assert_eq!(server.taken().len(), 32);
}

/// The host neither panics over a request without bounds, nor goes through it, nor says it again.
#[tokio::test]
async fn a_request_without_bounds_is_not_sent() {
    let server = Server::start().await;
    let plugins = granted(&server, "").await;
    for (what, size, want) in [
        ("url", 5_000_000, "more than 16384 bytes in its URL"),
        ("method", 5_000_000, "more than 32 letters in its method"),
        ("name", 5_000_000, "more than 65536 bytes in its headers"),
        ("value", 5_000_000, "more than 65536 bytes in its headers"),
        ("count", 40_000, "more than 100 headers"),
        ("secret", 5_000_000, "more than 16384 bytes in its URL"),
        ("body", 5_000_000, "more than 1048576 bytes in its body"),
    ] {
        let order = format!("send-much {}/ {what} {size}", server.origin());
        let told = deliver(&plugins, NOTIFIER, &order).await.unwrap();
        assert!(told.contains(want) && told.len() < 200, "{what}: {}", &told[..told.len().min(500)]);
    }
    assert!(server.taken().is_empty());
}

#[tokio::test]
async fn no_way_to_write_a_path_leads_out_of_the_granted_ones() {
    let server = Server::start().await;
    let plugins = granted(&server, ", paths = [\"/ok/*\"]").await;
    let origin = server.origin();
    for path in [
        "/",
        "/ok",
        "/okay",
        "/OK/x",
        "/ok/../admin",
        "/ok/./../admin",
        "/ok/%2e%2e/admin",
        "/ok/%2E./admin",
        "/ok/..%2fadmin",
        "/ok/%2e%2e%2fadmin",
        "/ok/..%5cadmin",
        "/ok\\..\\admin",
        "/ok/..\\admin",
        "//ok/../admin",
        "/ok/x/../../admin",
        "/ok/..;/admin",
        "/ok/%252e%252e/admin",
        "/ok%2f..%2fadmin",
        "/admin?/ok/x",
        "/admin#/ok/x",
        "/admin;/ok/x",
        "/%6fk/x",
        "/ok/\u{2025}/admin",
        "/ok/\u{ff0e}\u{ff0e}/admin",
        "/ok//../../admin",
        "/./ok/../admin",
    ] {
        let _told = deliver(&plugins, NOTIFIER, &format!("send GET {origin}{path} 5000")).await.unwrap();
        for first in server.taken() {
            let arrived = first.split(' ').nth(1).unwrap();
            let decoded = arrived
                .replace("%6f", "o")
                .replace("%2e", ".")
                .replace("%2E", ".")
                .replace("%5c", "/")
                .replace("%2f", "/")
                .replace('\\', "/");
            let leaves = decoded.split('/').any(|segment| segment.starts_with(".."));
            assert!(decoded.starts_with("/ok/") && !leaves, "{path} arrived as {arrived}");
        }
    }
    let told = deliver(&plugins, NOTIFIER, &format!("send GET {origin}/ok/x 5000")).await.unwrap();
    assert_eq!((told.as_str(), server.taken().len()), ("200 0 bytes", 1), "what is granted passes");
}

/// Names, numbers and notations that lead to this machine or to a cloud's credentials.
fn inward(port: u16) -> Vec<String> {
    [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "0x7f000001",
        "2130706433",
        "017700000001",
        "0",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "localhost",
        "LOCALHOST",
        "\u{2460}27.0.0.1",
        "169.254.169.254",
        "0xa9fea9fe",
        "2852039166",
        "[::ffff:169.254.169.254]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "10.0.0.1",
        "192.168.0.1",
        "172.16.0.1",
        "100.64.0.1",
    ]
    .map(|host| format!("http://{host}:{port}"))
    .into()
}

#[tokio::test]
async fn no_notation_of_an_inner_address_is_reached_without_that_word() {
    let server = Server::start().await;
    let all: Vec<String> = inward(server.port);
    let grants: Vec<String> =
        all.iter().map(|origin| format!("{{ origin = \"{origin}\", methods = [\"GET\"] }}")).collect();
    let grants = grants.join(", ");
    let table = format!("[misbehaves-as-source]\ngrant = [{grants}]\n[{NOTIFIER}]\ngrant = [{grants}]");
    let options = LoadOptions { plugins: table, cache: Some(super::cache().await), ..LoadOptions::default() };
    let (plugins, problems) = options.load(folder().await).await.unwrap();
    assert!(problems.iter().all(|problem| !problem.text.contains("no origin")), "{problems:?}");
    for origin in &all {
        let told = deliver(&plugins, NOTIFIER, &format!("send GET {origin}/latest/meta-data/ 5000")).await.unwrap();
        assert!(told.starts_with("HttpError::Denied(") && told.contains("private = true"), "{origin}: {told}");
        // A wish is begun where the grant names its origin, and ends at the address.
        let said = plugins.confirm("misbehaves-as-source", &format!("{origin}/latest/meta-data/"));
        let begun = said.starts_with("being confirmed at ") || said.contains("too many confirmations");
        assert!(begun || said.contains("link-local"), "{origin}: {said}");
        tokio::task::yield_now().await;
    }
    let said = plugins.confirm("misbehaves-as-source", &format!("{}/{}", server.origin(), "h".repeat(5_000_000)));
    assert!(said.contains("has more than 4096 bytes") && said.len() < 300, "{} bytes", said.len());
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(server.taken().is_empty());
}

#[tokio::test]
async fn mail_goes_to_nobody_else_and_ends_at_the_limit_of_the_call() {
    let plugins = notifier(
        "mail = { server = \"127.0.0.1:1\", tls = \"none\", private = true, from = \"tidegate@example.com\", to = [\"oncall@example.com\"] }",
    )
    .await;
    for (order, want) in [
        ("mail boss@example.com 1", "MailError::Denied"),
        ("mail oncall@example.com.evil.test 1", "MailError::Denied"),
        ("mail oncall@example.com,boss@example.com 1", "MailError::Invalid"),
        ("mail-with oncall@example.com\\r\\nBcc:\\sboss@example.com X-A b", "control character"),
        ("mail-with oncall@example.com Bcc boss@example.com", "the header `Bcc` is set by the host"),
        ("mail-with oncall@example.com X-A:\\r\\nBcc boss@example.com", "is set by the host"),
        (
            "mail oncall@example.com 40",
            "0 sent; the last: Some(Err(MailError::Denied(\"plugin misbehaves-as-notifier has used up its 32 requests",
        ),
    ] {
        let told = deliver(&plugins, NOTIFIER, order).await.unwrap();
        assert!(told.contains(want), "{order}: {told}");
    }
}

#[tokio::test]
async fn the_quota_of_the_state_counts_small_values_as_well() {
    let plugins = notifier(&format!("limits = {{ wall_ms = 300000, cpu_ms = 30000 }}\n{GRANT}")).await;
    let mut told = String::new();
    for prefix in 'a'..='l' {
        told = deliver(&plugins, NOTIFIER, &format!("fill {prefix} 0")).await.unwrap();
        if told != "None" {
            assert!(prefix > 'g', "{prefix}: {told}");
            break;
        }
    }
    assert!(told.contains("StateError::QuotaExceeded"), "{told}");
}
