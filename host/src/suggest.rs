//! Drafts of rules out of what a model or a person did again and again with verified success.
//!
//! Guarantees: nothing is ever put in force. A draft says `mode: "observe"`, lies in a folder of its
//! own, carries its evidence and its tests, compiles and passes them before it is written, and never
//! replaces a file. Values that came from outside (labels, arguments, names) enter it only as string
//! literals, never as code. It matches no more than the evidence covers: what was the same every
//! time is demanded, what the host found to be wrong included; what differed is read from the alert's labels. Where the
//! same was found behind several alerts, and repaired in the same way, one draft goes by the finding.

mod draft;
mod find;
pub(crate) mod literal;
mod shape;
#[cfg(test)]
mod tests;
mod write;

use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::Cause;

pub use find::find;
pub use write::{is_within, write};

/// What was done again and again, ready to be written down.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// Name of the rule and of its files.
    pub name: String,
    /// What fired; several names where the same was found to be wrong.
    pub alert: String,
    /// What the host found to be wrong each time, if it was the same.
    pub finding: Option<Cause>,
    /// Tools in the order of their calls.
    pub tools: Vec<String>,
    /// Incidents behind it, oldest first.
    pub evidence: Vec<Evidence>,
    /// The rule.
    pub rule: String,
    /// Its table tests.
    pub test: String,
}

/// One incident behind a draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// The incident.
    pub incident: String,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Who proposed what helped.
    pub by: String,
    /// How it ended.
    pub outcome: String,
}

/// What became of a draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DraftOutcome {
    /// Name of the rule.
    pub name: String,
    /// What fired.
    pub alert: String,
    /// What the host found to be wrong each time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finding: Option<Cause>,
    /// Tools in the order of their calls.
    pub tools: Vec<String>,
    /// Incidents behind it.
    pub evidence: Vec<Evidence>,
    /// The rule's file and its tests; empty when nothing was written.
    pub files: Vec<PathBuf>,
    /// Why nothing was written.
    pub refused: Option<String>,
}
