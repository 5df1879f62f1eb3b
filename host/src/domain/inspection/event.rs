//! What the journal keeps of inspections.

use serde::{Deserialize, Serialize};

use super::{Finding, KindResult, Summary};
use crate::domain::job::JobEvent;

/// What the journal keeps of inspections.
pub type InspectionEvent = JobEvent<InspectionResult>;

/// What the journal keeps of a run that came to its end: the change that it found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InspectionResult {
    /// How long it took.
    pub took_ms: u64,
    /// What is new.
    pub new: Vec<Finding>,
    /// Keys of what is gone.
    pub gone: Vec<String>,
    /// How many findings are as before.
    pub still: u64,
    /// How it was looked.
    pub parts: Vec<KindResult>,
    /// What the model said, where it was to be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<Summary>,
}
