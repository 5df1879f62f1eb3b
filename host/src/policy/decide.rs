//! The verdict about an incident: silences first, then inhibitions, then the first rule that
//! matches; where none matches all alerts, the first that matches some of them (`parts`).

use std::cell::RefCell;

use jiff::{SignedDuration, Timestamp};

use super::alert_subsets;
use super::evaluation::Evaluation;
use super::facts::refusal;
use super::fields::describe;
use super::items::{Inhibit, Meta, Rule, RuleVerdict, Silence};
use super::on::{Field, On};
use super::query::{CoverageLog, Query, fault};
use super::set::Set;
use super::span;
use super::values::{VerdictKind, VerdictValue};
use crate::domain::history::Active;
use crate::domain::silence::rule_of;
use crate::domain::{Alert, Decision, Incident, Verdict};
use crate::rules::{Context, RuleDecision};

/// How far a rule got.
#[derive(Debug)]
pub(super) enum RuleStep {
    /// It says nothing, and why.
    NoMatch(String),
    /// It erred, which counts as no match.
    Fault(String),
    /// It decides.
    Match(VerdictValue),
    /// It would decide, but its alerts have not fired for long enough.
    Wait(Timestamp),
    /// It asks what is wrong, and nobody has looked yet.
    Diagnose,
}

/// Decides; `watch` takes note of what was tried.
pub(super) fn decide(
    set: &Set,
    incident: &Incident,
    context: &Context<'_>,
    watch: Option<&RefCell<Vec<CoverageLog>>>,
) -> RuleDecision {
    decide_in(Evaluation::new(incident, context), set, incident, context, watch)
}

/// Decides before it is known which tools there are; none when the answer may depend on them.
pub(super) fn decide_without_tools(set: &Set, incident: &Incident, context: &Context<'_>) -> Option<RuleDecision> {
    let evaluation = Evaluation::new(incident, context);
    let named_tools = evaluation.named_tools.clone();
    let judged = decide_in(evaluation, set, incident, context, None);
    let acts = judged.decision.as_ref().is_some_and(|decision| decision.verdict.acts());
    (!named_tools.get() && !acts).then_some(judged)
}

fn decide_in(
    evaluation: Evaluation,
    set: &Set,
    incident: &Incident,
    context: &Context<'_>,
    watch: Option<&RefCell<Vec<CoverageLog>>>,
) -> RuleDecision {
    Query::ask_in(evaluation, set, incident, context, watch, |query| {
        let mut faults = Vec::new();
        let whole = ahead(query).or_else(|| first(query, &mut faults).map(|(rule, step)| decision(query, rule, step)));
        let mut decision = match whole {
            // Who is written for some of the alerts and repairs is asked before anything is looked at for all.
            Some(whole) if whole.verdict == Verdict::Diagnose => by_part(query, &mut faults, repairs).or(Some(whole)),
            Some(whole) => Some(whole),
            None => by_part(query, &mut faults, counts),
        };
        if let Some(decision) = &mut decision {
            decision.faults.clone_from(&faults);
            if matches!(decision.verdict, Verdict::Investigate | Verdict::Plan { .. }) {
                decision.evidence = super::evidence::collect(query);
            }
        }
        RuleDecision { decision, faults }
    })
}

/// The first rule that matches, and what it says.
fn first<'a>(query: &Query<'a>, faults: &mut Vec<String>) -> Option<(&'a Rule, RuleStep)> {
    let set: &'a Set = query.set;
    set.indexes.rules.of_alerts(&query.facts).find_map(|id| {
        let rule = set.items.rules.get(id as usize)?;
        match try_rule(query, rule) {
            RuleStep::NoMatch(_) => None,
            RuleStep::Fault(fault) => {
                // A rule that erred about all alerts errs about some of them as well.
                if !faults.contains(&fault) {
                    faults.push(fault);
                }
                None
            }
            step => Some((rule, step)),
        }
    })
}

/// The verdict by some of the alerts, where no rule fits them all.
fn by_part(query: &Query<'_>, faults: &mut Vec<String>, counts: fn(&RuleStep) -> bool) -> Option<Decision> {
    alert_subsets::of(query).into_iter().find_map(|part| {
        let query = query.of(&part.incident);
        let (rule, step) = first(&query, faults)?;
        if !counts(&step) {
            return None;
        }
        let mut decision = decision(&query, rule, step);
        decision.reason = format!("decided by {}: {}", part.whose(), decision.reason);
        Some(decision)
    })
}

