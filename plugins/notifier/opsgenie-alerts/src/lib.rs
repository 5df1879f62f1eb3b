//! Notifier for Opsgenie and Jira Service Management: one alert for an incident, by its alias.
//!
//! A repeated creation changes nothing while the alert is open; a note may appear twice after a lost answer.

mod alert;

use serde::Deserialize;
use serde_json::{Value, json};
use tidegate_plugin::http::{Request, Said, Secret, Success, Template, segment};
use tidegate_plugin::notifier::{CallError, Delivery, Notification, Occasion};

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Where the account is: Opsgenie `us` or `eu`, or `jsm` for Jira Service Management.
    #[serde(default)]
    region: Region,
    /// The teams that respond, by name. Without any, the integration's own team does.
    #[serde(default)]
    teams: Vec<String>,
    /// Tags of the alert.
    #[serde(default)]
    tags: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema, serde::Serialize), schemars(inline))]
#[serde(rename_all = "snake_case")]
enum Region {
    #[default]
    Us,
    Eu,
    Jsm,
}

tidegate_plugin::notifier!(notify, Settings);

fn notify(message: &Notification, settings: &Settings) -> Delivery {
    let of_alert = |path: &str| Template::from("/") + segment(&alert::alias(message)) + path + "?identifierType=alias";
    let note = json!({"source": "tidegate", "note": alert::note(message)});
    if message.is_over() {
        // Where no alert is open this changes nothing, and nobody is paged.
        call(message, settings, of_alert("/close"), note)?;
    } else {
        if message.occasion != Occasion::Answered {
            // Also for an update, because somebody may have closed the alert.
            call(message, settings, Template::default(), alert::alert(message, settings))?;
        }
        if !message.earlier.is_empty() {
            call(message, settings, of_alert("/notes"), note)?;
        }
    }
    Ok(Some(message.incident_key().to_string()))
}

fn call(message: &Notification, settings: &Settings, path: Template, body: Value) -> Result<(), CallError> {
    let base = match settings.region {
        Region::Us => "https://api.opsgenie.com/v2/alerts",
        Region::Eu => "https://api.eu.opsgenie.com/v2/alerts",
        Region::Jsm => "https://api.atlassian.com/jsm/ops/integration/v2/alerts",
    };
    let key = Template::from("GenieKey ") + Secret::named("api-key");
    let request = Request::post(Template::from(base) + path).header("Authorization", key).json(body);
    request.send("Opsgenie", message.now_ms).judged(Success::Has("/requestId"), said).map(drop)
}

fn said(status: u16, body: &Value) -> Said {
    match (status, body.get("message").and_then(Value::as_str)) {
        (401 | 403, Some(text)) => {
            Said::Misconfigured(format!("refused the key: {text}; check the secret `api-key` and `region`"))
        }
        _ => Said::Nothing,
    }
}

#[cfg(test)]
mod tests;
