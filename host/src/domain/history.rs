//! What happened before, as data that policies may count in.

use jiff::{SignedDuration, Timestamp};

use super::alert::{Labels, Severity};
use super::incident::{IncidentId, Outcome};

/// One incident of the past.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    /// The rule that decided; empty for the default.
    pub rule: String,
    /// What its alerts shared.
    pub group_key: String,
    /// The first alert's name.
    pub name: String,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// How it ended; none while it is open.
    pub outcome: Option<Outcome>,
    /// Executed actions: target and whether it was seen to help.
    pub fixes: Vec<(String, bool)>,
}

/// One alert that fires now, of any incident; what inhibitions look at.
#[derive(Clone, Debug, PartialEq)]
pub struct Active {
    /// Its incident.
    pub incident: IncidentId,
    /// The source that decoded it.
    pub source: String,
    /// What fired.
    pub name: String,
    /// How bad it is.
    pub severity: Severity,
    /// Its labels.
    pub labels: Labels,
}

/// The past as far as it is kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Other incidents than the one that is decided about, oldest first.
    pub past: Vec<Past>,
    /// Every firing alert of every incident that is not closed.
    pub active: Vec<Active>,
}

impl History {
    /// Incidents that `select` takes and that were opened within `window` before `now`.
    pub fn count(&self, now: Timestamp, window: SignedDuration, select: impl Fn(&Past) -> bool) -> usize {
        let from = now.saturating_sub(window).unwrap_or(Timestamp::MIN);
        let recent = self.past.iter().rev().take_while(|past| past.opened_at >= from);
        recent.filter(|past| select(past)).count()
    }
}
