//! One line of a log that programs write as JSON (zap, pino, logrus, ECS, Serilog, Docker): what a person reads of it.

use serde_json::{Map, Value};

const TIMES: [&str; 6] = ["time", "ts", "timestamp", "@timestamp", "@t", "datetime"];
const LEVELS: [&str; 7] = ["level", "severity", "log.level", "lvl", "loglevel", "levelname", "@l"];
const MESSAGES: [&str; 8] = ["msg", "message", "short_message", "@m", "@mt", "log", "event", "textPayload"];
const ERRORS: [&str; 5] = ["error", "err", "error.message", "exception", "@x"];

/// What the level of a line says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineLevel {
    Error,
    Harmless,
    /// No level, or one such as *warn*: the words tell.
    Unknown,
}

/// A line as a person would have written it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LogLine {
    pub weight: LineLevel,
    pub text: String,
}

/// Reads a line that is JSON, or JSON behind a time or the name of a pod.
pub(super) fn read(line: &str) -> Option<LogLine> {
    let (before, json) = line.split_at(line.find('{')?);
    let prefixes = |word: &str| word.starts_with('[') || word.starts_with(|first: char| first.is_ascii_digit());
    if !before.split_whitespace().all(prefixes) {
        return None;
    }
    let map: Map<String, Value> = serde_json::from_str(json).ok()?;
    let read = of(&map)?;
    let text = [before.trim(), &read.text].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    Some(LogLine { text, ..read })
}

/// Whether a document is a line of a log rather than an answer about one.
pub(super) fn is_one(map: &Map<String, Value>) -> bool {
    any(map, &MESSAGES).is_some() && (any(map, &LEVELS).is_some() || any(map, &TIMES).is_some())
}

fn of(map: &Map<String, Value>) -> Option<LogLine> {
    let (message, error, level) = (any(map, &MESSAGES), any(map, &ERRORS), any(map, &LEVELS));
    if message.is_none() && error.is_none() {
        return None;
    }
    let weight = level.as_deref().map_or(LineLevel::Unknown, weight);
    let error = error.filter(|error| message.as_ref() != Some(error)).map(|error| format!("error={error}"));
    let parts = [any(map, &TIMES), level, message, error];
    Some(LogLine { weight, text: parts.into_iter().flatten().collect::<Vec<_>>().join(" ") })
}

fn any(map: &Map<String, Value>, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|key| {
        // A dotted name is written flat or nested.
        let nested = || key.split_once('.').and_then(|(outer, inner)| map.get(outer)?.get(inner));
        said(map.get(*key).or_else(nested)?)
    })
}

fn said(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        Value::Number(number) => number.to_string(),
        Value::Object(map) => return ["message", "msg", "name", "type"].iter().find_map(|key| said(map.get(*key)?)),
        _ => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}

/// Numbers are pino's and Bunyan's (10 to 60), or syslog's (0 to 7).
fn weight(level: &str) -> LineLevel {
    if let Ok(number) = level.parse::<f64>() {
        return match number {
            n if n >= 50.0 || n <= 3.0 => LineLevel::Error,
            n if n == 4.0 || n >= 40.0 => LineLevel::Unknown,
            _ => LineLevel::Harmless,
        };
    }
    match level.to_lowercase().as_str() {
        "error" | "err" | "fatal" | "panic" | "dpanic" | "critical" | "crit" | "alert" | "emerg" | "emergency"
        | "severe" => LineLevel::Error,
        "info" | "information" | "informational" | "debug" | "trace" | "verbose" | "notice" => LineLevel::Harmless,
        _ => LineLevel::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_writer_is_read() {
        use LineLevel::{Error, Harmless, Unknown};
        for (line, weight, text) in [
            (
                r#"{"level":"error","ts":1.5,"msg":"dial tcp","error":"refused"}"#,
                Error,
                "1.5 error dial tcp error=refused",
            ),
            (r#"{"level":50,"time":7,"err":{"type":"E","message":"boom"},"msg":"x"}"#, Error, "7 50 x error=boom"),
            (r#"{"level":30,"msg":"no error"}"#, Harmless, "30 no error"),
            (r#"{"level":3,"short_message":"m"}"#, Error, "3 m"),
            (r#"{"level":6,"short_message":"m"}"#, Harmless, "6 m"),
            (
                r#"{"@timestamp":"T","log":{"level":"FATAL"},"message":"m","error":{"message":"e"}}"#,
                Error,
                "T FATAL m error=e",
            ),
            (r#"{"@timestamp":"T","log.level":"warn","message":"a\n b"}"#, Unknown, "T warn a b"),
            (r#"{"severity":"CRITICAL","message":"m"}"#, Error, "CRITICAL m"),
            (r#"{"log":"failed\n","stream":"stderr","time":"T"}"#, Unknown, "T failed"),
            (
                r#"[pod/web/app] 2026-11-27T01:00:00Z {"level":"panic","msg":"m"}"#,
                Error,
                "[pod/web/app] 2026-11-27T01:00:00Z panic m",
            ),
        ] {
            assert_eq!(read(line), Some(LogLine { weight, text: text.into() }));
        }
        for line in [r#"{"a":1}"#, "plain", r#"ERROR in {"msg":"x"}"#, r#"{"msg":"x""#, "{}", "[1]"] {
            assert_eq!(read(line), None);
        }
    }
}
