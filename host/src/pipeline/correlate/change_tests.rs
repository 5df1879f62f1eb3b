//! Alerts that change, and messages that come late, in a store in small.

use jiff::Timestamp;

use super::*;
use crate::domain::Severity;
use crate::domain::handover::HandoverReason;
use crate::domain::{Entry, Fact, Labels, Outcome};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_763_000_000 + second).unwrap()
}

fn firing(severity: Severity, began: i64) -> Alert {
    Alert {
        source: "s".into(),
        name: "Disk".into(),
        status: Status::Firing,
        severity,
        labels: Labels::from([("namespace", "shop")]),
        annotations: Labels::new(),
        starts_at: Some(at(began)),
        ends_at: None,
        fingerprint: "f".into(),
        link: None,
    }
}

fn resolved(severity: Severity, began: i64, ended: i64) -> Alert {
    Alert { status: Status::Resolved, ends_at: Some(at(ended)), ..firing(severity, began) }
}

fn of(namespace: &str, alert: Alert) -> Alert {
    Alert { labels: Labels::from([("namespace", namespace)]), ..alert }
}

fn group(alert: &Alert) -> Group {
    group_key(None, alert, &["namespace".to_string()]).into()
}

/// What the store makes of batches, without bounds and without a journal.
#[derive(Default)]
struct World {
    index: Index,
    incidents: HashMap<IncidentId, Arc<Incident>>,
    now: i64,
}

impl World {
    fn receive(&mut self, alert: Alert) -> CorrelatedBatch {
        self.now += 1;
        let now = at(self.now);
        let found = correlate(&self.index, &self.incidents, vec![alert], &group, now);
        let again = correlate(&self.index, &self.incidents, Vec::new(), &group, now);
        assert_eq!(again, CorrelatedBatch::default());
        for (alert, end) in found.ended.clone() {
            self.index.end(alert, end);
        }
        for handover in found.handed_over.values().flatten() {
            self.index.release(&handover.source, &handover.fingerprint);
        }
        for (group_key, alerts) in found.opened.clone() {
            let id = IncidentId(format!("i{}", self.incidents.len() + 1).into());
            let fact = Fact::Opened { group_key, source: "s".into(), alerts };
            let incident = Incident::open(id.clone(), &Entry { at: now, fact }).unwrap();
            self.index.insert(&incident);
            self.incidents.insert(id, Arc::new(incident));
        }
        for (id, alerts) in found.changed.clone() {
            let incident = Arc::make_mut(self.incidents.get_mut(&id).unwrap());
            self.index.take(incident, alerts.iter());
            incident.apply(&Entry { at: now, fact: Fact::AlertsChanged { alerts } });
        }
        for (id, alerts) in found.handed_over.clone() {
            self.apply(&id.0, Fact::HandedOver { alerts, to: None });
        }
        found
    }

    fn apply(&mut self, id: &str, fact: Fact) {
        let at = at(self.now);
        let incident = Arc::make_mut(self.incidents.get_mut(&IncidentId(id.into())).unwrap());
        incident.apply(&Entry { at, fact });
    }

    fn conclude(&mut self, id: &str) {
        self.apply(id, Fact::Concluded { outcome: Outcome::Suppressed, reason: String::new() });
        self.index.conclude(&self.incidents[&IncidentId(id.into())]);
    }

    fn close(&mut self, id: &str) {
        let incident = self.incidents.remove(&IncidentId(id.into())).unwrap();
        self.index.remove(&incident);
    }

    fn one(&self, id: &str) -> &Incident {
        &self.incidents[&IncidentId(id.into())]
    }
}

fn repeats(found: &CorrelatedBatch) -> u64 {
    found.repeats.values().sum()
}

