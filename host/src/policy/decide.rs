//! The verdict about an incident: silences first, then inhibitions, then the first rule that
//! matches.

use std::cell::RefCell;

use jiff::{SignedDuration, Timestamp};

use super::explain::refusal;
use super::fields::describe;
use super::items::{Inhibit, Meta, Rule, Silence, Then};
use super::on::{Field, On};
use super::round::{Round, Seen, fault};
use super::set::Set;
use super::span;
use super::words::{Says, Word};
use crate::domain::history::Active;
use crate::domain::{Decision, Incident, Verdict};
use crate::ports::{Context, Judged};

/// How far a rule got.
#[derive(Debug)]
pub(super) enum Step {
    /// It says nothing, and why.
    No(String),
    /// It erred, which counts as no match.
    Fault(String),
    /// It decides.
    Yes(Word),
    /// It would decide, but its alerts have not fired for long enough.
    Wait(Timestamp),
}

/// Decides; `watch` takes note of what was tried.
pub(super) fn decide(
    set: &Set,
    incident: &Incident,
    context: &Context<'_>,
    watch: Option<&RefCell<Vec<Seen>>>,
) -> Judged {
    Round::ask(set, incident, context, watch, |round| {
        let mut faults = Vec::new();
        let mut decision = ahead(round).or_else(|| {
            set.indexes.rules.of_alerts(&round.facts).find_map(|id| {
                let rule = set.items.rules.get(id as usize)?;
                match try_rule(round, rule) {
                    Step::No(_) => None,
                    Step::Fault(fault) => {
                        faults.push(fault);
                        None
                    }
                    step => Some(decision(round, rule, step)),
                }
            })
        });
        if let Some(decision) = &mut decision {
            decision.faults.clone_from(&faults);
            if matches!(decision.verdict, Verdict::Investigate | Verdict::Plan { .. }) {
                decision.evidence = super::evidence::collect(round);
            }
        }
        Judged { decision, faults }
    })
}

/// Silences and inhibitions.
fn ahead(round: &Round<'_>) -> Option<Decision> {
    let Set { indexes, items, .. } = round.set;
    let silence = indexes.silences.of_alerts(&round.facts).find_map(|id| {
        let silence = items.silences.get(id as usize)?;
        try_silence(round, silence).is_ok().then(|| silenced(round, silence))
    });
    silence.or_else(|| {
        indexes.inhibits.of_alerts(&round.facts).find_map(|id| {
            let inhibit = items.inhibits.get(id as usize)?;
            try_inhibit(round, inhibit).ok().map(|source| inhibited(round, inhibit, source))
        })
    })
}

/// Whether a silence covers the incident now, or why not.
pub(super) fn try_silence(round: &Round<'_>, silence: &Silence) -> Result<(), String> {
    let now = round.context.now;
    refusal(&round.facts, round.facts.refuses(&silence.on))?;
    if silence.from.is_some_and(|from| now < from) {
        return Err("it has not begun".into());
    }
    if silence.until.is_some_and(|until| now >= until) {
        return Err("it has ended".into());
    }
    round.note("silence", &silence.meta, None, true);
    Ok(())
}

/// The active alert of another incident that inhibits this one, or why there is none.
pub(super) fn try_inhibit<'a>(round: &Round<'a>, inhibit: &Inhibit) -> Result<&'a Active, String> {
    refusal(&round.facts, round.facts.refuses(&inhibit.target))?;
    let context: &'a Context<'a> = round.context;
    let found = context.history.active().find(|active| {
        active.incident != round.incident.id
            && fires(active, &inhibit.source)
            && inhibit.equal.iter().all(|label| same(round, active, label))
    });
    let active = found.ok_or("no other active alert is its source")?;
    round.note("inhibit", &inhibit.meta, None, true);
    Ok(active)
}

fn fires(active: &Active, on: &On) -> bool {
    on.conditions.iter().all(|(field, matcher)| {
        matcher.accepts(match field {
            Field::Name => Some(&active.name),
            Field::Severity => Some(active.severity.as_str()),
            Field::Source => Some(&active.source),
            Field::Label(label) => active.labels.get(label).map(String::as_str),
            _ => None,
        })
    })
}

fn same(round: &Round<'_>, active: &Active, label: &str) -> bool {
    let theirs = active.labels.get(label);
    round.facts.alerts.iter().all(|alert| alert.labels.get(label) == theirs)
}

