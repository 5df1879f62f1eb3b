//! Words of an answer while they come.
//!
//! What is told is always the beginning of what the whole answer will be: without thoughts, calls, placeholders and
//! secrets. A secret shows as such by what stands around it, so words are told by whole sentences and lines, and each time
//! all that has come is read anew. What does not begin as it did before is told with the whole answer alone.

use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::future::{BoxFuture, Shared};
use serde_json::Value;

use super::alias::Aliases;
use super::decision::stripped;
use crate::ports::StreamPart;
use crate::redact::redact;

/// Bytes of an answer that are told while they come.
const MOST: usize = 32 * 1024;
/// Bytes of one line of a stream that are read.
const LINE: usize = 1024 * 1024;

/// Takes words while they come.
pub(super) type PartSender<'a> = &'a (dyn Fn(StreamPart) + Send + Sync);

/// The words of one answer.
pub(super) struct TextStream<'a> {
    tell: PartSender<'a>,
    unheard: Shared<BoxFuture<'static, ()>>,
    aliases: Option<&'a Aliases>,
    heard: Mutex<Received>,
}

#[derive(Default)]
struct Received {
    line: Vec<u8>,
    text: String,
    told: String,
    /// Bytes of the text that end with a line or a sentence: only where there are more is it read anew.
    sealed: usize,
    over: bool,
}

impl<'a> TextStream<'a> {
    /// Words for whoever is there until `unheard` is over.
    pub(super) fn new(
        tell: PartSender<'a>,
        unheard: Shared<BoxFuture<'static, ()>>,
        aliases: Option<&'a Aliases>,
    ) -> Self {
        Self { tell, unheard, aliases, heard: Mutex::default() }
    }

    /// Waits until nobody is left to hear them.
    pub(super) async fn unheard(&self) {
        self.unheard.clone().await;
    }

    /// An answer begins, perhaps for the second time: what was told of another one is void.
    pub(super) fn begin(&self) {
        let before = std::mem::take(&mut *self.heard());
        if !before.told.is_empty() {
            (self.tell)(StreamPart::Restart);
        }
    }

    /// Takes the next bytes of a stream of chunks.
    pub(super) fn take(&self, bytes: &[u8]) {
        let mut heard = self.heard();
        if heard.over {
            return;
        }
        let before = heard.text.len();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if heard.line.len() + piece.len() > LINE {
                heard.over = true;
                return;
            }
            heard.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut heard.line);
                heard.text.push_str(&content(&line));
            }
        }
        if heard.text.len() > MOST {
            heard.over = true;
            return;
        }
        let ends = |text: &str| text.contains(['\n', ' ', '。', '！', '？']);
        let upto = if heard.text.get(before..).is_some_and(ends) { sealed(&heard.text).len() } else { heard.sealed };
        if upto != heard.sealed {
            heard.sealed = upto;
            let told = self.fit(&heard.text);
            match told.strip_prefix(&heard.told) {
                Some("") => {}
                Some(more) => {
                    (self.tell)(StreamPart::Text(more.to_string()));
                    heard.told = told;
                }
                // What stands there now is something else than it seemed.
                None if told.len() >= heard.told.len() => heard.over = true,
                None => {}
            }
        }
    }

    fn fit(&self, text: &str) -> String {
        let text = stripped(sealed(text));
        let text = without_calls(&text).trim_end();
        let shown = self.aliases.map(|aliases| aliases.show(text));
        redact(shown.as_deref().unwrap_or(text)).trim_end().to_string()
    }

    fn heard(&self) -> MutexGuard<'_, Received> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The words in a line of a stream.
fn content(line: &[u8]) -> String {
    let line = String::from_utf8_lossy(line);
    let line = line.trim();
    let data = line.strip_prefix("data:").map_or(line, str::trim);
    let chunk: Value = serde_json::from_str(data).unwrap_or_default();
    let words = chunk.pointer("/choices/0/delta/content").and_then(Value::as_str);
    words.unwrap_or_default().to_string()
}

/// As much of a text as ends with a line or a sentence, and before a key that has only begun.
fn sealed(text: &str) -> &str {
    let line = text.rfind('\n').map(|at| at + 1);
    let sentence = [". ", "! ", "? ", ": "].iter().filter_map(|end| text.rfind(end).map(|at| at + 1)).max();
    let wide = ["。", "！", "？"].iter().filter_map(|end| text.rfind(end).map(|at| at + end.len())).max();
    let end = line.max(sentence).max(wide).unwrap_or(0);
    let text = text.get(..end).unwrap_or_default();
    match text.rfind("-----BEGIN") {
        Some(begins) if text.get(begins..).is_some_and(|key| !key.contains("-----END")) => {
            text.get(..begins).unwrap_or_default()
        }
        _ => text,
    }
}

