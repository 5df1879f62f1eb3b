//! How many incidents of a journal a second are replayed against other policies:
//! `cargo bench -p tidegate --bench backtest`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot run must stop"
)]

#[path = "common/alert.rs"]
mod alert;
#[path = "common/change.rs"]
mod change;

use std::time::{Duration, Instant};

use alert::{alert, opened};
use change::{action, catalogue, delete};
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use tidegate::backtest;
use tidegate::domain::control::{self, Control};
use tidegate::domain::{
    ActionId, Catalogue, Decision, Entry, Fact, Mode, Outcome, Ruling, RulingKind, Sealed, Verdict,
};
use tidegate::journal::{self, Reader, Sqlite};
use tidegate::policy::Set;
use tidegate::ports::Journal;

const INCIDENTS: usize = 5_000;
const ROUNDS: usize = 5;

fn main() {
    replays("2026-07-06T12:00:00Z".parse().expect("it is a time"));
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
        verdict: Verdict::Remediate { actions: vec![delete(&pod)], alternatives: false },
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
        requires: Vec::new(),
        until: None,
        mode: Mode::Enforce,
        spends: Vec::new(),
        held_against: false,
        counts: Default::default(),
    };
    let attempt = format!("{id}-a1-1");
    let facts = vec![
        opened(alert("Hot", &pod)),
        Fact::Decided { decision: decision.into() },
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
    let seal = |(n, fact)| Sealed::new(&id, n, &Entry { at, fact }).expect("it can be written");
    (1..).zip(facts).map(seal).collect()
}

fn replays(now: Timestamp) {
    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path().join("journal.db");
    let journal = Sqlite::open(&path, journal::Options::default()).expect("it opens");
    // Decisions are replayed with the tools that the journal names.
    let tools = Catalogue::default().change_to(&catalogue()).expect("there is one");
    let tools = Entry { at: now, fact: Control::Tools(tools) };
    let tools = Sealed::new(control::STREAM, 1, &tools).expect("it can be written");
    block_on(journal.append(vec![tools])).expect("it is written");
    for start in (0..INCIDENTS).step_by(250) {
        let batch = (start..start + 250).flat_map(|n| story(n, now)).collect();
        block_on(journal.append(batch)).expect("it is written");
    }
    let reader = Reader::open(&path).expect("it opens");
    let shipped = Set::embedded().unwrap_or_else(|problems| panic!("{problems}"));
    let same = Set::from_sources(&[("a.rhai", SAME)]).unwrap_or_else(|problems| panic!("{problems}"));
    println!("{:<44} {:>12} {:>12} {:>14}", "", "median", "slowest", "incidents/s");
    for (what, set, changed) in [("the same decisions", same, 0), ("the shipped set: all other", shipped, INCIDENTS)] {
        let mut each: Vec<Duration> = (0..ROUNDS)
            .map(|_| {
                let started = Instant::now();
                let options = backtest::Options::new(Timestamp::MIN, Mode::Enforce);
                let report = backtest::run(&reader, &set, options, &|_| {}).expect("it can be read");
                let summary = report.summary;
                assert_eq!((summary.incidents, summary.changed), (INCIDENTS as u64, changed as u64), "{what}");
                started.elapsed()
            })
            .collect();
        each.sort();
        let (median, slowest) = (each[ROUNDS / 2], each[ROUNDS - 1]);
        let speed = INCIDENTS as f64 / median.as_secs_f64();
        println!(
            "{:<44} {:>12} {:>12} {speed:>14.0}",
            format!("{INCIDENTS} incidents, {what}"),
            format!("{median:.2?}"),
            format!("{slowest:.2?}")
        );
    }
}
