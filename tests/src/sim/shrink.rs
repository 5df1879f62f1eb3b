//! Makes a failing world small, and tells it.

use std::sync::Arc;

use super::life::{Run, run};
use super::mutant::Mutant;
use super::plan::Plan;

/// Runs at most this many smaller worlds.
const TRIES: usize = 600;

/// Leaves out everything without which the same invariant still breaks.
pub fn shrink(plan: &Plan, invariant: &str, mutant: Option<Mutant>) -> Plan {
    let mut best = plan.clone();
    let mut tries = TRIES;
    let mut fails = |plan: &Plan| {
        tries = tries.saturating_sub(1);
        tries > 0 && run(plan, mutant, false).violation.is_some_and(|found| found.invariant == invariant)
    };
    let mut size = best.events.len().div_ceil(2).max(1);
    loop {
        let mut smaller = false;
        let mut from = 0;
        while from < best.events.len() {
            let mut candidate = best.clone();
            candidate.events.drain(from..(from + size).min(best.events.len()));
            if fails(&candidate) {
                best = candidate;
                smaller = true;
            } else {
                from += size;
            }
        }
        if size == 1 && !smaller {
            break;
        }
        size = (size / 2).max(1);
    }
    calm(&mut best, &mut fails);
    best
}

/// Turns off each kind of trouble that is not needed.
fn calm(best: &mut Plan, fails: &mut impl FnMut(&Plan) -> bool) {
    let turn_off: [fn(&mut Plan); 11] = [
        |plan| plan.temper.tools = 0,
        |plan| plan.temper.looks = 0,
        |plan| plan.temper.advisers = 0,
        |plan| plan.temper.notifiers = 0,
        |plan| plan.temper.appends = 0,
        |plan| plan.temper.append_ms = 0,
        |plan| plan.temper.breaker_after = 0,
        |plan| plan.temper.denied_after = 0,
        |plan| plan.temper.model = false,
        |plan| plan.temper.lies = 0,
        |plan| plan.policies.iter_mut().for_each(|set| Arc::make_mut(set).routes.clear()),
    ];
    for change in turn_off {
        let mut candidate = best.clone();
        change(&mut candidate);
        if fails(&candidate) {
            *best = candidate;
        }
    }
}

/// Tells a failing world: its policies, its events and its history.
pub fn explain(plan: &Plan, mutant: Option<Mutant>) -> String {
    let Run { violation, trace, .. } = run(plan, mutant, true);
    let mut text = format!("seed {}: {violation:?}\n\n{:?}\n", plan.seed, plan.temper);
    for (i, set) in plan.policies.iter().enumerate() {
        text.push_str(&format!("\npolicy set {i}: {set:#?}\n"));
    }
    text.push_str("\nevents:\n");
    plan.events.iter().for_each(|event| text.push_str(&format!("{event}\n")));
    text.push_str("\nhistory:\n");
    trace.iter().for_each(|line| text.push_str(&format!("{line}\n")));
    text
}
