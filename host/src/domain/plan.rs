//! What a remediation plugin says about an incident: what it found and what it would do.

use serde::{Deserialize, Serialize};

use super::action::Proposal;

/// The answer of a plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlanResult {
    /// Actions that would help, best first.
    pub proposals: Vec<Proposal>,
    /// What is wrong, and what keeps it from being repaired.
    pub findings: Vec<Finding>,
}

/// Something that is wrong, or that keeps a plugin from proposing a repair, in the plugin's words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What it is about; may be empty.
    #[serde(default)]
    pub about: String,
    /// One sentence.
    pub text: String,
    /// The observations behind it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
}
