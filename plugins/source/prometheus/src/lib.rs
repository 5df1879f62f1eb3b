//! Source for what pushes alerts to an Alertmanager: Prometheus itself, and the rulers of Thanos, Mimir, Loki, Cortex
//! and VictoriaMetrics.
//!
//! A push is a bare list of alerts without a status: an alert has ended when its `endsAt` has passed, and an `endsAt`
//! in the future is the moment at which the sender would no longer be believed. Each alert is pushed again every minute
//! or so while it fires, and for some minutes after its end.

use tidegate_plugin::source::{Alert, Decoded, Decoding, Inbound, Node, Status, millis, parse};

tidegate_plugin::source!(decode);

fn decode(request: &Inbound) -> Decoding {
    let value = parse(&request.body)?;
    let body = Node::root(&value);
    let alerts = if body.get("alerts").exists() { body.get("alerts") } else { body };
    let alerts = alerts.need_items().map_err(|reason| {
        format!("{reason}; expected a list of alerts, as Prometheus pushes them to /api/v2/alerts of an Alertmanager")
    })?;
    let now = i64::try_from(request.received_at_ms).unwrap_or(i64::MAX);
    Ok(Decoded::of_items(alerts, |alert| read(alert, now).map(Some), |alert| alert.path("labels.alertname").text()))
}

fn read(native: Node<'_>, now: i64) -> Result<Alert, String> {
    let labels = native.get("labels").need_object()?;
    let pairs = labels.texts();
    if pairs.is_empty() {
        return Err(native.get("labels").expected("at least one label, because an alert is known by its labels"));
    }
    let annotations = native.get("annotations");
    Ok(Alert::firing(labels.get("alertname").text().unwrap_or_default())
        .status(status(native, now)?)
        .severity(labels.get("severity").text())
        .labels(pairs)
        .annotations(annotations.texts())
        .starts(native.get("startsAt").text())
        .ends(native.get("endsAt").text())
        .link(native.get("generatorURL").text()))
}

/// Pushed alerts have no status. The lists of Alertmanager's API have one, in an object, and say of an alert that is
/// silenced that it is suppressed: it fires.
fn status(native: Node<'_>, now: i64) -> Result<Status, String> {
    let given = native.get("status");
    let word = given.get("state").text().or_else(|| given.text()).unwrap_or_default().trim().to_ascii_lowercase();
    match word.as_str() {
        "resolved" => Ok(Status::Resolved),
        "firing" | "active" | "suppressed" | "unprocessed" => Ok(Status::Firing),
        "" => {
            let ended =
                native.get("endsAt").text().and_then(|end| millis(&end)).is_some_and(|end| 0 < end && end <= now);
            Ok(if ended { Status::Resolved } else { Status::Firing })
        }
        _ => Err(given.expected("firing or resolved")),
    }
}
