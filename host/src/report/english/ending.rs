//! Endings and what they leave to a person, in English.

use super::count;
use crate::domain::incident::{ActionRecord, ActionState};
use crate::domain::{Incident, RulingKind};
use crate::report::ending::{Why, repairs, rests, told};
use crate::report::english::English;
use crate::report::escape::Style;
use crate::report::translation::Translation;

pub(super) fn why(why: &Why<'_>, s: Style) -> String {
    match why {
        Why::UnderWay => "It is still being handled.".into(),
        Why::Asked(record) => format!("{} waits for the approval of a person.", what(record, s)),
        Why::Fixed => "It was repaired, and the repair was seen to help.".into(),
        Why::Suppressed { rule, reason } => {
            format!("{} says that nobody needs to know: {}", by(*rule, s), s.say(reason))
        }
        Why::Resolved => "The alerts resolved before anything was done.".into(),
        Why::Observed => {
            "Nothing was executed, because the mode is observe. What would have been done is below.".into()
        }
        Why::Denied(record) => format!("{} was denied by {}.", what(record, s), gate(record, s)),
        Why::Rejected(record) => format!("{} was rejected: {}.", what(record, s), result(record, s)),
        Why::Expired(record) => format!("Nobody approved {} in time, which means no.", what(record, s)),
        Why::Failed(record) => format!("{} failed: {}", what(record, s), result(record, s)),
        Why::NotBegun(record) => {
            format!("{} could not be begun, and nothing was changed: {}", what(record, s), result(record, s))
        }
        Why::Uncertain(record) => {
            format!("It is unknown whether {} happened: {}", what(record, s), result(record, s))
        }
        Why::Useless { action, undo } => {
            let undone = match undo.map(|undo| undo.state) {
                None => "It was left as it is, because nothing is known that takes it back.",
                Some(ActionState::Done | ActionState::Verified) => "It was taken back.",
                Some(_) => "Taking it back did not succeed.",
            };
            format!("{} was done and did not help: {}. {undone}", what(action, s), seen(action, s))
        }
        Why::Contained(record) => {
            format!("{} was done and holds: that contains the trouble and repairs nothing.", what(record, s))
        }
        Why::AfterOthers { before, last } => {
            let tried: Vec<String> = before.iter().map(|record| tried(record, s)).collect();
            format!("Tried before: {}. Then: {}", tried.join("; "), self::why(last, s))
        }
        Why::Escalated { rule, reason } => match told(*rule, reason) {
            Some(reason) => format!("{} leaves it to a person: {}", by(*rule, s), s.say(reason)),
            None => format!("{} leaves it to a person.", by(*rule, s)),
        },
        Why::Unplanned { plugin, error } => format!("Plugin {} could not plan: {}", s.name(plugin), s.say(error)),
        Why::NoRepair { plugin } => {
            format!("Plugin {} knows no repair for it, and there is no model to ask.", s.name(plugin))
        }
        Why::NoModel(reason) => format!("No rule repairs it, and the language model could not help: {}", s.say(reason)),
        Why::ModelAsks => "The language model found no safe repair and asks for a person.".into(),
        Why::ModelDone => "The language model sees nothing left to do, but the alerts still fire.".into(),
        Why::ByPerson(said) if said.comment.is_empty() => format!("{} closed it.", English.person(&said.person, s)),
        Why::ByPerson(said) => format!("{} closed it: {}", English.person(&said.person, s), s.say(&said.comment)),
        Why::Other(reason) => s.say(reason),
    }
}

pub(super) fn left(why: &Why<'_>, incident: &Incident, s: Style) -> Vec<String> {
    let mut left = match why {
        Why::UnderWay => vec!["Nothing yet.".into()],
        Why::Asked(record) => {
            let (incident, action) = (&incident.id, &record.action.id);
            vec![format!(
                "Approve or reject: {} or {}.",
                s.name(&format!("tidegate approve {incident} {action}")),
                s.name(&format!("tidegate deny {incident} {action}"))
            )]
        }
        Why::Fixed if incident.all_resolved() => vec!["Nothing: all alerts have resolved.".into()],
        Why::Fixed => vec!["Nothing for now: the repair was verified. Look again if the alerts do not resolve.".into()],
        Why::Suppressed { .. } | Why::Resolved | Why::ByPerson(_) => vec!["Nothing.".into()],
        Why::Observed => {
            let mut sentences: Vec<String> = repairs(incident).map(|record| would_have(record, s)).collect();
            sentences.push(format!(
                "Do it by hand if it is right. To let tidegate do it from now on, set {} in the configuration.",
                s.name("mode = \"enforce\"")
            ));
            sentences
        }
        Why::Denied(record) if rests(record) => vec![format!(
            "Try it again later if it is still right: {}. Until then no gate allows it: {}",
            s.name(&format!("tidegate incidents rerun {}", incident.id)),
            reason(record, s)
        )],
        Why::Denied(record) => vec![format!(
            "Decide whether {} is right. If so, do it by hand; if it always is, add a gate that allows it. \
             The gate said: {}",
            what(record, s),
            reason(record, s)
        )],
        Why::Rejected(_) => vec!["Find another way: a person decided against the proposed one.".into()],
        Why::Expired(record) => vec![format!("Decide about {} and do it by hand.", what(record, s))],
        Why::Failed(record) => {
            vec![format!("Find out why {} refused, and repair by hand.", s.name(record.action.tool()))]
        }
        Why::NotBegun(record) => {
            vec![format!("Find out why {} cannot be called, and repair by hand.", s.name(record.action.tool()))]
        }
        Why::Uncertain(record) => vec![
            format!(
                "Look at {} before anything else: it may or may not have been changed.",
                s.name(&record.action.target())
            ),
            format!("The attempt was {}.", s.name(record.attempt.as_deref().unwrap_or_default())),
        ],
        Why::Useless { action, undo } => {
            let mut sentences = vec![format!("Find another cause: {} was not it.", what(action, s))];
            if !undo.is_some_and(|undo| matches!(undo.state, ActionState::Done | ActionState::Verified)) {
                sentences.push(format!("Take it back by hand if it does harm: {}.", s.name(&action.action.target())));
            }
            sentences
        }
        Why::Contained(record) => vec![format!(
            "Repair {}, then lift what contains it: take {} back.",
            s.name(&record.action.target()),
            s.name(record.action.tool())
        )],
        Why::AfterOthers { before, last } => {
            let mut sentences = left(last, incident, s);
            let names: Vec<String> = before.iter().map(|record| what(record, s)).collect();
            sentences.insert(0, format!("Do not begin with what was tried in vain: {}.", names.join(", ")));
            return sentences;
        }
        Why::Escalated { .. } | Why::ModelAsks | Why::ModelDone | Why::Other(_) => {
            vec!["Investigate and repair by hand.".into()]
        }
        Why::Unplanned { plugin, .. } => {
            vec![format!("Repair by hand, and see why plugin {} could not plan.", s.name(plugin))]
        }
        Why::NoModel(_) | Why::NoRepair { .. } => {
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
