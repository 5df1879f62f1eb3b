//! An endpoint's answer, read leniently: endpoints differ in everything but the outline.

use serde_json::Value;

use super::send::BrokenOff;
use super::stream;
use crate::domain::entry::Usage;

/// What came back.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Reply {
    /// The text.
    pub content: String,
    /// What it thought, where the endpoint says that apart.
    pub thoughts: String,
    /// Native tool calls.
    pub calls: Vec<RawCall>,
    /// Why it ended.
    pub finish: String,
    /// The endpoint's own word for a refusal.
    pub refusal: Option<String>,
    /// What the endpoint says that it cost.
    pub usage: Option<Usage>,
    /// The message as it came, with an id for each call.
    pub message: Value,
}

/// A native tool call as it came.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct RawCall {
    pub id: String,
    pub name: String,
    /// JSON, or what the model takes for it.
    pub arguments: String,
}

/// Why a successful response is no answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum InvalidResponse {
    /// There is nothing in it that could be one; the next try may bring one.
    Empty(String),
    /// It is a refusal in the dress of a success.
    Error {
        /// The status that belongs to it.
        status: u16,
        /// The body.
        text: String,
    },
}

/// Reads the body of a successful response.
pub(super) fn read(body: &str) -> Result<Reply, InvalidResponse> {
    let nothing = |why: &str| InvalidResponse::Empty(format!("the model's endpoint {why}"));
    let body = body.trim_start_matches('\u{feff}').trim();
    if body.is_empty() {
        return Err(nothing("answered with nothing"));
    }
    let read = if stream::is_stream(body) {
        stream::join(body).map_err(InvalidResponse::Empty)?
    } else if body.starts_with('<') {
        return Err(nothing("answered with a page and not with JSON; is its address right?"));
    } else {
        serde_json::from_str(body).map_err(|_| nothing("did not answer with JSON"))?
    };
    if let Some(status) = error(&read) {
        return Err(InvalidResponse::Error { status, text: read.to_string() });
    }
    let choice = read.pointer("/choices/0").ok_or_else(|| nothing("answered without a choice"))?;
    let message = choice.get("message").filter(|message| message.is_object());
    let mut message = message.ok_or_else(|| nothing("answered without a message"))?.clone();
    identify(&mut message);
    let calls = match message.get("tool_calls") {
        Some(Value::Array(calls)) => calls.iter().filter_map(raw).collect(),
        // The form of old.
        _ => message.get("function_call").and_then(|call| named("call_0", call)).into_iter().collect(),
    };
    Ok(Reply {
        content: content(message.get("content")),
        thoughts: thoughts(&message),
        calls,
        finish: choice.get("finish_reason").and_then(Value::as_str).unwrap_or_default().to_string(),
        refusal: message.get("refusal").and_then(Value::as_str).filter(|text| !text.is_empty()).map(Into::into),
        usage: read.get("usage").and_then(usage),
        message,
    })
}

