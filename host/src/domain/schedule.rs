//! What is done again and again by the clock, and who is to be heard from in time: names, and what the journal keeps.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::person::Person;

/// The source of the alerts that schedules raise. No other source may have this name.
pub const SOURCE: &str = "schedule";

/// The name of the alert by which people get a digest.
pub const DIGEST: &str = "Digest";

/// The name of the alert about somebody who was to be heard from and was not.
pub const HEARTBEAT_MISSING: &str = "HeartbeatMissing";

/// What the journal keeps of schedules, in the host's own stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum ScheduleEvent {
    /// A run began. One without an end was interrupted.
    Began {
        /// The schedule's name.
        schedule: String,
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
        /// The schedule's name.
        schedule: String,
        /// When it began.
        run: Timestamp,
        /// What came of it, in a sentence.
        outcome: String,
    },
    /// A run could not be made, or was broken off.
    Failed {
        /// The schedule's name.
        schedule: String,
        /// When it began.
        run: Timestamp,
        /// Why, in a sentence.
        why: String,
    },
    /// Moments passed that are not made up for.
    Skipped {
        /// The schedule's name.
        schedule: String,
        /// How many.
        count: u64,
        /// The last of them.
        last: Timestamp,
    },
}

impl ScheduleEvent {
    /// The schedule that it is about.
    pub fn schedule(&self) -> &str {
        match self {
            Self::Began { schedule, .. }
            | Self::Ended { schedule, .. }
            | Self::Failed { schedule, .. }
            | Self::Skipped { schedule, .. } => schedule,
        }
    }
}

/// How a schedule stands by what the journal says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// All moments until then have been done or passed over.
    pub settled: Option<Timestamp>,
    /// The run that is under way.
    pub under_way: Option<Timestamp>,
    /// When the last run began that came to its end.
    pub ended: Option<Timestamp>,
    /// What came of the last run, good or bad, in a sentence.
    pub outcome: Option<String>,
    /// Whether the last run failed.
    pub failed: bool,
}

impl Standing {
    /// Takes in what happened.
    pub fn apply(&mut self, event: &ScheduleEvent) {
        match event {
            ScheduleEvent::Began { run, planned, .. } => {
                self.under_way = Some(*run);
                self.settled = planned.or(self.settled);
            }
            ScheduleEvent::Ended { run, outcome, .. } => {
                (self.under_way, self.ended, self.failed) = (None, Some(*run), false);
                self.outcome = Some(outcome.clone());
            }
            ScheduleEvent::Failed { why, .. } => {
                (self.under_way, self.failed) = (None, true);
                self.outcome = Some(why.clone());
            }
            ScheduleEvent::Skipped { last, .. } => self.settled = Some(*last),
        }
    }
}
