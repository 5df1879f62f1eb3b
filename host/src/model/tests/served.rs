//! An endpoint in this process that gives scripted answers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::model::{Budget, Client, EndpointOptions, Options};
use crate::ports::Clock;

pub struct Noon;

impl Noon {
    pub const NOW: &str = "2026-01-01T12:00:00Z";
}

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Self::NOW.parse().unwrap()
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }
}

#[derive(Default)]
pub struct Script {
    pub answers: Mutex<VecDeque<(u16, Value)>>,
    pub seen: Mutex<Vec<(Option<String>, Value)>>,
}

/// An endpoint that gives these answers in order. Status 0 never answers, 1 begins a stream and says nothing more, and 2
/// streams the chunks of a list, one each 120 ms, and is silent for a while where there is none.
pub struct Endpoint {
    pub url: String,
    pub script: Arc<Script>,
}

/// Speaks just enough HTTP: one request for each connection.
async fn answer(script: Arc<Script>, stream: TcpStream) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let (mut first, mut key, mut length) = (String::new(), None, 0);
    stream.read_line(&mut first).await?;
    assert!(first.starts_with("POST /v1/chat/completions "), "{first}");
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        match line.trim().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("authorization") => key = Some(value.to_string()),
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.parse().unwrap(),
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    script.seen.lock().unwrap().push((key, serde_json::from_slice(&body).unwrap()));
    let (status, body) = script.answers.lock().unwrap().pop_front().unwrap_or((500, json!("no more answers")));
    if status == 0 {
        std::future::pending::<()>().await;
    }
    if status == 1 {
        let head = "HTTP/1.1 200 x\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(format!("data: {body}\n\n").as_bytes()).await?;
        std::future::pending::<()>().await;
    }
    if status == 2 {
        let head = "HTTP/1.1 200 x\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
        stream.write_all(head.as_bytes()).await?;
        for chunk in body.as_array().unwrap() {
            tokio::time::sleep(Duration::from_millis(if chunk.is_null() { 900 } else { 120 })).await;
            if chunk.is_null() {
                continue;
            }
            stream
                .write_all(
                    format!("data: {}\n\n", chunk.as_str().map_or_else(|| chunk.to_string(), Into::into)).as_bytes(),
                )
                .await?;
        }
        return stream.shutdown().await;
    }
    let body = body.as_str().map_or_else(|| body.to_string(), Into::into);
    // A refusal may say when to come back, as `later` in its body.
    let later = serde_json::from_str::<Value>(&body).ok().and_then(|body| body["later"].as_u64()).unwrap_or(0);
    let head = format!(
        "HTTP/1.1 {status} x\r\nretry-after: {later}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}

impl Endpoint {
    pub async fn new(answers: Vec<(u16, Value)>) -> Self {
        let script = Arc::new(Script { answers: Mutex::new(answers.into()), ..Script::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let served = script.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(served.clone(), stream));
            }
        });
        Self { url, script }
    }

    pub fn options(&self) -> EndpointOptions {
        EndpointOptions {
            url: self.url.clone(),
            name: "test-model".into(),
            key: Some("sk-the-key-of-this-test".into()),
            timeout: Duration::from_millis(1500),
            ..EndpointOptions::default()
        }
    }

    pub fn client(&self) -> Client {
        of(vec![self.options()], Budget::default())
    }

    pub fn requests(&self) -> Vec<Value> {
        self.script.seen.lock().unwrap().iter().map(|(_, body)| body.clone()).collect()
    }
}

/// A client of these endpoints.
pub fn of(endpoints: Vec<EndpointOptions>, budget: Budget) -> Client {
    with(Options { endpoints, budget, reuse: None, anonymise: false, language: "en".into() })
}

pub fn with(options: Options) -> Client {
    Client::new(options, Arc::new(Noon)).map_err(|(_, why)| why).unwrap()
}

pub fn says(content: &str) -> (u16, Value) {
    let message = json!({"role": "assistant", "content": content});
    (
        200,
        json!({"choices": [{"message": message, "finish_reason": "stop"}], "usage": {"prompt_tokens": 100, "completion_tokens": 10}}),
    )
}

pub fn calls(name: &str, arguments: &str) -> (u16, Value) {
    let call = json!({"id": "c1", "type": "function", "function": {"name": name, "arguments": arguments}});
    let message = json!({"role": "assistant", "content": null, "tool_calls": [call]});
    (
        200,
        json!({"choices": [{"message": message, "finish_reason": "tool_calls"}], "usage": {"prompt_tokens": 100, "completion_tokens": 10}}),
    )
}

pub fn fails(status: u16, message: &str) -> (u16, Value) {
    (status, json!({"error": {"message": message}}))
}

pub const RESOLVED: &str = "```yaml\ndecision: resolved\nreason: gone\n```";
