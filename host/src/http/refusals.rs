//! Requests of senders that were not taken. A sender that is refused may never come again, so what it is
//! told the operator hears as well: a line of the log, not too often, and a count by source and reason.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;

use crate::domain::text::truncate;

/// Between two lines about the same source and reason.
const PAUSE: Duration = Duration::from_secs(10);

/// What goes along with an answer that refuses: the sentence in it.
#[derive(Clone)]
pub struct Refused(pub String);

/// The refusals since the start.
#[derive(Default)]
pub struct Refusals(Mutex<BTreeMap<(String, &'static str), Kind>>);

#[derive(Default)]
struct Kind {
    count: u64,
    /// Since the last line.
    untold: u64,
    told_at: Option<Duration>,
}

impl Refusals {
    /// Counts a refusal, and logs it unless that was done a moment ago. `now` is any clock that only goes on.
    pub fn note(&self, source: &str, status: StatusCode, sentence: &str, now: Duration) {
        let reason = reason(status);
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = kinds.entry((source.to_string(), reason)).or_default();
        kind.count += 1;
        if kind.told_at.is_some_and(|at| now.saturating_sub(at) < PAUSE) {
            kind.untold += 1;
            return;
        }
        let untold = std::mem::take(&mut kind.untold);
        kind.told_at = Some(now);
        drop(kinds);
        let more = if untold > 0 { format!("; {untold} more like it since the last line") } else { String::new() };
        let status = status.as_u16();
        tracing::warn!(source, reason, status, "a request was refused: {}{more}", truncate(sentence, 400));
    }

    /// Counters as Prometheus text.
    pub fn metrics(&self) -> String {
        let name = "tidegate_requests_refused_total";
        let mut text = format!("# HELP {name} Requests of senders that were not taken.\n# TYPE {name} counter\n");
        for ((source, reason), kind) in &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = writeln!(text, "{name}{{source=\"{source}\",reason=\"{reason}\"}} {}", kind.count);
        }
        text
    }
}

/// The word in metrics and logs.
fn reason(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "unreadable",
        401 => "unauthorized",
        403 => "forbidden",
        404 => "unknown_source",
        405 => "method",
        408 => "too_slow",
        413 => "too_large",
        415 => "encoding",
        429 => "too_many",
        503 => "unavailable",
        500.. => "fault",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_is_counted_and_few_are_logged() {
        let refusals = Refusals::default();
        for second in 0..25 {
            refusals.note("a", StatusCode::BAD_REQUEST, "no JSON", Duration::from_secs(second));
        }
        refusals.note("a", StatusCode::PAYLOAD_TOO_LARGE, "large", Duration::ZERO);
        let text = refusals.metrics();
        assert!(text.contains("{source=\"a\",reason=\"unreadable\"} 25\n"), "{text}");
        assert!(text.contains("{source=\"a\",reason=\"too_large\"} 1\n"), "{text}");
        let kinds = refusals.0.lock().unwrap();
        let kind = &kinds[&("a".to_string(), "unreadable")];
        assert_eq!((kind.untold, kind.told_at), (4, Some(Duration::from_secs(20))));
    }
}
