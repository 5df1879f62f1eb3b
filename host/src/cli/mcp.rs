//! `mcp`: an MCP client starts this program and speaks to it over standard input and output; what it asks, the running host
//! answers.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Context;
use super::remote::{Remote, RepeatedRequest};
use crate::mcp::{CallFailure, ToolHandler, ToolOffer, serve_stdio};

/// How long an answer of the host may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// What is spoken with the host: a version without sessions and without what only some clients know.
const VERSION: &str = "2025-11-25";

/// The running host, which answers.
struct Asking(RepeatedRequest);

/// A message of the host.
#[derive(Deserialize)]
struct Message {
    result: Option<Value>,
    error: Option<Wrong>,
}

#[derive(Deserialize)]
struct Wrong {
    message: String,
}

#[derive(Deserialize)]
struct Listed {
    tools: Vec<ToolOffer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Called {
    structured_content: Option<Value>,
    #[serde(default)]
    is_error: bool,
    #[serde(default)]
    content: Vec<Block>,
}

#[derive(Deserialize)]
struct Block {
    #[serde(default)]
    text: String,
}

impl Asking {
    async fn ask(&self, method: &str, params: Value) -> anyhow::Result<Message> {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let headers = [("accept", "application/json, text/event-stream"), ("mcp-protocol-version", VERSION)];
        self.0.post(&headers, &body, PATIENCE).await
    }

    async fn listed(&self) -> anyhow::Result<Vec<ToolOffer>> {
        match self.ask("tools/list", json!({})).await? {
            Message { result: Some(result), .. } => Ok(serde_json::from_value::<Listed>(result)?.tools),
            Message { error, .. } => bail!("{}", error.map_or_else(|| NOTHING.to_string(), |wrong| wrong.message)),
        }
    }
}

const NOTHING: &str = "the host's answer holds neither a result nor an error";

impl ToolHandler for Asking {
    fn offers(&self) -> BoxFuture<'_, Result<Vec<ToolOffer>, String>> {
        Box::pin(async move { self.listed().await.map_err(|error| format!("{error:#}")) })
    }

    fn call(&self, tool: String, arguments: Map<String, Value>) -> BoxFuture<'_, Result<Value, CallFailure>> {
        Box::pin(async move {
            let failed = |error: anyhow::Error| CallFailure::Failed(format!("{error:#}"));
            let message =
                self.ask("tools/call", json!({"name": tool, "arguments": arguments})).await.map_err(failed)?;
            let Some(result) = message.result else {
                let text = message.error.map_or_else(|| NOTHING.to_string(), |wrong| wrong.message);
                return Err(CallFailure::Unknown(text));
            };
            let called: Called = serde_json::from_value(result).map_err(|error| failed(error.into()))?;
            let text = called.content.into_iter().map(|block| block.text).collect::<Vec<_>>().join("\n");
            match called.structured_content {
                Some(value) if !called.is_error => Ok(value),
                _ => Err(CallFailure::Failed(text)),
            }
        })
    }
}

pub async fn run(context: &Context<'_>) -> anyhow::Result<ExitCode> {
    let desk = Arc::new(Asking(Remote::new(context)?.repeated("/mcp")?));
    // What is wrong with the host or the token is said at once, and not call by call to a model.
    desk.listed().await?;
    serve_stdio(desk).await.map_err(anyhow::Error::msg)?;
    Ok(ExitCode::SUCCESS)
}
