//! Notifier for PagerDuty's Events API v2: one alert for an incident, by its `dedup_key`.
//!
//! Whatever is sent twice changes the same alert, so a lost answer costs nothing.

mod event;

use serde::Deserialize;
use serde_json::Value;
use tidegate_plugin::http::{Request, Said, Secret, Success};
use tidegate_plugin::notifier::{Delivery, Notification, Occasion};

use event::{Verb, event};

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Where the account is: `us` or `eu`.
    #[serde(default)]
    region: Region,
    /// Whether the alert is acknowledged when a person has answered a question: somebody is at it.
    #[serde(default = "yes")]
    acknowledge: bool,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema, serde::Serialize), schemars(inline))]
#[serde(rename_all = "snake_case")]
enum Region {
    #[default]
    Us,
    Eu,
}

fn yes() -> bool {
    true
}

tidegate_plugin::notifier!(notify, Settings);

fn notify(message: &Notification, settings: &Settings) -> Delivery {
    let kept = || Ok(Some(message.incident_key().to_string()));
    let verb = match message.occasion {
        _ if message.is_over() => Verb::Resolve,
        Occasion::Answered if settings.acknowledge && by_a_person(message) => Verb::Acknowledge,
        // Nobody has answered, so the alert goes on as it is.
        Occasion::Answered => return kept(),
        Occasion::Approval | Occasion::Report | Occasion::Resolved => Verb::Trigger,
    };
    let url = match settings.region {
        Region::Us => "https://events.pagerduty.com/v2/enqueue",
        Region::Eu => "https://events.eu.pagerduty.com/v2/enqueue",
    };
    let request = Request::post(url).json(event(message, verb)).secret_at("/routing_key", Secret::named("routing-key"));
    request.send("PagerDuty", message.now_ms).judged(Success::Has("/dedup_key"), said)?;
    kept()
}

fn by_a_person(message: &Notification) -> bool {
    message.actions.iter().any(|action| !action.answers.is_empty())
}

fn said(status: u16, body: &Value) -> Said {
    let errors = body.get("errors").map(Value::to_string).unwrap_or_default();
    match status {
        400 if errors.contains("routing_key") => {
            Said::Misconfigured("does not know the integration key: check the secret `routing-key` and `region`".into())
        }
        _ => Said::Nothing,
    }
}

#[cfg(test)]
mod tests;
