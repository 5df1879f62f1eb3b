//! What happened, line by line.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::Language;
use super::escape::Style;
use crate::domain::entry::Purpose;
use crate::domain::{Entry, Fact};
use crate::ports::IncidentRecord;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
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

/// How much of what happened is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Looks that answered, one after the other for the same purpose, are one line.
    Folded,
    /// One line an entry.
    All,
}

/// Everything that happened, in order.
pub fn timeline(story: &IncidentRecord, detail: Detail, language: Language) -> Vec<Line> {
    lines(story, detail, language, Style::Plain)
}

pub(super) fn lines(story: &IncidentRecord, detail: Detail, language: Language, style: Style) -> Vec<Line> {
    let translation = language.translation();
    let line = |entry: &Entry| Line {
        at: entry.at,
        kind: kind(&entry.fact),
        rule: rule(&entry.fact),
        text: translation.timeline_line(&entry.fact, style),
    };
    match detail {
        Detail::All => story.entries.iter().map(line).collect(),
        Detail::Folded => {
            let runs = story.entries.chunk_by(|one, next| look(one).is_some() && look(one) == look(next));
            runs.flat_map(|run| match run {
                [first, _, ..] => vec![folded(first, run, language, style)],
                few => few.iter().map(line).collect(),
            })
            .collect()
        }
    }
}

/// What a look that answered was for; none for anything else, which is never folded.
fn look(entry: &Entry) -> Option<&Purpose> {
    match &entry.fact {
        Fact::Looked { purpose, ok: true, refused: None, .. } => Some(purpose),
        _ => None,
    }
}

/// Tools that are named in a line.
const TOOLS: usize = 4;

fn folded(first: &Entry, run: &[Entry], language: Language, style: Style) -> Line {
    let headings = language.translation().headings();
    let mut tools: Vec<(&str, usize)> = Vec::new();
    let mut took = 0u64;
    for entry in run {
        let Fact::Looked { call, took_ms, .. } = &entry.fact else { continue };
        took = took.saturating_add(*took_ms);
        match tools.iter_mut().find(|(tool, _)| *tool == call.tool) {
            Some((_, times)) => *times += 1,
            None => tools.push((&call.tool, 1)),
        }
    }
    let named = tools.iter().take(TOOLS).map(|(tool, times)| match times {
        1 => style.name(tool),
        times => format!("{} ×{times}", style.name(tool)),
    });
    let mut named: Vec<String> = named.collect();
    if tools.len() > TOOLS {
        named.push(language.translation().more(tools.len() - TOOLS));
    }
    let text = match look(first) {
        Some(purpose) => language.translation().looks(run.len(), took, purpose, &named.join(headings.comma)),
        None => language.translation().timeline_line(&first.fact, style),
    };
    Line { at: first.at, kind: kind(&first.fact), rule: None, text }
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
        Fact::Collected { .. } => "evidence",
        Fact::Recalled { .. } => "knowledge",
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
        Fact::Said { .. } => "person",
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
