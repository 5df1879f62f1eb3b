//! A scripted MCP server at the other end of a pipe in memory.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use rmcp::service::ServiceExt;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream};
use tokio::sync::Notify;

use crate::tools::connect::{Client, Connect, MESSAGE, Session};
use crate::tools::definition::{Definition, Transport};
use crate::tools::lines;
use crate::tools::options::Options;
use crate::tools::server::Server;
use crate::tools::servers::Servers;
use crate::tools::shared_catalogue::SharedCatalogue;

/// What the server does with a request.
pub enum Reply {
    Result(Value),
    Error(i64, String),
    /// After so many milliseconds.
    Late(u64, Box<Reply>),
    Silence,
    /// Closes the connection.
    Die,
    /// Writes this line instead.
    Garbage(String),
}

type Script = dyn Fn(usize, &str, &Value) -> Reply + Send + Sync;

struct State {
    name: String,
    shown: Mutex<Vec<Value>>,
    changed: Notify,
    sessions: AtomicUsize,
    calls: Mutex<Vec<String>>,
    script: Box<Script>,
}

/// The server; clones share everything.
#[derive(Clone)]
pub struct Fake(Arc<State>);

pub fn tool(name: &str, annotations: Value) -> Value {
    json!({"name": name, "description": "does things", "inputSchema": {"type": "object"}, "annotations": annotations})
}

pub fn result(text: &str) -> Reply {
    Reply::Result(json!({"content": [{"type": "text", "text": text}]}))
}

impl Fake {
    /// The script is asked for `initialize`, `tools/list`, `ping` (methods) and for each call (the
    /// tool's name), with what is given along; what it leaves silent for a method is answered as usual when it returns
    /// `Late(0, Silence)`.
    pub fn scripted(shown: Vec<Value>, script: impl Fn(usize, &str, &Value) -> Reply + Send + Sync + 'static) -> Self {
        Self(Arc::new(State {
            name: "k".into(),
            shown: Mutex::new(shown),
            changed: Notify::new(),
            sessions: AtomicUsize::new(0),
            calls: Mutex::default(),
            script: Box::new(script),
        }))
    }

    /// Answers methods as usual and calls by the script.
    pub fn new(shown: Vec<Value>, script: impl Fn(usize, &str, &Value) -> Reply + Send + Sync + 'static) -> Self {
        Self::scripted(shown, move |session, what, arguments| match what {
            "initialize" | "tools/list" | "ping" => usual(),
            tool => script(session, tool, arguments),
        })
    }

    pub fn named(self, name: &str) -> Self {
        let mut state = Arc::into_inner(self.0).unwrap();
        state.name = name.into();
        Self(Arc::new(state))
    }

    pub fn calls(&self) -> Vec<String> {
        self.0.calls.lock().unwrap().clone()
    }

    pub fn sessions(&self) -> usize {
        self.0.sessions.load(Ordering::SeqCst)
    }

    /// Shows other tools and says so.
    pub fn show(&self, shown: Vec<Value>) {
        *self.0.shown.lock().unwrap() = shown;
        self.0.changed.notify_one();
    }

    pub fn start(&self, options: &Options) -> Arc<Servers> {
        let definition = Definition {
            name: self.0.name.clone(),
            place: Transport::Http { url: String::new(), headers: Default::default() },
            secrets: Vec::new(),
            deny: Vec::new(),
            allow: options.allow.clone(),
            raise: options.risk.clone(),
        };
        let catalogues = Arc::new(SharedCatalogue::new(options.clusters.clone()));
        let server = Server::new(definition, Box::new(self.clone()), options, Arc::new(|| 0.0), catalogues.clone());
        Servers::keep(vec![server], catalogues)
    }

    async fn serve(self, session: usize, stream: DuplexStream) {
        let (read, mut write) = tokio::io::split(stream);
        let mut lines = BufReader::new(read).lines();
        let (out, mut queue) = tokio::sync::mpsc::unbounded_channel::<Option<String>>();
        loop {
            let line = tokio::select! {
                line = lines.next_line() => line,
                () = self.0.changed.notified() => {
                    let _ = out.send(Some(json!({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}).to_string()));
                    continue;
                }
                Some(text) = queue.recv() => {
                    let Some(text) = text else { return };
                    if write.write_all(format!("{text}\n").as_bytes()).await.is_err() { return }
                    continue;
                }
            };
            let Ok(Some(line)) = line else { return };
            let message: Value = serde_json::from_str(&line).unwrap();
            let Some(id) = message.get("id").cloned() else {
                continue;
            };
            let method = message["method"].as_str().unwrap_or_default().to_string();
            let reply = if method == "tools/call" {
                let name = message["params"]["name"].as_str().unwrap().to_string();
                self.0.calls.lock().unwrap().push(name.clone());
                (self.0.script)(session, &name, &message["params"]["arguments"])
            } else {
                (self.0.script)(session, &method, &message["params"])
            };
            let (fake, out) = (self.clone(), out.clone());
            tokio::spawn(async move { fake.reply(reply, id, &method, &out).await });
        }
    }

    async fn reply(
        &self,
        reply: Reply,
        id: Value,
        method: &str,
        out: &tokio::sync::mpsc::UnboundedSender<Option<String>>,
    ) {
        let line = match reply {
            Reply::Result(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string(),
            Reply::Error(code, message) => {
                json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}}).to_string()
            }
            Reply::Late(0, _) => {
                let result = match method {
                    "initialize" => json!({
                        "protocolVersion": "2025-06-18",
                        "capabilities": {"tools": {"listChanged": true}},
                        "serverInfo": {"name": "fake", "version": "1"},
                    }),
                    "tools/list" => json!({"tools": self.0.shown.lock().unwrap().clone()}),
                    _ => json!({}),
                };
                json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string()
            }
            Reply::Late(ms, reply) => {
                tokio::time::sleep(Duration::from_millis(ms)).await;
                return Box::pin(self.reply(*reply, id, method, out)).await;
            }
            Reply::Silence => return,
            Reply::Die => {
                let _ = out.send(None);
                return;
            }
            Reply::Garbage(text) => text,
        };
        let _ = out.send(Some(line));
    }
}

/// The usual answer to a method.
pub fn usual() -> Reply {
    Reply::Late(0, Box::new(Reply::Silence))
}

impl Connect for Fake {
    fn connect(&self, client: Client) -> BoxFuture<'_, Result<Session, String>> {
        Box::pin(async move {
            let session = self.0.sessions.fetch_add(1, Ordering::SeqCst) + 1;
            let (host, server) = tokio::io::duplex(64 * 1024);
            tokio::spawn(self.clone().serve(session, server));
            let (read, write) = tokio::io::split(host);
            let service = client.serve(lines::framed(read, write, MESSAGE)).await.map_err(|error| error.to_string())?;
            Ok(Session { service, process: None })
        })
    }
}
