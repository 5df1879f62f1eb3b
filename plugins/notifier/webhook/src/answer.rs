//! What an answer means for the host: delivered, to be tried again, or refused.

use crate::bindings::exports::tidegate::plugin::notifier::{CallError, Notification};
use crate::bindings::tidegate::plugin::http_client::{HttpError, Response};
use crate::verdict;

/// Judges an attempt. An endpoint knows a message by its id, so that is the reference: with it comes the
/// event that a question is over.
pub(crate) fn judge(result: Result<Response, HttpError>, message: &Notification) -> Result<Option<String>, CallError> {
    let now_ms = message.now_ms;
    let response = result.map_err(|error| verdict::transport(error, "the endpoint"))?;
    match response.status {
        200..=299 => Ok(Some(message.message_id.clone())),
        status => {
            let reason = format!("the endpoint answered {status}: {}", quote(&response.body));
            Err(verdict::status(&response, reason, now_ms))
        }
    }
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

    fn answer(status: u16, body: &str) -> Result<Option<String>, CallError> {
        judge(Ok(Response { status, headers: vec![], body: body.into() }), &crate::request::tests::message())
    }

    #[test]
    fn every_2xx_is_success_whatever_stands_beside_it() {
        for status in [200, 202, 204, 299] {
            assert_eq!(answer(status, "<html>").ok().flatten().as_deref(), Some("m"), "{status}");
        }
        for status in [199, 300, 404, 503] {
            assert!(matches!(answer(status, ""), Err(CallError::Unavailable(_))), "{status}");
        }
    }

    #[test]
    fn answers_are_quoted_short_and_on_one_line() {
        let Err(CallError::InvalidInput(reason)) = answer(400, &"不\n".repeat(200)) else { panic!("400 is about it") };
        assert!(reason.len() < 250 && !reason.contains('\n'), "{reason}");
    }
}