/// The status of an error that came as a success; none where it is no error.
fn error(body: &Value) -> Option<u16> {
    let error = match body.get("error") {
        Some(Value::Null) | None if body.get("object").and_then(Value::as_str) == Some("error") => body,
        Some(Value::Null) | None => return None,
        Some(error) => error,
    };
    let code = error.get("code").or_else(|| error.get("status"));
    let code = code.and_then(|code| code.as_u64().or_else(|| code.as_str()?.parse().ok()));
    Some(code.and_then(|code| u16::try_from(code).ok()).filter(|code| (400..=599).contains(code)).unwrap_or(400))
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

fn thoughts(message: &Value) -> String {
    let said = ["reasoning_content", "reasoning"].into_iter().map(|name| content(message.get(name)));
    said.into_iter().find(|text| !text.trim().is_empty()).unwrap_or_default()
}

/// Some endpoints leave the ids out, but want them back.
fn identify(message: &mut Value) {
    let Some(Value::Array(calls)) = message.get_mut("tool_calls") else { return };
    for (index, call) in calls.iter_mut().enumerate() {
        let Value::Object(call) = call else { continue };
        if call.get("id").and_then(Value::as_str).is_none_or(str::is_empty) {
            call.insert("id".into(), format!("call_{index}").into());
        }
    }
}

fn raw(call: &Value) -> Option<RawCall> {
    named(call.get("id").and_then(Value::as_str).unwrap_or_default(), call.get("function")?)
}

fn named(id: &str, function: &Value) -> Option<RawCall> {
    let name = function.get("name")?.as_str()?.to_string();
    let arguments = match function.get("arguments") {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => String::new(),
        // Some endpoints hand over the object itself.
        Some(other) => other.to_string(),
    };
    Some(RawCall { id: id.to_string(), name, arguments })
}

fn usage(usage: &Value) -> Option<Usage> {
    let number = |key: &str| usage.get(key).and_then(Value::as_u64);
    let prompt_tokens = number("prompt_tokens").or_else(|| number("input_tokens"))?;
    let completion_tokens = number("completion_tokens").or_else(|| number("output_tokens")).unwrap_or(0);
    Some(Usage { prompt_tokens, completion_tokens, ..Usage::default() })
}

/// Roughly what a call cost whose endpoint does not say: a token is about four bytes.
pub(super) fn estimate(request: usize, reply: &Reply) -> Usage {
    let words = reply.content.len() + reply.thoughts.len();
    let answer = words + reply.calls.iter().map(|call| call.arguments.len() + 20).sum::<usize>();
    Usage { prompt_tokens: tokens(request), completion_tokens: tokens(answer), ..Usage::default() }
}

/// Adds roughly what answers cost that began and broke off.
pub(super) fn add_broken_off(usage: &mut Usage, request: usize, broken_off: BrokenOff) {
    let prompts = tokens(request).saturating_mul(broken_off.answers);
    usage.prompt_tokens = usage.prompt_tokens.saturating_add(prompts);
    usage.completion_tokens = usage.completion_tokens.saturating_add(tokens(broken_off.said));
}

fn tokens(bytes: usize) -> u64 {
    u64::try_from(bytes.div_ceil(4)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_success_without_an_answer_is_told_from_one() {
        for body in [
            "",
            "\n\n \n",
            "\u{feff}",
            "<html>",
            "{\"choices\": null}",
            "{\"choices\": []}",
            "{\"choices\": [{}]}",
            "{\"choices\": [{\"message\": null, \"finish_reason\": null}]}",
            "null",
            "{\"id\": \"x\", \"choi",
            "{}",
        ] {
            assert!(matches!(read(body), Err(InvalidResponse::Empty(_))), "{body}");
        }
        for (body, want) in [
            ("{\"error\": {\"message\": \"quota\"}}", 400),
            ("{\"error\": {\"code\": 502, \"message\": \"Provider returned error\"}}", 502),
            ("{\"error\": {\"code\": \"429\"}}", 429),
            ("{\"object\": \"error\", \"message\": \"no\", \"code\": 400}", 400),
            ("{\"error\": {\"code\": \"rate_limit\"}}", 400),
        ] {
            assert!(matches!(read(body), Err(InvalidResponse::Error { status, .. }) if status == want), "{body}");
        }
        assert_eq!(read("\n\n{\"choices\": [{\"message\": {\"content\": \"a\"}}]}").unwrap().content, "a");
    }

    #[test]
    fn calls_get_ids_and_the_message_stays_otherwise_as_it_came() {
        let body = r#"{"choices": [{"message": {"content": [{"type": "thinking", "thinking": []}, {"type": "text", "text": "t"}],
            "x": 1, "tool_calls": [{"function": {"name": "a", "arguments": {"b": 1}}}, {"id": "", "function": {"name": "b"}}]}}]}"#;
        let reply = read(body).unwrap();
        assert_eq!(reply.content, "t");
        let ids: Vec<&str> = reply.calls.iter().map(|call| call.id.as_str()).collect();
        assert_eq!((ids, reply.calls[0].arguments.as_str()), (vec!["call_0", "call_1"], "{\"b\":1}"));
        assert_eq!((&reply.message["x"], &reply.message["tool_calls"][1]["id"]), (&1.into(), &"call_1".into()));
    }
}