/// Whether what a rule says about some of the alerts decides.
fn counts(step: &RuleStep) -> bool {
    match step {
        RuleStep::Match(word) => alert_subsets::counts(&word.says),
        RuleStep::Diagnose => true,
        _ => false,
    }
}

/// Whether it knows, or knows who knows, a repair.
fn repairs(step: &RuleStep) -> bool {
    matches!(step, RuleStep::Match(word) if matches!(word.says, VerdictKind::Plan(_) | VerdictKind::Remediate(_) | VerdictKind::Alternatives(_)))
}

/// Silences and inhibitions; first the silences that people have made while the host runs.
fn ahead(query: &Query<'_>) -> Option<Decision> {
    if let Some(cover) = query.context.history.silences().over(query.incident, query.context.now)
        && let Some(first) = cover.silences.first()
    {
        return Some(from(query, Verdict::Hold { until: cover.until }, rule_of(&first.id), cover.reason()));
    }
    let Set { indexes, items, .. } = query.set;
    let silence = indexes.silences.of_alerts(&query.facts).find_map(|id| {
        let silence = items.silences.get(id as usize)?;
        try_silence(query, silence).is_ok().then(|| silenced(query, silence))
    });
    silence.or_else(|| {
        indexes.inhibits.of_alerts(&query.facts).find_map(|id| {
            let inhibit = items.inhibits.get(id as usize)?;
            try_inhibit(query, inhibit).ok().map(|source| inhibited(query, inhibit, &source))
        })
    })
}

/// Whether a silence covers the incident now, or why not.
pub(super) fn try_silence(query: &Query<'_>, silence: &Silence) -> Result<(), String> {
    let now = query.context.now;
    refusal(&query.facts, query.facts.refuses(&silence.on))?;
    if silence.from.is_some_and(|from| now < from) {
        return Err("it has not begun".into());
    }
    if silence.until.is_some_and(|until| now >= until) {
        return Err("it has ended".into());
    }
    query.note("silence", &silence.meta, None, true);
    Ok(())
}

/// The active alert of another incident that inhibits this one, or why there is none.
pub(super) fn try_inhibit<'a>(query: &Query<'a>, inhibit: &Inhibit) -> Result<Active<'a>, String> {
    refusal(&query.facts, query.facts.refuses(&inhibit.target))?;
    let context: &'a Context<'a> = query.context;
    let found = context.history.active().find(|active| {
        *active.incident != query.incident.id
            && fires(active.alert, &inhibit.source)
            && inhibit.equal.iter().all(|label| same(query, active.alert, label))
    });
    let active = found.ok_or("no other active alert is its source")?;
    query.note("inhibit", &inhibit.meta, None, true);
    Ok(active)
}

fn fires(active: &Alert, on: &On) -> bool {
    on.conditions.iter().all(|(field, matcher)| {
        matcher.accepts(match field {
            Field::Name => Some(&active.name),
            Field::Severity => Some(active.severity.as_str()),
            Field::Source => Some(&active.source),
            Field::Label(label) => active.labels.get(label),
            _ => None,
        })
    })
}

fn same(query: &Query<'_>, active: &Alert, label: &str) -> bool {
    let theirs = active.labels.get(label);
    query.facts.alerts.iter().all(|alert| alert.labels.get(label) == theirs)
}

fn silenced(query: &Query<'_>, silence: &Silence) -> Decision {
    let verdict = silence.until.map_or(Verdict::Suppress, |until| Verdict::Hold { until });
    let comment = if silence.comment.is_empty() { String::new() } else { format!(": {}", silence.comment) };
    from(query, verdict, format!("silence:{}", silence.meta.name), format!("silenced by {}{comment}", silence.author))
}

fn inhibited(query: &Query<'_>, inhibit: &Inhibit, source: &Active<'_>) -> Decision {
    let verdict = Verdict::Hold { until: later(query.context.now, inhibit.recheck) };
    let reason = format!("{} fires as well, which explains it (incident {})", source.alert.name, source.incident);
    from(query, verdict, format!("inhibit:{}", inhibit.meta.name), reason)
}

fn from(query: &Query<'_>, verdict: Verdict, rule: String, reason: String) -> Decision {
    Decision {
        verdict,
        rule: Some(rule),
        reason,
        mode: query.context.mode,
        evidence: Vec::new(),
        faults: Vec::new(),
        policies: query.set.digest().to_string(),
    }
}

