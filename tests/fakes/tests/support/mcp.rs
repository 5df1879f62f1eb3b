//! The smallest MCP client over stdio: one request, one answer.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};

#[path = "cluster.rs"]
pub mod cluster;
use cluster::Cluster;

pub struct Mcp {
    _child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    count: u64,
}

impl Mcp {
    /// Starts a server and greets it.
    pub async fn start(cluster: &Cluster, command: Vec<PathBuf>) -> Self {
        let mut parts = command.into_iter();
        let mut program = cluster.program(parts.next().expect("a program"));
        program.args(parts).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = program.spawn().expect("the server starts");
        let input = child.stdin.take().expect("its input");
        let output = BufReader::new(child.stdout.take().expect("its output")).lines();
        let mut mcp = Self { _child: child, input, output, count: 0 };
        let client = json!({ "name": "test", "version": "0" });
        mcp.request("initialize", json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client }))
            .await;
        mcp.send(json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await;
        mcp
    }

    async fn send(&mut self, message: Value) {
        let line = format!("{message}\n");
        self.input.write_all(line.as_bytes()).await.expect("the server listens");
    }

    async fn request(&mut self, method: &str, params: Value) -> Value {
        self.count += 1;
        let id = self.count;
        self.send(json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })).await;
        let answer = async {
            loop {
                let line = self.output.next_line().await.expect("the server talks").expect("the server lives");
                let message: Value = serde_json::from_str(&line).expect("a JSON-RPC message");
                if message["id"] == id && message.get("method").is_none() {
                    return message;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(60), answer).await.expect("an answer within a minute")
    }

    /// Calls a tool; its text, or the text of its error.
    pub async fn call(&mut self, tool: &str, arguments: Value) -> Result<String, String> {
        let answer = self.request("tools/call", json!({ "name": tool, "arguments": arguments })).await;
        if let Some(error) = answer.get("error") {
            return Err(error["message"].as_str().unwrap_or_default().to_owned());
        }
        let parts = answer["result"]["content"].as_array().cloned().unwrap_or_default();
        let text: String = parts.iter().filter_map(|part| part["text"].as_str()).collect();
        if answer["result"]["isError"] == true { Err(text) } else { Ok(text) }
    }
}