#[test]
fn what_becomes_worse_before_the_verdict_counts_and_after_it_is_decided_anew() {
    let mut world = World::default();
    world.receive(firing(Severity::Info, 0));
    assert_eq!(world.receive(firing(Severity::Warning, 0)).changed.len(), 1);
    assert_eq!((world.incidents.len(), world.one("i1").severity()), (1, Severity::Warning));
    world.conclude("i1");
    let found = world.receive(firing(Severity::Critical, 0));
    let handovers: Vec<_> = found.handed_over.values().flatten().collect();
    assert_eq!(handovers[0].because, HandoverReason::Worse { from: Severity::Warning, to: Severity::Critical });
    assert_eq!((world.incidents.len(), world.one("i2").severity()), (2, Severity::Critical));
    assert!(world.one("i1").all_resolved(), "what is handled elsewhere is over here");
    assert_eq!(world.one("i1").severity(), Severity::Warning);
    // Its end belongs where it fires.
    let found = world.receive(resolved(Severity::Critical, 0, 50));
    assert!(found.changed.contains_key(&IncidentId("i2".into())) && world.one("i2").all_resolved());
}

#[test]
fn a_severity_that_goes_up_and_down_opens_one_more_incident_and_no_third() {
    let mut world = World::default();
    world.receive(firing(Severity::Warning, 0));
    world.conclude("i1");
    world.receive(firing(Severity::Critical, 0));
    world.conclude("i2");
    for _ in 0..20 {
        for severity in [Severity::Warning, Severity::Critical, Severity::Info, Severity::Error] {
            let found = world.receive(firing(severity, 0));
            assert_eq!((repeats(&found), found.changed.len(), world.incidents.len()), (1, 0, 2));
        }
    }
}

#[test]
fn a_later_beginning_after_the_verdict_is_decided_anew_and_an_earlier_one_says_nothing() {
    let mut world = World::default();
    world.receive(firing(Severity::Warning, 100));
    assert_eq!(repeats(&world.receive(firing(Severity::Warning, 90))), 1);
    assert_eq!(world.receive(firing(Severity::Warning, 110)).changed.len(), 1);
    world.conclude("i1");
    let nothing = Alert { starts_at: None, ..firing(Severity::Warning, 0) };
    for alert in [firing(Severity::Warning, 100), firing(Severity::Warning, 110), nothing] {
        assert_eq!((repeats(&world.receive(alert)), world.incidents.len()), (1, 1));
    }
    let found = world.receive(firing(Severity::Warning, 200));
    let because = found.handed_over.values().flatten().next().map(|handover| handover.because.clone());
    assert_eq!(because, Some(HandoverReason::BeganAnew { at: at(200) }));
    assert_eq!(world.incidents.len(), 2);
    // Who is worse joins the incident of its group that is open.
    assert_eq!(world.receive(firing(Severity::Error, 200)).changed.len(), 1);
    assert_eq!(world.incidents.len(), 2);
}

#[test]
fn a_beginning_that_comes_after_its_end_is_late_whatever_became_of_the_incident() {
    for (concluded, closed) in [(false, false), (true, false), (true, true)] {
        let mut world = World::default();
        world.receive(firing(Severity::Warning, 0));
        if concluded {
            world.conclude("i1");
        }
        world.receive(resolved(Severity::Warning, 0, 50));
        if closed {
            world.close("i1");
        }
        for began in [0, -10] {
            let found = world.receive(firing(Severity::Warning, began));
            assert_eq!((found.late, found.opened.len(), found.changed.len(), repeats(&found)), (1, 0, 0, 0));
        }
        let found = world.receive(firing(Severity::Warning, 60));
        assert_eq!(found.opened.len() + found.changed.len(), 1, "it fires again");
        let found = world.receive(firing(Severity::Warning, 0));
        assert_eq!((found.late, repeats(&found)), (0, 1), "it fires anyway");
        let found = world.receive(resolved(Severity::Warning, 0, 50));
        assert_eq!((found.late, found.changed.len()), (1, 0), "the end of what was before");
        assert_eq!(world.receive(resolved(Severity::Warning, 60, 70)).changed.len(), 1);
    }
}

