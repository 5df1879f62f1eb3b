//! Notifier for Telegram: a bot's messages, the later ones as answers to the first.
//!
//! The Bot API has no idempotency key: after a lost answer a message may appear twice.

mod message;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tidegate_plugin::host::{Level, log};
use tidegate_plugin::http::{Request, Said, Secret, Success, Template};
use tidegate_plugin::notifier::{CallError, Delivery, Notification, Occasion, reference};

use message::{Form, extend};

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The chat: a number such as `"-1001234567890"`, or a public channel's `"@name"`.
    chat_id: String,
    /// The topic of a group with topics, by its number.
    topic: Option<u32>,
}

tidegate_plugin::notifier!(notify, Settings);

/// Where a message stands.
#[derive(Debug, Deserialize, Serialize)]
struct Posted {
    chat: String,
    id: i64,
}

/// What a request came to.
enum Outcome {
    /// What Telegram calls the message; none where there is nothing to change any more.
    Done(Option<i64>),
    /// A group has become a supergroup, with another number.
    Moved(i64),
    /// Telegram does not understand the markup or a button's address.
    NotUnderstood,
}

fn notify(message: &Notification, settings: &Settings) -> Delivery {
    let changed = match message.occasion {
        Occasion::Answered => match message.to_change::<Posted>() {
            Some(posted) => Some(posted),
            None => return Ok(None),
        },
        Occasion::Approval | Occasion::Report | Occasion::Resolved => None,
    };
    // Where the thread is: a group that has moved since keeps its new number.
    let thread = message.to_answer::<Posted>();
    let known = changed.as_ref().or(thread.as_ref());
    let mut chat = known.map_or_else(|| settings.chat_id.clone(), |posted| posted.chat.clone());
    let mut form = Form::Html;
    // At most once each: the group's new number, and plain text.
    for _ in 0..3 {
        match send(message, settings, (&chat, form), changed.as_ref(), thread.as_ref())? {
            Outcome::Done(id) => {
                return match id.or_else(|| changed.as_ref().map(|posted| posted.id)) {
                    Some(id) => reference(&Posted { chat, id }),
                    None => Ok(None),
                };
            }
            Outcome::Moved(to) => {
                log(Level::Warn, &format!("the group is a supergroup now: set chat_id to {to}"));
                chat = to.to_string();
            }
            Outcome::NotUnderstood => form = Form::Plain,
        }
    }
    Err(CallError::Other("Telegram refused the message as text and as HTML".into()))
}

fn send(
    message: &Notification,
    settings: &Settings,
    (chat, form): (&str, Form),
    changed: Option<&Posted>,
    thread: Option<&Posted>,
) -> Result<Outcome, CallError> {
    let mut body = json!({"chat_id": chat});
    extend(&mut body, message::message(message, form));
    let method = match changed {
        Some(posted) => {
            extend(&mut body, json!({"message_id": posted.id}));
            "/editMessageText"
        }
        None => {
            extend(&mut body, json!({"disable_notification": message.is_over()}));
            if let Some(topic) = settings.topic {
                extend(&mut body, json!({"message_thread_id": topic}));
            }
            if let Some(first) = thread {
                extend(
                    &mut body,
                    json!({"reply_parameters": {"message_id": first.id, "allow_sending_without_reply": true}}),
                );
            }
            "/sendMessage"
        }
    };
    let url = Template::from("https://api.telegram.org/bot") + Secret::named("token") + method;
    let response = Request::post(url)
        .json(body)
        .send("Telegram", message.now_ms)
        .judged(Success::AsSaid, |status, body| said(status, body, form))?;
    let body = response.json;
    if let Some(to) = body.pointer("/parameters/migrate_to_chat_id").and_then(Value::as_i64) {
        return Ok(Outcome::Moved(to));
    }
    if not_understood(&body) {
        return Ok(Outcome::NotUnderstood);
    }
    Ok(Outcome::Done(body.pointer("/result/message_id").and_then(Value::as_i64)))
}

/// What the answer means. What the caller goes on with is done.
fn said(status: u16, body: &Value, form: Form) -> Said {
    let text = body.get("description").and_then(Value::as_str).unwrap_or_default();
    let number = |pointer: &str| body.pointer(pointer).and_then(Value::as_i64);
    match status {
        _ if body.get("ok").and_then(Value::as_bool) == Some(true) => Said::Done,
        _ if status < 300 => Said::Again(format!("answered {status} without an `ok`")),
        400 if number("/parameters/migrate_to_chat_id").is_some() => Said::Done,
        400 if form == Form::Html && not_understood(body) => Said::Done,
        // The same text stands there already, or the question was deleted.
        400 if ["message is not modified", "message to edit not found", "message can't be edited"]
            .iter()
            .any(|known| text.contains(known)) =>
        {
            Said::Done
        }
        // What is wrong in the chat can be set right there while the message waits.
        400 if text.contains("chat not found") => {
            Said::Again(format!("refused it: {text}; check `chat_id`, and add the bot to the chat"))
        }
        400 if text.contains("not enough rights") => Said::Again(format!("refused it: {text}")),
        401 | 404 => Said::Misconfigured("does not know the bot: check the secret `token`".into()),
        403 => Said::Again(format!("refused it: {text}; add the bot to the chat")),
        429 => match number("/parameters/retry_after").and_then(|seconds| u64::try_from(seconds).ok()) {
            Some(seconds) => Said::AgainAfter("asks to wait".into(), seconds.saturating_mul(1000)),
            None => Said::Nothing,
        },
        _ => Said::Nothing,
    }
}

fn not_understood(body: &Value) -> bool {
    let text = body.get("description").and_then(Value::as_str).unwrap_or_default();
    [
        "can't parse entities",
        "BUTTON_URL_INVALID",
        "inline keyboard button URL",
        "message is too long",
        "ENTITIES_TOO_LONG",
    ]
    .iter()
    .any(|known| text.contains(known))
}

#[cfg(test)]
mod tests;