/// What stands before anything that could be a call in one of the forms that models print, or a block that has only begun.
fn without_calls(text: &str) -> &str {
    let mut at = 0;
    let mut block: Option<usize> = None;
    for line in text.split_inclusive('\n') {
        let bare = line.trim();
        let marks = ["<|", "<｜", "tool_call", "tool_name", "functions.", "◁", "[TOOL", "decision:"];
        if marks.iter().any(|mark| bare.contains(mark)) {
            return text.get(..block.unwrap_or(at)).unwrap_or_default();
        }
        if bare.starts_with("```") {
            block = if block.is_some() { None } else { Some(at) };
        } else if block.is_none() && bare.starts_with(['<', '{', '[']) {
            return text.get(..at).unwrap_or_default();
        }
        at += line.len();
    }
    text.get(..block.unwrap_or(at)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use futures::FutureExt;
    use serde_json::json;

    use super::*;

    fn chunk(words: &str) -> String {
        format!("data: {}\n\n", json!({"choices": [{"delta": {"content": words}}]}))
    }

    /// What is told of an answer that comes in pieces of so many letters.
    fn told(text: &str, letters: usize) -> String {
        let all = Mutex::new(String::new());
        let tell = |streamed: StreamPart| match streamed {
            StreamPart::Text(words) => all.lock().unwrap().push_str(&words),
            StreamPart::Restart => all.lock().unwrap().clear(),
        };
        let words = TextStream::new(&tell, pending().boxed().shared(), None);
        words.begin();
        let letters_of: Vec<char> = text.chars().collect();
        for piece in letters_of.chunks(letters) {
            let event = chunk(&piece.iter().collect::<String>());
            // The connection cuts where it likes.
            let (a, b) = event.as_bytes().split_at(event.len() / 2);
            words.take(a);
            words.take(b);
        }
        let all = all.lock().unwrap();
        all.clone()
    }

    #[test]
    fn whole_sentences_are_told_as_they_come() {
        assert_eq!(told("It starts. It was down. And", 3), "It starts. It was down.");
        assert_eq!(told("<think>So. Hm. </think>It starts.\n", 4), "It starts.");
        assert_eq!(told("镜像不存在。请", 2), "镜像不存在。");
    }

    #[test]
    fn no_cut_of_the_stream_lets_a_secret_through() {
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", "MIIEvQIBADANBgkq".repeat(4));
        for text in [
            "The login password=hunter22hunter22 failed. It is wrong.\n",
            "It uses AKIAIOSFODNN7EXAMPLE as key. Really.\n",
            &format!("Here it is.\n{pem}Done.\n"),
        ] {
            for letters in [1, 2, 5, 13, 100] {
                let got = told(text, letters);
                for secret in ["hunter22", "AKIAIOSFODNN7EXAMPLE", "MIIEvQ"] {
                    assert!(!got.contains(secret), "{letters}: {got}");
                }
                let whole = redact(text);
                assert!(whole.starts_with(&got), "{letters}: {got} begins {whole}");
            }
        }
    }

    #[test]
    fn calls_that_are_printed_are_not_told() {
        for call in [
            "<tool_call>{\"name\": \"a\"}</tool_call>\n",
            "```yaml\ndecision: execute_tool\ntool_call:\n  tool_name: k.get\n```\n",
            "{\"name\": \"k.get\", \"arguments\": {}}\n",
            "<｜tool▁calls▁begin｜>function<｜tool▁sep｜>k.get\n",
        ] {
            assert_eq!(told(&format!("I look. Now.\n{call}"), 3), "I look. Now.", "{call}");
        }
        let example = "Do this:\n```sh\nkubectl get pods\n```\nThen wait.\n";
        assert_eq!(told(example, 3), example.trim_end());
    }

    #[test]
    fn another_attempt_takes_back_what_was_told() {
        let all = Mutex::new(Vec::new());
        let tell = |streamed: StreamPart| all.lock().unwrap().push(streamed);
        let words = TextStream::new(&tell, pending().boxed().shared(), None);
        words.begin();
        words.take(chunk("One. Two").as_bytes());
        words.begin();
        words.begin();
        words.take(chunk("Three. ").as_bytes());
        let want = [StreamPart::Text("One.".into()), StreamPart::Restart, StreamPart::Text("Three.".into())];
        assert_eq!(*all.lock().unwrap(), want);
    }
}
