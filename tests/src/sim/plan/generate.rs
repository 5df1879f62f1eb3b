//! Draws a plan from a seed.

use std::sync::Arc;

use tidegate::domain::{Severity, Status};

use super::{Event, EventKind, FaultRates, Plan, Signal};
use crate::sim::dice::Dice;
use crate::sim::policies;

const SERVICES: u64 = 5;
const CONDITIONS: u64 = 5;

/// The plan of a seed.
pub fn generate(seed: u64) -> Plan {
    let mut dice = Dice::new(seed, "plan");
    let temper = temper(&mut dice);
    let policies = (0..dice.within(1..4)).map(|_| Arc::new(policies::generate(&mut dice))).collect::<Vec<_>>();
    let mut events = Vec::new();
    let mut at_ms = 0;
    let mut told: Vec<Signal> = Vec::new();
    let scale = *dice.pick(&[300, 3_000, 30_000, 300_000]);
    for _ in 0..dice.within(4..52) {
        at_ms += dice.skewed(scale);
        let what = what(&mut dice, &mut told, policies.len());
        if let EventKind::Pause(scope) = &what {
            let later = at_ms + dice.skewed(2 * scale);
            events.push(Event { at_ms: later, what: EventKind::Resume(scope.clone()) });
        }
        events.push(Event { at_ms, what });
    }
    if dice.chance(1) {
        storm(&mut dice, at_ms, &mut events);
    }
    events.sort_by_key(|event| event.at_ms);
    over_the_bus(&mut Dice::new(seed, "bus"), &mut events);
    Plan { seed, policies, temper, events }
}

/// Some of what is sent comes over the bus.
fn over_the_bus(dice: &mut Dice, events: &mut [Event]) {
    for event in events {
        match &mut event.what {
            EventKind::Alerts { alerts, .. } if dice.chance(30) => {
                let alerts = std::mem::take(alerts);
                event.what = EventKind::Message { alerts };
            }
            EventKind::Catalogue(_) | EventKind::ToolsDown(_) if dice.chance(30) => event.what = EventKind::StreamAnew,
            _ => {}
        }
    }
}

fn temper(dice: &mut Dice) -> FaultRates {
    let mut percent = |choices: &[u64]| *dice.pick(choices);
    FaultRates {
        tools: percent(&[0, 10, 40, 80]),
        looks: percent(&[0, 5, 30]),
        advisers: percent(&[0, 20, 60]),
        notifiers: percent(&[0, 10, 50]),
        appends: percent(&[0, 0, 1, 5]),
        append_ms: percent(&[0, 2, 50, 2_000]),
        model: percent(&[0, 1, 1, 1]) == 1,
        cooldown_s: percent(&[0, 0, 5, 60, 600]),
        breaker_after: percent(&[0, 0, 2, 4]) as u32,
        denied_after: percent(&[0, 0, 1, 2]) as u32,
        watch_min: percent(&[1, 10, 60]),
        looks_per_origin: percent(&[2, 5, 200]) as usize,
        looks_per_incident: percent(&[3, 9, 500]) as usize,
        lies: percent(&[0, 20, 50]),
    }
}

