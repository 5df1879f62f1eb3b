//! How schedules go, as Prometheus text.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

use super::ScheduleState;
use crate::app::model_metrics::escaped;
use crate::domain::job::JobEvent;
use crate::domain::schedule::ScheduleEvent;

/// What is counted since the start: by schedule, runs that ended, failed, and moments that were passed over.
#[derive(Debug, Default)]
pub struct Counters(Mutex<BTreeMap<String, [u64; 3]>>);

impl Counters {
    /// Counts what happened.
    pub fn note(&self, event: &ScheduleEvent) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let [ended, failed, skipped] = all.entry(event.job().to_string()).or_default();
        match event {
            JobEvent::Began { .. } => {}
            JobEvent::Ended { .. } => *ended += 1,
            JobEvent::Failed { .. } => *failed += 1,
            JobEvent::Skipped { count, .. } => *skipped += count,
        }
    }

    /// The text, with how things stand.
    pub fn text(&self, standings: &BTreeMap<String, ScheduleState>) -> String {
        let mut text = String::new();
        let name = "tidegate_schedule_runs_total";
        let _ = writeln!(
            text,
            "# HELP {name} Runs of schedules, and moments that were passed over.\n# TYPE {name} counter"
        );
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (schedule, counts) in all.iter() {
            for (result, count) in ["ended", "failed", "skipped"].iter().zip(counts) {
                let _ = writeln!(text, "{name}{{schedule=\"{}\",result=\"{result}\"}} {count}", escaped(schedule));
            }
        }
        let name = "tidegate_schedule_failed";
        let _ = writeln!(text, "# HELP {name} Whether the last run failed.\n# TYPE {name} gauge");
        for (schedule, standing) in standings {
            let _ = writeln!(
                text,
                "{name}{{schedule=\"{}\"}} {}",
                escaped(schedule),
                u8::from(standing.runs.failed.is_some())
            );
        }
        let name = "tidegate_schedule_last_success_timestamp_seconds";
        let _ = writeln!(text, "# HELP {name} When the last run began that did not fail.\n# TYPE {name} gauge");
        for (schedule, at) in standings.iter().filter_map(|(name, one)| Some((name, one.runs.ended?))) {
            let _ = writeln!(text, "{name}{{schedule=\"{}\"}} {}", escaped(schedule), at.as_second());
        }
        text
    }
}
