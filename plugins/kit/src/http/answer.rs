//! What an answer means for the host.
//!
//! Whatever lies between the host and a target may be over the next time: a connection that is closed
//! or reset, a proxy that answers 404, 403 or 503 while its backend is rolled out. So only what the
//! target says about this very message ends it, and what the host refuses to send.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::host::{CallError, HttpError, Response, unavailable};
use crate::link::without_paths;
use crate::text::{Limit, cut, one_line};

use super::success::Success;

/// The answer to one request, or why there is none.
#[derive(Debug)]
pub struct Answer {
    result: Result<Response, HttpError>,
    target: &'static str,
    now_ms: u64,
}

/// An answer that was taken for a success.
#[derive(Clone, Debug, PartialEq)]
pub struct Accepted {
    /// Its status.
    pub status: u16,
    /// Its body as it came.
    pub body: String,
    /// Its body as JSON; null where it is none.
    pub json: Value,
}

/// What a body says, whatever its status is. Texts go on behind the target's name: `refused with code 7: …`.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// It is done.
    Done,
    /// Nothing that is known: the status decides, and of 2xx the form of the body.
    Nothing,
    /// It may succeed later, not before the target's `Retry-After`.
    Again(String),
    /// It may succeed after so many milliseconds.
    AgainAfter(String, u64),
    /// This message can never succeed.
    Refused(String),
    /// The settings or secrets are wrong, and waiting does not mend that.
    Misconfigured(String),
    /// Anything else that is final.
    Failed(String),
}

impl Answer {
    /// An answer; `target` begins sentences, `now_ms` is the host's clock.
    pub fn of(result: Result<Response, HttpError>, target: &'static str, now_ms: u64) -> Self {
        Self { result, target, now_ms }
    }

    /// How long the target asks to wait, in milliseconds.
    pub fn wait_ms(&self) -> Option<u64> {
        retry_after(&self.result.as_ref().ok()?.headers, self.now_ms)
    }

    /// Judges by the status, and of 2xx by whether the body is the target's own success; 400, 413, 415 and 422 are
    /// about the message; everything else may be over the next time.
    ///
    /// # Errors
    /// Where it is no success.
    pub fn success(self, success: Success) -> Result<Accepted, CallError> {
        self.judged(success, |_, _| Said::Nothing)
    }

    /// Judges by what the JSON body says, and where that says nothing as [`Self::success`] does. The body is null where
    /// it is no JSON.
    ///
    /// # Errors
    /// Where it is no success.
    pub fn judged(self, success: Success, says: impl FnOnce(u16, &Value) -> Said) -> Result<Accepted, CallError> {
        let response = self.result.map_err(|error| transport(error, self.target))?;
        let json: Value = serde_json::from_str(&response.body).unwrap_or_default();
        let after = retry_after(&response.headers, self.now_ms);
        let reason = |text: String| format!("{} {}", self.target, quote(&text));
        let (code, body) = (response.status, response.body);
        Err(match says(code, &json) {
            Said::Done => return Ok(Accepted { status: code, body, json }),
            Said::Nothing if (200..300).contains(&code) => {
                if success.is_shown_by(&body, &json) {
                    return Ok(Accepted { status: code, body, json });
                }
                let text = format!("answered {code} {}; something in front of it may have answered", success.missed());
                unavailable(format!("{}: {}", reason(text), quote(&body)), after)
            }
            Said::Nothing => status(code, format!("{} answered {code}: {}", self.target, quote(&body)), after),
            Said::Again(text) => unavailable(reason(text), after),
            Said::AgainAfter(text, after) => unavailable(reason(text), Some(after)),
            Said::Refused(text) => CallError::InvalidInput(reason(text)),
            Said::Misconfigured(text) => CallError::Misconfigured(reason(text)),
            Said::Failed(text) => CallError::Other(reason(text)),
        })
    }
}

fn status(status: u16, reason: String, after_ms: Option<u64>) -> CallError {
    match status {
        // The target has read the message and cannot take it.
        400 | 413 | 415 | 422 => CallError::InvalidInput(reason),
        _ => unavailable(reason, after_ms),
    }
}

fn transport(error: HttpError, target: &str) -> CallError {
    match error {
        // These name the line that would allow it.
        HttpError::Denied(reason) | HttpError::InvalidRequest(reason) => CallError::Misconfigured(reason),
        HttpError::Timeout => unavailable(format!("{target} did not answer in time"), None),
        HttpError::Unreachable(reason) | HttpError::Other(reason) => unavailable(without_paths(&reason), None),
        // The message may well have arrived, and a repeat would meet the same answer.
        HttpError::ResponseTooLarge(size) => CallError::Other(format!("{target} answered with more than {size} bytes")),
    }
}

/// The beginning of what somebody else wrote, on one line, and of an address only its host.
fn quote(text: &str) -> String {
    cut(&without_paths(&one_line(text)), Limit::bytes(200)).into_owned()
}

