//! Puts a stream of chat-completion chunks together, whoever asked for it: what comes out looks as if it
//! had not been streamed.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// Most calls of one answer that are put together.
const CALLS: usize = 64;

/// Whether a body is a stream of events, or of one JSON object a line.
pub(super) fn is_stream(body: &str) -> bool {
    let event = ["data:", "event:", "id:", "retry:", ":"].iter().any(|field| body.starts_with(field));
    event || body.starts_with('{') && body.lines().nth(1).is_some_and(|line| line.starts_with('{'))
}

/// Whether a stream has said that it is over, whatever the connection does.
pub(super) fn is_over(body: &[u8]) -> bool {
    body.trim_ascii_end().ends_with(b"data: [DONE]") || body.trim_ascii_end().ends_with(b"data:[DONE]")
}

/// Whether the first word of an answer, of a thought or of a call stands in what has come of a stream.
pub(super) fn has_content(body: &[u8]) -> bool {
    deltas(&String::from_utf8_lossy(body)).any(|delta| said_in(&delta) > 0)
}

/// How many bytes of answers, thoughts and calls stand in what has come of a stream.
pub(super) fn content_bytes(body: &[u8]) -> usize {
    deltas(&String::from_utf8_lossy(body)).map(|delta| said_in(&delta)).sum()
}

fn deltas(body: &str) -> impl Iterator<Item = Map<String, Value>> {
    body.lines().filter_map(|line| {
        let line = line.trim();
        let data = line.strip_prefix("data:").map_or(line, str::trim);
        let mut chunk: Value = serde_json::from_str(data).ok()?;
        match chunk.pointer_mut("/choices/0/delta").map(Value::take) {
            Some(Value::Object(delta)) => Some(delta),
            _ => None,
        }
    })
}

fn said_in(delta: &Map<String, Value>) -> usize {
    delta.iter().filter(|(name, _)| *name != "role").map(|(_, value)| length(value)).sum()
}

/// A call is something said, even while it has no name.
fn length(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(|item| length(item).max(1)).sum(),
        Value::Object(members) => members.values().map(length).sum(),
        _ => 0,
    }
}

/// The body of the answer, as it would have been without a stream. The error says what is missing.
pub(super) fn join(body: &str) -> Result<Value, String> {
    let mut joined = AssembledReply::default();
    for line in body.lines() {
        let line = line.trim();
        let data = line.strip_prefix("data:").map(str::trim);
        match data.or_else(|| line.starts_with('{').then_some(line)) {
            Some("[DONE]") => {
                joined.over = true;
                break;
            }
            Some(data) => {
                let Ok(chunk) = serde_json::from_str::<Value>(data) else { continue };
                if chunk.get("error").is_some_and(|error| !error.is_null()) {
                    return Ok(chunk);
                }
                joined.add(&chunk);
            }
            None => {}
        }
    }
    joined.body()
}

#[derive(Default)]
struct AssembledReply {
    message: Map<String, Value>,
    calls: BTreeMap<u64, Map<String, Value>>,
    finish: Option<Value>,
    usage: Option<Value>,
    any: bool,
    over: bool,
}

impl AssembledReply {
    fn add(&mut self, chunk: &Value) {
        if let Some(usage) = chunk.get("usage").filter(|usage| usage.is_object()) {
            self.usage = Some(usage.clone());
        }
        let choices = chunk.get("choices").and_then(Value::as_array);
        let first = |choice: &&Value| choice.get("index").and_then(Value::as_u64).unwrap_or(0) == 0;
        let Some(choice) = choices.and_then(|choices| choices.iter().find(first)) else { return };
        if let Some(finish) = choice.get("finish_reason").filter(|finish| finish.is_string()) {
            self.finish = Some(finish.clone());
        }
        let delta = choice.get("delta").or_else(|| choice.get("message"));
        let Some(delta) = delta.and_then(Value::as_object) else { return };
        self.any = true;
        for (name, value) in delta {
            if name == "tool_calls" {
                value.as_array().into_iter().flatten().for_each(|call| self.call(call));
            } else {
                merge(&mut self.message, name, value);
            }
        }
    }

