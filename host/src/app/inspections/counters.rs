//! How inspections go, as Prometheus text.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

use crate::app::model_metrics::escaped;
use crate::domain::inspection::InspectionEvent;
use crate::domain::job::JobEvent;
use crate::inspection::changes::TrackedFindings;

/// What is counted since the start.
#[derive(Debug, Default)]
pub struct Counters(Mutex<BTreeMap<String, RunCounts>>);

#[derive(Debug, Default)]
struct RunCounts {
    ended: u64,
    interrupted: u64,
    took_ms: u64,
    unseen: u64,
}

impl Counters {
    /// Counts what happened.
    pub fn note(&self, event: &InspectionEvent) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = all.entry(event.job().to_string()).or_default();
        match event {
            JobEvent::Ended { end, .. } => {
                counts.ended += 1;
                counts.took_ms = end.took_ms;
                counts.unseen = end.parts.iter().filter(|part| !part.blind.is_nowhere()).count() as u64;
            }
            JobEvent::Failed { .. } => counts.interrupted += 1,
            JobEvent::Began { .. } | JobEvent::Skipped { .. } => {}
        }
    }

    /// The text, with how things stand.
    pub fn text(&self, standings: &BTreeMap<String, TrackedFindings>) -> String {
        let mut text = String::new();
        let mut head = |name: &str, kind: &str, help: &str, rows: Vec<(String, String)>| {
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
            for (labels, value) in rows {
                let _ = writeln!(text, "{name}{{{labels}}} {value}");
            }
        };
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let label = |inspection: &str| format!("inspection=\"{}\"", escaped(inspection));
        let runs = all.iter().flat_map(|(name, counts)| {
            [("ended", counts.ended), ("interrupted", counts.interrupted)]
                .map(|(result, count)| (format!("{},result=\"{result}\"", label(name)), count.to_string()))
        });
        head("tidegate_inspection_runs_total", "counter", "Runs of inspections.", runs.collect());
        let of = |value: fn(&RunCounts) -> u64| -> Vec<(String, String)> {
            all.iter()
                .filter(|(_, one)| one.ended > 0)
                .map(|(name, one)| (label(name), value(one).to_string()))
                .collect()
        };
        let took = all.iter().filter(|(_, one)| one.ended > 0);
        let took = took.map(|(name, one)| (label(name), format!("{:.3}", one.took_ms as f64 / 1000.0)));
        head("tidegate_inspection_duration_seconds", "gauge", "How long the last run took.", took.collect());
        head(
            "tidegate_inspection_unseen_kinds",
            "gauge",
            "Kinds of objects that the last run could not see, or not everywhere.",
            of(|one| one.unseen),
        );
        let mut findings = Vec::new();
        let mut last = Vec::new();
        for (name, one) in standings {
            let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
            for standing in one.findings.values() {
                *counts.entry(standing.finding.what.name()).or_default() += 1;
            }
            for (finding, count) in counts {
                findings.push((format!("{},finding=\"{}\"", label(name), escaped(finding)), count.to_string()));
            }
            last.extend(one.runs.ended.map(|at| (label(name), at.as_second().to_string())));
        }
        head("tidegate_inspection_findings", "gauge", "What is wrong, by the last run.", findings);
        head(
            "tidegate_inspection_last_success_timestamp_seconds",
            "gauge",
            "When the last run began that came to its end, in seconds since 1970.",
            last,
        );
        text
    }
}
