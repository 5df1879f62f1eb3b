//! What was done about an incident, how sure it is, and what is left.

use serde_json::Value;

use super::{Body, MD, NAME, cause_line};
use crate::domain::incident::ActionRecord;
use crate::domain::{Incident, Occasion, Outcome};
use crate::report::Language;
use crate::report::ending::{Why, repairs};
use crate::report::escape::one_line;

/// Actions and sentences about what is left: more is in the report.
const ACTIONS: usize = 3;
const LEFT: usize = 3;

/// Letters of an action's arguments.
const ARGUMENTS: usize = 140;

pub(super) fn tell(body: &mut Body, incident: &Incident, occasion: Occasion, language: Language) {
    let translation = language.translation();
    let why = Why::of(incident);
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
        done.extend(records.iter().take(ACTIONS).map(|record| action(record, language)));
        let more = records.len().saturating_sub(ACTIONS);
        done.extend((more > 0).then(|| format!("- {}", translation.more(more))));
    }
    body.block([done]);
    body.block([cause_line(incident, language).into_iter().collect()]);
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
    }
}

fn action(record: &ActionRecord, language: Language) -> String {
    let (translation, headings) = (language.translation(), language.translation().headings());
    let action = &record.action;
    let arguments = Value::Object(action.proposal.call.arguments.clone()).to_string();
    let arguments = MD.name(&one_line(&arguments, ARGUMENTS));
    let name = |text: &str| MD.name(&one_line(text, NAME));
    let (tool, target) = (name(action.tool()), name(&action.target()));
    let state = translation.action_state(record.state);
    format!("- {tool} → {target}{}**{state}**{}{arguments}", headings.colon, headings.comma)
}

fn names_its_action(why: &Why<'_>) -> bool {
    match why {
        Why::Asked(_)
        | Why::Denied(_)
        | Why::Rejected(_)
        | Why::Expired(_)
        | Why::Failed(_)
        | Why::NotBegun(_)
        | Why::Uncertain(_)
        | Why::Useless { .. }
        | Why::Observed => true,
        Why::UnderWay
        | Why::Fixed
        | Why::Suppressed { .. }
        | Why::Resolved
        | Why::Escalated { .. }
        | Why::Unplanned { .. }
        | Why::NoModel(_)
        | Why::ModelAsks
        | Why::ModelDone
        | Why::Other(_) => false,
    }
}
