//! What an attempt over HTTP means for the host, alike for every notifier.
//!
//! Whatever lies between the host and a target may be over the next time: a connection that is closed
//! or reset, a proxy that answers 404, 403 or 503 while its backend is rolled out. So only what the
//! target says about this very message ends it, and what the host refuses to send.

use std::time::{Duration, SystemTime};

use crate::bindings::exports::tidegate::plugin::notifier::CallError;
use crate::bindings::tidegate::plugin::http_client::{HttpError, Response};
use crate::bindings::tidegate::plugin::types::Retry;

/// The error of a status that is no success. `now_ms` is the host's clock.
pub(crate) fn status(response: &Response, reason: String, now_ms: u64) -> CallError {
    match response.status {
        // The target has read the message and cannot take it.
        400 | 413 | 415 | 422 => CallError::InvalidInput(reason),
        _ => again(response, reason, now_ms),
    }
}

/// Another attempt, not before the target wants one.
pub(crate) fn again(response: &Response, reason: String, now_ms: u64) -> CallError {
    CallError::Unavailable(Retry { reason, after_ms: retry_after(&response.headers, now_ms) })
}

/// The error of an attempt without an answer; `target` begins a sentence.
pub(crate) fn transport(error: HttpError, target: &str) -> CallError {
    let retry = |reason: String| CallError::Unavailable(Retry { reason, after_ms: None });
    match error {
        HttpError::Denied(reason) | HttpError::InvalidRequest(reason) => CallError::Misconfigured(reason),
        HttpError::Timeout => retry(format!("{target} did not answer in time")),
        HttpError::Unreachable(reason) | HttpError::Other(reason) => retry(reason),
        // The message may well have arrived, and a repeat would meet the same answer.
        HttpError::ResponseTooLarge(size) => CallError::Other(format!("{target} answered with more than {size} bytes")),
    }
}

/// Milliseconds from `Retry-After`, which has seconds or a date. The host bounds what is absurd; what
/// is neither is not there.
fn retry_after(headers: &[(String, String)], now_ms: u64) -> Option<u64> {
    let header = |wanted: &str| headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.trim());
    let value = header("retry-after")?;
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number holds are many seconds.
        return Some(value.parse::<u64>().unwrap_or(u64::MAX).saturating_mul(1000));
    }
    let at = httpdate::parse_http_date(value).ok()?;
    // By the clock that wrote the date, where that is known.
    let clock = header("date").and_then(|date| httpdate::parse_http_date(date).ok());
    let now = clock.or_else(|| SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(now_ms)))?;
    let wait = at.duration_since(now).unwrap_or_default();
    Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Wed, 21 Oct 2026 07:28:00 GMT.
    const NOW: u64 = 1_792_567_680_000;

    fn response(status: u16, headers: &[(&str, &str)]) -> Response {
        let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        Response { status, headers, body: String::new() }
    }

    #[test]
    fn only_what_is_said_about_the_message_ends_it() {
        for code in [301, 401, 403, 404, 405, 408, 409, 410, 425, 429, 500, 502, 503, 504, 599] {
            let error = status(&response(code, &[]), String::new(), NOW);
            assert!(matches!(error, CallError::Unavailable(_)), "{code}");
        }
        for code in [400, 413, 415, 422] {
            assert!(matches!(status(&response(code, &[]), String::new(), NOW), CallError::InvalidInput(_)), "{code}");
        }
    }

    #[test]
    fn a_lost_connection_is_tried_again_and_a_refusal_of_the_host_is_not() {
        for lost in [HttpError::Timeout, HttpError::Unreachable("reset".into()), HttpError::Other("?".into())] {
            assert!(matches!(transport(lost, "it"), CallError::Unavailable(_)));
        }
        for refused in [HttpError::Denied(String::new()), HttpError::InvalidRequest(String::new())] {
            assert!(matches!(transport(refused, "it"), CallError::Misconfigured(_)));
        }
        assert!(matches!(transport(HttpError::ResponseTooLarge(1), "it"), CallError::Other(_)));
    }

    #[test]
    fn retry_after_is_read_in_both_forms_whatever_stands_in_it() {
        for (value, want) in [
            ("7", Some(7_000)),
            (" 0 ", Some(0)),
            ("86400", Some(86_400_000)),
            ("99999999999999", Some(99_999_999_999_999_000)),
            ("18446744073709551", Some(18_446_744_073_709_551_000)),
            ("18446744073709551615", Some(u64::MAX)),
            ("123456789012345678901234567890", Some(u64::MAX)),
            ("Wed, 21 Oct 2026 07:28:30 GMT", Some(30_000)),
            ("Wednesday, 21-Oct-26 07:28:30 GMT", Some(30_000)),
            ("Wed, 21 Oct 2026 07:27:00 GMT", Some(0)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(251_609_733_119_000)),
            ("-5", None),
            ("+5", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(retry_after(&[("retry-after".into(), value.into())], NOW), want, "{value}");
        }
        // Their clock is an hour behind.
        let headers = [
            ("date".to_string(), "Wed, 21 Oct 2026 06:28:00 GMT".to_string()),
            ("retry-after".to_string(), "Wed, 21 Oct 2026 06:28:10 GMT".to_string()),
        ];
        assert_eq!(retry_after(&headers, NOW), Some(10_000));
    }
}
