//! Messages that were not delivered, as people see them and have them sent anew.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::delivery::{Delivery, DeliveryState};
use crate::domain::{Incident, Occasion, Person, Severity};

/// How far a message is that was not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Standing")]
pub enum UndeliveredState {
    /// It was not tried yet.
    Queued,
    /// It was not taken and is tried again.
    Failed,
    /// It was given up.
    Abandoned,
}

impl UndeliveredState {
    /// The word used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Failed => "failed",
            Self::Abandoned => "abandoned",
        }
    }
}

/// Which messages to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndeliveredQuery {
    /// That are so far.
    pub state: Option<UndeliveredState>,
    /// To this target.
    pub target: Option<String>,
    /// At most this many.
    pub limit: usize,
}

/// One message that was not delivered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DeliveryView {
    /// Its name.
    pub id: String,
    /// The incident.
    pub incident: String,
    /// The incident's title.
    pub title: String,
    /// The incident's severity.
    pub severity: Severity,
    /// The notifier target's name.
    pub target: String,
    /// The route that chose it.
    pub route: String,
    /// Why people are told.
    #[schemars(with = "String")]
    pub occasion: Occasion,
    /// How far it is.
    pub state: UndeliveredState,
    /// Attempts so far.
    pub attempts: u32,
    /// Why the last attempt failed.
    pub reason: Option<String>,
    /// When people were to be told.
    pub told_at: Option<Timestamp>,
    /// When it is tried again at the latest.
    pub next_attempt: Option<Timestamp>,
    /// The delivery in whose place it is sent.
    pub instead_of: Option<String>,
}

impl DeliveryView {
    /// A message of an incident; none when it was delivered or need not be.
    pub fn of(incident: &Incident, delivery: &Delivery) -> Option<Self> {
        let (state, reason, next_attempt) = match &delivery.state {
            DeliveryState::Due { .. } if delivery.attempts == 0 => (UndeliveredState::Queued, None, None),
            DeliveryState::Due { at, reason, .. } => (UndeliveredState::Failed, reason.clone(), Some(*at)),
            DeliveryState::Abandoned { reason } => (UndeliveredState::Abandoned, Some(reason.clone()), None),
            DeliveryState::Delivered { .. } | DeliveryState::Overtaken { .. } => return None,
        };
        Some(Self {
            id: delivery.id.clone(),
            incident: incident.id.0.to_string(),
            title: incident.title(),
            severity: incident.severity(),
            target: delivery.target.clone(),
            route: delivery.route.clone(),
            occasion: delivery.occasion,
            state,
            attempts: delivery.attempts,
            reason,
            told_at: delivery.told_at,
            next_attempt,
            instead_of: delivery.instead_of.clone(),
        })
    }
}

/// Messages that a person wants to have sent anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryRequest {
    /// Which.
    pub which: DeliverySelector,
    /// Who, and how that is known.
    pub person: Person,
    /// Why.
    pub reason: String,
}

/// Which messages are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliverySelector {
    /// The one of this name, or those of the incident of this name.
    Named(String),
    /// Those to this target.
    Target(String),
    /// All.
    All,
}
