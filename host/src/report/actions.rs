//! The report's account of each action: who wanted it, who allowed it, what came of it.

use serde_json::Value;

use super::Language;
use super::date;
use super::escape::{Style, excerpt, fence};
use crate::domain::entry::{Fact, Purpose};
use crate::domain::incident::{ActionRecord, ActionState};
use crate::domain::{Mode, RulingKind};
use crate::ports::Story;

const MD: Style = Style::Markdown;

/// The section on actions.
pub(super) fn section(story: &Story, language: Language) -> String {
    let words = language.tongue().words();
    if story.incident.actions.is_empty() {
        return format!("{}\n", words.no_actions);
    }
    let accounts: Vec<String> = story.incident.actions.iter().map(|record| account(story, record, language)).collect();
    accounts.join("\n")
}

fn account(story: &Story, record: &ActionRecord, language: Language) -> String {
    let (tongue, words) = (language.tongue(), language.tongue().words());
    let action = &record.action;
    let state = tongue.action_state(record.state);
    let mut out = format!("### {} {} — {state}\n\n", action.id, MD.name(action.tool()));
    let mut line = |label: &str, text: &str| out.push_str(&format!("- **{label}**{}{text}\n", words.colon));
    line(words.target, &MD.name(&action.target()));
    line(words.proposed_by, &tongue.origin(&action.origin, MD));
    if !action.proposal.reason.is_empty() {
        line(words.reason, &MD.say(&action.proposal.reason));
    }
    for seen in action.proposal.evidence.iter().take(10) {
        line(words.observations, &MD.say(seen));
    }
    line(words.risk, tongue.risk(action.risk));
    for ruled in rulings(story, record) {
        line(words.ruling, &ruling(ruled, language));
    }
    if let Some(ruling) = &record.ruling {
        let others = ruling.heard.iter().filter(|heard| heard.gate != ruling.rule).map(|heard| {
            let said = tongue.ruling(heard.ruling);
            format!("{} {said}{}{}", MD.name(&heard.gate), words.colon, MD.say(&heard.reason))
        });
        for other in others {
            line(words.heard, &other);
        }
    }
    for answer in answers(story, record) {
        line(words.approvals, &tongue.happened(answer, MD));
    }
    line(words.digest, &MD.name(&action.digest));
    let arguments = Value::Object(action.proposal.call.arguments.clone());
    let json = serde_json::to_string_pretty(&arguments).unwrap_or_default();
    out.push_str(&format!("\n{}\n\n{}", words.head(words.arguments), fence(&json, "json")));
    if record.state == ActionState::Observed {
        out.push_str(&format!("\n{}\n", tongue.would_have(record, MD)));
    }
    if let Some(result) = &record.result {
        out.push_str(&format!("\n{}\n\n{}", words.head(words.result), excerpt(result)));
    }
    out.push_str(&verification(story, record, language));
    out
}

fn ruling(ruling: &crate::domain::Ruling, language: Language) -> String {
    let (tongue, words) = (language.tongue(), language.tongue().words());
    let mut text = format!(
        "**{}**{}{}{}{}",
        tongue.ruling(ruling.kind),
        words.comma,
        MD.name(&ruling.rule),
        words.colon,
        MD.say(&ruling.reason)
    );
    let mut add = |label: &str, value: &str| text.push_str(&format!("; {label}{}{value}", words.colon));
    if ruling.kind == RulingKind::Ask {
        if !ruling.who.is_empty() {
            add(words.who, &MD.name(&ruling.who));
        }
        if let Some(until) = ruling.until {
            add(words.until, &date(until));
        }
    }
    if ruling.mode == Mode::Observe {
        text.push_str(&format!("; {}", tongue.mode(ruling.mode)));
    }
    text
}

fn rulings<'a>(story: &'a Story, record: &'a ActionRecord) -> impl Iterator<Item = &'a crate::domain::Ruling> {
    story.entries.iter().filter_map(|entry| match &entry.fact {
        Fact::Ruled { action, ruling } if *action == record.action.id => Some(ruling),
        _ => None,
    })
}

/// What people said about it.
fn answers<'a>(story: &'a Story, record: &'a ActionRecord) -> impl Iterator<Item = &'a Fact> {
    story.entries.iter().map(|entry| &entry.fact).filter(|fact| match fact {
        Fact::Approved { action, .. } | Fact::Rejected { action, .. } | Fact::Expired { action } => {
            *action == record.action.id
        }
        _ => false,
    })
}

fn verification(story: &Story, record: &ActionRecord, language: Language) -> String {
    let (tongue, words) = (language.tongue(), language.tongue().words());
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
        let said = tongue.happened(&verdict.fact, MD);
        out.push_str(&format!("\n{}{}{said}\n", words.verification, words.colon));
    }
    if let Some(look) = last {
        let at = date(look.at);
        let tool = MD.name(&look.call.tool);
        let head = words.head(&format!("{} {tool}{}{at}", words.looked_at, words.comma));
        out.push_str(&format!("\n{head}\n\n{}", excerpt(&look.text)));
    }
    out
}
