//! Several incidents that wait for one.

use std::sync::Arc;

use super::*;
use crate::domain::{Alert, Decision, Entry, Mode, Verdict};

const AT: &str = "2026-07-01T12:00:00Z";

fn at() -> Timestamp {
    AT.parse().unwrap()
}

/// Open incidents with one alert each about this label, named `i1`, `i2` and so on.
fn open(about: &[(&str, &str)]) -> Live {
    let mut live = Live::default();
    for (place, (label, name)) in about.iter().enumerate() {
        let alert: Alert = serde_json::from_value(serde_json::json!({
            "source": "s", "fingerprint": name, "name": "Broken", "severity": "warning", "status": "firing",
            "labels": {"namespace": "shop", *label: name}, "annotations": {}, "starts_at": AT,
        }))
        .unwrap();
        let opened = Fact::Opened { group_key: format!("g{place}"), source: "s".into(), alerts: vec![alert] };
        let incident = Incident::open(id(place + 1), &Entry { at: at(), fact: opened }).unwrap();
        live.index.insert(&incident);
        live.incidents.insert(incident.id.clone(), Arc::new(incident));
    }
    live
}

fn id(number: usize) -> IncidentId {
    IncidentId(format!("i{number}").as_str().into())
}

fn by(live: &Live, number: usize) -> Option<IncidentId> {
    live.incidents[&id(number)].blocked.as_ref().map(|blocked| blocked.by.clone())
}

fn change(live: &mut Live, number: usize, fact: Fact) {
    add(live, &id(number), fact, at(), &mut Vec::new()).unwrap();
}

fn decided(verdict: Verdict) -> Fact {
    let decision = Decision {
        verdict,
        rule: None,
        reason: String::new(),
        mode: Mode::Enforce,
        evidence: Vec::new(),
        faults: Vec::new(),
        policies: String::new(),
    };
    Fact::Decided { decision: Arc::new(decision) }
}

/// Three incidents about one workload, and one about another, of which the last three wait for the first.
fn waiting() -> Live {
    let mut live = open(&[("deployment", "web"), ("deployment", "web"), ("statefulset", "web"), ("deployment", "db")]);
    for number in 2..=4 {
        wait_for(&mut live, &id(number), id(1), "x".into(), at(), &mut Vec::new()).unwrap();
        change(&mut live, number, decided(Verdict::Hold { until: at() + jiff::SignedDuration::from_mins(30) }));
    }
    live
}

#[test]
fn of_those_that_share_an_object_one_goes_on_and_the_others_wait_for_it() {
    for outcome in [Outcome::NeedsPerson, Outcome::Fixed] {
        let mut live = waiting();
        let mut sealed = Vec::new();
        let freed = release(&mut live, &id(1), outcome, at(), &mut sealed).unwrap();
        assert_eq!(freed, [id(2), id(3), id(4)]);
        let repaired = (outcome == Outcome::Fixed).then(|| id(1));
        assert_eq!((by(&live, 2), by(&live, 3), by(&live, 4)), (repaired.clone(), Some(id(2)), repaired));
        assert_eq!(live.blocked.get(&id(2)), Some(&vec![id(3)]));
        assert_eq!(sealed.len(), 4, "all stand in one append");
        let freed = release(&mut live, &id(2), Outcome::NeedsPerson, at(), &mut sealed).unwrap();
        assert_eq!((freed, by(&live, 3)), (vec![id(3)], None));
    }
}

#[test]
fn after_the_longest_wait_one_goes_on_and_the_others_wait_for_it() {
    let mut live = waiting();
    change(&mut live, 2, decided(Verdict::Investigate));
    assert_eq!(pass(&mut live, &id(2), at(), &mut Vec::new()).unwrap(), [id(3)]);
    assert_eq!((by(&live, 2), by(&live, 3), by(&live, 4)), (Some(id(1)), Some(id(2)), Some(id(1))));
    assert_eq!(live.blocked.get(&id(1)), Some(&vec![id(2), id(4)]));
    // One that is at work already is not stopped.
    let mut live = waiting();
    change(&mut live, 2, decided(Verdict::Investigate));
    change(&mut live, 3, decided(Verdict::Investigate));
    assert_eq!(pass(&mut live, &id(3), at(), &mut Vec::new()).unwrap(), []);
}
