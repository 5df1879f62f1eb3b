//! Endings and what they leave to a person, in English.

use super::count;
use crate::domain::incident::{ActionRecord, ActionState};
use crate::domain::{Incident, RulingKind};
use crate::report::ending::{EndReason, in_cooldown, own_reason, repairs};
use crate::report::english::English;
use crate::report::escape::Style;
use crate::report::translation::Translation;

pub(super) fn why(why: &EndReason<'_>, s: Style) -> String {
    match why {
        EndReason::UnderWay => "It is still being handled.".into(),
        EndReason::Asked(record) => format!("{} waits for the approval of a person.", what(record, s)),
        EndReason::Fixed => "It was repaired, and the repair was seen to help.".into(),
        EndReason::Suppressed { rule, reason } => {
            format!("{} says that nobody needs to know: {}", by(*rule, s), s.say(reason))
        }
        EndReason::Resolved => "The alerts resolved before anything was done.".into(),
        EndReason::Observed => {
            "Nothing was executed, because the mode is observe. What would have been done is below.".into()
        }
        EndReason::Denied(record) => format!("{} was denied by {}.", what(record, s), gate(record, s)),
        EndReason::Rejected(record) => format!("{} was rejected: {}.", what(record, s), result(record, s)),
        EndReason::Expired(record) => format!("Nobody approved {} in time, which means no.", what(record, s)),
        EndReason::Failed(record) => format!("{} failed: {}", what(record, s), result(record, s)),
        EndReason::NotBegun(record) => {
            format!("{} could not be begun, and nothing was changed: {}", what(record, s), result(record, s))
        }
        EndReason::Uncertain(record) => {
            format!("It is unknown whether {} happened: {}", what(record, s), result(record, s))
        }
        EndReason::Useless { action, undo } => {
            let undone = match undo.map(|undo| undo.state) {
                None => "It was left as it is, because nothing is known that takes it back.",
                Some(ActionState::Done | ActionState::Verified) => "It was taken back.",
                Some(_) => "Taking it back did not succeed.",
            };
            format!("{} was done and did not help: {}. {undone}", what(action, s), seen(action, s))
        }
        EndReason::Contained(record) => {
            format!("{} was done and holds: that contains the trouble and repairs nothing.", what(record, s))
        }
        EndReason::AfterOthers { before, last } => {
            let tried: Vec<String> = before.iter().map(|record| tried(record, s)).collect();
            format!("Tried before: {}. Then: {}", tried.join("; "), self::why(last, s))
        }
        EndReason::Escalated { rule, reason } => match own_reason(*rule, reason) {
            Some(reason) => format!("{} leaves it to a person: {}", by(*rule, s), s.say(reason)),
            None => format!("{} leaves it to a person.", by(*rule, s)),
        },
        EndReason::Unplanned { plugin, error } => format!("Plugin {} could not plan: {}", s.name(plugin), s.say(error)),
        EndReason::NoRepair { plugin } => {
            format!("Plugin {} knows no repair for it, and there is no model to ask.", s.name(plugin))
        }
        EndReason::NoModel(reason) => {
            format!("No rule repairs it, and the language model could not help: {}", s.say(reason))
        }
        EndReason::ModelAsks => "The language model found no safe repair and asks for a person.".into(),
        EndReason::ModelDone => "The language model sees nothing left to do, but the alerts still fire.".into(),
        EndReason::ByPerson(said) if said.comment.is_empty() => {
            format!("{} closed it.", English.person(&said.person, s))
        }
        EndReason::ByPerson(said) => format!("{} closed it: {}", English.person(&said.person, s), s.say(&said.comment)),
        EndReason::Other(reason) => s.say(reason),
    }
}

