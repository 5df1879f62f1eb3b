//! Why a call of a plugin ended without an answer, and what is wrong with a plugin that does not
//! load.

use std::fmt;
use std::time::Duration;

use super::manifest::Manifest;

/// A call that the host ended, or that the plugin did not survive. The plugin's own errors are
/// [`super::kind::CallError`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Name and version.
    pub plugin: String,
    /// What happened.
    pub cause: Cause,
    /// The last thing that the plugin logged in this call.
    pub last_log: Option<String>,
    /// The end of what it wrote to its standard output and error.
    pub printed: Option<String>,
    /// Who did not answer it in time.
    pub unanswered: Option<Box<str>>,
}

/// What ended a call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// It computed for too long.
    #[error("used more than its {} ms of CPU time", .0.as_millis())]
    Cpu(Duration),
    /// It took too long, waiting included.
    #[error("did not answer within {} ms", .0.as_millis())]
    Wall(Duration),
    /// It asked for too much memory.
    #[error("asked for more than its {} MiB of memory", .0 >> 20)]
    Memory(usize),
    /// The memories of all calls under way are as large as they may be together.
    #[error("got no memory, because the calls of all plugins together have the {} MiB that they may have", .0 >> 20)]
    Crowded(usize),
    /// It handed over too much in one piece.
    #[error("handed over more than {} MiB at once", .0 >> 20)]
    Transfer(usize),
    /// It logged too much.
    #[error("logged more than its {} KiB", .0 >> 10)]
    Log(usize),
    /// It used its state too often.
    #[error("read and wrote its state more than {0} times in one call")]
    State(u32),
    /// It asked for too many looks in one go.
    #[error("asked for more than {0} looks in one go")]
    Looks(usize),
    /// It asked for tables that are too large.
    #[error("asked for more than {0} entries in its tables")]
    Tables(usize),
    /// It called itself too deeply.
    #[error("ran out of stack")]
    Stack,
    /// It stopped itself or did what WASM forbids.
    #[error("crashed: {0}")]
    Trap(String),
    /// Its answer breaks the contract.
    #[error("gave an answer that the contract does not allow: {0}")]
    Answer(String),
    /// All of its places, or all of the host's, were taken for as long as the call may last.
    #[error("found no free place within {} ms", .0.as_millis())]
    Busy(Duration),
    /// It has no code that could be called.
    #[error("could not be loaded: {0}")]
    Unloaded(String),
}

impl Cause {
    /// Whether the same call would end the same way again, whatever else the host has to do.
    pub fn is_lasting(&self) -> bool {
        match self {
            // How far it comes in its time is a matter of the machine.
            Self::Cpu(_) | Self::Wall(_) | Self::Busy(_) | Self::Crowded(_) | Self::Unloaded(_) => false,
            Self::Memory(_)
            | Self::Transfer(_)
            | Self::Log(_)
            | Self::State(_)
            | Self::Looks(_)
            | Self::Tables(_)
            | Self::Stack
            | Self::Trap(_)
            | Self::Answer(_) => true,
        }
    }
}

impl Failure {
    /// A failure of a call without log lines.
    pub fn new(manifest: &Manifest, cause: Cause) -> Self {
        Self::of(manifest.label(), cause)
    }

    /// The same, for the plugin with this label.
    pub fn of(plugin: String, cause: Cause) -> Self {
        Self { plugin, cause, last_log: None, printed: None, unanswered: None }
    }

    /// For senders: what a plugin prints is for its author and the operator.
    pub fn without_printed(self) -> Self {
        Self { printed: None, ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "plugin {} {}", self.plugin, self.cause)?;
        if let Some(who) = &self.unanswered {
            write!(f, " ({who})")?;
        }
        if let Some(line) = &self.last_log {
            write!(f, " (its last log line: {line})")?;
        }
        if let Some(text) = &self.printed {
            write!(f, " (it printed: {text})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

/// Something that keeps a plugin, a target or a grant from being used. For an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The plugin with its version where known, or the target.
    pub subject: String,
    /// A sentence.
    pub text: String,
    /// It is a secret that has no value, of which the configuration itself tells at its place.
    pub of_secret: bool,
}

impl Problem {
    /// A sentence about something.
    pub fn new(subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self { subject: subject.into(), text: text.into(), of_secret: false }
    }

    /// A sentence about a secret that has no value.
    pub fn of_secret(subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self { of_secret: true, ..Self::new(subject, text) }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.text)
    }
}
