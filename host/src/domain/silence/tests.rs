//! What silences hold back, and how they change.

use super::*;
use crate::domain::decision::{Mode, Verdict};
use crate::domain::{Access, Entry, Fact, Grant, IncidentId, Labels, Role, Scope, Severity, Status};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn alert(name: &str, labels: &[(&str, &str)]) -> Alert {
    Alert {
        source: "s".into(),
        name: name.into(),
        status: Status::Firing,
        severity: Severity::Critical,
        labels: labels.iter().copied().collect(),
        annotations: Labels::new(),
        starts_at: None,
        ends_at: None,
        fingerprint: format!("{name} {labels:?}"),
        link: None,
    }
}

fn incident(alerts: &[Alert]) -> Incident {
    let fact = Fact::Opened { group_key: "g".into(), source: "s".into(), alerts: alerts.to_vec() };
    Incident::open(IncidentId("i-1".into()), &Entry { at: at(0), fact }).unwrap()
}

fn silence(id: &str, matchers: &str, from: i64, until: i64) -> Silence {
    Silence {
        id: SilenceId(id.into()),
        matchers: Matcher::parse_all(matchers).unwrap(),
        starts_at: at(from),
        ends_at: at(until),
        updated_at: at(from),
        person: Person::typed("ann"),
        changed_by: None,
        comment: "the move".into(),
    }
}

fn set(silences: &[Silence]) -> Silences {
    let mut all = Silences::default();
    for silence in silences {
        all.take(&SilenceEvent::Set { silence: silence.clone(), covers: 0, broad: false }, silence.starts_at);
    }
    all
}

fn names(cover: Option<CoveringSilence>) -> Option<(i64, Vec<String>)> {
    cover.map(|cover| {
        let names = cover.silences.iter().map(|silence| silence.id.to_string());
        (cover.until.as_second(), names.collect())
    })
}

#[test]
fn an_incident_waits_while_silences_cover_all_that_fires() {
    let [web, db] = [alert("A", &[("pod", "web")]), alert("A", &[("pod", "db")])];
    let all =
        set(&[silence("w", "pod=web", 10, 100), silence("d", "pod=~d.", 10, 60), silence("w2", "pod=web", 10, 200)]);
    assert_eq!(names(all.over(&incident(std::slice::from_ref(&web)), at(50))), Some((200, vec!["w2".into()])));
    let both = incident(&[web.clone(), db.clone()]);
    assert_eq!(names(all.over(&both, at(50))), Some((60, vec!["d".into(), "w2".into()])));
    assert_eq!((names(all.over(&both, at(9))), names(all.over(&both, at(60)))), (None, None), "not yet, and no more");
    let resolved = Alert { status: Status::Resolved, ..db };
    assert_eq!(names(all.over(&incident(&[web, resolved]), at(70))), Some((200, vec!["w2".into()])));
    assert_eq!(names(all.over(&incident(&[alert("A", &[])]), at(50))), None);
    assert_eq!(
        names(set(&[silence("n", "alertname=A", 0, 9)]).over(&incident(&[alert("A", &[])]), at(1))).unwrap().0,
        9
    );
}

#[test]
fn what_was_ended_covers_nothing_and_is_forgotten_in_the_end() {
    let mut all = set(&[silence("a", "pod=web", 10, 1_000), silence("later", "pod=web", 500, 1_000)]);
    let person = Person::typed("bob");
    for id in ["a", "later", "unknown"] {
        all.take(&SilenceEvent::Expired { id: SilenceId(id.into()), person: person.clone() }, at(50));
    }
    assert_eq!(names(all.over(&incident(&[alert("A", &[("pod", "web")])]), at(51))), None);
    let later = all.get("later").unwrap();
    assert_eq!((later.state(at(600)), later.starts_at, later.ends_at), (SilenceState::Expired, at(50), at(50)));
    all.take(&SilenceEvent::Expired { id: SilenceId("a".into()), person }, at(90));
    assert_eq!(all.get("a").unwrap().ends_at, at(50), "it is over once");
    let month = 40 * 86_400;
    let new = SilenceEvent::Set { silence: silence("b", "pod=web", month, month + 9), covers: 1, broad: false };
    all.take(&new, at(month));
    assert_eq!(all.all().map(|silence| silence.id.to_string()).collect::<Vec<_>>(), ["b"]);
}

