//! Source for Flux: events of its notification controller, of the providers `generic` and `generic-hmac`.
//!
//! An error fires for its object; the next success of the same object resolves it. Other news (progress, waiting for a
//! dependency, objects applied) says nothing about whether it is well.

use tidegate_plugin::source::{Alert, Decoded, Decoding, Inbound, Node, Status, parse};

tidegate_plugin::source!(decode);

/// What users add to events (`eventMetadata` of an Alert) that tells where an object is. All else, such as revisions,
/// changes from event to event.
const PLACES: [&str; 9] =
    ["cluster", "env", "environment", "region", "zone", "account", "tenant", "team", "organization"];

fn decode(request: &Inbound) -> Decoding {
    let value = parse(&request.body).map_err(foreign)?;
    let event = Node::root(&value).need_object().map_err(foreign)?;
    let object = event.get("involvedObject").need_object().map_err(foreign)?;
    Ok(Decoded::of_items([event], |event| read(event, object), |_| object.get("name").scalar()))
}

fn foreign(reason: String) -> String {
    format!("{reason}; only events of Flux's providers generic and generic-hmac can be read")
}

fn read(event: Node<'_>, object: Node<'_>) -> Result<Option<Alert>, String> {
    let reason = event.get("reason").word();
    let status = match event.get("severity").word().as_str() {
        "error" | "warning" | "critical" => Status::Firing,
        "info" if is_well(&reason) => Status::Resolved,
        "info" | "trace" | "debug" => return Ok(None),
        _ => return Err(event.get("severity").expected("error, info or trace")),
    };
    let (kind, name) = (object.get("kind").need_text()?, object.get("name").need_text()?);
    let (namespace, metadata) = (object.get("namespace").scalar(), event.get("metadata").pairs());
    let (places, details): (Vec<_>, Vec<_>) = metadata.into_iter().partition(|(key, _)| PLACES.contains(&key.as_str()));
    let cluster = places.iter().find(|(key, _)| key == "cluster").map(|(_, cluster)| format!("{cluster}:"));
    let known_by = format!("{}{kind}/{}/{name}", cluster.unwrap_or_default(), namespace.as_deref().unwrap_or_default());
    let said = if matches!(status, Status::Firing) { "is not ready" } else { "is ready" };
    let subject = namespace.as_deref().map_or_else(|| name.to_string(), |namespace| format!("{namespace}/{name}"));
    let because = event.get("reason").scalar().map_or_else(String::new, |reason| format!(": {reason}"));
    let alert = Alert::firing(format!("{kind}NotReady"))
        .status(status)
        .severity(Some("error".into()))
        .label("namespace", namespace)
        .label(&kind.to_ascii_lowercase(), Some(name))
        .label("controller", event.get("reportingController").scalar())
        .labels(places)
        .annotation("summary", Some(format!("{kind} {subject} {said}{because}").into()))
        .annotation("description", event.get("message").scalar())
        .annotation("reason", event.get("reason").scalar())
        .annotation("kind", Some(kind))
        // `kustomize.toolkit.fluxcd.io/revision` and `summary`, which an Alert's users write.
        .annotations(details.into_iter().map(|(key, value)| match key.rsplit_once('/') {
            Some((_, key)) => (key.to_string(), value),
            None if key == "summary" => ("alert_summary".to_string(), value),
            None => (key, value),
        }))
        .fingerprint(Some(known_by.into()))
        .changed(event.get("timestamp").scalar());
    Ok(Some(alert))
}

/// Whether an object that had failed is well again. What was rolled back or uninstalled is not what was wanted.
fn is_well(reason: &str) -> bool {
    let done = reason.contains("succeed") && !reason.starts_with("rollback") && !reason.starts_with("uninstall");
    done || matches!(reason, "newartifact" | "artifactuptodate")
}
