//! A server as a child process: its own process group, a clean environment, and an end.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use process_wrap::tokio::{ChildWrapper, CommandWrap, ProcessGroup};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How long a server may take to end once its input is closed.
const GRACE: Duration = Duration::from_secs(2);
/// How much of its last words is kept.
const LAST_WORDS: usize = 4096;

/// A running child. Dropping it kills its whole process group; when the host itself is killed, the
/// end of its input ends it.
pub(super) struct Process {
    child: Box<dyn ChildWrapper>,
    words: StderrTail,
    listener: Option<JoinHandle<()>>,
}

impl Process {
    /// Starts a command with nothing in its environment but what is given.
    pub(super) fn start(
        command: &str,
        args: &[String],
        env: &BTreeMap<String, String>,
        cwd: Option<&PathBuf>,
    ) -> Result<(Self, ChildStdout, ChildStdin), String> {
        let mut configured = Command::new(command);
        configured.args(args).env_clear().envs(env).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if let Some(cwd) = cwd {
            configured.current_dir(cwd);
        }
        let mut wrapped = CommandWrap::from(configured);
        // Launchers such as npx leave the real server as a grandchild: only the group reaches it.
        wrapped.wrap(ProcessGroup::leader());
        let mut child = wrapped.spawn().map_err(|error| format!("{command} cannot be started: {error}"))?;
        let words = StderrTail::default();
        let (input, output) = (child.stdin().take(), child.stdout().take());
        let errors = child.stderr().take();
        let listener = errors.map(|errors| tokio::spawn(words.clone().listen(errors)));
        let process = Self { child, words, listener };
        match (output, input) {
            (Some(output), Some(input)) => Ok((process, output, input)),
            _ => Err(format!("{command} was started without its pipes")),
        }
    }

    /// What it last wrote to its standard error.
    pub(super) fn last_words(&self) -> String {
        self.words.text()
    }

    /// Waits a while for it to end by itself, ends the group, and adds to `why` how it ended and what
    /// it last said. Its input must be closed.
    pub(super) async fn end(mut self, why: String) -> String {
        let mut why = why;
        if let Ok(Ok(status)) = timeout(GRACE, self.child.wait()).await {
            why = format!("{why}; its process ended with {status}");
        }
        let _ = self.child.start_kill();
        if let Some(listener) = self.listener.take() {
            // What it said may still be on the way.
            let _ = timeout(Duration::from_millis(200), listener).await;
        }
        with_words(why, &self.words.text())
    }
}

/// Adds what a process last wrote to its standard error.
pub(super) fn with_words(text: String, words: &str) -> String {
    if words.is_empty() { text } else { format!("{text}; its last words: {words}") }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The leader may be gone while others of its group are not.
        if let Err(error) = self.child.start_kill() {
            tracing::debug!(%error, "the process group of an MCP server was gone already");
        }
    }
}

/// The end of what a process wrote to its standard error.
#[derive(Clone, Default)]
pub(super) struct StderrTail(Arc<Mutex<VecDeque<u8>>>);

impl StderrTail {
    async fn listen(self, mut errors: impl AsyncRead + Unpin) {
        let mut buffer = [0; 1024];
        while let Ok(read @ 1..) = errors.read(&mut buffer).await {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.extend(buffer.iter().take(read));
            let over = kept.len().saturating_sub(LAST_WORDS);
            kept.drain(..over);
        }
    }

    /// As text; empty when it never said anything.
    pub(super) fn text(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes: Vec<u8> = kept.iter().copied().collect();
        let text = String::from_utf8_lossy(&bytes);
        if bytes.len() < LAST_WORDS {
            return text.trim().to_string();
        }
        // The beginning may be missing, and with it the name that tells a secret: whole lines only.
        text.split_once('\n').map_or("(a long line left out)", |(_, whole)| whole).trim().to_string()
    }
}
