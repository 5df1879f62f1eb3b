//! The lines of the timeline, in English.

use super::count;
use crate::domain::delivery::Overtaken;
use crate::domain::entry::{Diagnosis, IncidentCommand, ModelAnswer, Purpose, Resolution, Usage};
use crate::domain::handover::{Handover, HandoverReason};
use crate::domain::incident::HoldReason;
use crate::domain::silence::silence_of;
use crate::domain::{Alert, Fact, Mode, NamedCause, Occasion, RulingKind, Status, Verdict};
use crate::report::date;
use crate::report::english::English;
use crate::report::escape::Style;
use crate::report::translation::{Translation, look_line, took};

pub(super) fn line(fact: &Fact, s: Style) -> String {
    match fact {
        Fact::Opened { source, alerts, .. } => format!("{} reported {}", s.name(source), changed(alerts, s)),
        Fact::AlertsChanged { alerts } => format!("the source reported {}", changed(alerts, s)),
        Fact::AlertsCounted { change } => {
            let parts = [(change.firing.len(), "firing"), (change.resolved.len(), "resolved")];
            let parts = parts.iter().filter(|(many, _)| *many > 0);
            let parts: Vec<String> =
                parts.map(|(many, status)| format!("{} {status}", count(*many, "alert"))).collect();
            let parts = if parts.is_empty() { "nothing yet".into() } else { parts.join(" and ") };
            match change.collecting {
                Some(_) => format!("collects what has no incident of its own; counted besides: {parts}"),
                None => format!("counted besides: {parts}"),
            }
        }
        Fact::HandedOver { alerts, to } => {
            let to =
                to.as_ref().map_or_else(|| "is counted among others".into(), |to| format!("goes on in incident {to}"));
            format!("{to}: {}", handed_over(alerts, s))
        }
        Fact::TakenOver { alerts, from } => format!("came from incident {from}: {}", handed_over(alerts, s)),
        Fact::Joined { alerts, object, source } => {
            let names: Vec<String> = alerts.iter().take(5).map(|name| s.name(name)).collect();
            let also = source.as_ref().map(|source| format!("{} tells of it as well; ", s.name(source)));
            let also = also.unwrap_or_default();
            format!("{also}belongs here, for it is about the same {}: {}", s.name(object), names.join(", "))
        }
        Fact::BlockedBy { incident, object } => {
            format!("what would be done waits for incident {incident}, which handles {}", s.name(object))
        }
        Fact::Unblocked { incident, outcome } => {
            format!("incident {incident} has ended: {}", English.outcome(*outcome))
        }
        Fact::Decided { decision } => {
            let by = English.decided_by(decision.rule.as_deref(), s);
            // What the rule wanted waits: it was not the rule that held it.
            let mut text = match HoldReason::of(decision) {
                Some(HoldReason { by: incident, object, repaired: false }) => {
                    format!("{by} acts later: tidegate waits for incident {incident}, which handles {}", s.name(object))
                }
                Some(HoldReason { by: incident, object, repaired: true }) => format!(
                    "{by} acts later, if it must: incident {incident} has repaired {}, and the alerts may resolve now",
                    s.name(object)
                ),
                None => match (silence_of(decision), &decision.verdict) {
                    (Some(silence), Verdict::Hold { until }) => {
                        format!("silence {silence} holds it back until {}: {}", date(*until), s.say(&decision.reason))
                    }
                    _ => format!("{by} decided: {}. {}", decision.verdict.kind(), s.say(&decision.reason)),
                },
            };
            if decision.mode == Mode::Observe {
                text.push_str(" (observe mode)");
            }
            decision.faults.iter().for_each(|fault| text.push_str(&format!("; a rule failed: {}", s.say(fault))));
            text
        }
        Fact::Looked { purpose, call, ok, text, took_ms, refused } => {
            let purpose = self::purpose(purpose);
            if let Some(gate) = refused {
                let call = s.name(&look_line(call));
                return format!("gate {} refused a look with {call} {purpose}: {}", s.name(gate), s.say(text));
            }
            let head = format!("looked with {} {purpose} ({})", s.name(&look_line(call)), took(*took_ms));
            if *ok { head } else { format!("{head}, which failed: {}", s.say(text)) }
        }
        Fact::Collected { causes, incomplete } => {
            let there = match incomplete {
                None => "all evidence is there".into(),
                Some(why) => format!("the evidence is not complete ({})", s.say(why)),
            };
            match causes.as_deref().unwrap_or_default() {
                [] => there,
                causes => format!("{there} and shows: {}", names(causes, ", ")),
            }
        }
        Fact::Recalled { knowledge } => super::knowledge::recalled(knowledge),
        Fact::Planned { plugin, proposals, findings, error } => match error {
            Some(error) => format!("plugin {} could not plan: {}", s.name(plugin), s.say(error)),
            None => {
                let found: Vec<String> = findings.iter().take(3).map(|finding| s.say(&finding.text)).collect();
                let found = if found.is_empty() { String::new() } else { format!(": {}", found.join("; ")) };
                match proposals.len() {
                    0 => format!("plugin {} knows no repair{found}", s.name(plugin)),
                    many => format!("plugin {} planned {}{found}", s.name(plugin), count(many, "action")),
                }
            }
        },
        Fact::Answered { answer, usage, original, .. } => {
            if let Some(reused) = original.as_ref().and_then(|original| original.reused.as_ref()) {
                let incident = s.name(&reused.incident.0);
                return format!(
                    "{} (the answer given for incident {incident} is used again; nobody was asked)",
                    answered(answer, s)
                );
            }
            let by = original.as_ref().map_or(String::new(), |original| format!("{}, ", s.say(&original.by)));
            format!("{} ({by}{})", answered(answer, s), cost(usage))
        }
        Fact::ModelFailed { reason, .. } => format!("the model could not be used: {}", s.say(reason)),
        Fact::Proposed { action } => {
            let (tool, target) = (s.name(action.tool()), s.name(&action.target()));
            let origin = English.origin(&action.origin, s);
            let why = if action.proposal.reason.is_empty() {
                String::new()
            } else {
                format!(": {}", s.say(&action.proposal.reason))
            };
            format!("{}: {tool} on {target} proposed by {origin}{why}", action.id)
        }
        Fact::Prepared { action, before: Some(_) } => format!("{action}: the host has seen what it would change"),
        Fact::Prepared { action, before: None } => format!("{action}: the host could not see what it would change"),
        Fact::Ruled { action, ruling } => {
            let said = match ruling.kind {
                RulingKind::Allow => "allows it",
                RulingKind::Ask => "asks for a person",
                RulingKind::Deny => "denies it",
            };
            let until = ruling.until.map(|until| format!(", until {}", date(until))).unwrap_or_default();
            let observe = if ruling.mode == Mode::Observe { " (observe mode: nothing is executed)" } else { "" };
            format!("{action}: gate {} {said}{until}: {}{observe}", s.name(&ruling.rule), s.say(&ruling.reason))
        }
        Fact::Approved { action, person, via, comment, .. } => {
            format!("{action}: approved by {} over {}{}", English.person(person, s), s.name(via), quoted(comment, s))
        }
        Fact::Rejected { action, person, via, comment } => {
            format!("{action}: rejected by {} over {}{}", English.person(person, s), s.name(via), quoted(comment, s))
        }
        Fact::BreakerOpened { key, because } => format!("breaker {} opened: {}", s.name(key), s.say(because)),
        Fact::Expired { action } => format!("{action}: nobody approved in time, which means no"),
        Fact::Intent { action, attempt, .. } => format!("{action}: execution begins (attempt {})", s.name(attempt)),
        Fact::NotBegun { action, reason, awaits, retry_at, .. } => {
            let then = match (retry_at, awaits) {
                (None, _) => "it is given up".into(),
                (Some(at), None) => format!("tried again at {}", date(*at)),
                (Some(at), Some(tool)) => {
                    format!("tried again when {} can be called, at {} at the latest", s.name(tool), date(*at))
                }
            };
            format!("{action}: not begun: {}; {then}", s.say(reason))
        }
        Fact::Result { action, ok, text, took_ms, .. } => {
            let said = if *ok { "done" } else { "failed" };
            format!("{action}: {said} ({}): {}", took(*took_ms), s.say(text))
        }
        Fact::Uncertain { action, resolution, reason } => {
            let then = match resolution {
                Resolution::Repeat => "it is repeated, which is harmless",
                Resolution::Happened => "it has happened",
                Resolution::DidNotHappen => "it has not happened",
                Resolution::Person => "a person must look",
            };
            format!("{action}: begun and not answered; {then}: {}", s.say(reason))
        }
        Fact::Inspected { action, after: Some(_) } => format!("{action}: the host has seen what it has changed"),
        Fact::Inspected { action, after: None } => format!("{action}: the host could not see what it has changed"),
        Fact::ClaimHeld { action } => {
            format!("{action}: the condition that its proposer named holds, which proves nothing alone")
        }
        Fact::Verified { action, ok, reason } => {
            let said = if *ok { "seen to help" } else { "not seen to help" };
            format!("{action}: {said}: {}", s.say(reason))
        }
        Fact::Concluded { outcome, reason } => format!("concluded: {}. {}", English.outcome(*outcome), s.say(reason)),
        Fact::Reported { .. } => "the report was written".into(),
        Fact::Told { occasion, deliveries } => {
            let targets: Vec<String> = deliveries.iter().map(|delivery| s.name(&delivery.target)).collect();
            let what = match occasion {
                Occasion::Approval => "to be asked for approval",
                Occasion::Report => "to get the report",
                Occasion::Resolved => "to hear that it is over",
                Occasion::Answered => "to see that the question is over",
            };
            let instead = deliveries.iter().find_map(|delivery| delivery.instead_of.as_ref());
            let instead = instead.map_or_else(String::new, |of| format!(", in place of delivery {}", s.name(of)));
            format!("{what}: {}{instead}", targets.join(", "))
        }
        Fact::DeliveryFailed { delivery, reason, retry_at, .. } => {
            let then = retry_at.map_or_else(|| "given up".into(), |at| format!("again at {}", date(at)));
            format!("delivery {} failed, {then}: {}", s.name(delivery), s.say(reason))
        }
        Fact::Delivered { delivery, .. } => format!("delivery {} arrived", s.name(delivery)),
        Fact::ClockSetBack { by_ms } => {
            let by = took(by_ms.unsigned_abs());
            format!("the clock was set back by {by}: what waits is counted from now on, as long as it was meant to be")
        }
        Fact::DeliveryOvertaken { delivery, by } => {
            let why = match by {
                Overtaken::Answered => "the question has been answered",
                Overtaken::Expired => "the question has expired",
                Overtaken::Ended => "nothing is asked any more",
                Overtaken::Later => "a later message says more",
            };
            format!("delivery {} overtaken and not sent: {why}", s.name(delivery))
        }
        Fact::DeliveryRetried { delivery, person, reason } => {
            let person = English.person(person, s);
            format!("{person} has delivery {} sent anew{}", s.name(delivery), quoted(reason, s))
        }
        Fact::Said { person, says, comment } => {
            let person = English.person(person, s);
            let comment = if comment.is_empty() { String::new() } else { format!(": {}", s.say(comment)) };
            match says {
                IncidentCommand::Acknowledge => format!("{person} is on it{comment}"),
                IncidentCommand::Comment => format!("{person} says{comment}"),
                IncidentCommand::Close => format!("{person} closes it{comment}"),
                IncidentCommand::Rerun => format!("{person} has it decided anew by the policies in force{comment}"),
            }
        }
        Fact::Closed { reason } => format!("closed: {}", s.say(reason)),
    }
}

