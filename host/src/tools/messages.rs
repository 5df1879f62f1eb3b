//! The messages in what a server writes. Mistakes of its JSON lose no answer: what can be mended is, and for what
//! cannot be read whoever asked hears at once that it was answered, instead of waiting for nothing.

use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::raw_results::{Handshakes, INTERNAL_ERROR};

/// What JSON has no word for, and some libraries write all the same.
const NO_NUMBERS: [&str; 3] = ["NaN", "-Infinity", "Infinity"];

/// The messages in the lines of one session.
pub(super) struct Messages {
    handshakes: Handshakes,
    /// Longest message in bytes.
    pub(super) longest: usize,
    /// The lines so far of a message that is written over several.
    begun: String,
    /// Whether a line that is no message was spoken of: what a server logs to its output would fill the log.
    told: bool,
}

impl Messages {
    pub(super) fn new(handshakes: Handshakes, longest: usize) -> Self {
        Self { handshakes, longest, begun: String::new(), told: false }
    }

    /// The messages that end with this line. What is none goes on as it is.
    pub(super) fn of(&mut self, line: &[u8]) -> Vec<String> {
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end().trim_start_matches('\u{feff}');
        let opens = matches!(text, "{" | "[");
        if !self.begun.is_empty() && (opens || text.starts_with("{\"")) {
            // Another message begins: the one before has no end.
            let begun = std::mem::take(&mut self.begun);
            let mut out = self.read(&begun);
            out.extend(self.of(line));
            return out;
        }
        if !opens && self.begun.is_empty() {
            return self.read(text);
        }
        if !self.begun.is_empty() {
            self.begun.push('\n');
        }
        self.begun.push_str(text);
        if matches!(text, "}" | "]") || self.begun.len() > self.longest {
            let whole = std::mem::take(&mut self.begun);
            return if whole.len() > self.longest { self.too_long(&whole, "") } else { self.read(&whole) };
        }
        Vec::new()
    }

    /// What is handed on instead of a message of which only the two ends were kept.
    pub(super) fn too_long(&mut self, head: &str, tail: &str) -> Vec<String> {
        let answer = named(head, tail).map(|id| too_long(&id, self.longest));
        tracing::error!(
            longest = self.longest,
            answers = answer.is_some(),
            "a message of an MCP server is too long and left out"
        );
        answer.into_iter().collect()
    }

    fn read(&mut self, text: &str) -> Vec<String> {
        let read = read(&self.handshakes, text);
        if read.unreadable && !text.trim().is_empty() && !std::mem::replace(&mut self.told, true) {
            tracing::warn!(
                bytes = text.len(),
                "a line of an MCP server is no message and left out; further ones are not told of"
            );
        }
        read.messages
    }
}

/// What stands in a text.
pub(super) struct ParsedMessages {
    pub messages: Vec<String>,
    /// Something in it is no JSON.
    pub unreadable: bool,
}

/// The messages in a text: several where it is a batch.
pub(super) fn read(handshakes: &Handshakes, text: &str) -> ParsedMessages {
    let text = text.trim().trim_start_matches('\u{feff}');
    // Nearly every text is one sound answer, and a long one is not looked through twice.
    if let Some(message) = handshakes.kept(text) {
        return ParsedMessages { messages: vec![message], unreadable: false };
    }
    let mended;
    let sound = match serde_json::from_str::<IgnoredAny>(text) {
        Ok(_) => text,
        Err(wrong) => {
            mended = without_nan(text);
            if serde_json::from_str::<IgnoredAny>(&mended).is_err() {
                // Of what is cut the last member may lie deeper than it seems.
                let tail = if closes(text) { text } else { "" };
                let answer = named(text, tail)
                    .map(|id| error(&id, &format!("the answer is no JSON that can be read and was left out: {wrong}")));
                return ParsedMessages { messages: vec![answer.unwrap_or_else(|| one_line(text))], unreadable: true };
            }
            &mended
        }
    };
    let batch = if sound.starts_with('[') { serde_json::from_str::<Vec<&RawValue>>(sound).ok() } else { None };
    let parts = batch.map_or_else(|| vec![sound], |parts| parts.into_iter().map(RawValue::get).collect());
    let messages = parts.into_iter().map(|part| handshakes.kept(part).unwrap_or_else(|| one_line(part))).collect();
    ParsedMessages { messages, unreadable: false }
}

/// That a request was answered with too much.
pub(super) fn too_long(id: &Value, longest: usize) -> String {
    let limit = if longest >= 1 << 20 { format!("{} MiB", longest >> 20) } else { format!("{longest} bytes") };
    error(id, &format!("the answer is longer than {limit} and was left out"))
}

/// An error in place of an answer.
pub(super) fn error(id: &Value, why: &str) -> String {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": INTERNAL_ERROR, "message": why}}).to_string()
}

/// Between tokens the end of a line is but space.
fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

