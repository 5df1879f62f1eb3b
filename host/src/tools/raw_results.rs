//! Results as the server wrote them.
//!
//! The MCP library takes a result for whichever of its kinds the members fit first: a call's result that
//! has `messages` too becomes a prompt and loses its content, and one odd tool costs the whole list. So
//! every result but that of the handshake reaches the library as one text that it cannot take for
//! anything, and is read by the host's own readers. Small mistakes around a result are mended on the way:
//! what was answered was answered.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use rmcp::model::{ClientJsonRpcMessage, JsonRpcMessage, ServerResult};
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// The member under which a result stands as text.
const KEY: &str = "tidegate_result";

/// The members of an object, each as it is written.
pub(super) type Members<'a> = HashMap<String, &'a RawValue>;

/// Handshakes of one session that are remembered; a server that expires sessions has several.
const HANDSHAKES: usize = 32;

/// The code of an error that has none.
pub(super) const INTERNAL_ERROR: i64 = -32603;

/// Which requests of a session are handshakes: the library reads their results itself.
#[derive(Clone, Default)]
pub(super) struct Handshakes(Arc<Mutex<VecDeque<String>>>);

impl Handshakes {
    /// Looks at what is sent.
    pub(super) fn note(&self, message: &ClientJsonRpcMessage) {
        let JsonRpcMessage::Request(request) = message else { return };
        if matches!(request.request.method(), "initialize" | "server/discover") {
            let mut ids = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if ids.len() >= HANDSHAKES {
                ids.pop_front();
            }
            ids.push_back(request.id.to_string());
        }
    }

    fn has(&self, id: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|known| known == id)
    }

    /// A message of the server with its result as text; none when it is to be left as it is.
    pub(super) fn kept(&self, message: &str) -> Option<String> {
        let message = message.trim_start_matches('\u{feff}');
        let members: Members<'_> = serde_json::from_str(message).ok()?;
        let member = |key: &str| member(&members, key);
        if member("method").is_some() {
            return None;
        }
        let id = member("id")?;
        let bare = words(id);
        if self.has(&bare) {
            return None;
        }
        // The host numbers its requests; some servers give the number back as a text.
        let id = if bare.parse::<i64>().is_ok() { bare.as_str() } else { id };
        if let Some(error) = member("error") {
            let error = sound_error(error);
            return Some(format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{error}}}"#));
        }
        let result = Value::String(member("result").unwrap_or("null").to_string());
        Some(format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"{KEY}":{result}}}}}"#))
    }
}

/// An error with a whole number as code and a text as message.
fn sound_error(text: &str) -> Value {
    let error: Value = serde_json::from_str(text).unwrap_or_default();
    let code = error.get("code").and_then(|code| code.as_i64().or_else(|| code.as_str()?.parse().ok()));
    let code = code.filter(|code| i32::try_from(*code).is_ok()).unwrap_or(INTERNAL_ERROR);
    let message = match error.get("message") {
        Some(Value::String(message)) => message.clone(),
        // Whatever it is, it says why.
        _ => error.as_str().map_or_else(|| text.to_string(), str::to_string),
    };
    json!({"code": code, "message": message, "data": error.get("data")})
}

/// A member as it is written; none where it is missing or null.
pub(super) fn member<'a>(members: &Members<'a>, key: &str) -> Option<&'a str> {
    members.get(key).map(|value| value.get()).filter(|value| *value != "null")
}

/// The text of a JSON string; none of anything else.
pub(super) fn text_of(raw: &str) -> Option<String> {
    serde_json::from_str(raw).ok()
}

/// The text of a JSON string, and anything else as it is written.
pub(super) fn words(raw: &str) -> String {
    text_of(raw).unwrap_or_else(|| raw.to_string())
}

/// A result as the server wrote it; none when the library has taken it for something.
pub(super) fn as_written(result: ServerResult) -> Option<String> {
    let ServerResult::CustomResult(custom) = result else { return None };
    match custom.0 {
        Value::Object(mut map) => match map.remove(KEY) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rmcp::model::ServerJsonRpcMessage;

    use super::*;

    fn passed(message: &str) -> ServerJsonRpcMessage {
        serde_json::from_str(&Handshakes::default().kept(message).unwrap()).unwrap()
    }

    #[test]
    fn no_result_is_taken_for_anything_else() {
        let deep = format!("{}1{}", "[".repeat(500), "]".repeat(500));
        for result in [
            r#"{"content":[],"messages":[]}"#,
            r#"{"tools":[null],"nextCursor":null}"#,
            r#"{"content":[],"action":"accept"}"#,
            r#"{"resultType":"complete"}"#,
            r#"{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"x","version":"1"}}"#,
            "{}",
            "[]",
            "7",
            deep.as_str(),
        ] {
            let message = passed(&format!(r#"{{"jsonrpc":"2.0","id":3,"result":{result},"more":1}}"#));
            let JsonRpcMessage::Response(response) = message else { panic!("{message:?}") };
            assert_eq!(as_written(response.result).as_deref(), Some(result));
        }
    }

    #[test]
    fn small_mistakes_around_a_result_lose_no_answer() {
        for message in [
            r#"{"id":3,"result":{"a":1}}"#,
            r#"{"jsonrpc":"2.0","id":"3","result":{"a":1},"error":null}"#,
            "\u{feff}{\"jsonrpc\":\"1.0\",\"id\":3,\"result\":{\"a\":1}}",
        ] {
            let JsonRpcMessage::Response(response) = passed(message) else { panic!("{message}") };
            assert_eq!(
                (response.id.to_string().as_str(), as_written(response.result).as_deref()),
                ("3", Some("{\"a\":1}"))
            );
        }
        for (message, want) in [
            (r#"{"jsonrpc":"2.0","id":3,"error":"no such pod"}"#, "no such pod"),
            (r#"{"jsonrpc":"2.0","id":3,"result":null,"error":{"message":"no"}}"#, "no"),
            (r#"{"jsonrpc":"2.0","id":3,"error":{"code":"-5","message":"no"}}"#, "no"),
            (r#"{"jsonrpc":"2.0","id":3,"error":{"code":1e40,"message":"no"}}"#, "no"),
            (r#"{"jsonrpc":"2.0","id":3,"error":{"why":"no"}}"#, r#"{"why":"no"}"#),
        ] {
            let JsonRpcMessage::Error(error) = passed(message) else { panic!("{message}") };
            assert_eq!(error.error.message, want);
        }
    }

    #[test]
    fn what_is_no_result_and_the_handshake_stay_as_they_are() {
        let handshakes = Handshakes::default();
        for message in
            [r#"{"jsonrpc":"2.0","method":"ping","id":3}"#, r#"{"jsonrpc":"2.0","method":"x"}"#, "log: started", "[]"]
        {
            assert_eq!(handshakes.kept(message), None, "{message}");
        }
        let sent = r#"{"jsonrpc":"2.0","id":7,"method":"initialize","params":{"protocolVersion":"2025-06-18",
            "capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;
        handshakes.note(&serde_json::from_str(sent).unwrap());
        assert_eq!(handshakes.kept(r#"{"jsonrpc":"2.0","id":7,"result":{}}"#), None);
        assert!(handshakes.kept(r#"{"jsonrpc":"2.0","id":8,"result":{}}"#).is_some());
    }
}