fn silenced(round: &Round<'_>, silence: &Silence) -> Decision {
    let verdict = silence.until.map_or(Verdict::Suppress, |until| Verdict::Hold { until });
    let comment = if silence.comment.is_empty() { String::new() } else { format!(": {}", silence.comment) };
    from(round, verdict, format!("silence:{}", silence.meta.name), format!("silenced by {}{comment}", silence.author))
}

fn inhibited(round: &Round<'_>, inhibit: &Inhibit, source: &Active) -> Decision {
    let verdict = Verdict::Hold { until: later(round.context.now, inhibit.recheck) };
    let reason = format!("{} fires as well, which explains it (incident {})", source.name, source.incident);
    from(round, verdict, format!("inhibit:{}", inhibit.meta.name), reason)
}

fn from(round: &Round<'_>, verdict: Verdict, rule: String, reason: String) -> Decision {
    Decision {
        verdict,
        rule: Some(rule),
        reason,
        mode: round.context.mode,
        evidence: Vec::new(),
        faults: Vec::new(),
        policies: round.set.digest().to_string(),
    }
}

/// How far a rule gets with the incident.
pub(super) fn try_rule(round: &Round<'_>, rule: &Rule) -> Step {
    if let Err(why) = refusal(&round.facts, round.facts.refuses(&rule.on)) {
        return Step::No(why);
    }
    match round.when("rule", &rule.meta, &rule.when, || vec![round.view()]) {
        Ok(true) => {}
        Ok(false) => return Step::No("`when` is false".into()),
        Err(fault) => return Step::Fault(fault),
    }
    if let Some(until) = rule.for_at_least.map(|ms| later(oldest(round), ms))
        && until > round.context.now
    {
        round.note("rule", &rule.meta, None, true);
        return Step::Wait(until);
    }
    let word = match &rule.then {
        Then::Word(word) => Ok(word.clone()),
        Then::Closure(func) => round.call(func).and_then(|value| {
            if value.is_unit() {
                return Err(String::new());
            }
            let wrong = || format!("it must return a verdict such as escalate(), but returned {}", describe(&value));
            value.read_lock::<Word>().map(|word| word.clone()).ok_or_else(wrong)
        }),
    };
    match word {
        Ok(word) => {
            round.note("rule", &rule.meta, None, true);
            Step::Yes(word)
        }
        Err(why) if why.is_empty() => Step::No("`then` returned nothing, which leaves it to later rules".into()),
        Err(why) => Step::Fault(fault("rule", &rule.meta, "then", &why)),
    }
}

/// Since when the longest firing alert fires.
fn oldest(round: &Round<'_>) -> Timestamp {
    let opened = round.incident.opened_at;
    let starts = round.facts.alerts.iter().map(|alert| alert.starts_at.unwrap_or(opened));
    starts.min().unwrap_or(opened).min(round.context.now)
}

fn later(at: Timestamp, ms: i64) -> Timestamp {
    at.saturating_add(SignedDuration::from_millis(ms)).unwrap_or(Timestamp::MAX)
}

fn decision(round: &Round<'_>, rule: &Rule, step: Step) -> Decision {
    let now = round.context.now;
    let (verdict, reason) = match step {
        Step::Wait(until) => {
            let wanted = rule.for_at_least.map(span::show).unwrap_or_default();
            (Verdict::Hold { until }, format!("waits until it has lasted {wanted}"))
        }
        Step::Yes(Word { says, reason }) => (verdict(says, now), reason),
        Step::No(why) | Step::Fault(why) => (Verdict::Escalate, why),
    };
    let reason = if reason.is_empty() { default_reason(&rule.meta) } else { reason };
    let mut decision = from(round, verdict, rule.meta.name.clone(), reason);
    decision.mode = rule.meta.mode.min(round.context.mode);
    decision
}

fn default_reason(meta: &Meta) -> String {
    if meta.description.is_empty() { format!("rule {}", meta.name) } else { meta.description.clone() }
}

fn verdict(says: Says, now: Timestamp) -> Verdict {
    match says {
        Says::Suppress => Verdict::Suppress,
        Says::Escalate => Verdict::Escalate,
        Says::Investigate => Verdict::Investigate,
        Says::Remediate(actions) => Verdict::Remediate { actions },
        Says::Plan(plugin) => Verdict::Plan { plugin },
        Says::Hold(ms) => Verdict::Hold { until: later(now, ms) },
    }
}