fn what(dice: &mut Dice, told: &mut Vec<Signal>, policies: usize) -> EventKind {
    let scopes = ["", "rule:rule-0", "server:k"];
    match dice.within(0..100) {
        0..43 => alerts(dice, told),
        43..44 => EventKind::Stop(*dice.pick(&[0, 1_000, 30_000])),
        44..70 => EventKind::Person {
            pick: dice.next() % 1000,
            yes: dice.chance(80),
            who: dice.within(0..3),
            stale: dice.chance(15),
            hesitates_ms: if dice.chance(30) { dice.skewed(100_000) } else { 0 },
        },
        70..72 => EventKind::Pause((*dice.pick(&scopes)).into()),
        72..75 => EventKind::Resume((*dice.pick(&scopes)).into()),
        75..77 => EventKind::Policies(dice.next() as usize % policies),
        77..78 => EventKind::Catalogue(dice.within(0..4)),
        78..81 => {
            let jump = dice.skewed(4 * 3_600_000) as i64;
            EventKind::Clock(if dice.chance(50) { jump } else { -jump })
        }
        81..84 => EventKind::Crash,
        84..91 => EventKind::CrashAtPoint(dice.skewed(60)),
        91..92 => EventKind::Observe(dice.chance(30)),
        92..94 => EventKind::AppendFails { kept: dice.chance(40) },
        94..95 => EventKind::DiskFull(dice.skewed(600_000)),
        95..97 => EventKind::ToolsDown(dice.skewed(600_000)),
        _ => EventKind::TargetDown(dice.within(1..4) as usize, dice.skewed(5 * 3_600_000)),
    }
}

fn alerts(dice: &mut Dice, told: &mut Vec<Signal>) -> EventKind {
    let mut alerts = Vec::new();
    for _ in 0..dice.within(1..5) {
        let alert = match told.is_empty() || dice.chance(45) {
            true => fresh(dice),
            false => again(dice, told),
        };
        told.push(alert);
        alerts.push(alert);
        if dice.chance(10) {
            alerts.push(alert);
        }
    }
    let patience_ms = dice.chance(12).then(|| dice.skewed(3_000));
    EventKind::Alerts { alerts, patience_ms }
}

fn fresh(dice: &mut Dice) -> Signal {
    Signal {
        source: dice.within(0..2),
        name: dice.within(0..CONDITIONS),
        service: dice.within(0..SERVICES),
        status: if dice.chance(90) { Status::Firing } else { Status::Resolved },
        severity: *dice.pick(&[Severity::Info, Severity::Warning, Severity::Critical]),
        outbreak: 0,
    }
}

/// A repeat, an end, a change or a new outbreak of what was sent before.
fn again(dice: &mut Dice, told: &[Signal]) -> Signal {
    let mut alert = *dice.pick(told);
    let same = |other: &&Signal| (other.source, other.name, other.service) == (alert.source, alert.name, alert.service);
    if let Some(last) = told.iter().rev().find(same) {
        alert = *last;
    }
    match dice.within(0..10) {
        0..4 => {}
        4..7 => alert.status = Status::Resolved,
        7..9 => {
            alert.status = Status::Firing;
            alert.outbreak += dice.within(0..2);
        }
        _ => alert.severity = *dice.pick(&[Severity::Info, Severity::Warning, Severity::Critical]),
    }
    alert
}

/// More incidents at once than the host handles side by side, some resolving meanwhile.
fn storm(dice: &mut Dice, mut at_ms: u64, events: &mut Vec<Event>) {
    let signal = |service| Signal {
        source: 0,
        name: service % CONDITIONS,
        service,
        status: Status::Firing,
        severity: Severity::Warning,
        outbreak: 0,
    };
    let alerts: Vec<Signal> = (100..200).map(signal).collect();
    let hurt = alerts.clone();
    events.push(Event { at_ms, what: EventKind::Alerts { alerts, patience_ms: None } });
    for _ in 0..dice.within(3..12) {
        at_ms += dice.skewed(20_000);
        let mut alerts: Vec<Signal> = (0..dice.within(1..40)).map(|_| *dice.pick(&hurt)).collect();
        let status = if dice.chance(60) { Status::Resolved } else { Status::Firing };
        alerts.iter_mut().for_each(|alert| alert.status = status);
        events.push(Event { at_ms, what: EventKind::Alerts { alerts, patience_ms: None } });
        let (pick, who) = (dice.next() % 1000, dice.within(0..3));
        let what = EventKind::Person { pick, yes: dice.chance(50), who, stale: false, hesitates_ms: 0 };
        events.push(Event { at_ms, what });
    }
}
