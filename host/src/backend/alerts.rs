//! What fires now, as Alertmanager's API tells it.

use jiff::Timestamp;

use crate::domain::{Alert, Labels};

/// The parameter of a push of Prometheus by which alerts without an end get one, as in an Alertmanager.
pub const TIMES_OUT: &str = "resolve_timeout";

/// An alert that fires, and what becomes of it.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveAlert {
    /// The alert.
    pub alert: Alert,
    /// Since when, also where the sender did not say.
    pub starts_at: Timestamp,
    /// When something last happened to its incident.
    pub updated_at: Timestamp,
    /// When it ends, unless its sender says again that it fires.
    pub ends_at: Timestamp,
    /// Its incident.
    pub incident: String,
    /// What the alerts of its incident have in common.
    pub group: Labels,
    /// Names of the silences that cover it.
    pub silenced_by: Vec<String>,
    /// Names of what inhibits it.
    pub inhibited_by: Vec<String>,
}

/// What fires.
pub trait Alerts: Send + Sync {
    /// All alerts that fire. May take a while where there are many.
    fn live_alerts(&self) -> Vec<LiveAlert> {
        Vec::new()
    }
    /// When the host was started.
    fn started_at(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
}
