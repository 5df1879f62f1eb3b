//! How long decisions, rulings, loading and replays take: `cargo bench -p tidegate --bench policy`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot run must stop"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tidegate::backtest;
use tidegate::domain::decision::RulingKind;
use tidegate::domain::entry::GENESIS;
use tidegate::domain::{
    Action, ActionId, Alert, Call, Catalogue, Decision, Entry, Fact, History, Incident, IncidentId, Labels, Mode,
    Origin, Outcome, Proposal, Risk, Ruling, Sealed, Severity, Status, Tool, Verdict,
};
use tidegate::gate::{Gate, Options};
use tidegate::journal::{self, Reader, Sqlite};
use tidegate::policy::Set;
use tidegate::ports::{Context, Journal, Policies};

const INCIDENTS: usize = 5_000;

fn main() {
    let now: Timestamp = "2026-07-06T12:00:00Z".parse().expect("it is a time");
    println!("{:<52} {:>12} {:>12} {:>10}", "", "median", "p99", "to 10");
    decisions(now);
    rulings(now);
    loading();
    replays(now);
}

/// Rules of which five could match: four say no in their closure, the last decides.
fn rules(count: usize) -> String {
    let mut text = String::new();
    let every = count / 5;
    for i in 0..count {
        if i % every == every - 1 {
            let last = i + every > count - 1;
            let when = if last { "i.count >= 1" } else { "i.labels.namespace == \"other\"" };
            text.push_str(&format!(
                "rule(\"hot-{i}\", #{{ on: #{{ alertname: \"Hot\" }}, when: |i| {when}, then: escalate(\"it is hot\") }});\n"
            ));
        } else {
            let (alert, namespace) = (i / 7, i % 90);
            text.push_str(&format!(
                "rule(\"cold-{i}\", #{{ on: #{{ alertname: \"Cold{alert}\", namespace: \"ns-{namespace}\" }}, \
                 when: |i| i.count > 3, then: escalate(\"it is cold\") }});\n"
            ));
        }
    }
    text
}

fn set(text: &str) -> Set {
    Set::from_sources(&[("a.rhai", text)]).unwrap_or_else(|problems| panic!("{problems}"))
}

fn alert(name: &str, pod: &str) -> Alert {
    let labels = [("alertname", name), ("namespace", "shop"), ("pod", pod), ("severity", "warning"), ("cluster", "a")];
    Alert {
        source: "alertmanager".into(),
        name: name.into(),
        status: Status::Firing,
        severity: Severity::Warning,
        labels: labels.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect::<Labels>(),
        annotations: Labels::new(),
        starts_at: None,
        ends_at: None,
        fingerprint: format!("{name}/{pod}"),
        link: None,
    }
}

fn opened(alert: Alert) -> Fact {
    Fact::Opened { group_key: alert.fingerprint.clone(), source: "alertmanager".into(), alerts: vec![alert] }
}

/// Median and 99th percentile of one call.
fn measure(times: usize, mut call: impl FnMut()) -> (Duration, Duration) {
    for _ in 0..times / 10 + 1 {
        call();
    }
    let mut took: Vec<Duration> = (0..times)
        .map(|_| {
            let started = Instant::now();
            call();
            started.elapsed()
        })
        .collect();
    took.sort();
    (took[times / 2], took[times * 99 / 100])
}

fn line(what: &str, (median, p99): (Duration, Duration), ratio: Option<f64>) {
    let ratio = ratio.map(|ratio| format!("{ratio:.2}×")).unwrap_or_default();
    println!("{what:<52} {:>12} {:>12} {ratio:>10}", format!("{median:.1?}"), format!("{p99:.1?}"));
}

fn decisions(now: Timestamp) {
    let incident = Incident::open(IncidentId("i1".into()), &Entry { at: now, fact: opened(alert("Hot", "web-1")) });
    let incident = incident.expect("the entry opens one");
    let (history, catalogue) = (Arc::new(History::default()), Arc::new(Catalogue::default()));
    let context = Context { now, mode: Mode::Enforce, history: &history, catalogue: &catalogue };
    let mut base = None;
    for count in [10, 1_000, 10_000] {
        let set = set(&rules(count));
        let decided = set.decide(&incident, &context);
        assert!(decided.decision.and_then(|decision| decision.rule).is_some_and(|rule| rule.starts_with("hot-")));
        let took = measure(5_000, || {
            std::hint::black_box(set.decide(&incident, &context));
        });
        let base = *base.get_or_insert(took.0);
        let ratio = took.0.as_secs_f64() / base.as_secs_f64();
        line(&format!("decision at {count} rules, 5 could match"), took, Some(ratio));
    }
}

fn catalogue() -> Catalogue {
    let name = "kubernetes.pods_delete".to_string();
    let schema = json!({"properties": {"namespace": {}}});
    let tool = Tool { name: name.clone(), description: String::new(), schema, risk: Risk::Low, repeatable: false };
    Catalogue { tools: [(name, tool)].into() }
}

