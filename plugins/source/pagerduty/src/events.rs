//! The Events API: what monitoring tools send to page somebody. They are answered as PagerDuty answers.
//!
//! The key of the integration in the body is a credential and is read by nobody.

use std::borrow::Cow;

use serde_json::json;
use tidegate_plugin::source::{Alert, Decoded, Decoding, Node, Reply, STATE, Status, usual};

/// Decodes one event, of version 2 or 1.
pub(crate) fn decode(body: Node<'_>) -> Decoding {
    let v1 = body.get("service_key").exists() && !body.get("routing_key").exists();
    let action = body.get(if v1 { "event_type" } else { "event_action" });
    let payload = body.get("payload");
    let Some(word) = action.text() else {
        // A change (`/v2/change/enqueue`): somebody deployed something. No alert's state is another now.
        return match payload.get("summary").text() {
            Some(_) => Ok(answered(
                Decoded::nothing(),
                202,
                &json!({"status": "success", "message": "Change event processed"}),
            )),
            None => Err(action.expected("trigger, acknowledge or resolve")),
        };
    };
    let (status, state) = match word.trim().to_ascii_lowercase().as_str() {
        "trigger" => (Status::Firing, None),
        "acknowledge" => (Status::Firing, Some("acknowledged")),
        "resolve" => (Status::Resolved, None),
        _ => return Err(action.expected("trigger, acknowledge or resolve")),
    };
    let key = body.get(if v1 { "incident_key" } else { "dedup_key" }).text();
    if key.is_none() && word != "trigger" {
        return Err(body
            .get(if v1 { "incident_key" } else { "dedup_key" })
            .expected("the key of the event that it answers"));
    }
    let text = if v1 { body.get("description") } else { payload.get("summary") };
    if word == "trigger" {
        text.need_text()?;
    }
    let key = key.unwrap_or_else(|| own_key(body, v1).into());
    // An acknowledgement comes without what it is about. As an alert it would be another one than the one that fires.
    let bare = state.is_some() && !text.exists();
    let alert = alert(body, v1, &key).status(status).annotation(STATE, state.map(Into::into));
    let decoded = if bare { Decoded::nothing() } else { alert.into() };
    let (code, name) = if v1 { (200, "incident_key") } else { (202, "dedup_key") };
    Ok(answered(decoded, code, &json!({"status": "success", "message": "Event processed", name: key})))
}

fn alert(body: Node<'_>, v1: bool, key: &str) -> Alert {
    let payload = body.get("payload");
    let details = if v1 { body.get("details") } else { payload.get("custom_details") };
    let summary = if v1 { body.get("description") } else { payload.get("summary") }.text();
    let rule = details.first(&["alertname", "alert_name", "labels.alertname"]);
    let class = payload.get("class").text().filter(|class| class != "default");
    let titled = summary.clone().map(|text| Cow::Owned(without_state(&text).to_string()));
    let source = payload.get("source").text();
    let host = source.clone().filter(|source| !source.trim().contains([' ', '/', ':', '@']));
    let mut alert = Alert::firing(rule.or(class).or(titled).unwrap_or_else(|| key.into()))
        .severity(payload.get("severity").text())
        .label("source", source)
        .label("host", host)
        .label("component", payload.get("component").text())
        .label("group", payload.get("group").text())
        .label("class", payload.get("class").text())
        .label("client", body.get("client").text())
        .annotation("summary", summary)
        .starts(payload.get("timestamp").text())
        .fingerprint(Some(key.into()))
        .link(first_link(body));
    let alone = details.text().filter(|_| !details.value().is_some_and(|value| value.is_object()));
    alert = alert.annotation("description", alone);
    for (name, text) in details.flat(".") {
        let last = name.rsplit('.').next().unwrap_or(&name);
        match usual::named(last) {
            // Names of objects are what policies and repairs look for.
            Some(known) => alert = alert.label(known, Some(text.into())),
            None => alert = alert.annotation(&format!("details.{name}"), Some(text.into())),
        }
    }
    alert
}

fn first_link(body: Node<'_>) -> Option<Cow<'_, str>> {
    let of = |list| body.get(list).items().filter_map(|one| one.get("href").text()).next();
    of("links").or_else(|| body.get("client_url").text()).or_else(|| of("contexts"))
}

/// Alertmanager and Grafana put the state before the title: `[FIRING:2] HighCPU`.
fn without_state(text: &str) -> &str {
    let text = text.trim();
    let rest = text.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    match rest {
        Some((state, rest))
            if ["FIRING", "RESOLVED", "OK", "ALERTING"]
                .iter()
                .any(|word| state.to_ascii_uppercase().starts_with(word))
                && !rest.trim().is_empty() =>
        {
            rest.trim()
        }
        _ => text,
    }
}

/// A key for an event without one, the same whenever the event comes again: its sender is told it, and may resolve
/// with it.
fn own_key(body: Node<'_>, v1: bool) -> String {
    let payload = body.get("payload");
    let parts = if v1 {
        vec![body.get("description"), body.get("client")]
    } else {
        ["summary", "source", "component", "class"].map(|key| payload.get(key)).to_vec()
    };
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for part in parts {
        for byte in part.text().unwrap_or_default().bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    format!("{hash:016x}")
}

fn answered(decoded: Decoded, status: u16, body: &serde_json::Value) -> Decoded {
    let reply = Reply { status, content_type: "application/json".into(), headers: Vec::new(), body: body.to_string() };
    Decoded { reply: Some(reply), ..decoded }
}

#[cfg(test)]
mod tests {
    use super::without_state;

    #[test]
    fn a_title_is_the_same_when_it_fires_and_when_it_is_resolved() {
        assert_eq!(without_state("[FIRING:2] HighCPU (web)"), "HighCPU (web)");
        assert_eq!(without_state("[RESOLVED] HighCPU (web)"), "HighCPU (web)");
        assert_eq!(without_state("[web] down"), "[web] down");
        assert_eq!(without_state("[OK]"), "[OK]");
    }
}
