//! An endpoint's answer, read leniently: endpoints differ in everything but the outline.

use serde_json::Value;

use crate::domain::entry::Usage;

/// What came back.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Reply {
    /// The text.
    pub content: String,
    /// Native tool calls.
    pub calls: Vec<RawCall>,
    /// Why it ended.
    pub finish: String,
    /// The endpoint's own word for a refusal.
    pub refusal: Option<String>,
    /// What the endpoint says that it cost.
    pub usage: Option<Usage>,
}

/// A native tool call as it came.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct RawCall {
    pub id: String,
    pub name: String,
    /// JSON, or what the model takes for it.
    pub arguments: String,
}

/// Reads the body of a response.
pub(super) fn read(body: &str) -> Result<Reply, String> {
    let body: Value = serde_json::from_str(body).map_err(|_| "the model's endpoint did not answer with JSON")?;
    if let Some(error) = body.get("error").filter(|error| !error.is_null()) {
        let text = error.get("message").and_then(Value::as_str).map_or_else(|| error.to_string(), Into::into);
        return Err(format!("the model's endpoint reports an error: {text}"));
    }
    let choice = body.pointer("/choices/0").ok_or("the model's endpoint answered without a choice")?;
    let message = choice.get("message").unwrap_or(&Value::Null);
    let calls = match message.get("tool_calls") {
        Some(Value::Array(calls)) => calls.iter().enumerate().filter_map(|(index, call)| raw(index, call)).collect(),
        // The form of old.
        _ => message.get("function_call").and_then(|call| named(0, "", call)).into_iter().collect(),
    };
    Ok(Reply {
        content: content(message.get("content")),
        calls,
        finish: choice.get("finish_reason").and_then(Value::as_str).unwrap_or_default().to_string(),
        refusal: message.get("refusal").and_then(Value::as_str).filter(|text| !text.is_empty()).map(Into::into),
        usage: body.get("usage").and_then(usage),
    })
}

fn content(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            let texts = parts.iter().filter_map(|part| part.get("text").and_then(Value::as_str));
            texts.collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

fn raw(index: usize, call: &Value) -> Option<RawCall> {
    named(index, call.get("id").and_then(Value::as_str).unwrap_or_default(), call.get("function")?)
}

fn named(index: usize, id: &str, function: &Value) -> Option<RawCall> {
    let name = function.get("name")?.as_str()?.to_string();
    let arguments = match function.get("arguments") {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => String::new(),
        // Some endpoints hand over the object itself.
        Some(other) => other.to_string(),
    };
    // Some leave the id out, but want one back.
    let id = if id.is_empty() { format!("call_{index}") } else { id.to_string() };
    Some(RawCall { id, name, arguments })
}

fn usage(usage: &Value) -> Option<Usage> {
    let number = |key: &str| usage.get(key).and_then(Value::as_u64);
    let prompt_tokens = number("prompt_tokens").or_else(|| number("input_tokens"))?;
    let completion_tokens = number("completion_tokens").or_else(|| number("output_tokens")).unwrap_or(0);
    Some(Usage { prompt_tokens, completion_tokens, ..Usage::default() })
}

/// Roughly what a call cost whose endpoint does not say: a token is about four bytes.
pub(super) fn estimate(request: usize, reply: &Reply) -> Usage {
    let answer = reply.content.len() + reply.calls.iter().map(|call| call.arguments.len() + 20).sum::<usize>();
    let tokens = |bytes: usize| u64::try_from(bytes.div_ceil(4)).unwrap_or(u64::MAX);
    Usage { prompt_tokens: tokens(request), completion_tokens: tokens(answer), ..Usage::default() }
}
