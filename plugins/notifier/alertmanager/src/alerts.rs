//! The incident's alerts as version 2 of Alertmanager's API takes them.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tidegate_plugin::notifier::{Alert, Moment, Notification, Purpose, Stage, Status, object, rfc3339};
use tidegate_plugin::text::{Limit, cut};

use crate::settings::Settings;

const ANNOTATION: Limit = Limit::bytes(4000);

/// All alerts of the message.
pub(crate) fn alerts(message: &Notification, settings: &Settings) -> Value {
    message.alerts.iter().map(|alert| posted(alert, message, settings)).collect()
}

fn posted(alert: &Alert, message: &Notification, settings: &Settings) -> Value {
    let mut labels = named(&alert.prometheus_labels());
    labels.extend(settings.labels.iter().map(|(name, value)| (name.clone(), value.clone())));
    let mut annotations: Vec<(String, String)> = named(&alert.annotations)
        .into_iter()
        .map(|(name, value)| (name, cut(&value, ANNOTATION).into_owned()))
        .collect();
    annotations.push(("tidegate_incident".into(), message.incident_id.clone()));
    annotations.push(("tidegate_message".into(), message.title_line()));
    if !message.outcome.is_empty() {
        annotations.push(("tidegate_outcome".into(), message.outcome.clone()));
    }
    if let Some(button) = message.buttons().into_iter().find(|button| button.purpose == Purpose::Incident) {
        annotations.push(("tidegate_url".into(), button.link.url));
    }
    let over = alert.status == Status::Resolved || message.stage == Stage::End;
    let now = rfc3339(message.now_ms);
    let starts = alert.starts_at.as_ref().and_then(Moment::rfc3339);
    let ends = if over {
        alert.ends_at.as_ref().and_then(Moment::rfc3339).unwrap_or(now)
    } else {
        rfc3339(message.now_ms.saturating_add(u64::from(settings.keep_minutes) * 60_000))
    };
    // By another clock it may begin after its end, and Alertmanager refuses that.
    let starts = starts.filter(|starts| *starts <= ends);
    let mut posted = json!({
        "labels": object(&labels.into_iter().collect::<Vec<_>>()),
        "annotations": object(&annotations),
        "endsAt": ends,
    });
    let mut set = |name: &str, value: String| {
        if let Some(members) = posted.as_object_mut().filter(|_| !value.is_empty()) {
            members.insert(name.into(), json!(value));
        }
    };
    set("startsAt", starts.unwrap_or_default());
    set("generatorURL", alert.prometheus_link());
    posted
}

/// What has a name that Alertmanager of any release takes, and a value.
fn named(pairs: &[(String, String)]) -> BTreeMap<String, String> {
    let kept = pairs.iter().filter(|(name, value)| !name.is_empty() && !value.is_empty());
    kept.map(|(name, value)| (plain(name), value.clone())).collect()
}

fn plain(name: &str) -> String {
    let mut plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if plain.starts_with(|c: char| c.is_ascii_digit()) {
        plain.insert(0, '_');
    }
    plain
}

/// The labels that all alerts that fire have in common, as matchers. None where they would match more than these:
/// without a name of the alert and something besides.
pub(crate) fn matchers(message: &Notification) -> Option<Value> {
    let mut firing = message.alerts.iter().filter(|alert| alert.status == Status::Firing);
    let mut common = firing.next()?.prometheus_labels();
    for alert in firing {
        let labels = alert.prometheus_labels();
        common.retain(|label| labels.contains(label));
    }
    // What the host or a sender adds is no label of the alert over there.
    common.retain(|(name, value)| *name == plain(name) && !value.is_empty() && name != "severity");
    let named = common.iter().any(|(name, _)| name == "alertname");
    let matcher =
        |(name, value): &(String, String)| json!({"name": name, "value": value, "isRegex": false, "isEqual": true});
    (named && common.len() > 1).then(|| common.iter().map(matcher).collect())
}
