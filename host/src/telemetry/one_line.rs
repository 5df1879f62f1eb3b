//! Keeps every event of the log on one line of its own and shows letters without a shape in it by
//! their number: what an event tells from outside can neither forge a line nor command a terminal.

use std::io::{self, Write};

use crate::domain::text::letters::{in_json, visible_line};

/// How events are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Text without colours.
    Plain,
    /// Text with the colours of the log itself. What events tell has no escape character any more:
    /// the library takes it out of every message and field.
    Coloured,
    /// JSON documents.
    Json,
}

/// Takes one event a write, as `tracing-subscriber` hands them on.
pub struct OneLine<W>(pub W, pub Form);

impl<W: Write> Write for OneLine<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        self.0.write_all(line(text.trim_end_matches('\n'), self.1).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn line(text: &str, form: Form) -> String {
    let mut out = match form {
        Form::Plain => visible_line(text),
        Form::Json => in_json(text),
        Form::Coloured => coloured(text),
    };
    out.push('\n');
    out
}

/// Colours stay: an escape character, `[`, digits and semicolons, `m`.
fn coloured(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut parts = text.split('\u{1b}');
    out.push_str(&visible_line(parts.next().unwrap_or_default()));
    for part in parts {
        let colour = part.strip_prefix('[').and_then(|rest| rest.split_once('m'));
        match colour.filter(|(code, _)| code.bytes().all(|byte| byte.is_ascii_digit() || byte == b';')) {
            Some((code, rest)) => out.push_str(&format!("\u{1b}[{code}m{}", visible_line(rest))),
            None => out.push_str(&format!("{}{}", visible_line("\u{1b}"), visible_line(part))),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(form: Form, event: &str) -> String {
        let mut out = Vec::new();
        OneLine(&mut out, form).write_all(event.as_bytes()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_event_is_one_line() {
        let event = "INFO seen a=x\nFAKE 2026 INFO forged\r\u{2028}\u{202e}\u{200b}\u{1b}]0;t\u{7}\n";
        let shown = "INFO seen a=x\\u{a}FAKE 2026 INFO forged\\u{d}\\u{2028}\\u{202e}\\u{200b}\\u{1b}]0;t\\u{7}\n";
        assert_eq!(written(Form::Plain, event), shown);
        assert_eq!(written(Form::Coloured, event), shown);
        let painted = "\u{1b}[2m\u{1b}[32mINFO\u{1b}[0m x\ny\u{1b}[2J\n";
        assert_eq!(written(Form::Coloured, painted), "\u{1b}[2m\u{1b}[32mINFO\u{1b}[0m x\\u{a}y\\u{1b}[2J\n");
        let json = "{\"message\":\"a\u{202e}\u{e0041}b\"}\n";
        let line = written(Form::Json, json);
        assert_eq!(line, "{\"message\":\"a\\u202e\\udb40\\udc41b\"}\n");
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["message"], "a\u{202e}\u{e0041}b");
    }
}
