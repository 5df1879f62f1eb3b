//! The past, fact by fact.

use super::*;
use crate::domain::{Alert, Entry, Status};

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_763_000_000 + 60 * minute).unwrap()
}

fn opened(id: &str, group: &str, minute: i64) -> (Incident, Fact) {
    let alert = Alert {
        source: "x".into(),
        name: "Down".into(),
        status: Status::Firing,
        severity: Severity::Warning,
        labels: [("pod".to_string(), id.to_string())].into(),
        annotations: Labels::default(),
        starts_at: None,
        ends_at: None,
        fingerprint: id.into(),
        link: None,
    };
    let fact = Fact::Opened { group_key: group.into(), source: "x".into(), alerts: vec![alert] };
    let entry = Entry { at: at(minute), fact };
    (Incident::open(IncidentId(id.into()), &entry).unwrap(), entry.fact)
}

fn ids<'a>(past: impl Iterator<Item = &'a Past>) -> Vec<&'a str> {
    past.map(|past| past.incident.0.as_str()).collect()
}

#[test]
fn it_is_kept_up_fact_by_fact_and_earlier_clones_stay_as_they_were() {
    let mut history = History::default();
    let (mut one, fact) = opened("one", "g", 0);
    history.note(&one, [&fact]);
    let before = history.clone();
    let (two, fact) = opened("two", "h", 5);
    history.note(&two, [&fact]);
    let end = Entry { at: at(6), fact: Fact::Concluded { outcome: Outcome::Fixed, reason: String::new() } };
    one.apply(&end);
    history.note(&one, [&end.fact]);

    assert_eq!(ids(history.past(at(0))), ["one", "two"]);
    assert_eq!(ids(history.past(at(1))), ["two"]);
    assert_eq!(ids(history.of_group("g", at(0))), ["one"]);
    assert_eq!(ids(history.of_group("g", at(1))), [""; 0]);
    assert_eq!(history.past(at(0)).next().unwrap().outcome, Some(Outcome::Fixed));
    assert_eq!(history.of_group("g", at(0)).next().unwrap().outcome, Some(Outcome::Fixed));
    assert_eq!((ids(before.past(at(0))), before.past(at(0)).next().unwrap().outcome), (vec!["one"], None));

    let closed = Entry { at: at(7), fact: Fact::Closed { reason: String::new() } };
    one.apply(&closed);
    history.note(&one, [&closed.fact]);
    assert_eq!(history.active().map(|active| active.incident.0.as_str()).collect::<Vec<_>>(), ["two"]);
    let whole = History::of([Past::of(&one), Past::of(&two)], Active::of(&two));
    assert_eq!(history, whole);
}

#[test]
fn what_is_older_than_31_days_is_forgotten_everywhere() {
    let mut history = History::default();
    let month = REMEMBERED.as_mins();
    for (id, group, minute) in [("one", "g", 0), ("two", "h", 1), ("three", "g", 2), ("four", "g", month + 2)] {
        let (incident, fact) = opened(id, group, minute);
        history.note(&incident, [&fact]);
    }
    assert_eq!(ids(history.past(Timestamp::MIN)), ["three", "four"]);
    assert_eq!(ids(history.of_group("g", Timestamp::MIN)), ["three", "four"]);
    assert_eq!(history.groups.size(), 1, "a group without incidents takes no room");
}
