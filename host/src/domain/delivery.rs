//! Messages to people: what is to be delivered, to whom, and how far that is.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The route of a question to somebody of the groups that are asked.
pub const PERSONAL: &str = "people";

/// Why people are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    /// A person must approve an action.
    Approval,
    /// The report of an incident.
    Report,
    /// The alerts of a reported incident have resolved.
    Resolved,
}

impl Occasion {
    /// The word used in JSON and delivery ids.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approval => "approval",
            Self::Report => "report",
            Self::Resolved => "resolved",
        }
    }
}

/// One message to one target; its id is stable across retries and restarts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// `<incident>-<occasion>[-<action>]-<target>`.
    pub id: String,
    /// The notifier target's name.
    pub target: String,
    /// The route that chose it.
    pub route: String,
    /// Why people are told.
    pub occasion: Occasion,
    /// How far it is.
    pub state: DeliveryState,
    /// Attempts so far.
    pub attempts: u32,
}

/// How far a delivery is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DeliveryState {
    /// To be tried at this time.
    Due {
        /// Not before.
        at: Timestamp,
    },
    /// The target took it.
    Delivered {
        /// The remote side's reference.
        reference: Option<String>,
    },
    /// It can never be delivered.
    Abandoned {
        /// Why.
        reason: String,
    },
}

impl Delivery {
    /// Whether nothing more is to be done.
    pub fn settled(&self) -> bool {
        !matches!(self.state, DeliveryState::Due { .. })
    }
}