    /// A part of a call belongs to its index; where there is none, to the call of its id, or to the last one.
    fn call(&mut self, part: &Value) {
        let Some(part) = part.as_object() else { return };
        let id = part.get("id").and_then(Value::as_str).filter(|id| !id.is_empty());
        let last = self.calls.keys().next_back().copied();
        let of_id = |id: &str| self.calls.iter().find(|(_, call)| call.get("id").and_then(Value::as_str) == Some(id));
        let index = match (part.get("index").and_then(Value::as_u64), id) {
            (Some(index), _) => index,
            (None, Some(id)) => of_id(id).map_or_else(|| last.map_or(0, |last| last + 1), |(index, _)| *index),
            (None, None) if part.get("function").is_some_and(|function| function.get("name").is_some()) => {
                last.map_or(0, |last| last + 1)
            }
            (None, None) => last.unwrap_or(0),
        };
        if self.calls.len() >= CALLS && !self.calls.contains_key(&index) {
            return;
        }
        let call = self.calls.entry(index).or_default();
        for (name, value) in part.iter().filter(|(name, _)| *name != "index") {
            match (name.as_str(), value) {
                ("id" | "type", value) => {
                    if value.as_str().is_some_and(|text| !text.is_empty()) {
                        call.insert(name.clone(), value.clone());
                    }
                }
                ("function", Value::Object(function)) => {
                    let whole = call.entry("function").or_insert_with(|| json!({}));
                    if let Value::Object(whole) = whole {
                        function.iter().for_each(|(name, value)| merge_function(whole, name, value));
                    }
                }
                (name, value) => merge(call, name, value),
            }
        }
    }

    fn body(mut self) -> Result<Value, String> {
        if !self.any {
            return Err("the model's endpoint sent a stream without an answer".into());
        }
        if !self.over && self.finish.is_none() {
            return Err("the stream of the model's endpoint broke off".into());
        }
        if !self.calls.is_empty() {
            let calls = self.calls.into_values().map(Value::Object).collect();
            self.message.insert("tool_calls".into(), Value::Array(calls));
        }
        self.message.entry("role").or_insert_with(|| "assistant".into());
        let choice = json!({"index": 0, "message": self.message, "finish_reason": self.finish});
        Ok(json!({"choices": [choice], "usage": self.usage}))
    }
}

/// Some servers say the whole name in every part.
fn merge_function(function: &mut Map<String, Value>, name: &str, value: &Value) {
    if name == "name" && function.get(name) == Some(value) {
        return;
    }
    merge(function, name, value);
}

