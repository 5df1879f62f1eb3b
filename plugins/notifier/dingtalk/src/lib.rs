//! Notifier for a custom robot of DingTalk: one Markdown message each.
//!
//! A robot has neither ids nor an idempotency key, so a lost answer may show a message twice. Success is
//! what `errcode` says, not the HTTP status.

use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use tidegate_plugin::http::{Encoding, Request, Said, Secret, Success, Template, segment, signature};
use tidegate_plugin::markdown::Markup;
use tidegate_plugin::notifier::{CallError, Delivery, MentionOn, Notification, sent_once};
use tidegate_plugin::settings::{SecretChoice, checked};
use tidegate_plugin::text::{Limit, cut};

/// What a robot takes, as JSON.
const BODY: usize = 20_000;
const TITLE: Limit = Limit::bytes(300);

/// After 20 messages a minute.
const MINUTE: u64 = 60_000;

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The robot's address with its `access_token`. It is a secret in itself, so it usually stands in one.
    #[serde(default = "Template::webhook_url")]
    #[cfg_attr(test, schemars(extend("default" = "{{secret:webhook-url}}")))]
    url: Template,
    /// For a robot with signature check (加签): `true` uses the secret `sign-secret`; a string names another.
    #[serde(default)]
    sign: SecretChoice,
    /// Who is mentioned: telephone numbers, user ids, or `all`.
    #[serde(default)]
    mentions: Vec<Who>,
    /// On which occasions.
    #[serde(default = "MentionOn::usual")]
    mention_on: Vec<MentionOn>,
    /// Whether a message says how a question ended. A robot cannot change the one that asked.
    #[serde(default)]
    follow_up: bool,
}

/// It is written into markup, so it is nothing but a number or an id.
#[derive(Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema, serde::Serialize), schemars(inline))]
struct Who(String);

impl<'de> Deserialize<'de> for Who {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fits = |id: &str| !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || "_-+.$".contains(c));
        checked(deserializer, fits, "is neither a number nor a user id").map(Self)
    }
}

impl Who {
    fn is_number(&self) -> bool {
        let digits = self.0.trim_start_matches('+').replace('-', "");
        digits.len() >= 11 && digits.bytes().all(|byte| byte.is_ascii_digit())
    }
}

tidegate_plugin::notifier!(notify, Settings);

fn notify(message: &Notification, settings: &Settings) -> Delivery {
    sent_once(message, settings.follow_up, || {
        let request = Request::post(address(message, settings)?).json(body(message, settings));
        request.send("DingTalk", message.now_ms).judged(Success::AsSaid, said)
    })
}

/// A signature is good for an hour around its time, so each attempt makes its own.
fn address(message: &Notification, settings: &Settings) -> Result<Template, CallError> {
    let Some(secret) = settings.sign.name("sign-secret").map(Secret::named) else { return Ok(settings.url.clone()) };
    let millis = message.now_ms.to_string();
    let signed = Template::from(format!("{millis}\n").as_str()) + secret.clone();
    let signature = signature(secret, signed, Encoding::Base64)?;
    Ok(settings.url.clone() + format!("&timestamp={millis}&sign=").as_str() + segment(&signature))
}

fn body(message: &Notification, settings: &Settings) -> Value {
    let title = cut(&message.lenticular_title(), TITLE).into_owned();
    let mentioned: &[Who] = if message.is_one_of(&settings.mention_on) { &settings.mentions } else { &[] };
    let (all, people): (Vec<&Who>, Vec<&Who>) = mentioned.iter().partition(|who| who.0 == "all");
    let (numbers, ids): (Vec<&Who>, Vec<&Who>) = people.iter().partition(|who| who.is_number());
    let list = |who: &[&Who]| who.iter().map(|who| who.0.clone()).collect::<Vec<_>>();
    // Whoever is to be mentioned must stand in the text besides.
    let names: Vec<String> = people.iter().map(|who| format!("@{}", who.0)).collect();
    let mut head = format!("### {} {}", message.tone().emoji(), Markup::DINGTALK.line(&title));
    if !names.is_empty() {
        head.push_str(&format!("\n\n{}", names.join(" ")));
    }
    let written = |most: usize| {
        json!({
            "msgtype": "markdown",
            "markdown": {"title": title, "text": message.post(&Markup::DINGTALK, &head, Limit::bytes(most))},
            "at": {"atMobiles": list(&numbers), "atUserIds": list(&ids), "isAtAll": !all.is_empty()},
        })
    };
    // Quotes and line breaks are longer in JSON.
    let mut most = BODY;
    loop {
        let body = written(most);
        let excess = body.to_string().len().saturating_sub(BODY);
        if excess == 0 || most == 0 {
            return body;
        }
        most = most.saturating_sub(excess);
    }
}

/// What DingTalk's answer means.
fn said(status: u16, body: &Value) -> Said {
    // What is wrong with the robot can be set right there while the message waits.
    Said::by_errcode(status, body, |code, text, reason| {
        Some(match code {
            -1 | 410_100 => Said::Again(reason("")),
            130_101 => Said::AgainAfter(reason("; a robot takes 20 messages a minute"), MINUTE),
            300_005 => Said::Again(reason("; the robot's address is not or no longer valid")),
            310_000 if text.contains("keywords") => Said::Again(reason("; use a signature instead of keywords")),
            310_000 => {
                Said::Again(reason("; check the secret, `sign`, the host's clock and the robot's list of addresses"))
            }
            40_035 | 43_004 | 300_001 => Said::Refused(reason("")),
            _ => return None,
        })
    })
}

#[cfg(test)]
mod tests;
