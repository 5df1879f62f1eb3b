//! The body of a request: a prompt as one endpoint takes it.
//!
//! Whatever a conversation consists of passes here, so here alone is seen to it that every id stands once in
//! it, that every name is one that endpoints take, and that arguments are JSON objects.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::names::Names;
use super::offer::OfferForm;
use super::profile::{Limit, Profile};
use super::prompt::Prompt;
use super::refusal::SentRequest;

/// Members of a message, of a call and of its function that every endpoint knows.
const MESSAGE: [&str; 4] = ["role", "content", "tool_calls", "tool_call_id"];
const CALL: [&str; 3] = ["id", "type", "function"];
const FUNCTION: [&str; 2] = ["name", "arguments"];

/// Makes the body; `told` is what has been said since the prompt.
pub(super) fn body(
    model: &str,
    prompt: &Prompt,
    told: &[Value],
    profile: &Profile,
    more: &Map<String, Value>,
) -> Value {
    let mut messages: Vec<Value> = prompt.messages.iter().chain(told).cloned().collect();
    if profile.retold || profile.tools == OfferForm::Text {
        messages = in_words(messages);
    }
    messages.iter_mut().for_each(|message| presentable(message, &prompt.names));
    unique(&mut messages, profile.short_ids);
    if !profile.parallel_calls {
        messages = one_call_each(messages);
    }
    if !profile.system {
        without_system(&mut messages);
    }
    if !profile.members {
        messages.iter_mut().for_each(known_members);
    }
    let mut body = json!({"model": model, "messages": messages, "stream": profile.stream});
    if let Value::Object(body) = &mut body {
        // What is set by hand may add to a request and never stand in the place of what the host says.
        more.iter().for_each(|(name, value)| {
            body.entry(name.clone()).or_insert_with(|| value.clone());
        });
        body.remove("tools");
        if !prompt.tools.is_empty() {
            body.insert("tools".into(), Value::Array(prompt.tools.clone()));
            if profile.tool_choice {
                body.insert("tool_choice".into(), "auto".into());
            }
            if !profile.parallel_calls {
                body.insert("parallel_tool_calls".into(), false.into());
            }
        }
        if profile.stream && profile.stream_usage {
            body.entry("stream_options").or_insert_with(|| json!({"include_usage": true}));
        }
        match profile.limit {
            Limit::MaxTokens => body.insert("max_tokens".into(), profile.max_tokens.into()),
            Limit::MaxCompletionTokens => body.insert("max_completion_tokens".into(), profile.max_tokens.into()),
            Limit::None => None,
        };
        if let Some(temperature) = profile.temperature {
            // `0` where it is a whole number, as everybody writes it.
            let whole = (temperature == 0.0).then(|| json!(0));
            body.insert("temperature".into(), whole.unwrap_or_else(|| json!(temperature)));
        }
    }
    body
}

/// What a body holds, as far as it says what a refusal of it can mean.
pub(super) fn summary(body: &Value) -> SentRequest {
    let messages = || body.get("messages").and_then(Value::as_array).into_iter().flatten();
    let role = |wanted: &str| messages().any(|message| message.get("role").and_then(Value::as_str) == Some(wanted));
    let odd = |value: &Value, known: &[&str]| {
        value.as_object().is_some_and(|members| members.keys().any(|name| !known.contains(&name.as_str())))
    };
    let odd_call = |call: &Value| odd(call, &CALL) || call.get("function").is_some_and(|f| odd(f, &FUNCTION));
    SentRequest {
        stream: body.get("stream").and_then(Value::as_bool).unwrap_or_default(),
        stream_usage: body.get("stream_options").is_some(),
        tools: body.get("tools").is_some(),
        turns: role("tool") || messages().any(|message| message.get("tool_calls").is_some()),
        system: role("system"),
        members: messages().any(|message| odd(message, &MESSAGE) || calls(message).any(odd_call)),
    }
}

fn calls(message: &Value) -> impl Iterator<Item = &Value> {
    message.get("tool_calls").and_then(Value::as_array).into_iter().flatten()
}

fn calls_mut(message: &mut Value) -> impl Iterator<Item = &mut Map<String, Value>> {
    let calls = message.get_mut("tool_calls").and_then(Value::as_array_mut);
    calls.into_iter().flatten().filter_map(Value::as_object_mut)
}

