//! What a real chat-completions server checks before it answers.

mod schema;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::Request;

/// The parameters that exist; a misspelt one is an error, not a wish.
const PARAMETERS: &[&str] = &[
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "messages",
    "metadata",
    "model",
    "n",
    "parallel_tool_calls",
    "presence_penalty",
    "reasoning_effort",
    "response_format",
    "seed",
    "service_tier",
    "stop",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "user",
];

/// Why a request is refused, with the HTTP status.
pub fn check(request: &Request) -> Result<(), (u16, String)> {
    if request.path != "/v1/chat/completions" {
        return Err((404, format!("unknown path {}", request.path)));
    }
    if request.method != "POST" {
        return Err((405, format!("{} is not allowed here", request.method)));
    }
    if !request.header("content-type").starts_with("application/json") {
        return Err((415, "the content type is not application/json".to_owned()));
    }
    let body: Value =
        serde_json::from_slice(&request.body).map_err(|error| (400, format!("the body is not JSON: {error}")))?;
    parameters(&body).map_err(|why| (400, why))
}

fn parameters(body: &Value) -> Result<(), String> {
    let members = body.as_object().ok_or("the body is not an object")?;
    if let Some(unknown) = members.keys().find(|name| !PARAMETERS.contains(&name.as_str())) {
        return Err(format!("unknown parameter {unknown}"));
    }
    if text(body, "model").is_empty() {
        return Err("model is missing".to_owned());
    }
    if body.get("stream").is_some_and(|stream| !stream.is_boolean()) {
        return Err("stream: must be true or false".to_owned());
    }
    let within = |name: &str, least: f64, most: f64| match body.get(name) {
        None | Some(Value::Null) => Ok(()),
        Some(value) if value.as_f64().is_some_and(|value| (least..=most).contains(&value)) => Ok(()),
        Some(value) => Err(format!("{name} is {value}, but must be a number from {least} to {most}")),
    };
    within("temperature", 0.0, 2.0)?;
    within("top_p", 0.0, 1.0)?;
    within("max_tokens", 1.0, 1e7)?;
    within("max_completion_tokens", 1.0, 1e7)?;
    within("n", 1.0, 1.0)?;
    let names = tools(body)?;
    tool_choice(body, &names)?;
    messages(body.get("messages"))?;
    response_format(body)
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn tools(body: &Value) -> Result<BTreeSet<String>, String> {
    let mut names = BTreeSet::new();
    let Some(tools) = body.get("tools") else {
        return Ok(names);
    };
    let tools = tools.as_array().filter(|tools| !tools.is_empty() && tools.len() <= 128);
    for tool in tools.ok_or("tools must be a list of 1 to 128 tools")? {
        let function = tool.get("function").filter(|_| text(tool, "type") == "function");
        let function = function.ok_or("a tool must have the type function and a function")?;
        let name = text(function, "name");
        let legal = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
        if name.is_empty() || name.len() > 64 || !name.chars().all(legal) {
            return Err(format!("the tool name {name:?} must be 1 to 64 letters, digits, _ and -"));
        }
        if !names.insert(name.to_owned()) {
            return Err(format!("the tool name {name} is there twice"));
        }
        if let Some(parameters) = function.get("parameters") {
            if text(parameters, "type") != "object" {
                return Err(format!("the parameters of {name} must be a schema of type object"));
            }
            schema::check(parameters).map_err(|why| format!("the schema of {name}: {why}"))?;
        }
    }
    Ok(names)
}

fn tool_choice(body: &Value, names: &BTreeSet<String>) -> Result<(), String> {
    match body.get("tool_choice") {
        None | Some(Value::Null) => Ok(()),
        Some(_) if names.is_empty() => Err("tool_choice is only allowed with tools".to_owned()),
        Some(Value::String(choice)) if matches!(choice.as_str(), "none" | "auto" | "required") => Ok(()),
        Some(choice) => {
            let name = choice.pointer("/function/name").and_then(Value::as_str).unwrap_or_default();
            names.contains(name).then_some(()).ok_or(format!("tool_choice {choice} names no tool"))
        }
    }
}

fn response_format(body: &Value) -> Result<(), String> {
    let Some(format) = body.get("response_format") else {
        return Ok(());
    };
    match text(format, "type") {
        "text" => Ok(()),
        "json_object" => {
            let messages = body.get("messages").map(Value::to_string).unwrap_or_default();
            let mentioned = messages.to_lowercase().contains("json");
            mentioned.then_some(()).ok_or("json_object needs the word json in the messages".to_owned())
        }
        "json_schema" => {
            let schema = format.pointer("/json_schema/schema").ok_or("response_format has no json_schema.schema")?;
            let named = format.pointer("/json_schema/name").is_some_and(Value::is_string);
            named.then_some(()).ok_or("response_format has no json_schema.name")?;
            schema::check(schema).map_err(|why| format!("the schema of response_format: {why}"))
        }
        other => Err(format!("unknown response_format {other:?}")),
    }
}

/// The order of roles, and that every tool call is answered once, before anything else is said.
fn messages(messages: Option<&Value>) -> Result<(), String> {
    let messages = messages.and_then(Value::as_array).filter(|messages| !messages.is_empty());
    let messages = messages.ok_or("messages must be a list that is not empty")?;
    let mut open = BTreeSet::new();
    let mut last = "system";
    for (index, message) in messages.iter().enumerate() {
        let place = |why: &str| format!("messages[{index}]: {why}");
        let role = text(message, "role");
        if role != "tool" && !open.is_empty() {
            return Err(place(&format!("the tool calls {open:?} have no answer")));
        }
        match (role, last) {
            ("system" | "developer", "system") => content(message).map_err(|why| place(&why))?,
            ("system" | "developer", _) => return Err(place("a system message must come first")),
            ("user", _) => content(message).map_err(|why| place(&why))?,
            ("assistant", "system") => {
                return Err(place("an assistant message must follow a user message"));
            }
            ("assistant", _) => open = assistant(message).map_err(|why| place(&why))?,
            ("tool", _) => {
                content(message).map_err(|why| place(&why))?;
                let id = text(message, "tool_call_id");
                if !open.remove(id) {
                    return Err(place(&format!("no preceding tool call has the id {id:?}")));
                }
            }
            _ => return Err(place(&format!("unknown role {role:?}"))),
        }
        last = if role == "developer" { "system" } else { role };
    }
    if !open.is_empty() {
        return Err(format!("the tool calls {open:?} have no answer"));
    }
    match last {
        "user" | "tool" => Ok(()),
        _ => Err("the last message must be from the user or a tool".to_owned()),
    }
}

fn content(message: &Value) -> Result<(), String> {
    match message.get("content") {
        Some(Value::String(_)) => Ok(()),
        Some(Value::Array(parts)) if !parts.is_empty() => {
            let legal = |part: &Value| text(part, "type") != "text" || part.get("text").is_some_and(Value::is_string);
            parts.iter().all(legal).then_some(()).ok_or("a text part has no text".to_owned())
        }
        _ => Err("content must be a string or a list of parts".to_owned()),
    }
}

fn assistant(message: &Value) -> Result<BTreeSet<String>, String> {
    let mut ids = BTreeSet::new();
    let Some(calls) = message.get("tool_calls").filter(|calls| !calls.is_null()) else {
        content(message)?;
        return Ok(ids);
    };
    let calls = calls.as_array().filter(|calls| !calls.is_empty());
    for call in calls.ok_or("tool_calls must be a list that is not empty")? {
        let (id, name) = (text(call, "id"), call.pointer("/function/name").and_then(Value::as_str));
        if id.is_empty() || text(call, "type") != "function" || name.is_none_or(str::is_empty) {
            return Err("a tool call needs an id, the type function and a function name".to_owned());
        }
        let arguments = call.pointer("/function/arguments").and_then(Value::as_str);
        let arguments = arguments.ok_or("the arguments of a tool call must be a string")?;
        serde_json::from_str::<Value>(arguments)
            .map_err(|error| format!("the arguments of {id} are not JSON: {error}"))?;
        if !ids.insert(id.to_owned()) {
            return Err(format!("the tool call id {id} is there twice"));
        }
    }
    Ok(ids)
}

#[cfg(test)]
mod tests;
