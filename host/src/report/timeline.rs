//! What happened, line by line.

use jiff::Timestamp;
use serde::Serialize;

use super::Language;
use super::escape::Style;
use crate::domain::{Entry, Fact};
use crate::ports::Story;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// A word for the kind of event, the same in every language.
    pub kind: &'static str,
    /// The rule or the gate that made it happen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// What, which rule and why, in one line for a terminal.
    pub text: String,
}

/// Everything that happened, in order.
pub fn timeline(story: &Story, language: Language) -> Vec<Line> {
    lines(story, language, Style::Plain)
}

pub(super) fn lines(story: &Story, language: Language, style: Style) -> Vec<Line> {
    let translation = language.translation();
    let line = |entry: &Entry| Line {
        at: entry.at,
        kind: kind(&entry.fact),
        rule: rule(&entry.fact),
        text: translation.timeline_line(&entry.fact, style),
    };
    story.entries.iter().map(line).collect()
}

fn kind(fact: &Fact) -> &'static str {
    match fact {
        Fact::Opened { .. } => "opened",
        Fact::AlertsChanged { .. } | Fact::AlertsCounted { .. } | Fact::HandedOver { .. } | Fact::TakenOver { .. } => {
            "alerts"
        }
        Fact::Joined { .. } => "alerts",
        Fact::BlockedBy { .. } | Fact::Unblocked { .. } => "waits",
        Fact::Decided { .. } => "verdict",
        Fact::Looked { .. } => "look",
        Fact::Collected => "evidence",
        Fact::Planned { .. } => "plan",
        Fact::Answered { .. } | Fact::ModelFailed { .. } => "model",
        Fact::Proposed { .. } => "proposed",
        Fact::Prepared { .. } | Fact::Inspected { .. } => "look",
        Fact::Ruled { .. } => "gate",
        Fact::Approved { .. } => "approved",
        Fact::Rejected { .. } => "denied",
        Fact::BreakerOpened { .. } => "breaker",
        Fact::Expired { .. } => "expired",
        Fact::Intent { .. } => "execute",
        Fact::NotBegun { .. } => "put_off",
        Fact::Result { .. } => "result",
        Fact::Uncertain { .. } => "uncertain",
        Fact::ClaimHeld { .. } | Fact::Verified { .. } => "verified",
        Fact::Concluded { .. } => "outcome",
        Fact::Reported { .. } => "report",
        Fact::Told { .. }
        | Fact::DeliveryFailed { .. }
        | Fact::Delivered { .. }
        | Fact::DeliveryOvertaken { .. }
        | Fact::DeliveryRetried { .. } => "notify",
        Fact::ClockSetBack { .. } => "clock",
        Fact::Closed { .. } => "closed",
    }
}

fn rule(fact: &Fact) -> Option<String> {
    match fact {
        Fact::Decided { decision } => decision.rule.clone(),
        Fact::Ruled { ruling, .. } => Some(ruling.rule.clone()),
        Fact::Looked { refused, .. } => refused.clone(),
        _ => None,
    }
}
