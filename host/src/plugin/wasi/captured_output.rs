//! What a guest writes to its standard output and error: panics, exceptions and whatever its author wants to see.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError};

use crate::plugin::error::Cause;
use crate::plugin::limiter::Halt;

/// So much of the end is kept: what a runtime says last is why it stopped.
const KEPT: usize = 4 << 10;

/// What Rust's own runtime adds to a panic; there is no such variable here.
const ADVICE: &str = "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace";

/// Written in one piece.
const PIECE: usize = 64 << 10;

/// The end of what a call has written, and how much that was.
#[derive(Clone)]
pub(super) struct CapturedOutput(Arc<Mutex<Text>>);

struct Text {
    end: Vec<u8>,
    written: usize,
    most: usize,
}

impl CapturedOutput {
    /// More than `most` bytes end the call.
    pub fn new(most: usize) -> Self {
        Self(Arc::new(Mutex::new(Text { end: vec![], written: 0, most })))
    }

    /// The end of the text, if there is any.
    pub fn end(&self) -> Option<String> {
        let text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let end = String::from_utf8_lossy(&text.end);
        let end = end.trim().trim_end_matches(ADVICE).trim_end();
        (!end.is_empty()).then(|| {
            // Bytes that are no text have become longer.
            let beyond = end.ceil_char_boundary(end.len().saturating_sub(KEPT));
            let omitted = if text.written > text.end.len() || beyond > 0 { "…" } else { "" };
            format!("{omitted}{}", end.get(beyond..).unwrap_or_default())
        })
    }

    fn add(&self, bytes: &[u8]) -> Result<(), Halt> {
        let mut text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        text.written = text.written.saturating_add(bytes.len());
        text.end.extend(bytes);
        let beyond = text.end.len().saturating_sub(KEPT);
        text.end.drain(..beyond);
        if text.written > text.most { Err(Halt(Cause::Log(text.most))) } else { Ok(()) }
    }
}

#[async_trait]
impl Pollable for CapturedOutput {
    async fn ready(&mut self) {}
}

impl OutputStream for CapturedOutput {
    fn write(&mut self, bytes: Bytes) -> Result<(), StreamError> {
        self.add(&bytes).map_err(|halt| StreamError::Trap(halt.into()))
    }

    fn flush(&mut self) -> Result<(), StreamError> {
        Ok(())
    }

    fn check_write(&mut self) -> Result<usize, StreamError> {
        Ok(PIECE)
    }
}

impl IsTerminal for CapturedOutput {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for CapturedOutput {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    /// Of WASI 0.3, which is not linked.
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(tokio::io::empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_that_nobody_can_follow_is_left_out() {
        let printed = CapturedOutput::new(10_000);
        printed.add(format!("panicked at src/lib.rs:3:\nwhy\n{ADVICE}\n").as_bytes()).unwrap();
        assert_eq!(printed.end().as_deref(), Some("panicked at src/lib.rs:3:\nwhy"));
    }

    #[test]
    fn the_end_is_kept_and_the_whole_is_counted() {
        let printed = CapturedOutput::new(10_000);
        assert_eq!(printed.end(), None);
        printed.add(b"  why\n").unwrap();
        assert_eq!(printed.end().as_deref(), Some("why"));
        printed.add(&[b'x'; 5_000]).unwrap();
        printed.add(b"last\xff").unwrap();
        let end = printed.end().unwrap();
        assert!(end.starts_with("…x") && end.ends_with("last\u{fffd}") && end.len() < 4_200, "{end}");
        let halt = printed.add(&[b'x'; 5_000]).unwrap_err();
        assert_eq!(halt.0, Cause::Log(10_000));
    }
}
