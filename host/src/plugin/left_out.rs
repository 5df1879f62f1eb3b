//! Alerts that sources returned and the host did not take: each is named in the log, and they are
//! counted by source and reason.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::domain::alert::normalised::{Normalised, Reason};

/// Lines of the log about one request.
const LINES: usize = 20;

/// The counts since the start.
#[derive(Debug, Default)]
pub(super) struct LeftOutCounters(Mutex<BTreeMap<(String, Reason), u64>>);

impl LeftOutCounters {
    /// Logs and counts what was left out.
    pub fn note(&self, source: &str, normalised: &Normalised) {
        let left_out = &normalised.left_out;
        for one in left_out.iter().take(LINES) {
            let (name, reason) = (&one.name, one.reason.as_str());
            match one.reason {
                Reason::Truncated => tracing::warn!(source, reason, count = one.count, "{}", one.text),
                _ => tracing::warn!(source, name, reason, "{}; the alert is not taken", one.text),
            }
        }
        if left_out.len() > LINES {
            tracing::warn!(source, "{} more alerts of the same request are not taken", left_out.len() - LINES);
        }
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for one in left_out {
            let count = counts.entry((source.to_string(), one.reason)).or_default();
            // How many a sender left out is a number of its own choice.
            *count = count.saturating_add(one.count);
        }
    }

    /// Source, reason and count.
    pub fn all(&self) -> Vec<(String, &'static str, u64)> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.iter().map(|((source, reason), count)| (source.clone(), reason.as_str(), *count)).collect()
    }
}
