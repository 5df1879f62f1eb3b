//! What live and closed incidents cost: `cargo bench -p tidegate --bench live`. Memory is what the process
//! holds more than before, as Linux tells.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a benchmark that cannot run must stop"
)]

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use tidegate::domain::history::{Past, Wanted};
use tidegate::domain::{Alert, Entry, Fact, History, Incident, IncidentId, Labels, Outcome, Severity, Status};
use tidegate::pipeline::correlate::{Index, correlate};

const LIVE: usize = 50_000;
const CLOSED: usize = 500_000;

/// Of the size that a cluster sends.
fn alert(n: usize) -> Alert {
    let labels = Labels::from([
        ("alertname", "KubePodNotReady".to_string()),
        ("cluster", "eu-1".to_string()),
        ("namespace", format!("ns-{n}")),
        ("pod", format!("shop-frontend-7d9f8b6c5-{n:05}")),
        ("severity", "warning".to_string()),
        ("job", "kube-state-metrics".to_string()),
        ("instance", format!("10.0.{}.{}:8080", n / 250 % 250, n % 250)),
    ]);
    let annotations = Labels::from([
        ("summary", format!("Pod shop-frontend-{n} is not ready for more than 15 minutes")),
        ("runbook_url", "https://runbooks.example/KubePodNotReady".to_string()),
    ]);
    Alert {
        source: "alertmanager".into(),
        name: "KubePodNotReady".into(),
        status: Status::Firing,
        severity: Severity::Warning,
        labels,
        annotations,
        starts_at: Some(Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1)),
        ends_at: None,
        fingerprint: format!("{n:016x}"),
        link: Some("http://prometheus.example/graph?g0.expr=up".into()),
    }
}

fn group(n: usize) -> String {
    format!("alertmanager/alertname=KubePodNotReady/cluster=eu-1/namespace=ns-{n}")
}

fn id(n: usize) -> IncidentId {
    IncidentId(format!("{n:013}").into())
}

fn now() -> Timestamp {
    Timestamp::from_second(1_763_000_000).expect("it is a time")
}

/// Bytes that the process holds.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells it");
    let line = status.lines().find(|line| line.starts_with("VmRSS")).expect("it is there");
    1024 * line.split_whitespace().nth(1).and_then(|kib| kib.parse::<usize>().ok()).expect("a number")
}

fn each(before: usize, count: usize) -> f64 {
    resident().saturating_sub(before) as f64 / count as f64
}

fn concluded(n: usize) -> (Incident, Vec<Fact>) {
    let opened = Fact::Opened { group_key: group(n), source: "alertmanager".into(), alerts: vec![alert(n)] };
    let mut incident = Incident::open(id(n), &Entry { at: now(), fact: opened.clone() }).expect("it opens");
    let decision = serde_json::json!({
        "verdict": { "kind": "suppress" }, "rule": "quiet", "reason": "rule quiet", "mode": "observe",
        "policies": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    });
    let decided = Fact::Decided { decision: serde_json::from_value(decision).expect("it is one") };
    let end = Fact::Concluded { outcome: Outcome::Suppressed, reason: "rule quiet".into() };
    for fact in [&decided, &end] {
        incident.apply(&Entry { at: now(), fact: fact.clone() });
    }
    (incident, vec![opened, decided, end])
}

fn live() {
    let before = resident();
    let (mut index, mut history, mut incidents) = (Index::default(), History::default(), HashMap::new());
    for n in 0..LIVE {
        let (incident, facts) = concluded(n);
        index.insert(&incident);
        history.note(&incident, &facts);
        incidents.insert(incident.id.clone(), Arc::new(incident));
    }
    println!("a live incident of one alert, bytes: {:>10.0}", each(before, LIVE));
    println!("  of these the struct itself:        {:>10}", size_of::<Incident>());
    black_box((index, history, incidents));
}

fn closed() {
    let before = resident();
    let row = |n: usize| Past {
        incident: id(n),
        rule: "quiet".into(),
        group_key: group(n).into(),
        name: "KubePodNotReady".into(),
        opened_at: now() + SignedDuration::from_millis(i64::try_from(n).unwrap_or(0)),
        outcome: Some(Outcome::Suppressed),
        fixes: Vec::new(),
        rerun: false,
    };
    let history = History::of((0..CLOSED).map(row), []);
    println!("a closed incident, bytes:            {:>10.0}", each(before, CLOSED));
    let key = group(CLOSED / 2);
    let wanted = Wanted { group: Some(&key), ..Wanted::since(Timestamp::MIN) };
    let began = Instant::now();
    for _ in 0..100 {
        assert_eq!(history.select(black_box(wanted)).count(), 1);
    }
    println!("one group of {CLOSED} closed, µs:    {:>10.1}", began.elapsed().as_secs_f64() * 1e4);
}

/// Microseconds for one alert more, one a batch, once the group has so many.
fn more(there: usize) -> f64 {
    const MEASURED: usize = 500;
    let (mut index, mut history) = (Index::default(), History::default());
    let opened =
        Fact::Opened { group_key: "g".into(), source: "alertmanager".into(), alerts: (0..there).map(alert).collect() };
    let incident = Incident::open(id(0), &Entry { at: now(), fact: opened.clone() }).expect("it opens");
    index.insert(&incident);
    history.note(&incident, [&opened]);
    let mut incidents = HashMap::from([(incident.id.clone(), Arc::new(incident))]);
    let began = Instant::now();
    for n in there..there + MEASURED {
        let found = correlate(&index, &incidents, vec![alert(n)], &|_| "g".to_string().into(), now());
        let (id, alerts) = found.changed.into_iter().next().expect("it joins");
        // Somebody looks at the incident as it was.
        let reader = incidents.get(&id).cloned();
        let incident = Arc::make_mut(incidents.get_mut(&id).expect("it is there"));
        index.take(incident, alerts.iter());
        let fact = Fact::AlertsChanged { alerts };
        incident.apply(&Entry { at: now(), fact: fact.clone() });
        history.note(incident, [&fact]);
        black_box((reader, history.clone(), incident.all_resolved(), incident.severity()));
    }
    began.elapsed().as_secs_f64() * 1e6 / MEASURED as f64
}

fn main() {
    live();
    closed();
    let few = more(8);
    for there in [8, 1_000, 8_000] {
        let took = more(there);
        println!("one alert more among {there:>5}, µs:      {took:>10.1}   ({:.2} times that of 8)", took / few);
    }
}
