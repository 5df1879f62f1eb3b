//! The report's account of each action: who wanted it, who allowed it, what came of it.

use super::Language;
use super::arguments;
use super::date;
use super::escape::{Style, excerpt, fence};
use super::safeguards;
use super::translation::approver_sentence;
use crate::domain::entry::{Fact, Purpose};
use crate::domain::incident::{ActionRecord, ActionState};
use crate::domain::{Mode, RulingKind};
use crate::ports::IncidentRecord;

const MD: Style = Style::Markdown;

/// The section on actions.
pub(super) fn section(story: &IncidentRecord, language: Language) -> String {
    let headings = language.translation().headings();
    if story.incident.actions.is_empty() {
        return format!("{}\n", headings.no_actions);
    }
    let accounts: Vec<String> = story.incident.actions.iter().map(|record| account(story, record, language)).collect();
    accounts.join("\n")
}

fn account(story: &IncidentRecord, record: &ActionRecord, language: Language) -> String {
    let (translation, headings) = (language.translation(), language.translation().headings());
    let action = &record.action;
    let state = translation.action_state(record.state);
    let mut out = format!("### {} {} — {state}\n\n", action.id, MD.name(action.tool()));
    let mut line = |label: &str, text: &str| out.push_str(&format!("- **{label}**{}{text}\n", headings.colon));
    line(headings.target, &MD.name(&action.target()));
    for (label, text) in safeguards::lines(action, language, MD) {
        line(label, &text);
    }
    line(headings.proposed_by, &translation.origin(&action.origin, MD));
    if !action.proposal.reason.is_empty() {
        line(headings.reason, &MD.say(&action.proposal.reason));
    }
    for seen in action.proposal.evidence.iter().take(10) {
        line(headings.observations, &MD.say(seen));
    }
    line(headings.risk, translation.risk(action.risk));
    for ruled in rulings(story, record) {
        line(headings.ruling, &ruling(record, ruled, language));
    }
    if let Some(ruling) = &record.ruling {
        let others = ruling.heard.iter().filter(|heard| heard.gate != ruling.rule).map(|heard| {
            let said = translation.ruling(heard.ruling);
            format!("{} {said}{}{}", MD.name(&heard.gate), headings.colon, MD.say(&heard.reason))
        });
        for other in others {
            line(headings.heard, &other);
        }
    }
    for answer in answers(story, record) {
        line(headings.approvals, &translation.timeline_line(answer, MD));
    }
    line(headings.digest, &MD.name(&action.digest));
    let shown = arguments::displayed(&story.incident, action, language);
    out.push_str(&format!("\n{}\n\n{}", headings.head(shown.head), fence(&shown.text, shown.form)));
    if let Some(undo) = safeguards::long_undo(action) {
        out.push_str(&format!("\n{}\n\n{}", headings.head(headings.undone_by), fence(&undo, "text")));
    }
    if record.state == ActionState::Observed {
        out.push_str(&format!("\n{}\n", translation.would_have(record, MD)));
    }
    if let Some(result) = &record.result {
        out.push_str(&format!("\n{}\n\n{}", headings.head(headings.result), excerpt(result)));
    }
    out.push_str(&verification(story, record, language));
    out
}

fn ruling(record: &ActionRecord, ruling: &crate::domain::Ruling, language: Language) -> String {
    let (translation, headings) = (language.translation(), language.translation().headings());
    let mut text = format!(
        "**{}**{}{}{}{}",
        translation.ruling(ruling.kind),
        headings.comma,
        MD.name(&ruling.rule),
        headings.colon,
        MD.say(&ruling.reason)
    );
    let mut add = |label: &str, value: &str| text.push_str(&format!("; {label}{}{value}", headings.colon));
    if ruling.kind == RulingKind::Ask {
        add(headings.who, &approver_sentence(translation, record, ruling, MD));
        if let Some(until) = ruling.until {
            add(headings.until, &date(until));
        }
    }
    if ruling.mode == Mode::Observe {
        text.push_str(&format!("; {}", translation.mode(ruling.mode)));
    }
    text
}

fn rulings<'a>(story: &'a IncidentRecord, record: &'a ActionRecord) -> impl Iterator<Item = &'a crate::domain::Ruling> {
    story.entries.iter().filter_map(|entry| match &entry.fact {
        Fact::Ruled { action, ruling } if *action == record.action.id => Some(ruling),
        _ => None,
    })
}

/// What people said about it.
pub(super) fn answers<'a>(story: &'a IncidentRecord, record: &'a ActionRecord) -> impl Iterator<Item = &'a Fact> {
    story.entries.iter().map(|entry| &entry.fact).filter(|fact| match fact {
        Fact::Approved { action, .. } | Fact::Rejected { action, .. } | Fact::Expired { action } => {
            *action == record.action.id
        }
        _ => false,
    })
}

fn verification(story: &IncidentRecord, record: &ActionRecord, language: Language) -> String {
    let (translation, headings) = (language.translation(), language.translation().headings());
    let verdict = story
        .entries
        .iter()
        .rev()
        .find(|entry| matches!(&entry.fact, Fact::Verified { action, .. } if *action == record.action.id));
    let last = story
        .incident
        .looks
        .iter()
        .rev()
        .find(|look| matches!(&look.purpose, Purpose::Verify { action } if *action == record.action.id));
    let mut out = String::new();
    if let Some(verdict) = verdict {
        let said = translation.timeline_line(&verdict.fact, MD);
        out.push_str(&format!("\n{}{}{said}\n", headings.verification, headings.colon));
    }
    if let Some(look) = last {
        let at = date(look.at);
        let tool = MD.name(&look.call.tool);
        let head = headings.head(&format!("{} {tool}{}{at}", headings.looked_at, headings.comma));
        out.push_str(&format!("\n{head}\n\n{}", excerpt(&look.told())));
    }
    out
}
