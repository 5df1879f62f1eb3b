//! What fires now, as Alertmanager's API tells it.

use jiff::Timestamp;

use super::Cancellation;
use crate::domain::{Alert, Labels, Matcher, Severity};

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
    /// The silence or inhibition of a policy that holds its incident back, as `silence:NAME` or `inhibit:NAME`; its UUID
    /// stands last above.
    pub held_by: Option<String>,
}

impl LiveAlert {
    /// The silences among those that cover it that people have made at run time.
    pub fn silences(&self) -> &[String] {
        let by_policy = self.held_by.as_ref().is_some_and(|rule| rule.starts_with("silence:"));
        self.silenced_by.get(..self.silenced_by.len() - usize::from(by_policy)).unwrap_or_default()
    }
}

/// Which of what fires is wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// What the labels must be.
    pub matchers: Vec<Matcher>,
    /// How bad it is.
    pub severity: Option<Severity>,
    /// Only what is silenced or inhibited, or only what is not.
    pub held: Option<bool>,
    /// The label by whose values they are counted; empty for none.
    pub by: String,
    /// So many are passed over.
    pub skip: usize,
    /// So many at most.
    pub most: usize,
}

/// Some of what fires: the worst first, and of these the newest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Firing {
    /// They.
    pub alerts: Vec<LiveAlert>,
    /// How many pass.
    pub count: usize,
    /// How many fire in full.
    pub of: usize,
    /// How often each value of the label is there that they are counted by; the most frequent first.
    pub values: Vec<(String, usize)>,
    /// How many values more there are.
    pub more_values: usize,
}

/// What fires.
pub trait Alerts: Send + Sync {
    /// All alerts that fire. May take a while where there are many.
    fn live_alerts(&self) -> Vec<LiveAlert> {
        Vec::new()
    }
    /// Some of what fires.
    fn firing(&self, _wanted: &Wanted, _cancellation: &Cancellation) -> Firing {
        Firing::default()
    }
    /// When the host was started.
    fn started_at(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
}