/// A message that an endpoint can take: no nulls where it wants nothing, calls with a name and an object.
fn presentable(message: &mut Value, names: &Names) {
    let Some(members) = message.as_object_mut() else { return };
    let called = members.get("tool_calls").and_then(Value::as_array).is_some_and(|calls| !calls.is_empty());
    if !called {
        members.remove("tool_calls");
        // Only beside calls may an answer be without words.
        let silent = match members.get("content") {
            Some(Value::String(words)) => words.trim().is_empty(),
            Some(Value::Array(parts)) => parts.is_empty(),
            _ => true,
        };
        if silent {
            members.insert("content".into(), "(nothing)".into());
        }
    }
    members.entry("content").or_insert(Value::Null);
    members.retain(|name, value| name == "content" || !value.is_null());
    members.remove("function_call");
    for call in calls_mut(message) {
        call.entry("type").or_insert_with(|| "function".into());
        let Some(function) = call.get_mut("function").and_then(Value::as_object_mut) else {
            call.insert("function".into(), json!({"name": "unknown", "arguments": "{}"}));
            continue;
        };
        let name = function.get("name").and_then(Value::as_str).unwrap_or_default();
        let name = names.presentable(name);
        function.insert("name".into(), name.into());
        let arguments = match function.get("arguments") {
            Some(Value::String(text)) => Some(text.clone()),
            Some(object @ Value::Object(_)) => Some(object.to_string()),
            _ => None,
        };
        // What is no JSON object would make the endpoint refuse the whole conversation.
        let object = |text: &String| serde_json::from_str::<Value>(text).is_ok_and(|value| value.is_object());
        function.insert("arguments".into(), arguments.filter(object).unwrap_or_else(|| "{}".into()).into());
    }
}

/// Gives every call an id of its own, and its result the same one.
fn unique(messages: &mut [Value], short: bool) {
    let mut used: HashSet<String> = HashSet::new();
    // Calls of the last message that made some, by the id that they came with.
    let mut open: Vec<(String, String)> = Vec::new();
    let mut made = 0_usize;
    for message in messages {
        if message.get("role").and_then(Value::as_str) == Some("tool") {
            let said = message.get("tool_call_id").and_then(Value::as_str).unwrap_or_default();
            let place = open.iter().position(|(came, _)| came == said).or((!open.is_empty()).then_some(0));
            if let (Some(place), Value::Object(members)) = (place, message) {
                members.insert("tool_call_id".into(), open.remove(place).1.into());
            }
            continue;
        }
        open.clear();
        for call in calls_mut(message) {
            let came = call.get("id").and_then(Value::as_str).unwrap_or_default().to_string();
            let fits = !short || came.len() == 9 && came.chars().all(|c| c.is_ascii_alphanumeric());
            let mut id = came.clone();
            while id.is_empty() || used.contains(&id) || !fits && id == came {
                // Nine letters and digits, which every endpoint takes.
                id = format!("call{made:05}");
                made += 1;
            }
            used.insert(id.clone());
            call.insert("id".into(), id.clone().into());
            open.push((came, id));
        }
    }
}

/// Calls and results of earlier turns as words.
fn in_words(messages: Vec<Value>) -> Vec<Value> {
    let mut told: Vec<Value> = Vec::new();
    for message in messages {
        let words = message.get("content").and_then(Value::as_str).unwrap_or_default();
        match message.get("role").and_then(Value::as_str) {
            Some("assistant") if message.get("tool_calls").is_some() => {
                let made: Vec<String> = calls(&message)
                    .filter_map(|call| call.get("function"))
                    .map(|f| {
                        let text = |name: &str| f.get(name).and_then(Value::as_str).unwrap_or_default().to_string();
                        format!("{} {}", text("name"), text("arguments"))
                    })
                    .collect();
                let words = format!("{words}\n(called {})", made.join("; "));
                told.push(json!({"role": "assistant", "content": words.trim()}));
            }
            Some("tool") => match told.last_mut().filter(|last| last.get("role") == Some(&json!("user"))) {
                Some(Value::Object(last)) => {
                    let before = last.get("content").and_then(Value::as_str).unwrap_or_default();
                    let both = format!("{before}\n{words}");
                    last.insert("content".into(), both.into());
                }
                _ => told.push(json!({"role": "user", "content": words})),
            },
            _ => told.push(message),
        }
    }
    told
}

