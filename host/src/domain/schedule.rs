//! What is done by the clock, and who is to be heard from in time: names, and what the journal keeps.

use serde::{Deserialize, Serialize};

use super::job::JobEvent;

/// The source of the alerts that schedules raise. No other source may have this name.
pub const SOURCE: &str = "schedule";

/// The name of the alert by which people get a digest.
pub const DIGEST: &str = "Digest";

/// The name of the alert about somebody who was to be heard from and was not.
pub const HEARTBEAT_MISSING: &str = "HeartbeatMissing";

/// What the journal keeps of schedules.
pub type ScheduleEvent = JobEvent<ScheduleResult>;

/// What the journal keeps of a run of a schedule that came to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleResult {
    /// What came of it, in a sentence.
    pub outcome: String,
}