/// Which request a message answers whose middle is missing or cannot be read: servers name it before the result
/// or behind it. What asks or tells something itself answers none.
fn named(head: &str, tail: &str) -> Option<Value> {
    let head = head.trim_start_matches(['\u{feff}', '[', ' ', '\n']);
    let result = ["\"result\"", "\"error\""].iter().filter_map(|key| head.find(key)).min()?;
    let before = head.get(..result)?.trim_end().trim_end_matches(',');
    let before: Map<String, Value> = serde_json::from_str(&format!("{before}}}")).ok()?;
    if before.contains_key("method") {
        return None;
    }
    let behind = || {
        let at = tail.rfind("\"id\"")?;
        let behind = tail.get(at..)?.trim_end().trim_end_matches(']');
        // Only what closes with the message itself is read: it would not be whole else.
        serde_json::from_str::<Map<String, Value>>(&format!("{{{behind}")).ok()?.remove("id")
    };
    let id = before.get("id").cloned().or_else(behind)?;
    match &id {
        Value::Number(_) => Some(id),
        Value::String(text) => Some(text.parse::<i64>().map_or_else(|_| id.clone(), Value::from)),
        _ => None,
    }
}

/// Whether as much closes as opens.
fn closes(text: &str) -> bool {
    let (mut depth, mut inside, mut escaped) = (0_i64, false, false);
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = inside,
            '"' => inside = !inside,
            '{' | '[' if !inside => depth += 1,
            '}' | ']' if !inside => depth -= 1,
            _ => {}
        }
    }
    depth == 0
}

/// A text with null for what stands as a number outside of its strings and is none.
fn without_nan(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut inside, mut escaped) = (text, false, false);
    while let Some(c) = rest.chars().next() {
        let word = NO_NUMBERS.iter().find_map(|word| rest.strip_prefix(word));
        if let (false, Some(behind)) = (inside, word) {
            out.push_str("null");
            rest = behind;
            continue;
        }
        (inside, escaped) = match c {
            _ if escaped => (inside, false),
            '\\' => (inside, inside),
            '"' => (!inside, false),
            _ => (inside, false),
        };
        out.push(c);
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(lines: &str) -> Vec<Value> {
        let mut messages = Messages::new(Handshakes::default(), 1000);
        let out = lines.split_inclusive('\n').flat_map(|line| messages.of(line.as_bytes()));
        out.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text))).collect()
    }

    #[test]
    fn mistakes_of_json_lose_no_answer() {
        let want = |result: &str| json!({"jsonrpc": "2.0", "id": 3, "result": {"tidegate_result": result}});
        for (lines, result) in [
            ("{\n  \"jsonrpc\": \"2.0\",\n  \"id\": 3,\n  \"result\": 1\n}\n", "1"),
            ("{\r\n\t\"id\": 3,\r\n\t\"result\": 1\r\n}\r\n", "1"),
            ("[{\"id\":3,\"result\":1}]\n", "1"),
            ("[\n  {\n    \"id\": 3,\n    \"result\": 1\n  }\n]\n", "1"),
            (
                r#"{"id":3,"result":{"t":"a NaN \" NaN","_meta":[NaN,-Infinity,Infinity]}}"#,
                r#"{"t":"a NaN \" NaN","_meta":[null,null,null]}"#,
            ),
        ] {
            assert_eq!(messages(lines), [want(result)], "{lines}");
        }
        let two = messages("[{\"id\":3,\"result\":1},{\"jsonrpc\":\"2.0\",\"method\":\"x\"}]\n");
        assert_eq!(two, [want("1"), json!({"jsonrpc": "2.0", "method": "x"})]);
        let mut odd = Messages::new(Handshakes::default(), 1000);
        let got = odd.of(b"{\"id\":3,\"result\":{\"t\":\"a\xffb\"}}\n").remove(0);
        assert!(got.contains("a\u{fffd}b"), "{got}");
    }

    #[test]
    fn what_cannot_be_read_answers_whom_it_names() {
        for line in [
            r#"{"jsonrpc":"2.0","id":3,"result":{"content":[{"#,
            r#"{"jsonrpc":"2.0","id":"3","error":{"message":oops}}"#,
            r#"{"result":{"id":9,"t":'x'},"jsonrpc":"2.0","id":3}"#,
            "{\n  \"id\": 3,\n  \"result\": {\n{\"id\":4,\"result\":1}\n",
        ] {
            let got = messages(line).remove(0);
            assert_eq!(got["id"], 3, "{line}: {got}");
            assert!(got["error"]["message"].as_str().unwrap().contains("no JSON that can be read"), "{got}");
        }
        // These name none, or ask something themselves.
        for line in ["log: started", r#"{"method":"x","id":3,"params":{"result":"#, r#"{"result":{"id":3}"#, "{oops}"] {
            assert_eq!(messages(line), [Value::String(line.into())]);
        }
        assert_eq!(messages("{\n  \"id\": 3,\n{\"id\":4,\"result\":1}\n")[1]["id"], 4);
    }
}
