//! How incidents end.

use serde::{Deserialize, Serialize};

/// How an incident ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// An action was executed and seen to help.
    Fixed,
    /// A policy said that nobody needs to know.
    Suppressed,
    /// The alerts resolved before anything was done.
    Resolved,
    /// A person must go on.
    NeedsPerson,
    /// tidegate itself failed on it; a person must go on.
    Error,
    /// A person said that it is over, before anything else was known of its end or while it needed one.
    ClosedByPerson,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 6] =
        [Self::Fixed, Self::Suppressed, Self::Resolved, Self::NeedsPerson, Self::Error, Self::ClosedByPerson];

    /// Whether a person must go on.
    pub fn is_open(self) -> bool {
        matches!(self, Self::NeedsPerson | Self::Error)
    }

    /// The word used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Suppressed => "suppressed",
            Self::Resolved => "resolved",
            Self::NeedsPerson => "needs_person",
            Self::Error => "error",
            Self::ClosedByPerson => "closed_by_person",
        }
    }
}
