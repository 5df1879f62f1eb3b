//! Requests that real servers refuse, and the one kind that they take.

use serde_json::{Value, json};

use super::parameters;

fn with(messages: Value) -> Value {
    json!({ "model": "m", "messages": messages })
}

fn refused(body: &Value, why: &str) {
    let found = parameters(body).expect_err("the request is wrong");
    assert!(found.contains(why), "{found:?} does not say {why:?}");
}

#[test]
fn a_dialogue_with_tool_calls_is_accepted() {
    let mut body = with(json!([
        { "role": "system", "content": "s" },
        { "role": "user", "content": "u" },
        { "role": "assistant", "content": null, "tool_calls": [{ "id": "c1", "type": "function", "function": { "name": "look", "arguments": "{}" } }] },
        { "role": "tool", "tool_call_id": "c1", "content": "seen" },
    ]));
    body["tools"] = json!([{ "type": "function", "function": { "name": "look", "parameters": { "type": "object", "properties": {} } } }]);
    parameters(&body).expect("the request is right");
}

#[test]
fn an_answer_without_a_call_is_refused() {
    let body =
        with(json!([{ "role": "user", "content": "u" }, { "role": "tool", "tool_call_id": "c9", "content": "x" }]));
    refused(&body, "no preceding tool call");
}

#[test]
fn a_call_without_an_answer_is_refused() {
    let call = json!({ "role": "assistant", "tool_calls": [{ "id": "c1", "type": "function", "function": { "name": "look", "arguments": "{}" } }] });
    let user = json!({ "role": "user", "content": "u" });
    refused(&with(json!([user, call, user])), "have no answer");
}

#[test]
fn a_late_system_message_is_refused() {
    let body = with(json!([{ "role": "user", "content": "u" }, { "role": "system", "content": "s" }]));
    refused(&body, "must come first");
}

#[test]
fn bad_tools_are_refused() {
    let user = json!([{ "role": "user", "content": "u" }]);
    let mut body = with(user);
    for (tools, why) in [
        (json!([]), "1 to 128"),
        (json!([{ "type": "function", "function": { "name": "a.b" } }]), "letters, digits"),
        (
            json!([{ "type": "function", "function": { "name": "a", "parameters": { "type": "string" } } }]),
            "type object",
        ),
        (
            json!([{ "type": "function", "function": { "name": "a", "parameters": { "type": "object", "properties": { "l": { "type": "array" } } } } }]),
            "no items",
        ),
    ] {
        body["tools"] = tools;
        refused(&body, why);
    }
}

#[test]
fn misspelt_and_missing_parameters_are_refused() {
    let mut body = with(json!([{ "role": "user", "content": "u" }]));
    body["temprature"] = json!(0);
    refused(&body, "unknown parameter");
    refused(&json!({ "messages": [] }), "model is missing");
    refused(&with(json!([])), "not empty");
}
