//! Evidence for the model, checks of calls and groups: the smaller questions to a set.

use std::cell::RefCell;

use rhai::Dynamic;
use serde_json::Value;

use super::code::Func;
use super::facts::{AlertFacts, CallFacts};
use super::fields::describe;
use super::items::CheckRule;
use super::json::from_json;
use super::query::{CoverageLog, Query, fault};
use super::set::Set;
use super::values::{Act, Look, Verify};
use super::view;
use crate::collector;
use crate::domain::{Alert, Call, Incident, Target};
use crate::rules::{Check, Context};

/// The most calls that evidence rules can ask for.
const MOST: usize = 32;

/// What every matching evidence rule and the tables ask for, each call once. A rule that errs asks for nothing.
pub(super) fn collect(query: &Query<'_>) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    for id in query.set.indexes.evidence.of_alerts(&query.facts) {
        let Some(rule) = query.set.items.evidence.get(id as usize) else { continue };
        if query.facts.refuses(&rule.on).is_some() {
            continue;
        }
        let wanted = query.when("evidence", &rule.meta, &rule.when, || vec![query.view()]).and_then(|holds| {
            if !holds {
                return Ok(Vec::new());
            }
            let value = query.call(&rule.collect);
            value.and_then(looks).map_err(|why| fault("evidence", &rule.meta, "collect", &why))
        });
        match wanted {
            Ok(wanted) => {
                if !wanted.is_empty() {
                    query.note("evidence", &rule.meta, None, true);
                }
                let new: Vec<Call> = wanted.into_iter().filter(|call| !calls.contains(call)).collect();
                calls.extend(new);
            }
            Err(why) => tracing::warn!("{why}"),
        }
    }
    calls.truncate(MOST);
    let tabled = collector::required_calls(&query.set.tables, query.incident, query.context.catalogue);
    let new: Vec<Call> = tabled.into_iter().filter(|call| !calls.contains(call)).collect();
    calls.extend(new);
    calls
}

fn looks(value: Dynamic) -> Result<Vec<Call>, String> {
    if value.is_unit() {
        return Ok(Vec::new());
    }
    let items = match value.try_cast_result::<rhai::Array>() {
        Ok(items) => items,
        Err(one) => vec![one],
    };
    items
        .into_iter()
        .filter(|item| !item.is_unit())
        .map(|item| match item.try_cast_result::<Look>() {
            Ok(look) => Ok(look.0),
            Err(other) => Err(format!("it must return a list of look(…), but one is {}", describe(&other))),
        })
        .collect()
}

/// The first check rule that knows how to verify or undo the call; `seen` is what its `before` showed.
pub(super) fn check(
    set: &Set,
    call: &Call,
    seen: Option<&Value>,
    incident: &Incident,
    context: &Context<'_>,
    watch: Option<&RefCell<Vec<CoverageLog>>>,
) -> Option<Check> {
    let touches = context.catalogue.touches(call);
    Query::ask(set, incident, context, watch, |query| {
        let facts = CallFacts::new(call, &touches, incident, context.mode);
        set.indexes.checks.of_values(&facts, None).find_map(|id| {
            let rule = set.items.checks.get(id as usize)?;
            if facts.refuses(&rule.on, &rule.wide).is_some() {
                return None;
            }
            match try_check(query, rule, call, seen, &touches) {
                Ok(check) => check,
                Err(why) => {
                    tracing::warn!("{why}");
                    None
                }
            }
        })
    })
}

fn try_check(
    query: &Query<'_>,
    rule: &CheckRule,
    call: &Call,
    seen: Option<&Value>,
    touches: &Target,
) -> Result<Option<Check>, String> {
    let arguments = || vec![view::call(call, touches), query.view()];
    if !query.when("check", &rule.meta, &rule.when, arguments)? {
        return Ok(None);
    }
    let ask = |func: &Func, part, arguments| {
        query.set.code.call(func, arguments).map_err(|why| fault("check", &rule.meta, part, &why))
    };
    let wrong = |part, wanted: &str, value: &Dynamic| {
        let wrong = format!("it must return {wanted}, but returned {}", describe(value));
        fault("check", &rule.meta, part, &wrong)
    };
    let mut check = Check { rule: rule.meta.name.clone(), verify: None, before: None, undo: None };
    if let Some(func) = &rule.verify {
        let value = ask(func, "verify", arguments())?;
        check.verify = match value.read_lock::<Verify>() {
            Some(verify) => Some((*verify.0).clone()),
            None if value.is_unit() => None,
            None => return Err(wrong("verify", "verification(…)", &value)),
        };
    }
    if let Some(func) = &rule.before {
        let value = ask(func, "before", arguments())?;
        check.before = match value.read_lock::<Look>() {
            Some(look) => Some(look.0.clone()),
            None if value.is_unit() => None,
            None => return Err(wrong("before", "look(…)", &value)),
        };
    }
    // What restores is computed from what was seen; without that there is nothing to compute.
    if let Some(func) = rule.undo.as_ref().filter(|_| rule.before.is_none() || seen.is_some()) {
        let before = seen.map_or(Dynamic::UNIT, from_json);
        let value = ask(func, "undo", vec![view::call(call, touches), before, query.view()])?;
        check.undo = match value.read_lock::<Act>() {
            Some(act) => Some(act.0.call.clone()),
            None if value.is_unit() => None,
            None => return Err(wrong("undo", "act(…)", &value)),
        };
    }
    let knows = check.verify.is_some() || check.before.is_some() || check.undo.is_some();
    if knows {
        query.note("check", &rule.meta, None, true);
    }
    Ok(knows.then_some(check))
}

/// The group key of an alert by the first group that matches.
pub(super) fn group(set: &Set, alert: &Alert, watch: Option<&RefCell<Vec<CoverageLog>>>) -> Option<String> {
    let facts = AlertFacts::of_alert(alert);
    let mut candidates = set.indexes.groups.of_alerts(&facts).filter_map(|id| set.items.groups.get(id as usize));
    let group = candidates.find(|group| facts.refuses(&group.on).is_none())?;
    if let Some(watch) = watch {
        watch.borrow_mut().push(CoverageLog { kind: "group", name: group.meta.name.clone(), when: None, spoke: true });
    }
    let mut key = plain_or_quoted(&group.meta.name);
    for label in &group.by {
        let value = match label.as_str() {
            "alertname" => Some(alert.name.as_str()),
            "severity" => Some(alert.severity.as_str()),
            "source" => Some(alert.source.as_str()),
            label => alert.labels.get(label),
        };
        // Quoted, so that no value can pass for two.
        key.push_str(&format!(" {}={:?}", plain_or_quoted(label), value.unwrap_or_default()));
    }
    Some(key)
}

/// A name as it is, or in quotes where it could be taken for more than a name.
fn plain_or_quoted(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '/'));
    if plain { name.to_string() } else { format!("{name:?}") }
}
