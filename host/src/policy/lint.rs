//! What is allowed but cannot be meant. No finding is ever wrong: where it is not certain, nothing
//! is said.

mod calls;
mod events;
mod inventory;
mod language;
mod lists;
mod tools;

use std::collections::BTreeSet;

pub use inventory::Inventory;
use language::Languages;

use super::index::Index;
use super::items::{Condition, Gate, GateResponse, Meta, Route};
use super::matcher::Matcher;
use super::on::{Field, On};
use super::problem::{Location, Problem};
use super::set::Set;
use super::values::VerdictKind;
use crate::domain::person::{fold, group_key};
use crate::domain::{Cause, Occasion};

/// Something that cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where.
    pub place: Location,
    /// What, and what to do about it.
    pub message: String,
    /// Whether a reload must not take a set with it. The others are harmless, or may pass: a tool
    /// that is missing today.
    pub grave: bool,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// What keeps a set from being put in force.
pub fn grave(set: &Set) -> Vec<Problem> {
    let grave = run(set, None).into_iter().filter(|finding| finding.grave);
    grave.map(|finding| Problem { place: finding.place, message: finding.message }).collect()
}

/// Reads a set. Where something is known about tools it also says which do not exist.
pub fn run(set: &Set, known: Option<&Inventory>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut languages = Languages::default();
    shadowed(set, &mut findings);
    unreachable(set, &mut findings);
    outvoted(set, &mut findings);
    for gate in &set.items.gates {
        // What forbids matches in normal spelling too.
        let wide = if gate.says.allows() { &gate.on } else { &gate.wide };
        findings.extend(never(&gate.meta, "gate", &gate.on, wide));
        findings.extend(pointless(gate));
    }
    let rules = set.items.rules.iter().map(|rule| (&rule.meta, "rule", &rule.on));
    let routes = set.items.routes.iter().map(|route| (&route.meta, "route", &route.on));
    let evidence = set.items.evidence.iter().map(|one| (&one.meta, "evidence", &one.on));
    let checks = set.items.checks.iter().map(|check| (&check.meta, "check", &check.on));
    let events = set.items.events.iter().map(|event| (&event.meta, "event", &event.on));
    for (meta, kind, on) in rules.chain(routes).chain(evidence).chain(checks).chain(events) {
        findings.extend(never(meta, kind, on, on));
    }
    events::events(set, &mut findings);
    calls::calls(set, &mut findings);
    lists::lists(set, &mut languages, &mut findings);
    if let Some(known) = known {
        tools::tools(set, known, &mut languages, &mut findings);
        strangers(set, known, &mut findings);
        nowhere(set, known, &mut findings);
    }
    findings.sort_by(|a, b| (&a.place, &a.message).cmp(&(&b.place, &b.message)));
    findings.dedup();
    findings
}

fn finding(meta: &Meta, message: String) -> Finding {
    Finding { place: meta.place.clone(), message, grave: true }
}

fn hint(meta: &Meta, message: String) -> Finding {
    Finding { place: meta.place.clone(), message, grave: false }
}

