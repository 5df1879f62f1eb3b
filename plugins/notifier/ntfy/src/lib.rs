//! Notifier for ntfy: a short push message with buttons.
//!
//! ntfy has no idempotency key: after a lost answer a message may appear twice.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tidegate_plugin::http::{Request, Said, Secret, Success, Template};
use tidegate_plugin::markdown::Markup;
use tidegate_plugin::notifier::{Button, Delivery, Notification, Occasion, Purpose, Tone, reference};
use tidegate_plugin::settings::SecretChoice;
use tidegate_plugin::text::{Limit, cut};

/// ntfy takes 1 KB of title, and makes a file of a message above 4,096 bytes.
const TITLE: Limit = Limit::bytes(500);
const MESSAGE: Limit = Limit::bytes(4000);
const LABEL: Limit = Limit::characters(40);
const BUTTONS: usize = 3;

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The server's address.
    #[serde(default = "server")]
    server: String,
    /// The topic. On a server that anybody may read it is a secret in itself, so it usually stands in one.
    #[serde(default = "topic")]
    #[cfg_attr(test, schemars(extend("default" = "{{secret:topic}}")))]
    topic: Template,
    /// For a topic that is protected: `true` uses the secret `token`; a string names another.
    #[serde(default)]
    token: SecretChoice,
}

fn server() -> String {
    "https://ntfy.sh".into()
}

fn topic() -> Template {
    Template::of_setting("{{secret:topic}}")
}

tidegate_plugin::notifier!(notify, Settings);

/// What a message is replaced by.
#[derive(Debug, Deserialize, Serialize)]
struct Posted {
    id: String,
}

fn notify(message: &Notification, settings: &Settings) -> Delivery {
    let replaced = message.to_change::<Posted>();
    if message.occasion == Occasion::Answered && replaced.is_none() {
        return Ok(None);
    }
    // JSON goes to the root; the topic stands in it.
    let root = format!("{}/", settings.server.trim_end_matches('/'));
    let mut request = Request::post(root.as_str()).json(body(message)).secret_at("/topic", &settings.topic);
    if let Some(posted) = &replaced {
        request = request.header("X-Sequence-ID", posted.id.as_str());
    }
    if let Some(name) = settings.token.name("token") {
        request = request.bearer(Secret::named(name));
    }
    let response = request.send("ntfy", message.now_ms).judged(Success::Has("/id"), said)?;
    match (replaced, serde_json::from_value::<Posted>(response.json)) {
        // Whatever follows replaces the first.
        (Some(posted), _) | (None, Ok(posted)) => reference(&posted),
        (None, Err(_)) => Ok(None),
    }
}

fn body(message: &Notification) -> Value {
    let buttons = message.buttons();
    let (first, _) = message.text_beside_buttons();
    let (priority, tag) = match message.tone() {
        Tone::Red => (5, "rotating_light"),
        Tone::Orange => (4, "warning"),
        Tone::Green => (2, "white_check_mark"),
        Tone::Blue => (3, "information_source"),
        Tone::Grey => (2, "white_circle"),
    };
    let mut body = json!({
        "topic": "",
        "title": cut(&message.title_line(), TITLE),
        "message": Markup::PLAIN.write_within(&first, MESSAGE),
        // Shown as a sign in front of the title.
        "tags": [tag],
        "priority": priority,
        "actions": buttons.iter().take(BUTTONS).map(action).collect::<Vec<_>>(),
    });
    let incident = buttons.iter().find(|button| button.purpose == Purpose::Incident);
    if let (Some(incident), Some(members)) = (incident, body.as_object_mut()) {
        members.insert("click".into(), json!(incident.link.url));
    }
    body
}

fn action(button: &Button) -> Value {
    let label = format!("{} ({})", cut(&button.title, Limit::characters(20)), button.link.host);
    json!({"action": "view", "label": cut(&label, LABEL), "url": button.link.url})
}

fn said(status: u16, body: &Value) -> Said {
    let text = body.get("error").and_then(Value::as_str).unwrap_or_default();
    match status {
        // Only ntfy itself says an error so; a proxy's refusal may be over the next time.
        401 | 403 if !text.is_empty() => {
            Said::Misconfigured(format!("refused it: {text}; check `topic`, `token` and its secret"))
        }
        _ => Said::Nothing,
    }
}

#[cfg(test)]
mod tests;
