//! An alert that leaves an incident which is handled, because it has become something else: it is decided
//! anew where it goes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::alert::{Alert, Severity};

/// An alert that went on elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handover {
    /// The source that decoded it.
    pub source: String,
    /// Its identity within the source.
    pub fingerprint: String,
    /// What fires.
    pub name: String,
    /// Why it is another matter now.
    pub because: HandoverReason,
}

/// What has changed of an alert that fires on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum HandoverReason {
    /// Its severity rose above all that was handled.
    Worse {
        /// The worst that was handled.
        from: Severity,
        /// What it is now.
        to: Severity,
    },
    /// It began anew, and nobody was told of its end.
    BeganAnew {
        /// When.
        at: Timestamp,
    },
}

impl Handover {
    /// The handover of this alert.
    pub fn of(alert: &Alert, because: HandoverReason) -> Self {
        let Alert { source, fingerprint, name, .. } = alert;
        Self { source: source.clone(), fingerprint: fingerprint.clone(), name: name.clone(), because }
    }
}