/// The first of the indexed items before `at` that takes all that `on` takes. Ten thousand items
/// must not be compared each with each; where too many have nothing to be indexed by, the rest is
/// left out.
fn covering<'a, T>(index: &Index, items: &'a [T], at: usize, on: &On, covers: impl Fn(&'a T) -> bool) -> Option<&'a T> {
    const TRIED: usize = 500;
    let before = index.of_conditions(on).map(|id| id as usize).take_while(|id| *id < at).take(TRIED);
    before.filter_map(|id| items.get(id)).find(|item| covers(item))
}

/// Rules behind one that has no other condition than an `on` that takes all that they take.
fn shadowed(set: &Set, findings: &mut Vec<Finding>) {
    let rules = &set.items.rules;
    let blocking =
        (0u32..).zip(rules).filter(|(_, rule)| matches!(rule.when, Condition::Always) && decides(&rule.then));
    let index = Index::new(blocking.map(|(id, rule)| (id, &rule.on)));
    for (later, rule) in rules.iter().enumerate() {
        if let Some(first) = covering(&index, rules, later, &rule.on, |first| covers(&first.on, &rule.on)) {
            let (name, by, place) = (&rule.meta.name, &first.meta.name, &first.meta.place);
            findings.push(finding(
                &rule.meta,
                format!(
                    "rule `{name}` can never decide, because `{by}` ({place}) takes everything before it; move it up or narrow `{by}`"
                ),
            ));
        }
    }
}

/// A closure may return nothing, and err; a word always decides.
fn decides(then: &super::items::RuleVerdict) -> bool {
    // Whoever was asked for a plan in vain is passed over.
    matches!(then, super::items::RuleVerdict::Fixed(word) if !matches!(word.says, VerdictKind::Plan(_)))
}

/// Whether every incident that `narrow` takes is taken by `wide`: all of `wide`'s conditions are
/// implied by one of `narrow`'s on the same field.
fn covers(wide: &On, narrow: &On) -> bool {
    wide.conditions.iter().all(|(field, matcher)| {
        narrow.conditions.iter().any(|(other, given)| other == field && implies(given, matcher))
    })
}

/// Whether a value that the first accepts is accepted by the second, as far as that is certain.
fn implies(given: &Matcher, wanted: &Matcher) -> bool {
    match (given.literals(), wanted) {
        (Some(values), wanted) => values.iter().all(|value| wanted.accepts(Some(value))),
        (None, Matcher::Exists) => {
            matches!(
                given,
                Matcher::Pattern { .. }
                    | Matcher::Holds { .. }
                    | Matcher::Number(..)
                    | Matcher::Network(_)
                    | Matcher::Exists
            )
        }
        (None, Matcher::Absent) => matches!(given, Matcher::Absent),
        (None, Matcher::Pattern { source, glob, .. }) => {
            matches!(given, Matcher::Pattern { source: same, glob: kind, .. } if same == source && kind == glob)
        }
        _ => false,
    }
}

fn unreachable(set: &Set, findings: &mut Vec<Finding>) {
    let routes = &set.items.routes;
    let stopping =
        (0u32..).zip(routes).filter(|(_, route)| !route.and_continue && matches!(route.when, Condition::Always));
    let index = Index::new(stopping.map(|(id, route)| (id, &route.on)));
    for (later, route) in routes.iter().enumerate() {
        let stops = |first: &Route| occasions(route).is_subset(&occasions(first)) && covers(&first.on, &route.on);
        if let Some(first) = covering(&index, routes, later, &route.on, stops) {
            let (name, by, place) = (&route.meta.name, &first.meta.name, &first.meta.place);
            findings.push(finding(
                &route.meta,
                format!(
                    "route `{name}` is never reached, because `{by}` ({place}) takes everything before it; add `and_continue: true` to `{by}` or move it down"
                ),
            ));
        }
    }
}

fn occasions(route: &Route) -> BTreeSet<Occasion> {
    let all = vec![Occasion::Approval, Occasion::Report, Occasion::Resolved];
    if route.occasions.is_empty() { all } else { route.occasions.clone() }.into_iter().collect()
}

/// Fields whose values are known beforehand.
fn possible(field: &Field) -> Option<&'static [&'static str]> {
    Some(match field {
        Field::Severity => &["critical", "error", "warning", "info"],
        Field::Risk => &["read", "low", "high", "irreversible"],
        Field::Origin => &["policy", "plugin", "model", "person", "undo"],
        Field::Mode => &["observe", "enforce"],
        Field::Finding => Cause::NAMES,
        Field::Outcome => &["", "fixed", "suppressed", "resolved", "needs_person", "error", "closed_by_person"],
        _ => return None,
    })
}

/// Conditions that no incident or action can meet.
fn never(meta: &Meta, kind: &str, on: &On, wide: &On) -> Option<Finding> {
    let name = &meta.name;
    for ((field, matcher), (_, wide)) in on.conditions.iter().zip(&wide.conditions) {
        // That nothing was found is a finding too.
        let nothing = *field == Field::Finding && matcher.accepts(None);
        if let Some(values) = possible(field).filter(|_| !nothing)
            && !values.iter().any(|value| matcher.accepts(Some(value)) || wide.accepts(Some(value)))
        {
            let all: Vec<&str> = values.iter().copied().filter(|value| !value.is_empty()).collect();
            let message =
                format!("{kind} `{name}` can never match: {field} is one of {}, wanted {matcher}", all.join(", "));
            return Some(finding(meta, message));
        }
        if always_there(kind, field) && matches!(matcher, Matcher::Absent) {
            return Some(finding(meta, format!("{kind} `{name}` can never match: {field} is never absent")));
        }
        if *field == Field::Tool && undotted(matcher) {
            let message = format!(
                "{kind} `{name}` can never match: tools are called server.tool, wanted {matcher}; write glob(\"*.name\") for any server"
            );
            return Some(finding(meta, message));
        }
    }
    None
}