#[test]
fn a_change_keeps_the_name_where_nothing_is_changed_that_has_happened() {
    let known = silence("a", "pod=web", 10, 100);
    let becomes = |matchers: &str, from, until, now| known.becomes(&silence("a", matchers, from, until), at(now));
    assert!(becomes("pod=web", 10, 500, 50) && becomes("pod=web", 20, 30, 5));
    assert!(!becomes("pod=db", 10, 500, 50) && !becomes("pod=web", 20, 500, 50), "other alerts, another beginning");
    assert!(!becomes("pod=web", 10, 500, 100), "what is over stays over");
}

#[test]
fn what_was_hidden_is_counted_once_across_a_restart() {
    let mut incident = incident(&[alert("A", &[("pod", "web")])]);
    let id = SilenceId("x".into());
    let decision = Decision {
        verdict: Verdict::Hold { until: at(100) },
        rule: Some(rule_of(&id)),
        reason: String::new(),
        mode: Mode::Enforce,
        evidence: vec![],
        faults: vec![],
        policies: String::new(),
    };
    incident.apply(&Entry { at: at(20), fact: Fact::Decided { decision: Arc::new(decision) } });
    let mut hidden = HiddenCounts::default();
    hidden.note(&incident);
    hidden.note(&incident);
    incident.apply(&Entry { at: at(30), fact: Fact::AlertsChanged { alerts: vec![alert("A", &[("pod", "db")])] } });
    hidden.note(&incident);
    let tally = HiddenCount { incidents: 1, alerts: 2 };
    assert_eq!(hidden.of(&id), tally);
    let due = hidden.due(at(40));
    assert_eq!(due, [SilenceEvent::Hid { id: id.clone(), tally }]);
    hidden.restore(&due[0], at(40));
    assert_eq!(hidden.due(at(41)), []);

    let mut restarted = HiddenCounts::default();
    restarted.restore(&due[0], at(40));
    restarted.adopt(&incident);
    restarted.note(&incident);
    assert_eq!(restarted.of(&id), tally, "the record had it");
    let mut unrecorded = HiddenCounts::default();
    unrecorded.adopt(&incident);
    assert_eq!(unrecorded.of(&id), tally, "the record did not have it");
}

#[test]
fn a_preview_counts_what_the_decision_would_hold() {
    let incidents = [
        Arc::new(incident(&[alert("A", &[("pod", "web")]), alert("A", &[("pod", "db")])])),
        Arc::new(incident(&[alert("A", &[("pod", "web")])])),
    ];
    let preview = Preview::of(&Matcher::parse_all("pod=web").unwrap(), &incidents, &Access::of(Role::Viewer));
    let counts = (preview.alerts, preview.of, preview.critical, preview.incidents, preview.partly, preview.shown.len());
    assert_eq!((counts, preview.broad), ((2, 3, 2, 1, 1, 2), None));
}

#[test]
fn a_name_is_a_uuid() {
    let id = SilenceId::new(u64::MAX, u64::MAX).to_string();
    assert_eq!(id, "ffffffff-ffff-4fff-bfff-ffffffffffff");
    assert!(SilenceId::is_one(&id) && SilenceId::is_one(&SilenceId::new(0, 0).to_string()));
    assert!(!SilenceId::is_one("x") && !SilenceId::is_one(""));
}

#[test]
fn whoever_sees_some_places_is_told_of_no_others() {
    let of = |name: &str, namespace: &str| alert(name, &[("namespace", namespace), ("pod", "web")]);
    let others: Vec<Alert> = (0..9).map(|n| of(&format!("Other{n}"), "shop")).collect();
    let mixed = incident(&[of("Up", "pay"), of("Down", "shop")]);
    let incidents = [incident(&[of("Up", "pay")]), incident(&others), mixed].map(Arc::new);
    let bounds = Scope { namespace: Some("pay*".into()), ..Scope::default() };
    let access = Access::new([Grant { role: Role::Responder, bounds }]);
    let preview = Preview::of(&Matcher::parse_all("namespace=pay").unwrap(), &incidents, &access);
    assert_eq!((preview.alerts, preview.of, preview.incidents, preview.partly), (2, 2, 1, 1));
    let named: Vec<&str> = preview.shown.iter().map(|covered| covered.incident.as_str()).collect();
    assert_eq!(named, ["i-1", ""], "an incident of others as well is not named");
    assert_eq!(preview.broad, None, "how broad it is, is judged by all that fires");
    let preview = Preview::of(&Matcher::parse_all("pod=web").unwrap(), &incidents, &Access::of(Role::Viewer));
    assert_eq!((preview.alerts, preview.of), (12, 12));
    assert!(preview.broad.is_some_and(|broad| broad == "it covers 12 alerts, more than half of all that fire"));
}