/// What a look is for.
pub(super) fn purpose(purpose: &Purpose) -> String {
    match purpose {
        Purpose::Evidence => "as evidence".into(),
        Purpose::Model => "for the model".into(),
        Purpose::Plan => "for the plan".into(),
        Purpose::Gate { action } => format!("to rule on {action}"),
        Purpose::Before { action } => format!("to see what {action} would change"),
        Purpose::After { action } => format!("to see what {action} has changed"),
        Purpose::Verify { action } => format!("to verify {action}"),
    }
}

fn changed(alerts: &[Alert], s: Style) -> String {
    let firing = alerts.iter().filter(|alert| alert.status == Status::Firing).count();
    let names: std::collections::BTreeSet<&str> = alerts.iter().map(|alert| alert.name.as_str()).collect();
    let names: Vec<String> = names.into_iter().take(5).map(|name| s.name(name)).collect();
    let parts = [(firing, "firing"), (alerts.len() - firing, "resolved")];
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    let parts: Vec<String> = parts.map(|(many, status)| format!("{} {status}", count(*many, "alert"))).collect();
    format!("{}: {}", parts.join(" and "), names.join(", "))
}

fn handed_over(alerts: &[Handover], s: Style) -> String {
    let one = |handover: &Handover| {
        let because = match &handover.because {
            HandoverReason::Worse { from, to } => format!("rose from {from} to {to}"),
            HandoverReason::BeganAnew { at } => format!("began anew at {}", date(*at)),
        };
        format!("{} {because}", s.name(&handover.name))
    };
    let mut parts: Vec<String> = alerts.iter().take(5).map(one).collect();
    if alerts.len() > parts.len() {
        parts.push(format!("and {} more", alerts.len() - parts.len()));
    }
    parts.join(", ")
}

