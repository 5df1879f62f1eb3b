//! A container of a pod: what it does now, how it ended before.

use super::short;

/// A container.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Container {
    pub name: String,
    pub image: String,
    pub state: State,
    /// How it ended the last time.
    pub last: Option<State>,
    pub ready: bool,
    pub restarts: u64,
    /// Whether it runs to its end before the others begin.
    pub init: bool,
}

/// A state in the API's words.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct State {
    /// `waiting`, `running` or `terminated`; empty where nothing is said.
    pub word: String,
    pub reason: String,
    pub message: String,
    pub code: Option<i64>,
    pub signal: Option<i64>,
}

impl State {
    /// Whether a container in this state ended with a fault.
    pub fn failed(&self) -> bool {
        self.word == "terminated" && (self.code.is_some_and(|code| code != 0) || self.reason == "OOMKilled")
    }

    fn line(&self) -> String {
        let mut line = self.word.clone();
        let mut add = |text: String| {
            if !line.is_empty() {
                line.push_str(", ");
            }
            line.push_str(&text);
        };
        if !self.reason.is_empty() {
            add(short(&self.reason));
        }
        if let Some(code) = self.code {
            add(format!("exit code {code}"));
        }
        if let Some(signal) = self.signal.filter(|signal| *signal != 0) {
            add(format!("signal {signal}"));
        }
        if !self.message.is_empty() {
            line.push_str(": ");
            line.push_str(&short(&self.message));
        }
        line
    }
}

impl Container {
    /// Whether there is nothing to say about it.
    pub fn well(&self) -> bool {
        let ended = self.init && self.state.word == "terminated" && !self.state.failed();
        (ended || self.ready && self.state.word != "waiting") && self.restarts == 0
    }

    /// What there is to say.
    pub fn lines(&self) -> Vec<String> {
        let kind = if self.init { "init container" } else { "container" };
        let image = if self.image.is_empty() { String::new() } else { format!(" ({})", short(&self.image)) };
        let head = format!("{kind} {}{image}", short(&self.name));
        if self.well() {
            return vec![format!("{head}: {}", if self.init { "done" } else { "ready" })];
        }
        let ready = if self.ready { "ready" } else { "not ready" };
        let restarts = match self.restarts {
            0 => String::new(),
            1 => ", 1 restart".into(),
            many => format!(", {many} restarts"),
        };
        let mut lines = vec![format!("{head}: {}; {ready}{restarts}", self.state.line())];
        if let Some(last) = self.last.as_ref().filter(|last| !last.word.is_empty()) {
            lines.push(format!("{kind} {} before: {}", short(&self.name), last.line()));
        }
        lines
    }
}