/// Fields that nothing lacks.
fn always_there(kind: &str, field: &Field) -> bool {
    match field {
        // What an event says, it need not say.
        _ if kind == "event" => false,
        Field::Name | Field::Severity | Field::Source | Field::Tool => true,
        Field::Risk | Field::Origin | Field::Mode => kind == "gate",
        _ => false,
    }
}

/// Whether a matcher only accepts names without a dot.
fn undotted(matcher: &Matcher) -> bool {
    let plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '|'));
    match matcher {
        Matcher::Pattern { source, .. } => plain(source),
        Matcher::Any(any) => any.iter().all(undotted),
        other => other.literals().is_some_and(|values| values.iter().all(|value| plain(value))),
    }
}

/// Gates that ask groups of people that there are not: they deny.
fn strangers(set: &Set, known: &Inventory, findings: &mut Vec<Finding>) {
    let Some(groups) = &known.groups else { return };
    for asked in set.asks() {
        let Some(gate) = set.items.gates.iter().find(|gate| gate.meta.name == asked.gate) else { continue };
        for group in asked.who.iter().filter(|group| !groups.contains(&group_key(group))) {
            let alike = groups.iter().find(|known| fold(known) == fold(group));
            let alike = alike
                .map(|known| format!(" ({known:?} is one, and groups are compared letter by letter, without case)"));
            let message = format!(
                "gate `{}` asks {group:?}, which is no group in [people], [users] or of an account{}, so it denies; name the \
                 group there, or let the gate ask \"anybody\"",
                asked.gate,
                alike.unwrap_or_default()
            );
            findings.push(Finding { place: gate.meta.place.clone(), message, grave: false });
        }
    }
}

/// Fallbacks to targets that there are not: nobody would be told. What `to` names is another matter, for
/// shared policies name targets that not every installation has.
fn nowhere(set: &Set, known: &Inventory, findings: &mut Vec<Finding>) {
    let Some(targets) = &known.targets else { return };
    for route in &set.items.routes {
        for target in route.fallback.iter().flat_map(|fallback| &fallback.to).filter(|to| !targets.contains(*to)) {
            let message = format!(
                "the fallback of route `{}` is {target:?}, which is no notifier target, so nobody is told when a target \
                 of the route does not take a message; configure [notifiers.{target}], or name another",
                route.meta.name
            );
            findings.push(Finding { place: route.meta.place.clone(), message, grave: false });
        }
    }
}

/// Gates that allow only what another gate always forbids.
fn outvoted(set: &Set, findings: &mut Vec<Finding>) {
    let gates = &set.items.gates;
    let forbids = |gate: &Gate| matches!(gate.says, GateResponse::Deny(_)) && matches!(gate.when, Condition::Always);
    let forbidding = (0u32..).zip(gates).filter(|(_, gate)| forbids(gate));
    let index = Index::new(forbidding.map(|(id, gate)| (id, &gate.on)));
    for gate in gates.iter().filter(|gate| gate.says.allows()) {
        if let Some(other) = covering(&index, gates, gates.len(), &gate.on, |other| covers(&other.on, &gate.on)) {
            let (name, by, place) = (&gate.meta.name, &other.meta.name, &other.meta.place);
            let message = format!(
                "gate `{name}` can never open anything, because `{by}` ({place}) forbids all of it; narrow `{by}`"
            );
            findings.push(finding(&gate.meta, message));
        }
    }
}

/// Gates for what is allowed anyway.
fn pointless(gate: &Gate) -> Option<Finding> {
    let read_only =
        gate.on.conditions.iter().any(|(field, matcher)| {
            *field == Field::Risk && matcher.literals().is_some_and(|values| values == ["read"])
        });
    let allows =
        matches!(&gate.says, GateResponse::Allow(opening) if opening.budgets.is_empty() && opening.canary.is_none());
    (read_only && allows).then(|| {
        let message = format!("gate `{}` allows what only reads, which needs no gate; remove it", gate.meta.name);
        finding(&gate.meta, message)
    })
}
