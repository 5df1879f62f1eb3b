//! Notifier that hands the incident's alerts to an Alertmanager, and silences them while a question is open.
//!
//! Alerts are the same however often they are sent. A silence whose creation was not answered ends by itself.

mod alerts;
mod settings;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tidegate_plugin::host::{Level, log};
use tidegate_plugin::http::{Login, Said, Secret, Success, Template, segment};
use tidegate_plugin::notifier::{CallError, Delivery, Notification, Occasion, Stage, marker, reference, rfc3339};
use tidegate_plugin::settings::wrong;

use alerts::{alerts, matchers};
use settings::Settings;

/// What later messages need.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    silence: Option<String>,
}

tidegate_plugin::notifier!(notify, Settings);

fn notify(message: &Notification, settings: &Settings) -> Delivery {
    let logins = settings.urls.iter().map(|url| login(url, settings)).collect::<Result<Vec<_>, _>>()?;
    let Some(first) = logins.first() else { return Err(wrong("urls", "expected an address")) };
    forward(message, settings, &logins)?;
    let mut kept: Kept = message.earlier.last().and_then(tidegate_plugin::notifier::Sent::read).unwrap_or_default();
    let over = message.stage == Stage::End || matches!(message.occasion, Occasion::Report | Occasion::Resolved);
    match (kept.silence.take(), settings.silence_minutes) {
        // Whoever is on call must hear of what is theirs now.
        (Some(silence), _) if over => expire(message, first, &silence)?,
        (Some(silence), _) => kept.silence = Some(silence),
        (None, Some(minutes)) if message.occasion == Occasion::Approval && !over => {
            kept.silence = silence(message, first, minutes)?;
        }
        _ => {}
    }
    reference(&kept)
}

fn login(url: &str, settings: &Settings) -> Result<Login, CallError> {
    match (&settings.user, settings.bearer) {
        (Some(user), false) => Login::new(url, Some(user), Secret::named("password")),
        (None, true) => Login::new(url, None, Secret::named("token")),
        (None, false) => Login::none(url),
        (Some(_), true) => Err(wrong("bearer", "there is a `user` as well: choose one")),
    }
}

/// Alerts do not travel between the Alertmanagers of a cluster: each gets them, and one that has them is enough.
fn forward(message: &Notification, settings: &Settings, logins: &[Login]) -> Result<(), CallError> {
    if message.alerts.is_empty() {
        return Ok(());
    }
    let alerts = alerts(message, settings);
    let mut failed = Vec::new();
    for (login, url) in logins.iter().zip(&settings.urls) {
        let request = login.request("POST", "/api/v2/alerts").json(alerts.clone());
        if let Err(error) = request.send("Alertmanager", message.now_ms).success(Success::AnyForm) {
            log(Level::Warn, &format!("{url} did not take the alerts: {error:?}"));
            failed.push(error);
        }
    }
    match failed.pop() {
        Some(error) if failed.len() + 1 == logins.len() => Err(error),
        _ => Ok(()),
    }
}

/// Silences do travel, so one Alertmanager is told.
fn silence(message: &Notification, login: &Login, minutes: u32) -> Result<Option<String>, CallError> {
    let Some(matchers) = matchers(message) else {
        log(Level::Warn, "no silence: the alerts have too little in common to match nothing else");
        return Ok(None);
    };
    let request = login.request("POST", "/api/v2/silences").json(json!({
        "matchers": matchers,
        "startsAt": rfc3339(message.now_ms),
        "endsAt": rfc3339(message.now_ms.saturating_add(u64::from(minutes) * 60_000)),
        "createdBy": "tidegate",
        "comment": format!("{}: a question is open", marker(message)),
    }));
    let accepted = request.send("Alertmanager", message.now_ms).success(Success::Has("/silenceID"))?;
    Ok(accepted.json.get("silenceID").and_then(Value::as_str).map(str::to_string))
}

fn expire(message: &Notification, login: &Login, silence: &str) -> Result<(), CallError> {
    let request = login.request("DELETE", Template::from("/api/v2/silence/") + segment(silence));
    // One that is over is what was wanted.
    let over = |status: u16, body: &Value| {
        if status == 404 || body.to_string().contains("expired") { Said::Done } else { Said::Nothing }
    };
    request.send("Alertmanager", message.now_ms).judged(Success::AnyForm, over).map(drop)
}

#[cfg(test)]
mod tests;
