//! What is known from before, in English.

use super::{English, count};
use crate::domain::knowledge::{Knowledge, Recurrence, SimilarIncident};
use crate::report::escape::Style;
use crate::report::knowledge::KnowledgeStrings;
use crate::report::translation::Translation as _;

pub(super) static WORDS: KnowledgeStrings = KnowledgeStrings {
    section: "Known from before",
    runbooks: "Runbooks",
    similar: "Similar incidents",
    unread: "Could not be looked up",
    declared: "it says that it is about this",
    linked: "the alert names it",
    found: "found by its words, so it may be about something else",
    tools: "It says to look with",
    skip: "It says to leave alone",
    runbook: "Runbook",
    seen_before: "Seen before",
};

/// What became of it, what was done, whether it stayed away.
pub(super) fn past(past: &SimilarIncident, s: Style) -> String {
    let ended = English.outcome(past.outcome);
    let mut told = format!("{ended} on {}", crate::report::minute(past.closed_at));
    for repair in &past.repairs {
        let helped = if repair.helped { "which helped" } else { "which did not help" };
        told.push_str(&format!(", {} on {} {helped}", s.name(&repair.tool), s.name(&repair.target)));
    }
    match past.held {
        Recurrence::Stayed => told.push_str("; it did not come back within a day"),
        Recurrence::CameBack { after_seconds } => {
            told.push_str(&format!("; it came back after {}", English.duration(after_seconds)));
        }
        Recurrence::SoFar => told.push_str("; less than a day ago, and it has not come back until then"),
    }
    if !past.cause.is_empty() {
        told.push_str(&format!(". Cause: {}", s.say(&past.cause)));
    }
    told
}

/// For the timeline.
pub(super) fn recalled(known: &Knowledge) -> String {
    let (runbooks, similar) = (known.runbooks.len(), known.similar.len());
    let mut told = format!("known from before: {}, {}", count(runbooks, "runbook"), count(similar, "similar incident"));
    if !known.unread.is_empty() {
        told.push_str(&format!("; {} could not be looked up", known.unread.len()));
    }
    told
}