/// Texts and lists grow, anything else is as it was said last; nothing is what was not said.
fn merge(whole: &mut Map<String, Value>, name: &str, value: &Value) {
    match (whole.get_mut(name), value) {
        (_, Value::Null) => {}
        (Some(Value::String(text)), Value::String(more)) if name != "role" => text.push_str(more),
        (Some(Value::Array(items)), Value::Array(more)) => items.extend(more.iter().cloned()),
        _ => {
            whole.insert(name.to_string(), value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(delta: &Value, finish: &Value) -> String {
        format!("data: {}\n\n", json!({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}))
    }

    fn joined(parts: &[Value]) -> Value {
        let mut body: String = parts.iter().map(|delta| event(delta, &Value::Null)).collect();
        body.push_str(&event(&json!({}), &json!("tool_calls")));
        body.push_str("data: {\"choices\": [], \"usage\": {\"prompt_tokens\": 7}}\n\ndata: [DONE]\n\n");
        assert!(is_stream(&body) && is_over(body.as_bytes()));
        join(&body).unwrap()
    }

    #[test]
    fn texts_thoughts_and_calls_are_put_together() {
        let got = joined(&[
            json!({"role": "assistant", "content": null, "reasoning_content": "first "}),
            json!({"role": "assistant", "reasoning_content": "look"}),
            json!({"content": "I "}),
            json!({"content": "look"}),
            json!({"tool_calls": [{"index": 0, "id": "a", "type": "function", "function": {"name": "k__get", "arguments": ""}}]}),
            json!({"tool_calls": [{"index": 0, "id": "", "function": {"name": "k__get", "arguments": "{\"a\":"}}]}),
            json!({"tool_calls": [{"index": 1, "id": "b", "function": {"name": "k__get", "arguments": "{}"}}]}),
            json!({"tool_calls": [{"index": 0, "function": {"arguments": "1}"}}]}),
        ]);
        let message = &got["choices"][0]["message"];
        assert_eq!((&message["content"], &message["reasoning_content"]), (&json!("I look"), &json!("first look")));
        assert_eq!(message["role"], "assistant");
        let call = |id, arguments| {
            let mut call = json!({"id": id, "function": {"name": "k__get", "arguments": arguments}});
            if id == "a" {
                call["type"] = "function".into();
            }
            call
        };
        assert_eq!(message["tool_calls"], json!([call("a", "{\"a\":1}"), call("b", "{}")]));
        assert_eq!(
            (&got["choices"][0]["finish_reason"], &got["usage"]["prompt_tokens"]),
            (&json!("tool_calls"), &json!(7))
        );
    }

    #[test]
    fn calls_without_an_index_are_told_apart() {
        let whole =
            |id: &str| json!({"id": id, "function": {"name": "n", "arguments": "{}"}, "extra_content": {"s": 1}});
        let got = joined(&[json!({"tool_calls": [whole("a")]}), json!({"tool_calls": [whole("b")]})]);
        let calls = got["choices"][0]["message"]["tool_calls"].as_array().unwrap();
        assert_eq!((calls.len(), &calls[1]["extra_content"]), (2, &json!({"s": 1})));
        let nameless = json!({"function": {"name": "n", "arguments": "{}"}});
        let got = joined(&[json!({"tool_calls": [nameless.clone(), nameless]})]);
        assert_eq!(got["choices"][0]["message"]["tool_calls"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn an_endpoint_speaks_from_its_first_word_on() {
        let told = |delta: Value| has_content(event(&delta, &Value::Null).as_bytes());
        assert!(
            !told(json!({"role": "assistant", "content": ""})) && !told(json!({"content": null, "tool_calls": []}))
        );
        assert!(told(json!({"content": "I"})) && told(json!({"reasoning_content": "hm"})));
        assert!(told(json!({"tool_calls": [{"index": 0}]})));
        assert!(!has_content(b": keep-alive\n\ndata: {\"choices\": []}\n\ndata: {\"choi"));
    }

    #[test]
    fn what_is_no_whole_answer_says_so() {
        assert!(join(&event(&json!({"content": "half"}), &Value::Null)).unwrap_err().contains("broke off"));
        assert!(join(": keep-alive\n\ndata: [DONE]\n").unwrap_err().contains("without an answer"));
        assert_eq!(join("data: {\"error\": {\"message\": \"no\"}}\n").unwrap()["error"]["message"], "no");
        let lines = "{\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n{\"choices\":[{\"delta\":{\"content\":\"b\"},\"finish_reason\":\"stop\"}]}";
        assert!(is_stream(lines) && !is_stream("{\n  \"choices\": []\n}"));
        assert_eq!(join(lines).unwrap()["choices"][0]["message"]["content"], "ab");
        let many: Vec<Value> =
            (0..500).map(|n| json!({"tool_calls": [{"index": n * 1_000_000_000_u64, "id": "x"}]})).collect();
        assert_eq!(joined(&many)["choices"][0]["message"]["tool_calls"].as_array().unwrap().len(), CALLS);
    }
}
