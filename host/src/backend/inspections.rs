//! Inspections as people see them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::inspection::{Coverage, TrackedFinding};

/// How an inspection stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InspectionView {
    /// Its name.
    pub name: String,
    /// Its schedule as it was written; none where it has none.
    #[serde(default)]
    pub schedule: Option<String>,
    /// When it is due next, but for its jitter.
    #[serde(default)]
    pub next: Option<Timestamp>,
    /// The last run that is over, however it went, by its beginning.
    #[serde(default)]
    pub last: Option<Timestamp>,
    /// Why it failed; none where it came to its end.
    #[serde(default)]
    pub failed: Option<String>,
    /// How much the last run saw that came to its end.
    #[serde(default)]
    pub seen: Option<Coverage>,
    /// The run that is under way.
    #[serde(default)]
    pub under_way: Option<Timestamp>,
    /// What is wrong.
    pub findings: Vec<TrackedFinding>,
}
