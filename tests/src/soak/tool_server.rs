//! A strict MCP server over standard input and output, as a process of its own.
//!
//! Every line of its record is one JSON object: `pid` when it starts, `begun` and `done` of each call
//! that changes something, `refused` for what a real server would not take.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The first word on the command line that makes this program a tool server.
pub const WORD: &str = "tool-server";

/// How it behaves, read anew for each call from the file that the run writes.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ServerBehaviour {
    /// Calls never get an answer, and do nothing.
    pub hangs: bool,
    /// It ends at once when it is started.
    pub refuses_to_start: bool,
    /// How long a change takes, in milliseconds.
    pub takes_ms: u64,
}

impl ServerBehaviour {
    /// A server that is well.
    pub const WELL: Self = Self { hangs: false, refuses_to_start: false, takes_ms: 30 };

    /// Puts it in force for every call from now on.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(self, file: &Path) -> anyhow::Result<()> {
        let new = file.with_extension("new");
        std::fs::write(&new, serde_json::to_vec(&self)?)?;
        Ok(std::fs::rename(new, file)?)
    }

    fn read(file: &Path) -> Self {
        let text = std::fs::read(file).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or(Self::WELL)
    }
}

struct Server {
    manner: PathBuf,
    record: Mutex<File>,
    done: Mutex<BTreeSet<String>>,
}

/// Serves until the other side closes.
///
/// # Errors
/// When its own files cannot be used.
pub fn serve(manner: &Path, record: &Path) -> anyhow::Result<()> {
    if ServerBehaviour::read(manner).refuses_to_start {
        return Ok(());
    }
    let file = OpenOptions::new().create(true).append(true).open(record)?;
    let lines = std::fs::read_to_string(record)?;
    let known = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let done = known.filter_map(|line| line["done"].as_str().map(str::to_string)).collect();
    let server = Arc::new(Server { manner: manner.into(), record: Mutex::new(file), done: Mutex::new(done) });
    server.note(&json!({ "pid": std::process::id() }));
    let mut initialized = false;
    for line in std::io::stdin().lock().lines() {
        let message: Value = serde_json::from_str(&line?).context("a line is not JSON")?;
        let (method, id) = (message["method"].as_str().unwrap_or_default(), message["id"].clone());
        match method {
            "initialize" => answer(&id, initialize(&message)),
            "notifications/initialized" => initialized = true,
            "ping" => answer(&id, json!({})),
            _ if id.is_null() => {}
            _ if !initialized => server.refuse(&id, &format!("{method} before notifications/initialized")),
            "tools/list" => answer(&id, json!({ "tools": tools() })),
            "tools/call" => server.call(id, &message["params"]),
            other => server.refuse(&id, &format!("there is no method {other}")),
        }
    }
    Ok(())
}

fn initialize(message: &Value) -> Value {
    json!({
        "protocolVersion": message["params"]["protocolVersion"],
        "capabilities": { "tools": {} },
        "serverInfo": { "name": "shop", "version": "1" },
    })
}

fn tools() -> Value {
    let word = json!({ "type": "string", "minLength": 1 });
    let schema = json!({
        "type": "object", "properties": { "namespace": word, "name": word },
        "required": ["namespace", "name"], "additionalProperties": false,
    });
    let tool = |name: &str, hints: Value| json!({ "name": name, "description": name, "inputSchema": schema, "annotations": hints });
    let changes =
        |repeatable: bool| json!({ "readOnlyHint": false, "destructiveHint": false, "idempotentHint": repeatable });
    json!([
        tool("status", json!({ "readOnlyHint": true })),
        tool("restart", changes(true)),
        tool("resize", changes(false)),
        tool("drain", changes(false)),
    ])
}

impl Server {
    fn note(&self, line: &Value) {
        // One write: a process that is killed leaves whole lines.
        let _ = self.record.lock().unwrap().write_all(format!("{line}\n").as_bytes());
    }

    fn refuse(&self, id: &Value, why: &str) {
        self.note(&json!({ "refused": why }));
        send(&json!({ "jsonrpc": "2.0", "id": id, "error": { "code": -32602, "message": why } }));
    }

    fn call(self: &Arc<Self>, id: Value, parameters: &Value) {
        let tool = parameters["name"].as_str().unwrap_or_default().to_string();
        let text = |key: &str| parameters["arguments"][key].as_str().unwrap_or_default().to_string();
        let (namespace, name) = (text("namespace"), text("name"));
        let keys = parameters["arguments"].as_object().map_or(0, serde_json::Map::len);
        if namespace.is_empty() || name.is_empty() || keys != 2 {
            return self.refuse(&id, &format!("{tool} wants a namespace and a name and got {parameters}"));
        }
        if !["status", "restart", "resize", "drain"].contains(&tool.as_str()) {
            return self.refuse(&id, &format!("there is no tool {tool}"));
        }
        let server = Arc::clone(self);
        thread::spawn(move || {
            let manner = ServerBehaviour::read(&server.manner);
            while ServerBehaviour::read(&server.manner).hangs {
                // An answer after a hang would do the work of a call that was given up long ago.
                thread::sleep(Duration::from_millis(200));
                if !ServerBehaviour::read(&server.manner).hangs {
                    return;
                }
            }
            if tool != "status" {
                server.note(&json!({ "begun": namespace, "tool": tool }));
                thread::sleep(Duration::from_millis(manner.takes_ms));
                server.note(&json!({ "done": namespace, "tool": tool }));
                server.done.lock().unwrap().insert(namespace.clone());
            }
            let done = server.done.lock().unwrap().contains(&namespace);
            answer(&id, content(&json!({ "done": done, "name": name })));
        });
    }
}

fn content(value: &Value) -> Value {
    json!({ "content": [{ "type": "text", "text": value.to_string() }] })
}

fn answer(id: &Value, result: Value) {
    send(&json!({ "jsonrpc": "2.0", "id": id, "result": result }));
}

fn send(message: &Value) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{message}");
    let _ = out.flush();
}
