//! When cert-manager acts by itself.

use serde_json::Value;
use tidegate_plugin::kubernetes::{object, time};

const HOUR_MS: u64 = 3_600_000;

/// The pause after a failure doubles from one hour up to this many.
const LONGEST_HOURS: u64 = 32;

/// When a certificate is to be renewed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Renewal {
    /// In so many hours.
    In(u64),
    /// So many hours ago.
    Overdue(u64),
}

/// When cert-manager has planned to renew it; none where it does not say.
pub(crate) fn renewal(certificate: &Value, now_ms: u64) -> Option<Renewal> {
    let due = time::millis(object::text(certificate, "/status/renewalTime"))?;
    Some(match due.checked_sub(now_ms) {
        Some(left) => Renewal::In(left / HOUR_MS),
        None => Renewal::Overdue(now_ms.saturating_sub(due) / HOUR_MS),
    })
}

/// When cert-manager tries again after a failure, and whether that is too late.
pub(crate) fn next_attempt(certificate: &Value, now_ms: u64) -> Option<String> {
    let failed = object::number(certificate, "/status/failedIssuanceAttempts");
    let last = time::millis(object::text(certificate, "/status/lastFailureTime"))?;
    let doublings = u32::try_from(failed.saturating_sub(1)).unwrap_or(u32::MAX);
    let pause = 1_u64.checked_shl(doublings).unwrap_or(LONGEST_HOURS).clamp(1, LONGEST_HOURS);
    let next = last.saturating_add(pause * HOUR_MS);
    let minutes = next.saturating_sub(now_ms) / 60_000;
    let late = time::millis(object::text(certificate, "/status/notAfter")).is_some_and(|until| until < next);
    let late = if late { ", which is after it has expired" } else { "" };
    Some(format!("cert-manager tries again by itself in {} h {} min{late}", minutes / 60, minutes % 60))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: u64 = 1_795_220_472_000; // 2026-11-21T00:21:12Z

    #[test]
    fn the_pause_after_failures_doubles_up_to_its_longest() {
        let next = |failed: u64, last: &str| {
            next_attempt(&json!({"status": {"failedIssuanceAttempts": failed, "lastFailureTime": last}}), NOW).unwrap()
        };
        assert_eq!(next(1, "2026-11-21T00:01:12Z"), "cert-manager tries again by itself in 0 h 40 min");
        assert_eq!(next(4, "2026-11-21T00:21:12Z"), "cert-manager tries again by itself in 8 h 0 min");
        assert_eq!(next(99, "2026-11-21T00:21:12Z"), "cert-manager tries again by itself in 32 h 0 min");
        assert_eq!(next(1, "2026-11-20T00:21:12Z"), "cert-manager tries again by itself in 0 h 0 min");
        assert_eq!(next_attempt(&json!({}), NOW), None);
    }

    #[test]
    fn an_attempt_after_the_end_is_told() {
        let certificate = json!({"status": {"failedIssuanceAttempts": 6, "lastFailureTime": "2026-11-21T00:21:12Z",
            "notAfter": "2026-11-21T12:00:00Z"}});
        assert!(next_attempt(&certificate, NOW).unwrap().ends_with("after it has expired"));
    }

    #[test]
    fn a_renewal_is_planned_or_overdue() {
        let at = |due: &str| renewal(&json!({"status": {"renewalTime": due}}), NOW);
        assert_eq!(at("2026-11-21T05:21:12Z"), Some(Renewal::In(5)));
        assert_eq!(at("2026-11-20T22:21:12Z"), Some(Renewal::Overdue(2)));
        assert_eq!(at(""), None);
    }
}
