//! Notifier for Mattermost: an incoming webhook, or a bot that keeps one thread for an incident.
//!
//! After a lost answer a message may appear twice.

mod message;
mod settings;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tidegate_plugin::http::{Request, Said, Secret, Success, Template, segment};
use tidegate_plugin::notifier::{CallError, Delivery, Notification, Occasion, reference};
use tidegate_plugin::settings::wrong;

use settings::Settings;

tidegate_plugin::notifier!(notify, Settings);

/// What a message is changed and answered by.
#[derive(Debug, Deserialize, Serialize)]
struct Posted {
    id: String,
}

fn notify(message: &Notification, settings: &Settings) -> Delivery {
    match (&settings.server, &settings.channel_id) {
        (Some(server), Some(channel)) => with_bot(message, settings, server, channel),
        (None, None) => with_webhook(message, settings),
        (Some(_), None) => Err(wrong("channel_id", "a bot needs the channel's id beside `server`")),
        (None, Some(_)) => Err(wrong("server", "a bot needs the server's address beside `channel_id`")),
    }
}

fn with_webhook(message: &Notification, settings: &Settings) -> Delivery {
    if message.occasion == Occasion::Answered {
        // A webhook cannot change what it has posted.
        return Ok(None);
    }
    let body = json!({"text": message::title(message, settings), "attachments": message::attachments(message)});
    Request::post(&settings.url).json(body).send("Mattermost", message.now_ms).success(Success::Text("ok"))?;
    Ok(None)
}

fn with_bot(message: &Notification, settings: &Settings, server: &str, channel: &str) -> Delivery {
    let posts = Template::from(server.trim_end_matches('/')) + "/api/v4/posts";
    let text = message::title(message, settings);
    let props = json!({"attachments": message::attachments(message)});
    let send = |request: Request| {
        request.bearer(Secret::named("token")).send("Mattermost", message.now_ms).judged(Success::Has("/id"), said)
    };
    let response = if message.occasion == Occasion::Answered {
        let Some(posted) = message.to_change::<Posted>() else { return Ok(None) };
        let url = posts + "/" + segment(&posted.id) + "/patch";
        send(Request::new("PUT", url).json(json!({"message": text, "props": props})))?
    } else {
        let post = |root: &str| {
            let body = json!({"channel_id": channel, "root_id": root, "message": text, "props": props});
            send(Request::post(&posts).json(body))
        };
        match message.to_answer::<Posted>() {
            // Somebody may have deleted the thread.
            Some(first) => post(&first.id)
                .or_else(|error| if matches!(error, CallError::InvalidInput(_)) { post("") } else { Err(error) })?,
            None => post("")?,
        }
    };
    let posted: Posted = serde_json::from_value(response.json)
        .map_err(|_| CallError::Other("Mattermost took the message without saying where it stands".into()))?;
    reference(&posted)
}

/// Only what Mattermost itself says has an `id` of an error; a proxy's answer has none.
fn said(status: u16, body: &Value) -> Said {
    let id = body.get("id").and_then(Value::as_str).unwrap_or_default();
    match status {
        401 if !id.is_empty() => Said::Misconfigured("does not know the bot: check the secret `token`".into()),
        403 if !id.is_empty() => Said::Again(format!("refused it with {id}: add the bot to the channel")),
        _ => Said::Nothing,
    }
}

#[cfg(test)]
mod tests;
