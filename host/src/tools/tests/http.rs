//! A server over HTTP, with answers as JSON and as events.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::{call, look, perform, quick};
use crate::ports::{ToolError, Tools};
use crate::tools::{Definitions, Options, Servers};

/// Answers one connection after the other; `events` sends results as events.
async fn serve(listener: TcpListener, events: bool) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(connection(stream, events));
    }
}

async fn connection(stream: TcpStream, events: bool) {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    loop {
        let (mut length, mut first) = (0, String::new());
        loop {
            let mut line = String::new();
            if read.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
            if first.is_empty() {
                first.clone_from(&line);
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        read.read_exact(&mut body).await.unwrap();
        let answer = if first.starts_with("POST") { of(&body, events) } else { plain(405, "", "") };
        write.write_all(answer.as_bytes()).await.unwrap();
    }
}

fn plain(status: u16, kind: &str, body: &str) -> String {
    format!("HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

fn of(body: &[u8], events: bool) -> String {
    let message: Value = serde_json::from_slice(body).unwrap();
    let Some(id) = message.get("id") else { return plain(202, "application/json", "") };
    let tool = message["params"]["name"].as_str().unwrap_or_default();
    let result = match message["method"].as_str().unwrap_or_default() {
        "initialize" => json!({
            "protocolVersion": "2025-06-18",
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "fake", "version": "1"},
        }),
        "tools/list" => {
            json!({"tools": [null, {"name": "get", "annotations": {"readOnlyHint": true}}, {"name": "patch"}]})
        }
        _ if tool == "get" => json!({"content": [{"type": "text", "text": "web-1 Pending"}, null], "messages": []}),
        _ => json!({}),
    };
    let text = json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string();
    if message["params"]["arguments"]["fail"] == json!(true) {
        return plain(500, "text/plain", "no");
    }
    if let Some(status) = message["params"]["arguments"]["status"].as_u64() {
        return plain(u16::try_from(status).unwrap(), "text/plain", "no such door");
    }
    if message["params"]["arguments"]["long"] == json!(true) {
        return plain(200, "application/json", &"x".repeat(crate::tools::connect::MESSAGE + 1));
    }
    if events && message["method"] != "initialize" {
        return plain(200, "text/event-stream", &format!("event: message\ndata: {text}\n\n"));
    }
    plain(200, "application/json", &text)
}

#[tokio::test]
async fn odd_lists_and_results_are_read_over_http_too() {
    for events in [false, true] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        let server = tokio::spawn(serve(listener, events));
        let servers = json!({"mcpServers": {"k": {"type": "http", "url": url}}});
        let options =
            Options { servers: Definitions::Inline(servers), start_within: Duration::from_secs(5), ..quick() };
        let servers = Servers::start(&options, &|_| None, &(Arc::new(|| 0.0) as _)).map_err(|c| c.problems).unwrap();
        assert!(servers.wait_ready(Duration::from_secs(10)).await, "{:?}", servers.status());
        assert_eq!(servers.status()[0].left_out.len(), 1);
        let answer = look(servers.as_ref(), &call("k.get", json!({}))).await.unwrap();
        assert_eq!((answer.ok, answer.text.as_str()), (true, "web-1 Pending\n(an empty block left out)"));
        for status in [301, 307, 401, 403, 404, 405, 413, 415, 429] {
            let got = perform(&servers, &call("k.patch", json!({"status": status}))).await.unwrap();
            let said = got.text.contains(&format!("did nothing: HTTP {status}"));
            assert!(!got.ok && said, "{status}: {got:?}");
        }
        let got = perform(&servers, &call("k.patch", json!({"long": true}))).await.unwrap();
        assert_eq!((got.ok, got.text.as_str()), (false, "the answer is longer than 8 MiB and was left out"));
        let lost = perform(&servers, &call("k.patch", json!({"status": 502}))).await;
        assert!(matches!(lost, Err(ToolError::Lost(_))), "{lost:?}");
        let lost = look(servers.as_ref(), &call("k.get", json!({"fail": true}))).await;
        assert!(matches!(lost, Err(ToolError::Lost(_))), "{lost:?}");
        assert!(servers.catalogue().get("k.get").is_some());
        servers.shutdown().await;
        server.abort();
    }
}
