//! What Feishu's answer means for the host.
//!
//! Most failures arrive with status 200 and a `code` in the body.

use serde_json::Value;

use crate::bindings::exports::tidegate::plugin::notifier::CallError;
use crate::bindings::tidegate::plugin::http_client::{HttpError, Response};
use crate::{cut, escape, verdict};

const QUOTE_BYTES: usize = 200;

/// Judges an attempt.
pub(crate) fn judge(result: Result<Response, HttpError>, now_ms: u64) -> Result<(), CallError> {
    let response = result.map_err(|error| verdict::transport(error, "Feishu"))?;
    let body = serde_json::from_str::<Value>(&response.body).unwrap_or_default();
    let number = |key: &str| body.get(key).and_then(Value::as_i64);
    let code = number("code").or_else(|| number("StatusCode"));
    match (response.status, code) {
        (200..=299, Some(0)) => Ok(()),
        (_, Some(code)) if code != 0 => Err(refused(&response, code, &body, now_ms)),
        _ => Err(status(&response, now_ms)),
    }
}

fn refused(response: &Response, code: i64, body: &Value, now_ms: u64) -> CallError {
    let text = body.get("msg").and_then(Value::as_str).unwrap_or_default();
    let text = quote(text);
    let reason = |hint: &str| format!("Feishu refused with code {code}: {text}{hint}");
    // What is wrong with the bot can be set right there while the message waits.
    let again = |hint: &str| verdict::again(response, reason(hint), now_ms);
    match code {
        11232 => again(""),
        // The code of a malformed message is also used for too many of them.
        9499 if text.to_lowercase().contains("too many") => again(""),
        9499 => CallError::InvalidInput(reason("")),
        19001 => again("; the bot's address is not or no longer valid"),
        19021 => again("; the signature does not match: check the secret, `sign`, and the host's clock"),
        19022 => again("; the host's address is not on the bot's list"),
        19024 => again("; the message holds none of the bot's keywords: use a signature instead"),
        _ if response.status >= 400 => status(response, now_ms),
        _ => CallError::Other(reason("")),
    }
}

/// Judges by the HTTP status alone. Success without the code that tells of it is an answer of something
/// else, such as a proxy.
fn status(response: &Response, now_ms: u64) -> CallError {
    let reason = format!("Feishu answered {}: {}", response.status, quote(&response.body));
    verdict::status(response, reason, now_ms)
}

fn quote(text: &str) -> String {
    cut::at_most(&escape::flat(text), QUOTE_BYTES).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Result<(), CallError> {
        let headers = vec![("retry-after".to_string(), "3".to_string())];
        judge(Ok(Response { status, headers, body: body.into() }), 0)
    }

    #[test]
    fn success_is_the_code_and_not_the_status() {
        assert!(answer(200, r#"{"code":0,"msg":"success","data":{}}"#).is_ok());
        assert!(answer(200, r#"{"StatusCode":0,"StatusMessage":"success"}"#).is_ok());
        assert!(answer(200, r#"{"StatusCode":0,"code":19021,"msg":"sign match fail"}"#).is_err());
        assert!(matches!(answer(200, "<html>proxy</html>"), Err(CallError::Unavailable(_))));
        assert!(matches!(answer(200, ""), Err(CallError::Unavailable(_))));
    }

    #[test]
    fn codes_become_dispositions() {
        let code = |code: u32, text: &str| answer(200, &format!(r#"{{"code":{code},"msg":"{text}"}}"#));
        assert!(matches!(code(9499, "Too Many Request"), Err(CallError::Unavailable(_))));
        assert!(matches!(code(9499, "Bad Request"), Err(CallError::InvalidInput(_))));
        for mended_there in [11232, 19001, 19021, 19022, 19024] {
            assert!(matches!(code(mended_there, ""), Err(CallError::Unavailable(_))), "{mended_there}");
        }
        assert!(matches!(code(230001, ""), Err(CallError::Other(_))));
    }

    #[test]
    fn statuses_become_dispositions() {
        for status in [403, 404, 408, 429, 500, 502] {
            let Err(CallError::Unavailable(retry)) = answer(status, "") else { panic!("{status} must be retried") };
            assert_eq!(retry.after_ms, Some(3000));
        }
        assert!(matches!(answer(413, ""), Err(CallError::InvalidInput(_))));
        assert!(matches!(answer(400, r#"{"code":9499,"msg":"bad"}"#), Err(CallError::InvalidInput(_))));
    }
}
