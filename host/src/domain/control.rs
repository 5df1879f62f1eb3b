//! What concerns the host as a whole: what a person says to it, and which tools it has.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::audit::AuditEntry;
use super::catalogue::ToolsChange;
use super::inspection::InspectionEvent;
use super::outcome::Outcome;
use super::person::Person;
use super::schedule::ScheduleEvent;
use super::silence::SilenceEvent;

/// Name of the journal stream that holds these entries.
pub const STREAM: &str = "host";

/// A change of the host's own state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Control {
    /// Nothing is executed until `Resumed`.
    Paused {
        /// Who said so, and how that is known.
        person: Person,
        /// Why.
        reason: String,
        /// What is paused: empty for everything, `rule:<name>` or `server:<name>`.
        #[serde(default)]
        scope: String,
    },
    /// Execution goes on.
    Resumed {
        /// Who said so, and how that is known.
        person: Person,
        /// What goes on; the same words as in `Paused`.
        #[serde(default)]
        scope: String,
    },
    /// A breaker is closed again.
    BreakerReset {
        /// Who said so, and how that is known.
        person: Person,
        /// The breaker's key.
        key: String,
        /// Why.
        #[serde(default)]
        reason: String,
    },
    /// Closed incidents were removed from the journal by a rule of retention.
    Removed(Removed),
    /// From now on decisions rest on other tools.
    Tools(ToolsChange),
    /// Something happened to an inspection.
    Inspection(Box<InspectionEvent>),
    /// Something happened to a silence.
    Silence(Box<SilenceEvent>),
    /// Something happened to a schedule.
    Schedule(Box<ScheduleEvent>),
    /// Somebody did something to the host, or tried to.
    Audited(Box<AuditEntry>),
}

/// What a rule of retention removed, and how the journal stands since: what else is missing from it,
/// somebody else removed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Removed {
    /// The rule, in the words of the configuration.
    pub rule: String,
    /// With these outcomes; empty for any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outcomes: Vec<Outcome>,
    /// Closed incidents whose last entry is older than this.
    pub before: Timestamp,
    /// How many incidents.
    pub incidents: u64,
    /// How many entries.
    pub entries: u64,
    /// Position of the first of them.
    pub first: u64,
    /// Position of the last of them.
    pub last: u64,
    /// Digest of all that is missing from the journal from now on.
    pub gaps: String,
}
