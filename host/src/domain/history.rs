//! What happened before, as data that policies may count in.

use jiff::{SignedDuration, Timestamp};

use super::incident::Outcome;

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

/// The past as far as it is kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Oldest first.
    pub past: Vec<Past>,
}

impl History {
    /// Incidents that `select` takes and that were opened within `window` before `now`.
    pub fn count(&self, now: Timestamp, window: SignedDuration, select: impl Fn(&Past) -> bool) -> usize {
        let from = now.saturating_sub(window).unwrap_or(Timestamp::MIN);
        let recent = self.past.iter().rev().take_while(|past| past.opened_at >= from);
        recent.filter(|past| select(past)).count()
    }
}
