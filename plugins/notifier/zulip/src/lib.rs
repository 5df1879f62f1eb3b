//! Notifier for a channel of Zulip: a topic for each incident, and a question is edited when it is over.
//!
//! There is no idempotency key for bots, so a lost answer may show a message twice.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use tidegate_plugin::http::{Login, Request, Said, Secret, Success, Template};
use tidegate_plugin::markdown::Markup;
use tidegate_plugin::notifier::{CallError, Delivery, MentionOn, Notification, reference};
use tidegate_plugin::settings::checked;
use tidegate_plugin::text::{Limit, cut, one_line};

/// `max_message_length` and `max_topic_length` of a server that did not raise them.
const MESSAGE: Limit = Limit::characters(10_000);
const TOPIC: Limit = Limit::characters(60);
const TITLE: Limit = Limit::characters(300);

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The organisation, such as `https://acme.zulipchat.com`.
    url: String,
    /// The bot's mail address.
    bot: String,
    /// The channel's name.
    channel: String,
    /// Who is mentioned: full names of people (`Ann Lee`, or `Ann Lee|123`), groups as `*group`, or `all`.
    #[serde(default)]
    mentions: Vec<Name>,
    /// On which occasions.
    #[serde(default = "MentionOn::usual")]
    mention_on: Vec<MentionOn>,
}

/// A name is written into markup, so it ends nothing there.
#[derive(Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema, serde::Serialize), schemars(inline))]
struct Name(String);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fits = |name: &str| {
            let bare = name.strip_prefix('*').unwrap_or(name);
            !bare.trim().is_empty() && one_line(bare) == bare && !bare.contains(['*', '@', '`'])
        };
        checked(deserializer, fits, "is no name").map(Self)
    }
}

impl Name {
    fn mention(&self) -> String {
        match self.0.strip_prefix('*') {
            Some(group) => format!("@*{group}*"),
            None => format!("@**{}**", self.0),
        }
    }
}

/// What was sent, and where.
#[derive(Serialize, Deserialize)]
struct Shown {
    id: u64,
    topic: String,
}

tidegate_plugin::notifier!(notify, Settings);

fn notify(message: &Notification, settings: &Settings) -> Delivery {
    let login = Login::new(&settings.url, Some(&settings.bot), Secret::named("api-key"))?;
    let send = |request: Request| -> Result<Value, CallError> {
        Ok(request.send("Zulip", message.now_ms).judged(Success::AsSaid, said)?.json)
    };
    let content = content(message, settings);
    let field = |text: &str| Template::from(text);
    if let Some(shown) = message.to_change::<Shown>() {
        let path = format!("/api/v1/messages/{}", shown.id);
        match send(login.request("PATCH", path.as_str()).form([("content", field(&content))])) {
            Ok(_) => return reference(&shown),
            // It may be deleted, or too old to be edited.
            Err(CallError::InvalidInput(_)) => {}
            Err(error) => return Err(error),
        }
    }
    let topic = message.to_answer::<Shown>().map_or_else(|| topic(message), |shown| shown.topic);
    let sent = send(login.request("POST", "/api/v1/messages").form([
        ("type", field("stream")),
        ("to", field(&settings.channel)),
        ("topic", field(&topic)),
        ("content", field(&content)),
    ]))?;
    match sent.get("id").and_then(Value::as_u64) {
        Some(id) => reference(&Shown { id, topic }),
        None => Ok(None),
    }
}

/// The incident first, so that a cut leaves it.
fn topic(message: &Notification) -> String {
    let name = message.alerts.first().map(|alert| one_line(&alert.name)).unwrap_or_default();
    let words = [message.incident_key(), &name, &message.objects_line(1)];
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    cut(&words.join(" "), TOPIC).into_owned()
}

fn content(message: &Notification, settings: &Settings) -> String {
    let title = Markup::ZULIP.strong(&cut(&message.lenticular_title(), TITLE));
    let mut head = format!("{} {title}", message.tone().emoji());
    if message.is_one_of(&settings.mention_on) && !settings.mentions.is_empty() {
        let names: Vec<String> = settings.mentions.iter().map(Name::mention).collect();
        head.push('\n');
        head.push_str(&names.join(" "));
    }
    message.post(&Markup::ZULIP, &head, MESSAGE)
}

fn said(status: u16, body: &Value) -> Said {
    let part = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let text = format!("{} ({})", part("msg"), part("code"));
    match (part("result"), part("code")) {
        ("success", _) if status < 300 => Said::Done,
        (_, "RATE_LIMIT_HIT") => {
            let seconds = body.get("retry-after").and_then(Value::as_f64).unwrap_or(60.0).clamp(0.0, 86_400.0);
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
            Said::AgainAfter(format!("has had too many requests: {text}"), (seconds * 1000.0).ceil() as u64)
        }
        // What is wrong with the channel or the bot can be set right while the message waits.
        (_, "STREAM_DOES_NOT_EXIST") => Said::Again(format!("has no such channel, or the bot may not see it: {text}")),
        _ if status < 300 => Said::Again(format!("answered {status} without success: {text}")),
        _ if status == 401 => Said::Again(format!("does not know the bot or its key: {text}")),
        _ => Said::Nothing,
    }
}

#[cfg(test)]
mod tests;