/// A message for each call, each followed by its result.
fn one_call_each(messages: Vec<Value>) -> Vec<Value> {
    let mut apart: Vec<Value> = Vec::new();
    let mut rest = messages.into_iter().peekable();
    while let Some(message) = rest.next() {
        let made: Vec<Value> = calls(&message).cloned().collect();
        if made.len() < 2 {
            apart.push(message);
            continue;
        }
        let mut results = Vec::new();
        while let Some(result) = rest.next_if(|next| next.get("role") == Some(&json!("tool"))) {
            results.push(result);
        }
        for (index, call) in made.into_iter().enumerate() {
            let mut one = if index == 0 { message.clone() } else { json!({"role": "assistant", "content": ""}) };
            let id = call.get("id").cloned();
            if let Value::Object(one) = &mut one {
                one.insert("tool_calls".into(), json!([call]));
            }
            apart.push(one);
            apart.extend(results.iter().filter(|result| result.get("tool_call_id") == id.as_ref()).cloned());
        }
    }
    apart
}

/// What system messages say begins the first message of the user.
fn without_system(messages: &mut Vec<Value>) {
    let is = |message: &Value, role: &str| message.get("role").and_then(Value::as_str) == Some(role);
    let text = |message: &Value| message.get("content").and_then(Value::as_str).unwrap_or_default().to_string();
    let said: Vec<String> = messages.iter().filter(|message| is(message, "system")).map(text).collect();
    messages.retain(|message| !is(message, "system"));
    let first = messages.iter_mut().find(|message| is(message, "user"));
    if let Some(Value::Object(first)) = first {
        let before = first.get("content").and_then(Value::as_str).unwrap_or_default();
        let both = format!("{}\n\n{before}", said.join("\n\n"));
        first.insert("content".into(), both.into());
    }
}

