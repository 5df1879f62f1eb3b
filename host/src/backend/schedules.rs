//! Schedules and heartbeats as people see them.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a schedule or a heartbeat stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScheduleView {
    /// Its name.
    pub name: String,
    /// digest, findings, alert, ping or heartbeat.
    pub does: String,
    /// When, as it was written.
    pub when: String,
    /// When it is due next, but for its jitter; of a heartbeat until when it must be heard.
    #[serde(default)]
    pub next: Option<Timestamp>,
    /// The last run that is over, however it went, by its beginning; of a heartbeat when it was heard.
    #[serde(default)]
    pub last: Option<Timestamp>,
    /// The last run that did not fail, by its beginning.
    #[serde(default)]
    pub last_success: Option<Timestamp>,
    /// The run that is under way.
    #[serde(default)]
    pub under_way: Option<Timestamp>,
    /// Whether the last run failed, or a heartbeat is silent.
    #[serde(default)]
    pub failed: bool,
    /// What came of the last run, in a sentence.
    #[serde(default)]
    pub outcome: Option<String>,
}
