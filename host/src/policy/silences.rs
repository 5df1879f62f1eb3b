//! Gates on silences that people want while the host runs.

use std::cell::RefCell;

use super::items::{SilenceGate, SilenceResponse};
use super::on::{Field, On};
use super::query::CoverageLog;
use super::set::Set;
use super::span;
use crate::domain::Matcher;
use crate::domain::matcher::format_all;
use crate::rules::{SilenceLimits, SilenceObjection};

/// What the first gate that objects has against a silence; `seen` takes note of which did.
pub(super) fn against(
    set: &Set,
    silence: &SilenceLimits<'_>,
    seen: Option<&RefCell<Vec<CoverageLog>>>,
) -> Option<SilenceObjection> {
    let (gate, reason) = set.items.silence_gates.iter().find_map(|gate| Some((gate, objection(gate, silence)?)))?;
    if let Some(seen) = seen {
        let name = gate.meta.name.clone();
        seen.borrow_mut().push(CoverageLog { kind: "silence_gate", name, when: None, spoke: true });
    }
    Some(SilenceObjection { gate: gate.meta.name.clone(), reason })
}

fn objection(gate: &SilenceGate, silence: &SilenceLimits<'_>) -> Option<String> {
    if !reaches(&gate.on, silence.matchers) {
        return None;
    }
    let label = |field: &Field| match field {
        Field::Label(name) => name.clone(),
        other => other.to_string(),
    };
    let narrow = || {
        let on: Vec<String> =
            gate.on.conditions.iter().map(|(field, matcher)| format!("{} {matcher}", label(field))).collect();
        if on.is_empty() {
            return String::new();
        }
        let (shown, on) = (format_all(silence.matchers), on.join(" and "));
        format!(" ({shown} may cover alerts with {on}; a matcher that leaves these out makes it another matter)")
    };
    match &gate.says {
        SilenceResponse::Deny(reason) => Some(format!("{reason}{}", narrow())),
        SilenceResponse::Max(ms) => {
            // Some milliseconds of what was asked for have passed when it is heard.
            let seconds = silence.length.as_millis().saturating_add(500) / 1_000;
            let length = i64::try_from(seconds.saturating_mul(1_000)).unwrap_or(i64::MAX);
            (length > *ms).then(|| format!("{} at most, not {}{}", span::show(*ms), span::show(length), narrow()))
        }
    }
}

/// Whether a silence may cover an alert that the gate is about: it does unless its own matchers rule that out.
fn reaches(on: &On, matchers: &[Matcher]) -> bool {
    on.conditions.iter().all(|(field, wanted)| {
        let Field::Label(name) = field else { return true };
        let of_label = || matchers.iter().filter(|matcher| matcher.name() == name);
        if let Some(value) = of_label().find_map(Matcher::only) {
            return wanted.accepts((!value.is_empty()).then_some(value));
        }
        let values = wanted.literals();
        values.is_none_or(|values| values.iter().any(|value| of_label().all(|matcher| matcher.takes(value))))
    })
}