/// What a sender opens again keeps its name: it began anew, or the sender does not say when. Its messages come in any order,
/// and more than once.
#[test]
fn what_is_opened_again_stands_as_its_last_change_says_in_whatever_order_messages_come() {
    let first = || firing(Severity::Warning, 0);
    let ended = |at| resolved(Severity::Warning, 0, at);
    let again = || firing(Severity::Warning, 200);
    let undated = |mut alert: Alert| {
        alert.starts_at = None;
        alert
    };
    let ends = |messages: Vec<Alert>| {
        let mut world = World { now: 1_000, ..World::default() };
        for message in messages {
            world.receive(message);
        }
        let fires = |incident: &Arc<Incident>| incident.alerts.iter().any(|alert| alert.status == Status::Firing);
        (world.incidents.len(), world.incidents.values().any(fires))
    };
    for (what, messages, expected) in [
        ("in order", vec![first(), ended(100), again(), ended(300)], (1, false)),
        ("the second beginning once more", vec![first(), ended(100), again(), ended(300), again()], (1, false)),
        ("the first end once more", vec![first(), ended(100), again(), ended(100)], (1, true)),
        ("the first end late", vec![first(), again(), ended(100)], (1, true)),
        (
            "ends that do not say what they end",
            vec![first(), undated(ended(100)), again(), undated(ended(100))],
            (1, true),
        ),
        (
            "a second end that does not say it",
            vec![first(), undated(ended(100)), again(), undated(ended(300))],
            (1, false),
        ),
        ("an end in whole minutes", vec![again(), undated(ended(180))], (1, false)),
    ] {
        assert_eq!(ends(messages), expected, "{what}");
    }
}

#[test]
fn an_end_that_comes_first_is_remembered_for_some_minutes() {
    let mut world = World::default();
    assert_eq!(world.receive(resolved(Severity::Warning, 0, 50)).unknown_resolved, 1);
    assert_eq!(world.receive(firing(Severity::Warning, 0)).late, 1);
    assert_eq!(world.receive(firing(Severity::Critical, 0)).opened.len(), 1, "nobody has heard of this");
    let mut world = World::default();
    world.receive(resolved(Severity::Warning, 0, 50));
    world.now += ended::LATE.as_secs();
    assert_eq!(world.receive(firing(Severity::Warning, 0)).opened.len(), 1, "it fires on");
}

#[test]
fn one_fingerprint_in_two_groups_names_two_alerts() {
    let mut world = World::default();
    let warning = || firing(Severity::Warning, 0);
    world.receive(of("shop", warning()));
    world.receive(of("pay", warning()));
    assert_eq!(world.incidents.len(), 2);
    world.conclude("i1");
    for _ in 0..5 {
        for namespace in ["shop", "pay"] {
            let found = world.receive(of(namespace, warning()));
            assert_eq!((repeats(&found), world.incidents.len()), (1, 2), "{namespace}");
        }
    }
    world.receive(of("pay", resolved(Severity::Warning, 0, 9)));
    assert!(world.one("i2").all_resolved() && !world.one("i1").all_resolved());
    // Some senders leave labels out when something has ended.
    world.receive(Alert { labels: Labels::new(), ..resolved(Severity::Warning, 0, 9) });
    assert!(world.one("i1").all_resolved());
}

#[test]
fn an_alert_whose_source_is_given_a_cluster_meanwhile_is_the_same() {
    let mut world = World::default();
    let placed = |alert: Alert| {
        let mut alert = of("shop", alert);
        alert.labels.insert("cluster", "kestrel");
        alert
    };
    world.receive(of("shop", firing(Severity::Warning, 0)));
    let found = world.receive(placed(firing(Severity::Warning, 0)));
    assert_eq!((found.opened.len(), found.changed.len(), world.incidents.len()), (0, 1, 1), "{found:?}");
    assert_eq!(&world.one("i1").alerts[0].labels["cluster"], "kestrel");
    assert_eq!(repeats(&world.receive(placed(firing(Severity::Warning, 0)))), 1);
    world.receive(placed(resolved(Severity::Warning, 0, 9)));
    assert!(world.one("i1").all_resolved());
    // Whose end is the first that has it.
    let mut world = World::default();
    world.receive(of("shop", firing(Severity::Warning, 0)));
    world.receive(placed(resolved(Severity::Warning, 0, 9)));
    assert!(world.one("i1").all_resolved());
}

