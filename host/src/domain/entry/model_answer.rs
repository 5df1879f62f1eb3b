//! What a model answered, as the journal keeps it.

use serde::{Deserialize, Serialize};

use crate::domain::action::Proposal;
use crate::domain::call::Call;
use crate::domain::diagnosis::Diagnosis;
use crate::domain::incident::IncidentId;

/// What a model's answer asks for, as data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "wants", rename_all = "snake_case")]
pub enum ModelAnswer {
    /// Read-only calls.
    Look {
        /// The calls, each with the id that the model gave it.
        calls: Vec<AskedCall>,
    },
    /// Changes, as proposals.
    Act {
        /// In order.
        proposals: Vec<Proposal>,
        /// What the model thinks is wrong.
        diagnosis: Diagnosis,
    },
    /// It sees nothing left to do.
    Resolved {
        /// What the model thinks was wrong.
        diagnosis: Diagnosis,
    },
    /// A person is needed.
    Person {
        /// What the model knows.
        diagnosis: Diagnosis,
    },
}

/// An answer as its endpoint gave it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RawAnswer {
    /// The endpoint, by its name.
    pub by: String,
    /// Its message, within a bound: endpoints want members back that only they understand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<serde_json::Value>,
    /// The earlier answer that was used again, in the place of a question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reused: Option<ReusedAnswer>,
}

/// An earlier answer that was used again, and what asking had cost then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReusedAnswer {
    /// The incident for which it was given.
    pub incident: IncidentId,
    /// Requests.
    pub calls: u64,
    /// Tokens both ways.
    pub tokens: u64,
    /// Money in millionths.
    #[serde(default)]
    pub cost_micros: u64,
}

/// A call that a model asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AskedCall {
    /// The model's id for it; empty for the text forms.
    #[serde(default)]
    pub id: String,
    /// The call.
    pub call: Call,
}