fn known_members(message: &mut Value) {
    if let Value::Object(members) = message {
        members.retain(|name, _| MESSAGE.contains(&name.as_str()));
    }
    for call in calls_mut(message) {
        call.retain(|name, _| CALL.contains(&name.as_str()));
        if let Some(Value::Object(function)) = call.get_mut("function") {
            function.retain(|name, _| FUNCTION.contains(&name.as_str()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::profile::{ProfileOptions, Quirk};
    use crate::model::tests::kubernetes;

    fn call(id: &str, name: &str, arguments: &str) -> Value {
        json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}, "extra_content": {"s": "x"}})
    }

    fn turn(calls: &[Value], results: &[&str]) -> Vec<Value> {
        let mut all = vec![
            json!({"role": "assistant", "content": null, "reasoning_content": "t", "tool_calls": calls, "refusal": null}),
        ];
        all.extend(results.iter().map(|id| json!({"role": "tool", "tool_call_id": id, "content": format!("of {id}")})));
        all
    }

    fn made(turns: Vec<Vec<Value>>, change: impl Fn(&mut Profile)) -> Vec<Value> {
        let mut messages = vec![json!({"role": "system", "content": "s"}), json!({"role": "user", "content": "u"})];
        messages.extend(turns.into_iter().flatten());
        let prompt = Prompt { messages, tools: vec![json!({})], names: Names::of(&kubernetes()), missing: 0 };
        let mut profile = Profile::new(&ProfileOptions::default(), 100, 1000);
        change(&mut profile);
        body("m", &prompt, &[], &profile, &Map::new())["messages"].as_array().unwrap().clone()
    }

    fn ids(messages: &[Value]) -> (Vec<String>, Vec<String>) {
        let text = |value: &Value| value.as_str().unwrap().to_string();
        let calls = messages.iter().flat_map(calls).map(|call| text(&call["id"])).collect();
        (calls, messages.iter().filter_map(|message| message.get("tool_call_id")).map(text).collect())
    }

    #[test]
    fn every_id_stands_once_and_leads_to_its_result() {
        let twice = || {
            turn(
                &[call("call_0", "kubernetes__kubectl_get", "{}"), call("call_0", "kubernetes__kubectl_get", "{}")],
                &["call_0", "call_0"],
            )
        };
        let none = turn(&[call("", "kubernetes__kubectl_get", "{}")], &[""]);
        for short in [false, true] {
            let got = made(vec![twice(), twice(), none.clone()], |profile| profile.short_ids = short);
            let (calls, results) = ids(&got);
            assert_eq!((calls.len(), &calls), (5, &results));
            assert_eq!(calls.iter().collect::<HashSet<_>>().len(), 5, "{calls:?}");
            assert!(!short || calls.iter().all(|id| id.len() == 9 && id.chars().all(|c| c.is_ascii_alphanumeric())));
        }
    }

    #[test]
    fn no_name_and_no_arguments_go_out_that_an_endpoint_refuses() {
        let odd = [
            call("a", "kubernetes__kubectl_get<|channel|>commentary", "{\"a\": 1}"),
            call("b", "rm -rf /", "{broken"),
            json!({"id": "c", "function": null}),
        ];
        let got = made(vec![turn(&odd, &["a", "b", "c"])], |_| {});
        let functions: Vec<&Value> = calls(&got[2]).map(|call| &call["function"]).collect();
        assert_eq!(
            (&functions[0]["name"], &functions[0]["arguments"]),
            (&json!("kubernetes__kubectl_get"), &json!("{\"a\": 1}"))
        );
        assert_eq!((&functions[1]["name"], &functions[1]["arguments"]), (&json!("rm_-rf"), &json!("{}")));
        assert_eq!(functions[2]["name"], "unknown");
        assert_eq!((&got[2]["reasoning_content"], got[2].get("refusal")), (&json!("t"), None));
        assert_eq!(calls(&got[2]).next().unwrap()["extra_content"], json!({"s": "x"}));
    }

    #[test]
    fn a_conversation_is_told_as_its_endpoint_takes_it() {
        let two = || {
            turn(&[call("a", "kubernetes__kubectl_get", "{}"), call("b", "kubernetes__kubectl_get", "{}")], &["a", "b"])
        };
        let roles = |messages: &[Value]| {
            messages.iter().map(|m| m["role"].as_str().unwrap().to_string()).collect::<Vec<_>>().join(" ")
        };
        let got = made(vec![two()], |profile| profile.parallel_calls = false);
        assert_eq!(roles(&got), "system user assistant tool assistant tool");
        assert_eq!(ids(&got), (vec!["a".into(), "b".into()], vec!["a".into(), "b".into()]));
        let got = made(vec![two()], |profile| profile.retold = true);
        assert_eq!(roles(&got), "system user assistant user");
        assert_eq!(got[3]["content"], "of a\nof b");
        let got = made(vec![two()], |profile| profile.system = false);
        assert_eq!((roles(&got).as_str(), &got[0]["content"]), ("user assistant tool tool", &json!("s\n\nu")));
        let got = made(vec![two()], |profile| profile.members = false);
        assert!(
            got[2].get("reasoning_content").is_none() && calls(&got[2]).all(|call| call.get("extra_content").is_none())
        );
        let first = summary(&json!({"messages": made(vec![], |_| {}), "tools": []}));
        assert!(first.tools && first.system && !first.turns && !first.members);
        let later = summary(&json!({"messages": made(vec![two()], |_| {})}));
        assert!(!later.tools && later.turns && later.members);
    }

    #[test]
    fn what_is_set_by_hand_adds_and_never_replaces() {
        let prompt = Prompt { messages: vec![], tools: vec![], names: Names::default(), missing: 0 };
        let more = json!({"enable_thinking": false, "model": "other", "stream": false, "tools": [1], "max_tokens": 9})
            .as_object()
            .cloned()
            .unwrap();
        let profile = Profile::new(&ProfileOptions::default(), 100, 1000);
        let mut want = json!({
            "model": "m", "messages": [], "stream": true, "stream_options": {"include_usage": true},
            "enable_thinking": false, "max_tokens": 100, "temperature": 0,
        });
        assert_eq!(body("m", &prompt, &[], &profile, &more), want);
        let mut whole = profile.clone();
        assert!(whole.follow(Quirk::NoStream, &ProfileOptions::default(), 0));
        want["stream"] = json!(false);
        want.as_object_mut().unwrap().remove("stream_options");
        assert_eq!(body("m", &prompt, &[], &whole, &more), want);
    }
}
