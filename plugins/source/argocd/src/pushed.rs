//! Alerts in the form of Alertmanager's API, as the service `alertmanager` of Argo CD Notifications pushes them: a list
//! without states and ends.

use tidegate_plugin::source::{Alert, Decoded, Node, Status};

pub(crate) fn decode(body: Node<'_>) -> Decoded {
    let name = |item: Node<'_>| item.path("labels.alertname").scalar().map(|name| name.into_owned().into());
    Decoded::of_items(body.items(), |item| alert(item).map(Some), name)
}

fn alert(item: Node<'_>) -> Result<Alert, String> {
    let labels = item.get("labels").need_object()?;
    // Argo CD writes no state. A template for the recovery can: as an annotation, because labels are what pairs the
    // two.
    let resolved = matches!(item.path("annotations.status").word().as_str(), "resolved" | "ok" | "healthy");
    let name = labels.get("alertname").scalar().unwrap_or("ArgoCdNotification".into());
    let mut alert = Alert::firing(name.into_owned())
        .severity(labels.get("severity").scalar())
        .labels(labels.texts())
        .annotations(item.get("annotations").texts())
        .link(item.get("generatorURL").scalar());
    // The start is the time of sending.
    match resolved {
        true => alert = alert.status(Status::Resolved).ends(item.get("startsAt").scalar()),
        false => alert = alert.starts(item.get("startsAt").scalar()),
    }
    Ok(alert)
}
