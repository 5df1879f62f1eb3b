//! How long decisions and loading take: `cargo bench -p tidegate --bench policy`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot run must stop"
)]

#[path = "common/alert.rs"]
mod alert;
#[path = "common/measure.rs"]
mod measure;

use std::sync::Arc;

use alert::{alert, opened};
use jiff::Timestamp;
use measure::{head, line, measure, ratio};
use tidegate::domain::{Catalogue, Entry, History, Incident, IncidentId, Mode};
use tidegate::policy::Set;
use tidegate::rules::{Context, Policies};

fn main() {
    let now: Timestamp = "2026-07-06T12:00:00Z".parse().expect("it is a time");
    head("to 10");
    decisions(now);
    loading();
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
        let base = *base.get_or_insert(took.median);
        line(
            &format!("decision at {count} rules, 5 could match"),
            took,
            &ratio(took.median.as_secs_f64(), base.as_secs_f64()),
        );
    }
}

fn loading() {
    let text = rules(10_000);
    let took = measure(5, || {
        std::hint::black_box(set(&text));
    });
    line("loading 10000 rules", took, "");
}
