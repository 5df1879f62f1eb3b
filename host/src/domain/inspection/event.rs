//! What the journal keeps of inspections.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Finding, Part, Summary};
use crate::domain::person::Person;

/// What the journal keeps of inspections, in the host's own stream: a run as the change that it found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum InspectionEvent {
    /// A run began. One without an end was interrupted.
    Began {
        /// The inspection's name.
        inspection: String,
        /// When it began.
        run: Timestamp,
        /// The moment of its schedule; none where somebody asked for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        planned: Option<Timestamp>,
        /// Who asked for it; none for the schedule.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        person: Option<Person>,
    },
    /// A run came to its end.
    Ended {
        /// The inspection's name.
        inspection: String,
        /// When it began.
        run: Timestamp,
        /// How long it took.
        took_ms: u64,
        /// What is new.
        new: Vec<Finding>,
        /// Keys of what is gone.
        gone: Vec<String>,
        /// How many findings are as before.
        still: u64,
        /// How it was looked.
        parts: Vec<Part>,
        /// What the model said, where it was to be asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        summary: Option<Summary>,
    },
    /// The host died within a run, or the run could not go on.
    Interrupted {
        /// The inspection's name.
        inspection: String,
        /// When it began.
        run: Timestamp,
        /// Why, in a sentence.
        why: String,
    },
    /// Moments of the schedule passed while the host was down or a run was under way.
    Skipped {
        /// The inspection's name.
        inspection: String,
        /// How many.
        count: u64,
        /// The last of them.
        last: Timestamp,
    },
}

impl InspectionEvent {
    /// The inspection that it is about.
    pub fn inspection(&self) -> &str {
        match self {
            Self::Began { inspection, .. }
            | Self::Ended { inspection, .. }
            | Self::Interrupted { inspection, .. }
            | Self::Skipped { inspection, .. } => inspection,
        }
    }
}
