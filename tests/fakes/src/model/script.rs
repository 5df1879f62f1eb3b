//! One answer of the script, and how it looks on the wire.

use std::time::Duration;

use serde_json::{Value, json};

use crate::Request;
use crate::clock;

/// One answer. Make it with one of the constructors; the other methods refine it.
#[derive(Debug, Clone)]
pub struct Scripted {
    answer: Answer,
    usage: Option<(u64, u64)>,
    finish_reason: Option<String>,
    pub(super) delay: Duration,
    pub(super) pause: Duration,
}

#[derive(Debug, Clone)]
enum Answer {
    Text(String),
    ToolCalls(Vec<(String, Value)>),
    Refusal(String),
    Status(u16, Option<String>),
    Garbage(Vec<u8>),
    Hang,
    Cut,
}

/// What goes back to the client.
#[derive(Debug)]
pub enum Reply {
    /// 200 with a completion.
    Json(Value),
    /// 200 with these bytes.
    Bytes(Vec<u8>),
    /// An error, with `Retry-After`.
    Status(u16, Option<String>),
    /// The script cannot be followed with this request.
    Wrong(String),
    /// Nothing, ever.
    Hang,
    /// The end of the connection.
    Cut,
}

impl Scripted {
    fn new(answer: Answer) -> Self {
        Self { answer, usage: None, finish_reason: None, delay: Duration::ZERO, pause: Duration::ZERO }
    }

    /// The assistant says this.
    pub fn text(content: impl Into<String>) -> Self {
        Self::new(Answer::Text(content.into()))
    }

    /// The assistant calls one tool. `name` is the name offered, or its end after a separator:
    /// `kubectl_patch` finds `kubernetes__kubectl_patch`.
    pub fn tool_call(name: &str, arguments: Value) -> Self {
        Self::tool_calls(vec![(name, arguments)])
    }

    /// The assistant calls several tools at once.
    pub fn tool_calls(calls: Vec<(&str, Value)>) -> Self {
        let calls = calls.into_iter().map(|(name, arguments)| (name.to_owned(), arguments));
        Self::new(Answer::ToolCalls(calls.collect()))
    }

    /// The assistant declines.
    pub fn refusal(words: &str) -> Self {
        Self::new(Answer::Refusal(words.to_owned()))
    }

    /// The server answers with this HTTP status.
    pub fn status(code: u16) -> Self {
        Self::new(Answer::Status(code, None))
    }

    /// The server answers 200 with a body that is no completion.
    pub fn garbage(body: impl Into<Vec<u8>>) -> Self {
        Self::new(Answer::Garbage(body.into()))
    }

    /// The server never answers.
    pub fn hang() -> Self {
        Self::new(Answer::Hang)
    }

    /// The server cuts the connection.
    pub fn cut() -> Self {
        Self::new(Answer::Cut)
    }

    /// With a `Retry-After` header, word for word; only errors have one.
    pub fn retry_after(mut self, value: &str) -> Self {
        if let Answer::Status(_, after) = &mut self.answer {
            *after = Some(value.to_owned());
        }
        self
    }

    /// With these token counts instead of a quarter of the bytes.
    pub fn usage(mut self, prompt: u64, completion: u64) -> Self {
        self.usage = Some((prompt, completion));
        self
    }

    /// With this reason for ending, such as `length` or `content_filter`.
    pub fn finish_reason(mut self, reason: &str) -> Self {
        self.finish_reason = Some(reason.to_owned());
        self
    }

    /// After this long.
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// With this long between two chunks, where it is asked for as a stream.
    pub fn pausing(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    pub(super) fn reply(&self, request: &Request, index: usize) -> Reply {
        let body = request.json();
        let (message, finish) = match &self.answer {
            Answer::Text(content) => (json!({ "role": "assistant", "content": content, "refusal": null }), "stop"),
            Answer::Refusal(words) => (json!({ "role": "assistant", "content": null, "refusal": words }), "stop"),
            Answer::ToolCalls(calls) => match tool_calls(&body, calls, index) {
                Ok(calls) => (
                    json!({ "role": "assistant", "content": null, "refusal": null, "tool_calls": calls }),
                    "tool_calls",
                ),
                Err(why) => return Reply::Wrong(why),
            },
            Answer::Status(code, after) => return Reply::Status(*code, after.clone()),
            Answer::Garbage(bytes) => return Reply::Bytes(bytes.clone()),
            Answer::Hang => return Reply::Hang,
            Answer::Cut => return Reply::Cut,
        };
        let quarter = |bytes: usize| u64::try_from(bytes / 4).unwrap_or(u64::MAX);
        let counted = (quarter(request.body.len()), quarter(message.to_string().len()));
        let (prompt, completion) = self.usage.unwrap_or(counted);
        Reply::Json(json!({
            "id": format!("chatcmpl-{index}"), "object": "chat.completion", "created": clock::now().as_second(),
            "model": body.get("model"), "system_fingerprint": "fp_fake",
            "choices": [{ "index": 0, "message": message, "logprobs": null,
                "finish_reason": self.finish_reason.as_deref().unwrap_or(finish) }],
            "usage": { "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion },
        }))
    }
}

fn tool_calls(body: &Value, calls: &[(String, Value)], index: usize) -> Result<Vec<Value>, String> {
    let tools = body.get("tools").and_then(Value::as_array).cloned().unwrap_or_default();
    let offered: Vec<&str> = tools.iter().filter_map(|tool| tool.pointer("/function/name")?.as_str()).collect();
    let made = calls.iter().enumerate().map(|(place, (wanted, arguments))| {
        let name = offered_name(&offered, wanted)
            .ok_or_else(|| format!("the script calls {wanted}, but the request offers only: {}", offered.join(", ")))?;
        Ok(json!({
            "id": format!("call_{index}_{place}"), "type": "function",
            "function": { "name": name, "arguments": arguments.to_string() },
        }))
    });
    made.collect()
}

/// The shortest offered name that is `wanted` or ends with it after a separator.
fn offered_name<'a>(offered: &[&'a str], wanted: &str) -> Option<&'a str> {
    let fits = |name: &&&str| match name.strip_suffix(wanted) {
        Some(before) => before.is_empty() || !before.ends_with(char::is_alphanumeric),
        None => false,
    };
    offered.iter().filter(fits).min_by_key(|name| name.len()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_is_found_by_the_end_of_its_name() {
        let offered = ["kubernetes__kubectl_get", "other__xkubectl_get", "kubectl_patch"];
        assert_eq!(offered_name(&offered, "kubectl_get"), Some("kubernetes__kubectl_get"));
        assert_eq!(offered_name(&offered, "kubectl_patch"), Some("kubectl_patch"));
        assert_eq!(offered_name(&offered, "delete"), None);
    }
}
