//! When somebody is mentioned.

use serde::Deserialize;

use super::{Notification, Occasion};

/// An occasion on which somebody may be mentioned.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(serde::Serialize))]
#[serde(rename_all = "snake_case")]
pub enum MentionOn {
    /// A question.
    Approval,
    /// The report.
    Report,
    /// The alerts are over.
    Resolved,
}

impl MentionOn {
    /// The usual setting: a question wants somebody's answer.
    pub fn usual() -> Vec<Self> {
        vec![Self::Approval]
    }

    fn is(self, occasion: Occasion) -> bool {
        match self {
            Self::Approval => occasion == Occasion::Approval,
            Self::Report => occasion == Occasion::Report,
            Self::Resolved => occasion == Occasion::Resolved,
        }
    }
}

impl Notification {
    /// Whether somebody is to be mentioned.
    pub fn is_one_of(&self, occasions: &[MentionOn]) -> bool {
        occasions.iter().any(|on| on.is(self.occasion))
    }
}