fn delete(pod: &str) -> Proposal {
    let Value::Object(arguments) = json!({"namespace": "shop", "name": pod}) else { unreachable!("it is an object") };
    Proposal {
        call: Call { tool: "kubernetes.pods_delete".into(), arguments },
        target: String::new(),
        reason: "it is stuck".into(),
        evidence: Vec::new(),
        root_cause: String::new(),
        verify: None,
        undo: None,
    }
}

fn action(pod: &str) -> Action {
    let proposal = delete(pod);
    let touches = catalogue().touches(&proposal.call);
    Action::new(ActionId("a1".into()), proposal, Origin::Policy { rule: "restart".into() }, Risk::Low, touches)
}

fn rulings(now: Timestamp) {
    let set = Set::embedded().unwrap_or_else(|problems| panic!("{problems}"));
    let incident = Incident::open(IncidentId("i1".into()), &Entry { at: now, fact: opened(alert("Hot", "web-1")) });
    let incident = incident.expect("the entry opens one");
    let (history, catalogue) = (Arc::new(History::default()), Arc::new(catalogue()));
    let context = Context { now, mode: Mode::Enforce, history: &history, catalogue: &catalogue };
    let (gate, action) = (Gate::new(Options::default()), action("web-1"));
    let took = measure(5_000, || {
        std::hint::black_box(gate.rule(&set, &incident, &action, &context));
    });
    line("ruling on an action with the shipped gates", took, None);
}

fn loading() {
    let text = rules(10_000);
    let took = measure(5, || {
        std::hint::black_box(set(&text));
    });
    line("loading 10000 rules", took, None);
}

const SAME: &str = r#"
rule("restart", #{ on: #{ alertname: "Hot" }, then: |i| remediate(act("kubernetes.pods_delete", #{ namespace: "shop", name: i.labels.pod })) });
gate("restarts", #{ on: #{ tool: "kubernetes.pods_delete" }, allow: budget(#{ max: 1000, within: "1h" }) });
"#;

/// One incident a minute, each repaired by one action.
fn story(n: usize, now: Timestamp) -> Vec<Sealed> {
    let (id, pod) = (format!("i{n:07}"), format!("web-{n}"));
    let at = now + SignedDuration::from_mins(i64::try_from(n).unwrap_or(0));
    let name = ActionId("a1".into());
    let decision = Decision {
        verdict: Verdict::Remediate { actions: vec![delete(&pod)] },
        rule: Some("restart".into()),
        reason: String::new(),
        mode: Mode::Enforce,
        evidence: Vec::new(),
        faults: Vec::new(),
        policies: "recorded".into(),
    };
    let ruling = Ruling {
        kind: RulingKind::Allow,
        rule: "restarts".into(),
        reason: String::new(),
        heard: Vec::new(),
        who: String::new(),
        own: false,
        approvals: 1,
        until: None,
        mode: Mode::Enforce,
        spends: Vec::new(),
        held_against: false,
        counts: Default::default(),
    };
    let attempt = format!("{id}-a1-1");
    let facts = vec![
        opened(alert("Hot", &pod)),
        Fact::Decided { decision: Box::new(decision) },
        Fact::Proposed { action: Box::new(action(&pod)) },
        Fact::Ruled { action: name.clone(), ruling },
        Fact::Intent {
            action: name.clone(),
            attempt: attempt.clone(),
            spends: vec!["restarts|".into()],
            counts: Default::default(),
        },
        Fact::Result { action: name.clone(), attempt, ok: true, text: "deleted".into(), took_ms: 12 },
        Fact::Verified { action: name, ok: true, reason: "its condition holds".into() },
        Fact::Concluded { outcome: Outcome::Fixed, reason: "repaired".into() },
        Fact::Reported { markdown: "text ".repeat(200) },
        Fact::Closed { reason: "all alerts resolved".into() },
    ];
    let mut hash = GENESIS.to_string();
    let mut sealed = Vec::new();
    for (n, fact) in (1..).zip(facts) {
        let one = Sealed::new(&id, n, &hash, &Entry { at, fact }).expect("it can be written");
        hash.clone_from(&one.hash);
        sealed.push(one);
    }
    sealed
}

fn replays(now: Timestamp) {
    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path().join("journal.db");
    let journal = Sqlite::open(&path, journal::Options::default()).expect("it opens");
    for start in (0..INCIDENTS).step_by(250) {
        let batch = (start..start + 250).flat_map(|n| story(n, now)).collect();
        block_on(journal.append(batch)).expect("it is written");
    }
    let reader = Reader::open(&path).expect("it opens");
    let shipped = Set::embedded().unwrap_or_else(|problems| panic!("{problems}"));
    for (what, set) in [("the same decisions", set(SAME)), ("the shipped set, all other", shipped)] {
        let started = Instant::now();
        let options = backtest::Options::new(Timestamp::MIN, Mode::Enforce);
        let report = backtest::run(&reader, &set, options, &|_| {}).expect("it can be read");
        let took = started.elapsed().as_secs_f64();
        let changed = report.summary.changed;
        assert_eq!(report.summary.incidents, INCIDENTS as u64);
        let speed = INCIDENTS as f64 / took;
        println!("backtest, {what}: {INCIDENTS} incidents, {changed} changed, {speed:.0} incidents/s");
    }
}
