//! What people say about incidents as a whole.

use futures::future::BoxFuture;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ControlError;
use crate::domain::Person;
use crate::domain::entry::IncidentCommand;

/// A person's word about an incident.
#[derive(Clone, Debug, PartialEq)]
pub struct HandlingRequest {
    /// The incident's full id.
    pub incident: String,
    /// Who, and how that is known.
    pub person: Person,
    /// What.
    pub says: IncidentCommand,
    /// In the person's words.
    pub comment: String,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Heard")]
pub struct HandlingResult {
    /// The incident's full id.
    pub incident: String,
    /// How many of its alerts still fire: what is closed opens anew when their sender repeats them.
    pub firing: usize,
    /// The incidents as which it goes on, where it is decided anew.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub goes_on_in: Vec<String>,
}

/// Incidents, as people handle them.
pub trait Handling: Send + Sync {
    /// Records a person's word, and does what it says.
    fn say(&self, word: HandlingRequest) -> BoxFuture<'_, Result<HandlingResult, ControlError>> {
        let text = format!("there is no incident {}", word.incident);
        Box::pin(std::future::ready(Err(ControlError::NotFound(text))))
    }
}
