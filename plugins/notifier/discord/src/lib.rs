//! Notifier for Discord: one message with an embed, through a channel's webhook.
//!
//! A webhook has no idempotency key: after a lost answer a message may appear twice.

mod message;
mod settings;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tidegate_plugin::http::{Request, Said, Success, Template, segment};
use tidegate_plugin::notifier::{Delivery, Notification, Occasion, reference};

use settings::Settings;

tidegate_plugin::notifier!(notify, Settings);

/// What a message is changed by.
#[derive(Debug, Deserialize, Serialize)]
struct Posted {
    id: String,
}

fn notify(message: &Notification, settings: &Settings) -> Delivery {
    let thread = |sign: &str| match &settings.thread_id {
        Some(id) => Template::from(sign) + "thread_id=" + segment(id),
        None => Template::default(),
    };
    let body = message::message(message, settings);
    let request = if message.occasion == Occasion::Answered {
        let Some(posted) = message.to_change::<Posted>() else { return Ok(None) };
        let url = settings.url.clone() + "/messages/" + segment(&posted.id) + thread("?");
        Request::new("PATCH", url).json(body)
    } else {
        // Without `wait` the answer has no id.
        Request::post(settings.url.clone() + "?wait=true" + thread("&")).json(body)
    };
    let response = request.send("Discord", message.now_ms).judged(Success::Has("/id"), said)?;
    match serde_json::from_value::<Posted>(response.json) {
        Ok(posted) => reference(&posted),
        Err(_) => Ok(None),
    }
}

fn said(status: u16, body: &Value) -> Said {
    let code = body.get("code").and_then(Value::as_u64).unwrap_or_default();
    match (status, code) {
        // Seconds, as a number with a fraction.
        (429, _) => match body.get("retry_after").and_then(Value::as_f64) {
            Some(seconds) if seconds >= 0.0 => Said::AgainAfter("asks to wait".into(), milliseconds(seconds)),
            _ => Said::Nothing,
        },
        // Whoever goes on using a webhook that is gone is banned by address.
        (404, 10015) => Said::Misconfigured("does not know the webhook: it was deleted".into()),
        (401, 50027) => Said::Misconfigured("refused the webhook's token: check its address".into()),
        // The question was deleted, so nothing is left to change.
        (404, 10008) => Said::Done,
        (404, 10003) | (400, 50083) => Said::Again("does not take the message: check `thread_id`".into()),
        _ => Said::Nothing,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number that is too large becomes the largest"
)]
fn milliseconds(seconds: f64) -> u64 {
    (seconds * 1000.0).ceil() as u64
}

#[cfg(test)]
mod tests;
