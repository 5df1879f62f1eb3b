//! What the command line asks about policies without a running host, and the answers.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::Payload;
use crate::domain::decision::GateRuling;
use crate::domain::{Candidate, Decision, Origin, Risk, Ruling, RulingKind};

/// A replay of the journal against policies.
#[derive(Clone, Debug)]
pub struct ReplayRequest {
    /// The folder with the policies; the configured one when none is named.
    pub folder: Option<PathBuf>,
    /// How far back incidents are compared.
    pub since: Duration,
}

/// What the lint is to read.
#[derive(Clone, Debug, Default)]
pub struct LintRequest {
    /// The folder with the policies; the configured one when none is named.
    pub folder: Option<PathBuf>,
    /// Starts no tool servers.
    pub offline: bool,
}

/// What the lint found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LintReport {
    /// What cannot be meant: a sentence with its place each.
    pub findings: Vec<String>,
    /// What could not be looked at, and why.
    pub unchecked: Vec<String>,
}

/// What drafts are wanted.
#[derive(Clone, Debug)]
pub struct SuggestRequest {
    /// At least so many incidents behind each.
    pub min: usize,
    /// How far back; everything when none is said.
    pub since: Option<Duration>,
    /// The folder for them.
    pub out: PathBuf,
}

/// How the table tests of a folder went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TestReport {
    /// What was tested.
    pub folder: String,
    /// Cases that heard what they wanted.
    pub passed: usize,
    /// The others: file, case, and line by line what was wanted and what was heard.
    pub failed: Vec<String>,
    /// Declarations and branches that a case reached, of how many.
    pub reached: usize,
    /// How many there are.
    pub all: usize,
    /// A sentence for each that no case reached.
    pub missing: Vec<String>,
}

/// What is to be explained.
#[derive(Clone, Debug)]
pub enum ExplainInput {
    /// An incident of the journal: its id, a unique beginning of it, or `latest`.
    Incident(String),
    /// A payload that nobody has sent.
    Payload(Payload),
    /// A message with events that nobody has sent.
    Events(Payload),
}

/// Why an event means what it means.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExplainedEvent {
    /// Its subject, or where it stands in its message.
    pub event: String,
    /// Whom it is about, and what it says.
    pub about: String,
    /// What comes of it, in a sentence.
    pub outcome: String,
    /// Alerts of the same object that are over.
    pub over: Vec<String>,
    /// Every rule about events in order.
    pub considered: Vec<Candidate>,
}

/// Why an incident is decided as it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// The incident's id, or the group key of one that does not exist.
    pub incident: String,
    /// One line about it.
    pub title: String,
    /// The event that raises its alert, or of one that raises none what else it means.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<ExplainedEvent>,
    /// What the answers rest on, where that is not obvious.
    pub notes: Vec<String>,
    /// What was decided when it happened, of an incident that has happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided: Option<Decision>,
    /// What the policies say; none when no rule matches.
    pub decision: Option<Decision>,
    /// Rules that erred: a sentence each.
    pub faults: Vec<String>,
    /// Every silence, inhibition and rule in order.
    pub considered: Vec<Candidate>,
    /// Looks that a gate refused then, or refuses now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub looks: Vec<ExplainedLook>,
    /// Its actions, and what every gate says about each.
    pub actions: Vec<ExplainedAction>,
}

/// A look that a gate refused, or refuses.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExplainedLook {
    /// The tool.
    pub tool: String,
    /// Its arguments as JSON, cut.
    pub arguments: String,
    /// Whose look it is.
    pub origin: Origin,
    /// Which gate refused it when it was wanted, and why; none for one that was made, or never wanted.
    pub then: Option<String>,
    /// Which gate refuses it now, and why; none when it would be made.
    pub now: Option<String>,
}

/// What the gates say about an action.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExplainedAction {
    /// Its name within the incident.
    pub id: String,
    /// The tool.
    pub tool: String,
    /// What is changed.
    pub target: String,
    /// Who proposed it.
    pub origin: Origin,
    /// Its risk.
    pub risk: Risk,
    /// What the policies' gates say together, without what the host guards by itself.
    pub says: RulingKind,
    /// The gate that decides.
    pub by: String,
    /// Every gate that has something to say.
    pub heard: Vec<GateRuling>,
    /// What was ruled when it happened, guards included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ruled: Option<Ruling>,
    /// How far it came, of an action that was proposed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Who said yes, and how.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<String>,
}
