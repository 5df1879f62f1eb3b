//! What was done about an incident, how sure it is, and what is left.

use super::{Body, MD, NAME, cause_line};
use crate::domain::incident::ActionRecord;
use crate::domain::text::{one_line, truncate};
use crate::domain::{Incident, Occasion, Outcome};
use crate::report::ending::{EndReason, repairs};
use crate::report::{Language, arguments, findings, steps};

/// Actions and sentences about what is left: more is in the report.
const ACTIONS: usize = 3;
const LEFT: usize = 3;

/// Steps that a model advises.
const STEPS: usize = 3;

/// Findings, and bytes of one.
const FOUND: usize = 2;
const SENTENCE: usize = 240;

/// Letters of an action's arguments.
const ARGUMENTS: usize = 140;

pub(super) fn render(body: &mut Body, incident: &Incident, occasion: Occasion, language: Language) {
    let translation = language.translation();
    let why = EndReason::of(incident);
    let records: Vec<&ActionRecord> = repairs(incident).collect();
    let over = occasion == Occasion::Resolved;
    let mut done = Vec::new();
    if !over {
        done.push(translation.why(&why, MD));
    } else if records.is_empty() {
        // Why a person was needed matters no more.
        done.push(translation.headings().no_actions.to_string());
    }
    // What the sentence names already is not named again.
    if over || !names_its_action(&why) || records.len() > 1 {
        done.extend(records.iter().take(ACTIONS).map(|record| action(incident, record, language)));
        let more = records.len().saturating_sub(ACTIONS);
        done.extend((more > 0).then(|| format!("- {}", translation.more(more))));
    }
    body.block([done]);
    body.block([cause_line(incident, language).map_or_else(|| found(incident, language), |cause| vec![cause])]);
    body.block([incident.reused().map(|reused| translation.reused(&reused.incident.0, MD)).into_iter().collect()]);
    // Where it is over there is nothing left to do, and nobody reads that there is nothing.
    let open = matches!(incident.outcome(), Some(Outcome::NeedsPerson | Outcome::Error) | None);
    if open && !over {
        let mut left = translation.left(&why, incident, MD);
        let more = left.len().saturating_sub(LEFT);
        left.truncate(LEFT);
        let mut lines = vec![format!("**{}**", translation.headings().next)];
        lines.extend(left.into_iter().map(|sentence| format!("- {sentence}")));
        lines.extend((more > 0).then(|| format!("- {}", translation.more(more))));
        body.block([lines]);
        body.block([advised(incident, language)]);
    }
}

/// What the model would do first, where nobody has done it.
fn advised(incident: &Incident, language: Language) -> Vec<String> {
    let headings = language.translation().headings();
    let steps = incident.diagnosis().map(|diagnosis| diagnosis.steps.as_slice()).unwrap_or_default();
    if steps.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![format!("**{}**", headings.suggested)];
    lines.extend(steps.iter().take(STEPS).map(|step| format!("- {}", steps::line(step))));
    let more = steps.len().saturating_sub(STEPS);
    lines.extend((more > 0).then(|| format!("- {}", language.translation().more(more))));
    lines
}

/// What the looks show to be wrong, where nobody has named a cause.
fn found(incident: &Incident, language: Language) -> Vec<String> {
    let headings = language.translation().headings();
    let sentences = findings::sentences(incident, language, MD);
    let lines = sentences.iter().take(FOUND).map(|sentence| format!("- {}", truncate(sentence, SENTENCE)));
    let mut lines: Vec<String> = lines.collect();
    if !lines.is_empty() {
        lines.insert(0, format!("**{}**", headings.findings));
    }
    lines
}

fn action(incident: &Incident, record: &ActionRecord, language: Language) -> String {
    let (translation, headings) = (language.translation(), language.translation().headings());
    let action = &record.action;
    let arguments =
        MD.name(&one_line(&arguments::displayed(incident, action, language).in_one_line(action), ARGUMENTS));
    let name = |text: &str| MD.name(&one_line(text, NAME));
    let (tool, target) = (name(action.tool()), name(&action.target()));
    let state = translation.action_state(record.state);
    format!("- {tool} → {target}{}**{state}**{}{arguments}", headings.colon, headings.comma)
}

fn names_its_action(why: &EndReason<'_>) -> bool {
    match why {
        EndReason::Asked(_)
        | EndReason::Denied(_)
        | EndReason::Rejected(_)
        | EndReason::Expired(_)
        | EndReason::Failed(_)
        | EndReason::NotBegun(_)
        | EndReason::Uncertain(_)
        | EndReason::Useless { .. }
        | EndReason::AfterOthers { .. }
        | EndReason::Contained(_)
        | EndReason::Observed => true,
        EndReason::UnderWay
        | EndReason::Fixed
        | EndReason::Suppressed { .. }
        | EndReason::Resolved
        | EndReason::Escalated { .. }
        | EndReason::Unplanned { .. }
        | EndReason::NoRepair { .. }
        | EndReason::NoModel(_)
        | EndReason::ModelAsks
        | EndReason::ModelDone
        | EndReason::ByPerson(_)
        | EndReason::Other(_) => false,
    }
}
