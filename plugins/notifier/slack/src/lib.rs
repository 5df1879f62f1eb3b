//! Notifier for Slack: an incoming webhook, or a bot that keeps one thread for an incident.
//!
//! A bot's success is the `ok` of the answer and a webhook's the text `ok`, whatever the status is. Neither has
//! an idempotency key: after a lost answer a message may appear twice.

mod blocks;
mod settings;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tidegate_plugin::host::{Level, log};
use tidegate_plugin::http::{Request, Said, Secret, Success};
use tidegate_plugin::notifier::{CallError, Delivery, Notification, Occasion, Stage, reference};

use settings::Settings;

tidegate_plugin::notifier!(notify, Settings);

/// Where a message stands.
#[derive(Debug, Deserialize, Serialize)]
struct Posted {
    channel: String,
    ts: String,
}

fn notify(message: &Notification, settings: &Settings) -> Delivery {
    match &settings.channel {
        Some(channel) => with_bot(message, settings, channel),
        None => with_webhook(message, settings),
    }
}

fn with_webhook(message: &Notification, settings: &Settings) -> Delivery {
    if message.occasion == Occasion::Answered {
        // A webhook cannot change what it has posted.
        return Ok(None);
    }
    let mut body = blocks::message(message, settings);
    if let Some(members) = body.as_object_mut() {
        members.remove("unfurl_links");
        members.remove("unfurl_media");
    }
    Request::post(&settings.url).json(body).send("Slack", message.now_ms).success(Success::Text("ok"))?;
    Ok(None)
}

fn with_bot(message: &Notification, settings: &Settings, channel: &str) -> Delivery {
    let mut body = blocks::message(message, settings);
    if message.occasion == Occasion::Answered {
        let Some(posted) = message.to_change::<Posted>() else { return Ok(None) };
        extend(&mut body, json!({"channel": posted.channel, "ts": posted.ts}));
        call("chat.update", body, message)?;
        return reference(&posted);
    }
    extend(&mut body, json!({"channel": channel}));
    let answer = match message.to_answer::<Posted>() {
        Some(first) => {
            if message.stage == Stage::End {
                // Before the message, because a repeat of this alone is seen by nobody.
                mark(&first, message, settings)?;
            }
            // The channel sees what somebody must do, and how it was left; the thread has the rest.
            let broadcast = message.occasion != Occasion::Resolved;
            let mut answer = body.clone();
            extend(&mut answer, json!({"channel": first.channel, "thread_ts": first.ts, "reply_broadcast": broadcast}));
            match call("chat.postMessage", answer, message) {
                // Somebody may have deleted the thread.
                Err(CallError::InvalidInput(_)) => call("chat.postMessage", body, message)?,
                other => other?,
            }
        }
        None => call("chat.postMessage", body, message)?,
    };
    let posted: Posted = serde_json::from_value(answer)
        .map_err(|_| CallError::Other("Slack took the message without saying where it stands".into()))?;
    reference(&posted)
}

/// Puts the reaction on the first message. It is an ornament: without the scope for it the message goes out
/// all the same.
fn mark(first: &Posted, message: &Notification, settings: &Settings) -> Result<(), CallError> {
    if settings.resolved_reaction.is_empty() {
        return Ok(());
    }
    let body = json!({"channel": first.channel, "timestamp": first.ts, "name": settings.resolved_reaction});
    match call("reactions.add", body, message) {
        Err(CallError::Unavailable(retry)) if retry.after_ms.is_some() => Err(CallError::Unavailable(retry)),
        Err(error) => {
            log(Level::Warn, &format!("no reaction on the first message: {error:?}"));
            Ok(())
        }
        Ok(_) => Ok(()),
    }
}

fn call(method: &str, body: Value, message: &Notification) -> Result<Value, CallError> {
    let url = format!("https://slack.com/api/{method}");
    let request = Request::post(url.as_str()).bearer(Secret::named("token")).json(body);
    Ok(request.send("Slack", message.now_ms).judged(Success::AsSaid, said)?.json)
}

/// What the Web API's answer means.
fn said(status: u16, body: &Value) -> Said {
    let error = body.get("error").and_then(Value::as_str).unwrap_or_default();
    let reason = |hint: &str| format!("refused it with {error}{hint}");
    match (body.get("ok").and_then(Value::as_bool), error) {
        (Some(true), _) => Said::Done,
        (Some(false), "already_reacted") => Said::Done,
        (
            Some(false),
            "ratelimited"
            | "rate_limited"
            | "fatal_error"
            | "internal_error"
            | "service_unavailable"
            | "request_timeout"
            | "team_added_to_org",
        ) => Said::Again(reason("")),
        (Some(false), "invalid_auth" | "not_authed" | "account_inactive" | "token_revoked" | "token_expired") => {
            Said::Misconfigured(reason(": check the secret `token`"))
        }
        // What is wrong in Slack can be set right there while the message waits.
        (Some(false), "missing_scope" | "no_permission" | "not_allowed_token_type") => {
            Said::Again(reason(": give the app the scopes that the plugin's README names"))
        }
        (Some(false), "channel_not_found" | "not_in_channel" | "is_archived") => {
            Said::Again(reason(": check `channel`, and invite the app to it"))
        }
        (Some(false), _) if status < 500 => Said::Refused(reason("")),
        (None, _) if status < 300 => Said::Again(format!("answered {status} without an `ok`")),
        _ => Said::Nothing,
    }
}

fn extend(body: &mut Value, more: Value) {
    if let (Some(members), Value::Object(more)) = (body.as_object_mut(), more) {
        members.extend::<Map<String, Value>>(more);
    }
}

#[cfg(test)]
mod tests;
