//! JSON as some senders write it, mended so that every reader takes it.

use serde_json::{Number, Value};

/// Levels that are kept; readers take 128 and count their own.
const DEEPEST: usize = 100;

/// A body whose JSON has small mistakes, without them: half a surrogate pair, raw control characters and
/// unknown escapes in strings; `NaN`, `Infinity`, `None` and numbers that nobody can hold; commas before a
/// closing bracket; what is nested too deeply. None when there is nothing to mend, or it is no JSON all the same.
pub fn repaired(body: &str) -> Option<String> {
    let rest = body.trim_start_matches('\u{feff}');
    if !rest.trim_start().starts_with(['{', '[']) {
        return None;
    }
    let mut mender = Repairer { rest, out: String::with_capacity(rest.len()), depth: 0 };
    while mender.step() {}
    let out = mender.out;
    let sound = out != body && serde_json::from_str::<Value>(&out).is_ok();
    sound.then_some(out)
}

struct Repairer<'a> {
    rest: &'a str,
    out: String,
    depth: usize,
}

impl Repairer<'_> {
    fn take(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let taken = chars.next();
        self.rest = chars.as_str();
        taken
    }

    fn copy(&mut self) {
        let taken = self.take();
        self.out.extend(taken);
    }

    fn step(&mut self) -> bool {
        let Some(next) = self.rest.chars().next() else { return false };
        match next {
            '"' => self.string(),
            '{' | '[' if self.depth >= DEEPEST => {
                self.skip();
                self.out.push_str("null");
            }
            '{' | '[' => {
                self.depth += 1;
                self.copy();
            }
            '}' | ']' => {
                self.depth = self.depth.saturating_sub(1);
                let kept = self.out.trim_end();
                if let Some(kept) = kept.strip_suffix(',') {
                    self.out.truncate(kept.len());
                }
                self.copy();
            }
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '+' | '.' | '_' => self.word(),
            _ => self.copy(),
        }
        true
    }

    /// A number, or one of a few words.
    fn word(&mut self) {
        let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.' | '_');
        let end = self.rest.find(|c| !part(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        match word {
            "true" | "false" | "null" => self.out.push_str(word),
            "True" => self.out.push_str("true"),
            "False" => self.out.push_str("false"),
            "None" | "nil" | "undefined" => self.out.push_str("null"),
            word if serde_json::from_str::<Number>(word).is_ok() => self.out.push_str(word),
            // What it said can still be read.
            word => self.out.push_str(&Value::String(word.to_string()).to_string()),
        }
    }

    fn string(&mut self) {
        self.copy();
        while let Some(next) = self.take() {
            match next {
                '"' => {
                    self.out.push('"');
                    return;
                }
                '\\' => self.escape(),
                control if control < ' ' => self.out.push_str(&format!("\\u{:04x}", u32::from(control))),
                other => self.out.push(other),
            }
        }
    }

    fn escape(&mut self) {
        match self.rest.chars().next() {
            Some(known @ ('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't')) => {
                self.take();
                self.out.extend(['\\', known]);
            }
            Some('u') => match unit(self.rest) {
                None => self.out.push_str("\\\\"),
                Some(high @ 0xd800..=0xdbff) => {
                    let behind = self.rest.get(5..).unwrap_or_default();
                    let low = behind.strip_prefix('\\').and_then(unit).filter(|low| (0xdc00..=0xdfff).contains(low));
                    self.rest = self.rest.get(if low.is_some() { 11 } else { 5 }..).unwrap_or_default();
                    match low {
                        Some(low) => self.out.push_str(&format!("\\u{high:04x}\\u{low:04x}")),
                        None => self.out.push_str("\\ufffd"),
                    }
                }
                Some(code) => {
                    self.rest = self.rest.get(5..).unwrap_or_default();
                    let code = if (0xdc00..=0xdfff).contains(&code) { 0xfffd } else { code };
                    self.out.push_str(&format!("\\u{code:04x}"));
                }
            },
            // A backslash that stands for itself, as in a path.
            _ => self.out.push_str("\\\\"),
        }
    }

    /// Leaves out a whole list or object.
    fn skip(&mut self) {
        let (mut open, mut quoted, mut escaped) = (0_usize, false, false);
        while let Some(next) = self.take() {
            match next {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                '{' | '[' if !quoted => open += 1,
                '}' | ']' if !quoted => {
                    open -= 1;
                    if open == 0 {
                        return;
                    }
                }
                _ => {}
            }
        }
    }
}

/// The four digits behind `u`.
fn unit(text: &str) -> Option<u32> {
    let digits = text.strip_prefix('u')?.get(..4)?;
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u32::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: &str) -> Value {
        serde_json::from_str(&repaired(body).unwrap()).unwrap()
    }

    #[test]
    fn small_mistakes_are_mended_and_the_rest_stays() {
        for (body, want) in [
            (r#"{"a":"cut \ud83d","b":"\ud83d\ude00"}"#, json!({"a": "cut \u{fffd}", "b": "😀"})),
            (r#"["\ude00","\ud83d\u0041","\ud83d\ud83d\ude00"]"#, json!(["\u{fffd}", "\u{fffd}A", "\u{fffd}😀"])),
            ("[\"a\nb\tc\u{1}\"]", json!(["a\nb\tc\u{1}"])),
            (
                r#"["C:\data\u12",NaN,-Infinity,1e999,007]"#,
                json!(["C:\\data\\u12", "NaN", "-Infinity", "1e999", "007"]),
            ),
            ("{\"a\": [1, 2, ], \"b\": None, }", json!({"a": [1, 2], "b": null})),
            ("\u{feff}{\"a\":True}", json!({"a": true})),
            ("\u{feff}{}", json!({})),
        ] {
            assert_eq!(read(body), want, "{body}");
        }
    }

    #[test]
    fn what_is_sound_or_no_json_is_left_alone() {
        let deep = "[".repeat(300_000);
        for body in [
            "",
            "{}",
            r#"{"a":[1,"NaN, ]\u00e9\ud83d\ude00",null,true,-1.5e3]}"#,
            "hello",
            "a=b&c=d",
            "{",
            deep.as_str(),
            "\"\\",
        ] {
            assert_eq!(repaired(body), None, "{}", body.get(..20).unwrap_or(body));
        }
    }

    #[test]
    fn what_is_nested_too_deeply_costs_no_neighbour() {
        let deep = format!(r#"{{"a":{}"]"{},"b":1}}"#, "[".repeat(500), "]".repeat(500));
        assert_eq!(read(&deep)["b"], 1);
    }
}
