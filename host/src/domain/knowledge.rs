//! What was known about an incident before anybody worked on it: runbooks that apply, and incidents of the
//! past that were alike. Data for reports, messages and the model; no decision rests on it.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::incident::IncidentId;
use super::outcome::Outcome;

/// All that was known, with what could not be looked up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Knowledge {
    /// Runbooks, the one that fits best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runbooks: Vec<Quote>,
    /// Incidents of the past, the one that is most alike first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub similar: Vec<SimilarIncident>,
    /// A sentence for each thing that could not be looked up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
}

impl Knowledge {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Tools that the runbooks declare to be of no use here. Of what was only found by its words nothing is
    /// taken: it may be about something else.
    pub fn skipped_tools(&self) -> impl Iterator<Item = &str> {
        let declared = self.runbooks.iter().filter(|quote| quote.because == MatchReason::Declared);
        declared.flat_map(|quote| &quote.skip).map(String::as_str)
    }
}

/// A piece of a runbook, with its source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// What the runbook is called.
    pub title: String,
    /// Its file below its folder, or its address.
    pub source: String,
    /// The heading that the piece stands under; empty for the beginning.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub heading: String,
    /// Why it is thought to apply.
    pub because: MatchReason,
    /// The piece, cut.
    pub excerpt: String,
    /// Tools that it says to use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<String>,
    /// Tools that it says to leave alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skip: Vec<String>,
}

/// Why a runbook is thought to apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchReason {
    /// It says so itself, in its front matter.
    Declared,
    /// The alert names it.
    Linked,
    /// Its words are those of the incident.
    Found,
}

/// An incident of the past.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimilarIncident {
    /// Which.
    pub incident: IncidentId,
    /// In one line.
    pub title: String,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When nothing more happened to it.
    pub closed_at: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
    /// In what it is alike.
    pub likeness: Similarity,
    /// What was wrong, as far as anybody said so.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cause: String,
    /// What was done about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repairs: Vec<Repair>,
    /// Whether it stayed away.
    pub held: Recurrence,
}

/// In what an incident of the past is like another one; the first is most alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Similarity {
    /// The same alert of the same group.
    Same,
    /// The same group, such as the workload.
    SameGroup,
    /// The same alert and the same finding, elsewhere.
    SameFinding,
    /// The same alert, elsewhere.
    SameAlert,
    /// Its words.
    Words,
}

/// An action of the past.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repair {
    /// The tool.
    pub tool: String,
    /// On what.
    pub target: String,
    /// Whether it was seen to help.
    pub helped: bool,
}

/// What stays away so long has been dealt with.
pub const HOLDS: Duration = Duration::from_secs(24 * 3600);

/// Whether an incident stayed away after it was closed: the same alert of the same group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Recurrence {
    /// It did, for [`HOLDS`].
    Stayed,
    /// It came back after so many seconds.
    CameBack {
        /// After the end.
        after_seconds: i64,
    },
    /// Less time than that has passed.
    SoFar,
}

impl Recurrence {
    /// What is known `now` of an incident that ended at `closed_at`, and came back next at `again`.
    pub fn of(closed_at: Timestamp, again: Option<Timestamp>, now: Timestamp) -> Self {
        let holds = i64::try_from(HOLDS.as_secs()).unwrap_or(i64::MAX);
        let since = |at: Timestamp| at.as_second().saturating_sub(closed_at.as_second()).max(0);
        match again.map(since) {
            Some(after_seconds) if after_seconds < holds => Self::CameBack { after_seconds },
            _ if since(now) < holds => Self::SoFar,
            _ => Self::Stayed,
        }
    }
}

/// What a search brought.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchResults {
    /// Pieces of runbooks, the one that fits best first.
    pub runbooks: Vec<Quote>,
    /// Incidents of the past, newest first.
    pub incidents: Vec<SimilarIncident>,
    /// A sentence for each thing that could not be searched, or not to its end.
    pub unread: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_back_within_a_day_did_not_hold() {
        let closed: Timestamp = "2026-07-06T12:00:00Z".parse().unwrap();
        let later = |hours: i64| closed + jiff::SignedDuration::from_hours(hours);
        assert_eq!(Recurrence::of(closed, Some(later(2)), later(90)), Recurrence::CameBack { after_seconds: 7200 });
        assert_eq!(Recurrence::of(closed, Some(later(25)), later(90)), Recurrence::Stayed);
        assert_eq!(Recurrence::of(closed, None, later(24)), Recurrence::Stayed);
        assert_eq!(Recurrence::of(closed, None, later(23)), Recurrence::SoFar);
        // The next one was opened before this one was closed.
        assert_eq!(Recurrence::of(closed, Some(later(-1)), later(90)), Recurrence::CameBack { after_seconds: 0 });
    }
}