/// Milliseconds from `Retry-After`, which has seconds or a date, or until a rate limit that is used up begins anew. The host bounds what is absurd; what
/// is neither is not there.
pub fn retry_after(headers: &[(String, String)], now_ms: u64) -> Option<u64> {
    let header = |wanted: &str| headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.trim());
    let Some(value) = header("retry-after") else {
        // Where nothing is left, some say when there is, in seconds since the epoch.
        let left = ["x-ratelimit-remaining", "ratelimit-remaining"].into_iter().find_map(header)?;
        let reset = ["x-ratelimit-reset", "ratelimit-reset"].into_iter().find_map(header)?.parse::<u64>().ok()?;
        let reset = Some(reset).filter(|reset| left == "0" && *reset > 1_000_000_000)?;
        return Some(reset.saturating_mul(1000).saturating_sub(now_ms));
    };
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

    fn answer(status: u16, body: &str) -> Answer {
        let headers = vec![("retry-after".to_string(), "3".to_string())];
        Answer::of(Ok(Response { status, headers, body: body.into() }), "It", NOW)
    }

    #[test]
    fn only_what_is_said_about_the_message_ends_it() {
        for code in [199, 301, 401, 403, 404, 405, 408, 409, 410, 425, 429, 500, 502, 503, 504, 599] {
            let Err(CallError::Unavailable(retry)) = answer(code, "").success(Success::AnyForm) else {
                panic!("{code}")
            };
            assert_eq!(retry.after_ms, Some(3000));
        }
        for code in [400, 413, 415, 422] {
            assert!(matches!(answer(code, "").success(Success::AnyForm), Err(CallError::InvalidInput(_))), "{code}");
        }
        for code in [200, 202, 204, 299] {
            assert!(answer(code, "1").success(Success::AnyForm).is_ok(), "{code}");
            assert!(
                matches!(answer(code, "<html>").success(Success::AnyForm), Err(CallError::Unavailable(_))),
                "{code}"
            );
        }
    }

    #[test]
    fn a_body_outweighs_the_status() {
        let says = |said: Said| answer(200, "{}").judged(Success::AnyForm, |_, _| said);
        assert!(says(Said::Done).is_ok() && says(Said::Nothing).is_ok());
        assert_eq!(says(Said::Again("busy".into())), Err(unavailable("It busy", Some(3000))));
        assert_eq!(says(Said::AgainAfter("busy".into(), 7)), Err(unavailable("It busy", Some(7))));
        assert_eq!(says(Said::Refused("x".into())), Err(CallError::InvalidInput("It x".into())));
        assert_eq!(says(Said::Misconfigured("x".into())), Err(CallError::Misconfigured("It x".into())));
        assert_eq!(says(Said::Failed("x".into())), Err(CallError::Other("It x".into())));
        assert!(
            answer(500, r#"{"ok":true}"#)
                .judged(Success::AsSaid, |_, body| if body["ok"] == true { Said::Done } else { Said::Nothing })
                .is_ok()
        );
    }

    #[test]
    fn a_success_in_another_form_is_tried_again_and_says_so() {
        let page = "<html><title>Log in</title>";
        let Err(CallError::Unavailable(retry)) = answer(200, page).success(Success::Has("/id")) else {
            panic!("a page")
        };
        assert_eq!(
            retry.reason,
            "It answered 200 without the `id` that its API answers with; something in front of it may have answered: \
             <html><title>Log in</title>"
        );
        assert_eq!(answer(201, r#"{"id":7}"#).success(Success::Has("/id")).unwrap().json["id"], 7);
        assert!(answer(200, "{}").judged(Success::AsSaid, |_, _| Said::Nothing).is_err());
    }

    #[test]
    fn answers_are_quoted_short_on_one_line_and_without_paths() {
        let text = format!("https://hook.example/secret-token gone\n{}", "不\n".repeat(200));
        let Err(CallError::InvalidInput(reason)) = answer(400, &text).success(Success::AnyForm) else {
            panic!("400 is about it")
        };
        assert!(reason.starts_with("It answered 400: https://hook.example/… gone 不"), "{reason}");
        assert!(reason.len() < 250 && !reason.contains('\n') && !reason.contains("token"), "{reason}");
    }

    #[test]
    fn a_lost_connection_is_tried_again_and_a_refusal_of_the_host_is_not() {
        let lost = |error| Answer::of(Err(error), "It", NOW).success(Success::AnyForm);
        for error in [HttpError::Timeout, HttpError::Unreachable("reset".into()), HttpError::Other("?".into())] {
            assert!(matches!(lost(error), Err(CallError::Unavailable(_))));
        }
        for error in [HttpError::Denied(String::new()), HttpError::InvalidRequest(String::new())] {
            assert!(matches!(lost(error), Err(CallError::Misconfigured(_))));
        }
        assert!(matches!(lost(HttpError::ResponseTooLarge(1)), Err(CallError::Other(_))));
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
        for (left, reset, want) in [
            ("0", "1792567690", Some(10_000)),
            ("1", "1792567690", None),
            ("0", "60", None),
            ("0", "1792567000", Some(0)),
        ] {
            let headers = [("x-ratelimit-remaining".into(), left.into()), ("x-ratelimit-reset".into(), reset.into())];
            assert_eq!(retry_after(&headers, NOW), want, "{left} {reset}");
        }
        // Their clock is an hour behind.
        let headers = [
            ("date".to_string(), "Wed, 21 Oct 2026 06:28:00 GMT".to_string()),
            ("retry-after".to_string(), "Wed, 21 Oct 2026 06:28:10 GMT".to_string()),
        ];
        assert_eq!(retry_after(&headers, NOW), Some(10_000));
    }
}
