//! What a target keeps to change or answer a message later, as JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Delivery, Notification, Sent};

/// A reference to what was shown.
pub fn reference(value: &impl Serialize) -> Delivery {
    Ok(serde_json::to_string(value).ok())
}

impl Sent {
    /// Reads what [`reference`] wrote; none where another version or target wrote it.
    pub fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(&self.reference).ok()
    }
}

impl Notification {
    /// What was returned for the message whose place this one takes.
    pub fn to_change<T: DeserializeOwned>(&self) -> Option<T> {
        self.before()?.read()
    }

    /// What was returned for the first message about the incident: where a thread began.
    pub fn to_answer<T: DeserializeOwned>(&self) -> Option<T> {
        self.earlier.first()?.read()
    }
}