#[test]
fn other_labels_in_the_same_group_are_recorded_whatever_they_are_called() {
    let with = |name: &str, value: &str| {
        let labels = Labels::from([("namespace", "shop"), (name, value)]);
        Alert { labels, ..firing(Severity::Warning, 0) }
    };
    for concluded in [false, true] {
        for name in ["pod", "value", "url", "image"] {
            let mut world = World::default();
            world.receive(with(name, "a"));
            if concluded {
                world.conclude("i1");
            }
            assert_eq!(world.receive(with(name, "b")).changed.len(), 1, "{name}");
            assert_eq!(&world.one("i1").alerts[0].labels[name], "b");
        }
        // How bad it is was read from this one, and is compared as such.
        let mut world = World::default();
        world.receive(with("severity", "warn"));
        assert_eq!(repeats(&world.receive(with("severity", "warning"))), 1);
    }
}

#[test]
fn a_message_that_leaves_labels_out_is_about_the_alert_that_has_them() {
    let full = || Alert {
        labels: Labels::from([("namespace", "shop"), ("pod", "web"), ("severity", "critical")]),
        annotations: Labels::from([("summary", "it is full")]),
        ..firing(Severity::Critical, 0)
    };
    for concluded in [false, true] {
        let mut world = World::default();
        world.receive(full());
        if concluded {
            world.conclude("i1");
        }
        for labels in [Labels::new(), Labels::from([("namespace", "shop")]), Labels::from([("pod", "web")])] {
            let acknowledged =
                Alert { labels, annotations: Labels::new(), starts_at: None, ..firing(Severity::Warning, 0) };
            let found = world.receive(acknowledged);
            assert_eq!((repeats(&found), world.incidents.len()), (1, 1), "{found:?}");
        }
        assert_eq!(world.one("i1").alerts[0], full(), "nothing of it was lost");
        // What it says in another way is another matter.
        let other = Alert { labels: Labels::from([("namespace", "shop"), ("pod", "api")]), ..full() };
        assert_eq!(world.receive(other).changed.len(), 1, "a pod of another name is recorded");
        assert_eq!(&world.one("i1").alerts[0].labels["pod"], "api");
        let found = world.receive(of("pay", firing(Severity::Critical, 0)));
        assert_eq!((found.opened.len(), world.incidents.len()), (1, 2), "{found:?}");
    }
}

#[test]
fn an_alert_that_leaves_labels_out_can_still_become_worse_and_end() {
    let mut world = World::default();
    let labels = || Labels::from([("namespace", "shop"), ("pod", "web")]);
    world.receive(Alert { labels: labels(), ..firing(Severity::Warning, 0) });
    let bare = |alert: Alert| Alert { labels: Labels::from([("pod", "web")]), ..alert };
    assert_eq!(world.receive(bare(firing(Severity::Critical, 0))).changed.len(), 1);
    let alert = &world.one("i1").alerts[0];
    assert_eq!((alert.severity, &alert.labels), (Severity::Critical, &labels()));
    world.receive(bare(resolved(Severity::Critical, 0, 9)));
    assert!(world.one("i1").all_resolved());
    assert_eq!(world.one("i1").alerts[0].labels, labels(), "what has ended is still told by its labels");
}

#[test]
fn an_end_does_not_make_what_it_ends_less_bad_and_is_said_once() {
    for called in [Severity::Info, Severity::Warning, Severity::Critical] {
        let mut world = World::default();
        world.receive(firing(Severity::Critical, 0));
        let found = world.receive(resolved(called, 0, 9));
        assert_eq!(found.ended[0].1.severity, Severity::Critical, "{called:?}");
        assert_eq!(world.one("i1").severity(), Severity::Critical, "{called:?}");
        assert_eq!(repeats(&world.receive(resolved(called, 0, 9))), 1, "{called:?}: the same end writes nothing");
        world.receive(firing(Severity::Warning, 20));
        assert_eq!(world.one("i1").severity(), Severity::Warning, "what fires anew is as bad as it says");
    }
}
