//! What an answer means for the host: delivered, retry, tell the operator, or give up.

use crate::bindings::exports::tidegate::plugin::notifier::CallError;
use crate::bindings::tidegate::plugin::http_client::{HttpError, Response};
use crate::bindings::tidegate::plugin::types::Retry;

/// Judges an attempt. A webhook gives no reference that a later message could use.
pub(crate) fn judge(result: Result<Response, HttpError>) -> Result<Option<String>, CallError> {
    let response = result.map_err(transport)?;
    let reason = || format!("the endpoint answered {}: {}", response.status, quote(&response.body));
    match response.status {
        200..=299 => Ok(None),
        408 | 429 | 500..=599 => {
            Err(CallError::Unavailable(Retry { reason: reason(), after_ms: retry_after(&response.headers) }))
        }
        401 | 403 | 404 | 410 => Err(CallError::Misconfigured(reason())),
        _ => Err(CallError::Other(reason())),
    }
}

fn transport(error: HttpError) -> CallError {
    let retry = |reason: String| CallError::Unavailable(Retry { reason, after_ms: None });
    match error {
        HttpError::Denied(reason) | HttpError::InvalidRequest(reason) => CallError::Misconfigured(reason),
        HttpError::Timeout => retry("the endpoint did not answer in time".into()),
        HttpError::Unreachable(reason) => retry(reason),
        // The message may well have arrived, and a repeat would meet the same answer.
        HttpError::ResponseTooLarge(size) => {
            CallError::Other(format!("the endpoint's answer is larger than {size} bytes"))
        }
        HttpError::Other(reason) => CallError::Other(reason),
    }
}

/// `Retry-After` in seconds. The form with a date is not read: the host's own backoff then holds.
fn retry_after(headers: &[(String, String)]) -> Option<u64> {
    let (_, value) = headers.iter().find(|(name, _)| name == "retry-after")?;
    value.trim().parse::<u64>().ok()?.checked_mul(1000)
}

/// The start of an answer on one line.
fn quote(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = line.trim();
    let mut end = line.len().min(200);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    line.get(..end).unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Result<Option<String>, CallError> {
        let headers = headers.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        judge(Ok(Response { status, headers, body: body.into() }))
    }

    #[test]
    fn statuses_become_dispositions() {
        assert!(matches!(answer(204, &[], ""), Ok(None)));
        for status in [408, 429, 500, 503] {
            assert!(matches!(answer(status, &[], ""), Err(CallError::Unavailable(_))), "{status}");
        }
        for status in [401, 403, 404, 410] {
            assert!(matches!(answer(status, &[], ""), Err(CallError::Misconfigured(_))), "{status}");
        }
        for status in [301, 400, 413, 422] {
            assert!(matches!(answer(status, &[], ""), Err(CallError::Other(_))), "{status}");
        }
    }

    #[test]
    fn retry_after_is_read_in_seconds_only() {
        for (value, want) in [("7", Some(7000)), ("1.5", None), ("Wed, 21 Oct 2026 07:28:00 GMT", None)] {
            let Err(CallError::Unavailable(retry)) = answer(429, &[("retry-after", value)], "") else {
                panic!("429 must be retried")
            };
            assert_eq!(retry.after_ms, want, "{value}");
        }
    }

    #[test]
    fn answers_are_quoted_short_and_on_one_line() {
        let Err(CallError::Other(reason)) = answer(400, &[], &"不\n".repeat(200)) else { panic!("400 is final") };
        assert!(reason.len() < 250 && !reason.contains('\n'), "{reason}");
    }
}
