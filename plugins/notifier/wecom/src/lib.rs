//! Notifier for a group robot of WeCom: one Markdown message each.
//!
//! A robot has neither ids nor an idempotency key, so a lost answer may show a message twice. Success is
//! what `errcode` says, not the HTTP status.

use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use tidegate_plugin::http::{Request, Said, Success, Template};
use tidegate_plugin::markdown::Markup;
use tidegate_plugin::notifier::{Delivery, MentionOn, Notification, Tone, sent_once};
use tidegate_plugin::settings::checked;
use tidegate_plugin::text::{Limit, cut};

/// What a robot takes.
const MESSAGE: Limit = Limit::bytes(4096);
const TITLE: Limit = Limit::bytes(300);

/// After 20 messages a minute.
const MINUTE: u64 = 60_000;

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The robot's address. Its key is a secret, so the whole usually stands in one.
    #[serde(default = "Template::webhook_url")]
    #[cfg_attr(test, schemars(extend("default" = "{{secret:webhook-url}}")))]
    url: Template,
    /// Who is mentioned: user ids, or `all`.
    #[serde(default)]
    mentions: Vec<UserId>,
    /// On which occasions.
    #[serde(default = "MentionOn::usual")]
    mention_on: Vec<MentionOn>,
    /// Whether a message says how a question ended. A robot cannot change the one that asked.
    #[serde(default)]
    follow_up: bool,
}

/// An id is written into markup, so it is nothing but an id.
#[derive(Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema, serde::Serialize), schemars(inline))]
struct UserId(String);

impl<'de> Deserialize<'de> for UserId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fits = |id: &str| !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || "_-@.".contains(c));
        checked(deserializer, fits, "is no user id").map(Self)
    }
}

tidegate_plugin::notifier!(notify, Settings);

fn notify(message: &Notification, settings: &Settings) -> Delivery {
    sent_once(message, settings.follow_up, || {
        let body = json!({"msgtype": "markdown", "markdown": {"content": content(message, settings)}});
        Request::post(&settings.url).json(body).send("WeCom", message.now_ms).judged(Success::AsSaid, said)
    })
}

fn content(message: &Notification, settings: &Settings) -> String {
    // There are three colours.
    let colour = match message.tone() {
        Tone::Red | Tone::Orange => "warning",
        Tone::Green => "info",
        Tone::Blue | Tone::Grey => "comment",
    };
    let title = Markup::WECOM.strong(&cut(&message.lenticular_title(), TITLE));
    let mut head = format!("{} <font color=\"{colour}\">{title}</font>", message.tone().emoji());
    if message.is_one_of(&settings.mention_on) {
        let ids = settings.mentions.iter().map(|id| format!("<@{}>", id.0)).collect::<Vec<_>>();
        if !ids.is_empty() {
            head.push('\n');
            head.push_str(&ids.join(" "));
        }
    }
    message.post(&Markup::WECOM, &head, MESSAGE)
}

/// What WeCom's answer means.
fn said(status: u16, body: &Value) -> Said {
    Said::by_errcode(status, body, |code, _, reason| {
        Some(match code {
            -1 => Said::Again(reason("")),
            45009 => Said::AgainAfter(reason("; a robot takes 20 messages a minute"), MINUTE),
            // What is wrong with the robot can be set right there while the message waits.
            93000 | 93004 | 93008 => Said::Again(reason("; the robot's address is not or no longer valid")),
            40008 | 40058 | 45002 | 44004 => Said::Refused(reason("")),
            _ => return None,
        })
    })
}

#[cfg(test)]
mod tests;
