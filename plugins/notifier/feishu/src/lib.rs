//! Notifier for a custom bot of Feishu or Lark: one interactive card per message.
//!
//! Delivery is at least once and a bot has no idempotency key, so a lost answer may show a card
//! twice. Success is what the answer's `code` says, not its HTTP status.

mod card;
mod settings;

use serde_json::{Map, Value, json};
use tidegate_plugin::http::{Encoding, Request, Said, Secret, Success, Template, signature};
use tidegate_plugin::notifier::{CallError, Delivery, Notification, sent_once};

use card::Card;
use settings::Settings;

tidegate_plugin::notifier!(notify, Settings);

fn notify(message: &Notification, settings: &Settings) -> Delivery {
    // A bot's card has no id, so it cannot be changed.
    let send = || request(settings, message)?.send("Feishu", message.now_ms).judged(Success::AsSaid, said);
    sent_once(message, settings.follow_up, send)
}

fn request(settings: &Settings, message: &Notification) -> Result<Request, CallError> {
    let mut body = Map::new();
    if let Some(secret) = settings.sign.name("sign-secret") {
        // A signature is good for an hour around its time, so each attempt makes its own. Key and
        // message look swapped; they are not.
        let seconds = (message.now_ms / 1000).to_string();
        let key = Template::from(seconds.as_str()) + "\n" + Secret::named(secret);
        let signature = signature(key, "", Encoding::Base64)?;
        body.insert("timestamp".into(), json!(seconds));
        body.insert("sign".into(), json!(signature));
    }
    body.insert("msg_type".into(), json!("interactive"));
    body.insert("card".into(), Card::new(message, settings).fitting());
    Ok(Request::post(&settings.url).json(Value::Object(body)))
}

/// What Feishu's answer means. Most failures arrive with status 200 and a `code` in the body.
fn said(status: u16, body: &Value) -> Said {
    let number = |key: &str| body.get(key).and_then(Value::as_i64);
    let text = body.get("msg").and_then(Value::as_str).unwrap_or_default();
    let Some(code) = number("code").or_else(|| number("StatusCode")) else {
        // Success without the code that tells of it is an answer of something else, such as a proxy.
        return if status < 300 { Said::Again(format!("answered {status} without a code")) } else { Said::Nothing };
    };
    let reason = |hint: &str| format!("refused with code {code}: {text}{hint}");
    // What is wrong with the bot can be set right there while the message waits.
    match code {
        0 if status < 300 => Said::Done,
        0 => Said::Nothing,
        11232 => Said::Again(reason("")),
        // The code of a malformed message is also used for too many of them.
        9499 if text.to_lowercase().contains("too many") => Said::Again(reason("")),
        9499 => Said::Refused(reason("")),
        19001 => Said::Again(reason("; the bot's address is not or no longer valid")),
        19021 => Said::Again(reason("; the signature does not match: check the secret, `sign`, and the host's clock")),
        19022 => Said::Again(reason("; the host's address is not on the bot's list")),
        19024 => Said::Again(reason("; the message holds none of the bot's keywords: use a signature instead")),
        _ if status >= 400 => Said::Nothing,
        _ => Said::Failed(reason("")),
    }
}

#[cfg(test)]
mod tests;