pub(super) fn left(why: &EndReason<'_>, incident: &Incident, s: Style) -> Vec<String> {
    let mut left = match why {
        EndReason::UnderWay => vec!["Nothing yet.".into()],
        EndReason::Asked(record) => {
            let (incident, action) = (&incident.id, &record.action.id);
            vec![format!(
                "Approve or reject: {} or {}.",
                s.name(&format!("tidegate approve {incident} {action}")),
                s.name(&format!("tidegate deny {incident} {action}"))
            )]
        }
        EndReason::Fixed if incident.all_resolved() => vec!["Nothing: all alerts have resolved.".into()],
        EndReason::Fixed => {
            vec!["Nothing for now: the repair was verified. Look again if the alerts do not resolve.".into()]
        }
        EndReason::Suppressed { .. } | EndReason::Resolved | EndReason::ByPerson(_) => vec!["Nothing.".into()],
        EndReason::Observed => {
            let mut sentences: Vec<String> = repairs(incident).map(|record| would_have(record, s)).collect();
            sentences.push(format!(
                "Do it by hand if it is right. To let tidegate do it from now on, set {} in the configuration.",
                s.name("mode = \"enforce\"")
            ));
            sentences
        }
        EndReason::Denied(record) if in_cooldown(record) => vec![format!(
            "Try it again later if it is still right: {}. Until then no gate allows it: {}",
            s.name(&format!("tidegate incidents rerun {}", incident.id)),
            reason(record, s)
        )],
        EndReason::Denied(record) => vec![format!(
            "Decide whether {} is right. If so, do it by hand; if it always is, add a gate that allows it. \
             The gate said: {}",
            what(record, s),
            reason(record, s)
        )],
        EndReason::Rejected(_) => vec!["Find another way: a person decided against the proposed one.".into()],
        EndReason::Expired(record) => vec![format!("Decide about {} and do it by hand.", what(record, s))],
        EndReason::Failed(record) => {
            vec![format!("Find out why {} refused, and repair by hand.", s.name(record.action.tool()))]
        }
        EndReason::NotBegun(record) => {
            vec![format!("Find out why {} cannot be called, and repair by hand.", s.name(record.action.tool()))]
        }
        EndReason::Uncertain(record) => vec![
            format!(
                "Look at {} before anything else: it may or may not have been changed.",
                s.name(&record.action.target())
            ),
            format!("The attempt was {}.", s.name(record.attempt.as_deref().unwrap_or_default())),
        ],
        EndReason::Useless { action, undo } => {
            let mut sentences = vec![format!("Find another cause: {} was not it.", what(action, s))];
            if !undo.is_some_and(|undo| matches!(undo.state, ActionState::Done | ActionState::Verified)) {
                sentences.push(format!("Take it back by hand if it does harm: {}.", s.name(&action.action.target())));
            }
            sentences
        }
        EndReason::Contained(record) => vec![format!(
            "Repair {}, then lift what contains it: take {} back.",
            s.name(&record.action.target()),
            s.name(record.action.tool())
        )],
        EndReason::AfterOthers { before, last } => {
            let mut sentences = left(last, incident, s);
            let names: Vec<String> = before.iter().map(|record| what(record, s)).collect();
            sentences.insert(0, format!("Do not begin with what was tried in vain: {}.", names.join(", ")));
            return sentences;
        }
        EndReason::Escalated { .. } | EndReason::ModelAsks | EndReason::ModelDone | EndReason::Other(_) => {
            vec!["Investigate and repair by hand.".into()]
        }
        EndReason::Unplanned { plugin, .. } => {
            vec![format!("Repair by hand, and see why plugin {} could not plan.", s.name(plugin))]
        }
        EndReason::NoModel(_) | EndReason::NoRepair { .. } => {
            vec!["Investigate and repair by hand; a rule for this alert would spare the next one.".into()]
        }
    };
    left.extend(incident.breakers.iter().map(|(key, because)| {
        let reset = s.name(&format!("tidegate breakers reset {key}"));
        format!(
            "{} is stopped, because {}. When the cause is found, {reset} lets it go on.",
            s.name(key),
            s.say(because)
        )
    }));
    left
}

pub(super) fn still(firing: usize) -> String {
    let still = if firing == 1 { "still fires" } else { "still fire" };
    format!("{} {still}.", count(firing, "alert"))
}

pub(super) fn would_have(record: &ActionRecord, s: Style) -> String {
    let ruling = record.ruling.as_ref().map(|ruling| ruling.kind);
    let (what, gate) = (what(record, s), gate(record, s));
    match ruling {
        Some(RulingKind::Allow) => format!("In enforce mode {what} would have been executed (allowed by {gate})."),
        Some(RulingKind::Ask) => format!("In enforce mode a person would have been asked about {what} ({gate})."),
        Some(RulingKind::Deny) | None => format!("In enforce mode {what} would not have been executed either."),
    }
}

fn what(record: &ActionRecord, s: Style) -> String {
    format!("{} on {}", s.name(record.action.tool()), s.name(&record.action.target()))
}

/// One that was tried in vain and nothing of which is left.
fn tried(record: &ActionRecord, s: Style) -> String {
    match record.state {
        ActionState::Denied => format!("{} was denied by {}", what(record, s), gate(record, s)),
        _ => format!("{} did not help ({})", what(record, s), seen(record, s)),
    }
}

fn gate(record: &ActionRecord, s: Style) -> String {
    record.ruling.as_ref().map_or_else(|| "the gate".into(), |ruling| s.name(&ruling.rule))
}

fn reason(record: &ActionRecord, s: Style) -> String {
    record.ruling.as_ref().map_or_else(String::new, |ruling| s.say(&ruling.reason))
}

fn result(record: &ActionRecord, s: Style) -> String {
    s.say(record.result.as_deref().unwrap_or("no answer came"))
}

fn seen(record: &ActionRecord, s: Style) -> String {
    s.say(record.seen.as_deref().unwrap_or("it could not be verified"))
}

fn by(rule: Option<&str>, s: Style) -> String {
    rule.map_or_else(|| "No rule matches, and the default".into(), |rule| format!("Rule {}", s.name(rule)))
}
