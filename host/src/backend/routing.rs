//! Who would be told of something that nobody has sent.

use jiff::Timestamp;
use serde::Serialize;

use super::Payload;
use crate::domain::{Labels, Occasion, Outcome, Severity};
use crate::rules::RouteTried;

/// What is asked.
#[derive(Clone, Debug)]
pub struct RoutingWanted {
    /// What comes in.
    pub subject: RoutingSubject,
    /// Why people would be told.
    pub occasion: Occasion,
    /// How it ended; of one that has not come to an end it says nothing.
    pub outcome: Outcome,
    /// How bad it is, whatever the alerts say.
    pub severity: Option<Severity>,
    /// When.
    pub at: Timestamp,
}

/// What comes in.
#[derive(Clone, Debug)]
pub enum RoutingSubject {
    /// A payload, as its sender would post it.
    Payload(Payload),
    /// One alert with these labels.
    Labels {
        /// The source that it would come from.
        source: String,
        /// Its labels.
        labels: Labels,
    },
}

/// Who would be told of one incident.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Routing {
    /// The group key of the incident that would be opened.
    pub incident: String,
    /// One line about it.
    pub title: String,
    /// How bad it is.
    pub severity: Severity,
    /// Why people would be told.
    pub occasion: Occasion,
    /// How it ended; none where a message comes before the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// What the policies decide about it, in a sentence.
    pub decided: String,
    /// Why nobody would be told now; none where somebody would.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quiet: Option<String>,
    /// Every route in order.
    pub routes: Vec<RouteTried>,
    /// Who would be told, each once; of something that is held back, when it is not any more.
    pub told: Vec<Told>,
    /// Names that the routes lead to and that no target has: they are passed over.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub passed_over: Vec<String>,
    /// What the answer rests on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A target that would be told.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Told {
    /// Its name.
    pub target: String,
    /// The route that leads to it.
    pub route: String,
    /// Who is told when it does not take the message: those that there are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fallback: Vec<String>,
    /// After how long in milliseconds, of a question or something critical that waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback_after_ms: Option<u64>,
    /// What keeps it from being used, by what can be seen without asking it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}
