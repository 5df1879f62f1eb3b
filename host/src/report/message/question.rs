//! The question about an action, and how it ended.

use super::facts::prefix;
use super::{Body, MD, NAME, cause_line};
use crate::domain::incident::{ActionRecord, ActionState};
use crate::domain::text::one_line;
use crate::domain::{Action, Incident, Undo};
use crate::ports::IncidentRecord;
use crate::report::actions::answers;
use crate::report::arguments::DisplayedArguments;
use crate::report::escape::{Style, excerpt, fence};
use crate::report::translation::approver_sentence;
use crate::report::{Language, arguments, minute, safeguards};

/// Longer arguments are cut in messages; the report has them whole.
const LONGEST_ARGUMENTS: usize = 4000;

/// Letters of arguments and of a reason in what is read first.
const SHORT_ARGUMENTS: usize = 140;
const SHORT_REASON: usize = 140;

/// What is asked, in short; all that a yes binds follows as detail.
pub(super) fn ask(
    body: &mut Body,
    story: &IncidentRecord,
    record: &ActionRecord,
    link: Option<&str>,
    language: Language,
) {
    let (translation, headings) = (language.translation(), language.translation().headings());
    let (incident, action) = (&story.incident, &record.action);
    body.block([cause_line(incident, language).into_iter().collect()]);
    let shown = arguments::displayed(incident, action, language);
    let (tool, target) = (one_line(action.tool(), NAME), one_line(&action.target(), NAME));
    let mut lines = vec![
        format!("**{}** {} → {}", translation.page().question, MD.name(&tool), MD.name(&target)),
        MD.name(&one_line(&shown.in_one_line(action), SHORT_ARGUMENTS)),
    ];
    let mut line = |label: &str, text: String| lines.push(format!("- {label}{}{text}", headings.colon));
    line(headings.risk, translation.risk(action.risk).to_string());
    let reason = [&action.proposal.reason].into_iter().chain(&action.proposal.evidence);
    if let Some(reason) = reason.into_iter().find(|text| !text.trim().is_empty()) {
        line(headings.reason, MD.say(&one_line(reason, SHORT_REASON)));
    }
    line(headings.undone_by, undo(action, language).to_string());
    if let Some(ruling) = &record.ruling {
        let until = ruling.until.map(|until| format!(" · {}{}{}", headings.until, headings.colon, minute(until)));
        line(
            headings.who,
            format!("{}{}", approver_sentence(translation, record, ruling, MD), until.unwrap_or_default()),
        );
    }
    body.block([lines]);
    let (id, name) = (&incident.id, &action.id);
    body.block([vec![match link {
        Some(link) => {
            let (approve, deny) = (translation.page().approve, translation.page().deny);
            format!("[{approve}]({link}#approve) · [{deny}]({link}#deny)")
        }
        None => format!(
            "{} · {}",
            MD.name(&format!("tidegate approve {id} {name}")),
            MD.name(&format!("tidegate deny {id} {name}"))
        ),
    }]]);
    body.details = details(incident, record, &shown, language);
}

/// All that a yes binds, and who wants it.
fn details(incident: &Incident, record: &ActionRecord, asked: &DisplayedArguments, language: Language) -> String {
    let (translation, headings) = (language.translation(), language.translation().headings());
    let action = &record.action;
    let mut lines = Vec::new();
    let mut line = |label: &str, text: String| lines.push(format!("- {label}{}{text}", headings.colon));
    line(headings.proposed_by, translation.origin(&action.origin, MD));
    if !action.proposal.reason.is_empty() {
        line(headings.reason, MD.say(&action.proposal.reason));
    }
    for seen in action.proposal.evidence.iter().take(5) {
        line(headings.observations, MD.say(seen));
    }
    for (label, text) in safeguards::lines(action, language, MD) {
        line(label, text);
    }
    if let Some(ruling) = &record.ruling {
        line(headings.ruling, format!("{}{}{}", MD.name(&ruling.rule), headings.colon, MD.say(&ruling.reason)));
    }
    line(headings.digest, MD.name(prefix(&action.digest)));
    let (of, id) = (&incident.id, &action.id);
    line(headings.approve_with, MD.name(&format!("tidegate approve {of} {id}")));
    line(headings.reject_with, MD.name(&format!("tidegate deny {of} {id}")));
    // All of them, if they are not endless: a person says yes to exactly these.
    let short = asked.text.len() <= LONGEST_ARGUMENTS;
    let shown = if short { fence(&asked.text, asked.form) } else { excerpt(&asked.text) };
    lines.push(format!("\n{}\n\n{}", headings.head(asked.head), shown.trim_end()));
    if let Some(undo) = safeguards::long_undo(action) {
        let shown = if undo.len() <= LONGEST_ARGUMENTS { fence(&undo, "text") } else { excerpt(&undo) };
        lines.push(format!("\n{}\n\n{}", headings.head(headings.undone_by), shown.trim_end()));
    }
    lines.join("\n")
}

/// How a question ended.
pub(super) fn result(body: &mut Body, story: &IncidentRecord, record: &ActionRecord, language: Language) {
    let over = result_word(&story.incident, record, language);
    let name = |text: &str| MD.name(&one_line(text, NAME));
    let (tool, target) = (name(record.action.tool()), name(&record.action.target()));
    let mut lines = vec![format!("**{over}**{}{tool} → {target}", language.translation().headings().colon)];
    lines.extend(who_answered(story, record, language, MD).into_iter().map(|said| format!("- {said}")));
    body.block([lines]);
}

/// Who said what about it, or that nobody did in time.
pub(super) fn who_answered(
    story: &IncidentRecord,
    record: &ActionRecord,
    language: Language,
    style: Style,
) -> Vec<String> {
    answers(story, record).map(|fact| language.translation().timeline_line(fact, style)).collect()
}

/// How a question ended, in a word or two.
pub(super) fn result_word(incident: &Incident, record: &ActionRecord, language: Language) -> &'static str {
    let (headings, page) = (language.translation().headings(), language.translation().page());
    let ended = incident.conclusion.is_some() || incident.closed.is_some();
    match record.state {
        ActionState::Asked if !ended => headings.asked_anew,
        ActionState::Asked | ActionState::Proposed | ActionState::Denied | ActionState::Observed => headings.not_asked,
        ActionState::Rejected => page.denied,
        ActionState::Expired => headings.expired,
        // A gate may allow what another version of it asked about.
        _ if record.approvals.is_empty() => headings.not_asked,
        ActionState::Allowed
        | ActionState::Approved
        | ActionState::Started
        | ActionState::NotBegun
        | ActionState::Done
        | ActionState::Failed
        | ActionState::Uncertain
        | ActionState::Verified
        | ActionState::Unverified => page.approved,
    }
}

/// What happens if it does not help, without the call.
pub(in crate::report) fn undo(action: &Action, language: Language) -> &'static str {
    let words = language.translation().safeguards();
    match action.undo() {
        Some(Undo::Restore(_)) => words.restores_short,
        Some(Undo::Tool(_)) => words.by_tool_short,
        Some(Undo::Proposed(_)) => words.proposed_short,
        None => words.nothing,
    }
}