fn answered(answer: &ModelAnswer, s: Style) -> String {
    match answer {
        ModelAnswer::Look { calls } => format!("the model asks for {}", count(calls.len(), "look")),
        ModelAnswer::Act { proposals, diagnosis } => {
            format!("the model proposes {}{}", count(proposals.len(), "action"), cause(diagnosis, s))
        }
        ModelAnswer::Resolved { diagnosis } => format!("the model sees nothing left to do{}", cause(diagnosis, s)),
        ModelAnswer::Person { diagnosis } => format!("the model asks for a person{}", cause(diagnosis, s)),
    }
}

fn cause(diagnosis: &Diagnosis, s: Style) -> String {
    if diagnosis.root_cause.is_empty() { String::new() } else { format!(": {}", s.say(&diagnosis.root_cause)) }
}

fn cost(usage: &Usage) -> String {
    format!("{} + {} tokens, {}", usage.prompt_tokens, usage.completion_tokens, took(usage.took_ms))
}

fn quoted(comment: &str, s: Style) -> String {
    if comment.is_empty() { String::new() } else { format!(", saying: {}", s.say(comment)) }
}

/// The names of causes, as policies match them.
fn names(causes: &[NamedCause], between: &str) -> String {
    causes.iter().map(|named| named.cause.as_str()).collect::<Vec<_>>().join(between)
}
