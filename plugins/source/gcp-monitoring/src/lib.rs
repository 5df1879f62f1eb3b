//! Source for Google Cloud Monitoring: one incident a message, from a webhook channel or pushed by Pub/Sub.

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Decoded, Decoding, Inbound, Node, STATE, Status, base64, first_sentence, parse};

tidegate_plugin::source!(decode);

fn decode(request: &Inbound) -> Decoding {
    let value = parse(&request.body)?;
    let body = Node::root(&value);
    let data = body.path("message.data");
    let Some(packed) = data.text() else { return message(body) };
    let text =
        base64(&packed).and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(|| data.expected("base64"))?;
    let value = parse(&text).map_err(|reason| format!("{}: {reason}", data.place()))?;
    message(Node::root(&value)).map_err(|reason| format!("{}: {reason}", data.place()))
}

fn message(body: Node<'_>) -> Decoding {
    let incident = body.get("incident").need_object()?;
    // The button that tries a channel.
    if body.get("version").text().is_some_and(|version| version.eq_ignore_ascii_case("test")) {
        return Ok(Decoded::nothing());
    }
    let state = incident.get("state").text().unwrap_or_default().trim().to_ascii_lowercase();
    let (status, said) = match state.as_str() {
        "open" => (Status::Firing, None),
        "acknowledged" => (Status::Firing, Some("acknowledged")),
        "closed" => (Status::Resolved, None),
        // Then the end tells.
        "" if incident.get("ended_at").number().is_some_and(|end| end > 0) => (Status::Resolved, None),
        "" if incident.get("incident_id").exists() => (Status::Firing, None),
        _ => return Err(incident.get("state").expected("open or closed")),
    };
    let documentation = incident.get("documentation");
    let text = documentation
        .get("content")
        .text()
        .or_else(|| documentation.text().filter(|_| !documentation.get("content").exists()));
    let condition = incident.first(&["condition_name", "condition.displayName"]);
    let severity = incident.get("severity").text().filter(|word| !word.trim().eq_ignore_ascii_case("no severity"));
    let policy = incident.get("policy_user_labels");
    let alert = Alert::firing(
        incident.get("policy_name").text().or_else(|| condition.clone()).unwrap_or("Google Cloud alert".into()),
    )
    .status(status)
    .severity(severity.or_else(|| policy.first(&["severity", "Severity"])))
    .labels(incident.path("resource.labels").texts())
    .labels(incident.path("metric.labels").texts())
    .labels(incident.path("metadata.user_labels").texts())
    .labels(policy.texts())
    .label("condition", condition)
    .label("resource_type", incident.path("resource.type").text())
    .label("metric", incident.path("metric.type").text())
    .label("project", incident.first(&["scoping_project_id", "resource.labels.project_id"]))
    .label("resource_id", incident.get("resource_id").text())
    .annotation(
        "summary",
        incident
            .get("summary")
            .text()
            .or_else(|| text.as_deref().map(|text| Cow::Owned(first_sentence(text).into_owned()))),
    )
    .annotation("description", text)
    .annotation("subject", documentation.get("subject").text())
    .annotation("resource_name", incident.first(&["resource_display_name", "resource_name"]))
    .annotation("observed_value", incident.get("observed_value").text())
    .annotation("threshold", incident.get("threshold_value").text())
    .annotation("errors", errors(body))
    .annotation("runbook_url", documentation.get("links").items().next().and_then(|link| link.get("url").text()))
    .annotation(STATE, said.map(Into::into))
    .starts(incident.get("started_at").text())
    .ends(incident.get("ended_at").text())
    .fingerprint(incident.get("incident_id").text())
    .link(incident.get("url").text())
    .usual_names();
    Ok(alert.into())
}

/// What Google could not fill in.
fn errors(body: Node<'_>) -> Option<Cow<'_, str>> {
    body.get("errors").text().filter(|text| text != "[]")
}