/// How far a rule gets with the incident.
pub(super) fn try_rule(query: &Query<'_>, rule: &Rule) -> RuleStep {
    if rule.on.asks_what_is_wrong() && query.facts.causes().is_none() {
        // Nothing is looked at for the sake of a rule that would not match anyway.
        return match refusal(&query.facts, query.facts.refuses_before_looking(&rule.on)) {
            Err(why) => RuleStep::NoMatch(why),
            Ok(()) => RuleStep::Diagnose,
        };
    }
    if let Err(why) = refusal(&query.facts, query.facts.refuses(&rule.on)) {
        return RuleStep::NoMatch(why);
    }
    match query.when("rule", &rule.meta, &rule.when, || vec![query.view()]) {
        Ok(true) => {}
        Ok(false) => return RuleStep::NoMatch("`when` is false".into()),
        Err(fault) => return RuleStep::Fault(fault),
    }
    if let Some(until) = rule.for_at_least.map(|ms| later(oldest(query), ms))
        && until > query.context.now
    {
        query.note("rule", &rule.meta, None, true);
        return RuleStep::Wait(until);
    }
    let word = match &rule.then {
        RuleVerdict::Fixed(word) => Ok(word.clone()),
        RuleVerdict::Closure(func) => query.call(func).and_then(|value| {
            if value.is_unit() {
                return Err(String::new());
            }
            let wrong = || format!("it must return a verdict such as escalate(), but returned {}", describe(&value));
            value.read_lock::<VerdictValue>().map(|word| word.clone()).ok_or_else(wrong)
        }),
    };
    match word {
        Ok(VerdictValue { says: VerdictKind::Plan(plugin), .. }) if query.incident.passed_over(&plugin) => {
            RuleStep::NoMatch(format!("plugin {plugin} was asked, and knows nothing that fits"))
        }
        Ok(word) => {
            query.note("rule", &rule.meta, None, true);
            RuleStep::Match(word)
        }
        Err(why) if why.is_empty() => {
            RuleStep::NoMatch("`then` returned nothing, which leaves it to later rules".into())
        }
        Err(why) => RuleStep::Fault(fault("rule", &rule.meta, "then", &why)),
    }
}

/// Since when the longest firing alert fires.
fn oldest(query: &Query<'_>) -> Timestamp {
    let opened = query.incident.opened_at;
    let starts = query.facts.alerts.iter().map(|alert| alert.starts_at.unwrap_or(opened));
    starts.min().unwrap_or(opened).min(query.context.now)
}

fn later(at: Timestamp, ms: i64) -> Timestamp {
    at.saturating_add(SignedDuration::from_millis(ms)).unwrap_or(Timestamp::MAX)
}

fn decision(query: &Query<'_>, rule: &Rule, step: RuleStep) -> Decision {
    let now = query.context.now;
    let (verdict, reason) = match step {
        RuleStep::Wait(until) => {
            let wanted = rule.for_at_least.map(span::show).unwrap_or_default();
            (Verdict::Hold { until }, format!("waits until it has lasted {wanted}"))
        }
        RuleStep::Match(VerdictValue { says, reason }) => (verdict(says, now), reason),
        RuleStep::Diagnose => (Verdict::Diagnose, "it goes by what is wrong, so that is found out first".into()),
        RuleStep::NoMatch(why) | RuleStep::Fault(why) => (Verdict::Escalate, why),
    };
    let reason = if reason.is_empty() { default_reason(&rule.meta) } else { reason };
    let mut decision = from(query, verdict, rule.meta.name.clone(), reason);
    decision.mode = rule.meta.mode.min(query.context.mode);
    decision
}

fn default_reason(meta: &Meta) -> String {
    if meta.description.is_empty() { format!("rule {}", meta.name) } else { meta.description.clone() }
}

fn verdict(says: VerdictKind, now: Timestamp) -> Verdict {
    match says {
        VerdictKind::Suppress => Verdict::Suppress,
        VerdictKind::Escalate => Verdict::Escalate,
        VerdictKind::Investigate => Verdict::Investigate,
        VerdictKind::Remediate(actions) => Verdict::Remediate { actions, alternatives: false },
        VerdictKind::Alternatives(actions) => Verdict::Remediate { actions, alternatives: true },
        VerdictKind::Plan(plugin) => Verdict::Plan { plugin },
        VerdictKind::Hold(ms) => Verdict::Hold { until: later(now, ms) },
    }
}
