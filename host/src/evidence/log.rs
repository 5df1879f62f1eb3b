//! A log: how long it is, how many errors it holds, the first and the last of them, its end.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use super::log_line::{self, LineLevel, LogLine};

/// Lines of its end that are shown.
const END: usize = 3;

/// What members that hold a log are called.
const HOLDERS: [&str; 7] = ["logs", "log", "lines", "entries", "output", "stdout", "content"];
/// An only member of such a name tells why there is no log.
const REFUSALS: [&str; 4] = ["error", "message", "reason", "status"];

static ERROR: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b(errors?|err|fatal|panic(ked)?|exceptions?|fail(ed|ure|s)?|critical|crit|traceback|segfault|segmentation|out of memory|oom|killed|refused|denied|unauthorized|forbidden|time(d )?out|cannot|can't|could not|unable|no such|not found|unreachable)\b|(?-i:[a-z](Error|Exception))\b",
    )
    .ok()
});

static HARMLESS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?i)\blevel["']?\s*[=:]\s*["']?(info|debug|trace)\b|"severity"\s*:\s*"(info|debug)"|^\S*\s*\S*\s*\[?(INFO|DEBUG|TRACE)\b"#)
        .ok()
});

/// Whether a line tells of an error.
fn tells(line: &str) -> bool {
    ERROR.as_ref().is_some_and(|words| words.is_match(line))
        && !HARMLESS.as_ref().is_some_and(|words| words.is_match(line))
}

/// The last line of a log that tells of an error, but for the lines of a trace of calls.
pub(crate) fn last_error(text: &str) -> Option<String> {
    let lines = text.lines().rev().filter(|line| !line.trim().is_empty()).take(200);
    lines.filter(|line| !line.trim_start().starts_with("at ")).find_map(|line| {
        let line = line.get(..line.floor_char_boundary(2000)).unwrap_or_default();
        let read = log_line::read(line);
        let is = match read.as_ref().map(|read| read.weight) {
            Some(LineLevel::Error) => true,
            Some(LineLevel::Harmless) => false,
            // What a trace of Java ends with is what it began with.
            _ => tells(line) || line.trim_start().starts_with("Caused by:"),
        };
        is.then(|| read.map_or_else(|| line.trim().to_string(), |read| read.text))
    })
}

/// The log in an answer to a call for one: the text itself, or what its one document holds. None where that is
/// something else, such as an object or a refusal.
pub(super) fn of(text: &str) -> Option<Vec<String>> {
    let start = text.trim_start();
    if !start.starts_with(['{', '[']) {
        return Some(lines(text));
    }
    // A text in a member is cut together with the answer.
    let whole = serde_json::from_str::<Value>(start).or_else(|_| serde_json::from_str(&format!("{start}\"}}")));
    match whole {
        Ok(Value::Array(items)) => joined(&items).map(|text| lines(&text)),
        Ok(Value::Object(map)) if log_line::is_one(&map) => Some(lines(&Value::Object(map).to_string())),
        Ok(Value::Object(map)) => held(&map).map(|text| lines(&text)),
        Ok(_) => None,
        Err(_) if start.starts_with('[') || text.lines().any(|line| log_line::read(line).is_some()) => {
            Some(lines(text))
        }
        Err(_) => None,
    }
}

/// The member that is the log: one that is called so, or the only one.
fn held(map: &Map<String, Value>) -> Option<String> {
    let called = HOLDERS.iter().find_map(|key| map.get(*key));
    let alone = || map.iter().next().filter(|(key, _)| map.len() == 1 && !REFUSALS.contains(&key.as_str()));
    match called.or_else(|| alone().map(|(_, value)| value))? {
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => joined(items),
        _ => None,
    }
}

/// A list of lines, each a text or a document of its own.
fn joined(items: &[Value]) -> Option<String> {
    let line = |item: &Value| match item {
        Value::String(text) => Some(text.clone()),
        Value::Object(map) => log_line::is_one(map).then(|| item.to_string()),
        _ => None,
    };
    if items.is_empty() {
        return None;
    }
    items.iter().map(line).collect::<Option<Vec<String>>>().map(|lines| lines.join("\n"))
}

/// What a person would read of it.
pub(super) fn lines(text: &str) -> Vec<String> {
    let read = |line: &str| {
        log_line::read(line).unwrap_or_else(|| LogLine { weight: LineLevel::Unknown, text: line.to_string() })
    };
    let all: Vec<LogLine> = text.lines().filter(|line| !line.trim().is_empty()).map(read).collect();
    if all.is_empty() {
        return vec!["the log is empty".into()];
    }
    if all.len() <= END + 2 {
        return all.into_iter().map(|line| line.text).collect();
    }
    let is_error = |line: &LogLine| match line.weight {
        LineLevel::Error => true,
        LineLevel::Harmless => false,
        LineLevel::Unknown => tells(&line.text),
    };
    let errors: Vec<(usize, &str)> = all
        .iter()
        .enumerate()
        .filter(|(_, line)| is_error(line))
        .map(|(at, line)| (at + 1, line.text.as_str()))
        .collect();
    let mut lines = vec![match errors.len() {
        0 => format!("{} lines, none of them an error", all.len()),
        1 => format!("{} lines, 1 of them an error", all.len()),
        many => format!("{} lines, {many} of them errors", all.len()),
    }];
    if let Some((at, line)) = errors.first() {
        lines.push(format!("first error (line {at}): {line}"));
    }
    if let Some((at, line)) = errors.last().filter(|_| errors.len() > 1) {
        lines.push(format!("last error (line {at}): {line}"));
    }
    let end = all.len() - END;
    lines.extend(all.iter().skip(end).map(|line| format!("end: {}", line.text)));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_the_last_error_stand_out() {
        let text = "boot\nlevel=info msg=\"no errors yet\"\nERROR: cannot reach db:5432\nretry\nretry\n\
                    2026-11-21T00:00:01Z panic: runtime error\ngoroutine 1\nexit\n";
        let want = [
            "8 lines, 2 of them errors",
            "first error (line 3): ERROR: cannot reach db:5432",
            "last error (line 6): 2026-11-21T00:00:01Z panic: runtime error",
            "end: 2026-11-21T00:00:01Z panic: runtime error",
            "end: goroutine 1",
            "end: exit",
        ];
        assert_eq!(lines(text), want);
        assert_eq!(lines("started nginx:1.25\n"), ["started nginx:1.25"]);
        assert_eq!(lines(" \n"), ["the log is empty"]);
        assert!(tells("java.lang.NullPointerException: x") && !tells("INFO 0 errors") && !tells("terror"));
    }
}
