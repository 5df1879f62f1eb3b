//! What became of events, for `/metrics` and the log.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::domain::text::truncate;

/// Between two lines about rules that fail.
const PAUSE: Duration = Duration::from_secs(10);

/// What became of an event, or of an alert of events.
#[derive(Clone, Copy, Debug)]
pub enum EventOutcome {
    /// No rule names it, or one says that it means nothing.
    Ignored,
    /// It was counted, and has not come often enough.
    Counted,
    /// It raised an alert, or one that fires already once more.
    Raised,
    /// It ended an alert.
    Resolved,
    /// It could not be read.
    Unreadable,
    /// An alert ended because no further event came.
    Expired,
    /// It was to be sent on.
    Forwarded,
}

const WORDS: [&str; 7] = ["ignored", "counted", "raised", "over", "unreadable", "expired", "forwarded"];

/// Counts since the start.
#[derive(Debug, Default)]
pub struct Counters {
    counts: [AtomicU64; WORDS.len()],
    forgotten: [AtomicU64; 2],
    faults: AtomicU64,
    told: Mutex<Option<Duration>>,
}

impl Counters {
    /// Counts some more.
    pub fn add(&self, what: EventOutcome, count: u64) {
        if let Some(counter) = self.counts.get(what as usize) {
            counter.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// A rule failed; the log says so now and then.
    pub fn fault(&self, fault: &str, now: Duration) {
        self.faults.fetch_add(1, Ordering::Relaxed);
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_none_or(|at| now.saturating_sub(at) >= PAUSE) {
            *told = Some(now);
            tracing::warn!("a rule about events failed, which counts as no match: {}", truncate(fault, 400));
        }
    }

    /// Counts what was forgotten for want of room: how often events of an object had come, and alerts that fire.
    pub fn forgot(&self, counts: u64, alerts: u64) {
        for (counter, more) in self.forgotten.iter().zip([counts, alerts]) {
            counter.fetch_add(more, Ordering::Relaxed);
        }
        if counts > 0 {
            tracing::warn!(
                counts,
                "events of so many objects were counted and forgotten for want of room: they begin anew"
            );
        }
        if alerts > 0 {
            tracing::warn!(
                alerts,
                "more alerts of events fire than are followed: these end when the sender says so after a restart"
            );
        }
    }

    /// All of it.
    pub fn text(&self, firing: usize) -> String {
        let mut text = String::new();
        let mut metric = |name: &str, kind: &str, help: &str, rows: Vec<(String, u64)>| {
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
            for (labels, value) in rows {
                let _ = writeln!(text, "{name}{labels} {value}");
            }
        };
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let what = |word: &str| format!("{{what=\"{word}\"}}");
        let rows = WORDS.iter().zip(&self.counts).map(|(word, counter)| (what(word), load(counter))).collect();
        metric(
            "tidegate_events_total",
            "counter",
            "Events by what became of them, and alerts of events that expired.",
            rows,
        );
        let rows = ["counts", "alerts"].iter().zip(&self.forgotten);
        let rows = rows.map(|(word, counter)| (what(word), load(counter))).collect();
        metric("tidegate_events_forgotten_total", "counter", "What was forgotten for want of room.", rows);
        let rows = vec![(String::new(), load(&self.faults))];
        metric("tidegate_event_rule_faults_total", "counter", "Events about which a rule failed.", rows);
        let rows = vec![(String::new(), firing as u64)];
        metric("tidegate_event_alerts_firing", "gauge", "Alerts of events that fire.", rows);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_becomes_of_an_event_is_counted_under_its_word() {
        let tally = Counters::default();
        let all = [
            EventOutcome::Ignored,
            EventOutcome::Counted,
            EventOutcome::Raised,
            EventOutcome::Resolved,
            EventOutcome::Unreadable,
            EventOutcome::Expired,
            EventOutcome::Forwarded,
        ];
        (1..).zip(all).for_each(|(count, what)| tally.add(what, count));
        let text = tally.text(0);
        for (count, word) in (1..).zip(WORDS) {
            assert!(text.contains(&format!("tidegate_events_total{{what=\"{word}\"}} {count}\n")), "{word} in {text}");
        }
    }
}
