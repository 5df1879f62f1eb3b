//! One incident of a detector.

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Node, Status, first_sentence};

use crate::signal;

/// Reads one.
pub(crate) fn read(body: Node<'_>) -> Result<Option<Alert>, String> {
    let body = body.need_object()?;
    // A template that misses a brace puts what follows into `inputs`.
    let text = |key: &'static str| body.get(key).text().or_else(|| body.get("inputs").get(key).text());
    let name = text("rule").or_else(|| text("detector")).or_else(|| text("eventType"));
    if name.is_none() && text("incidentId").is_none() {
        return Err(format!(
            "{}; send the webhook's default payload, or add incidentId, rule, status and severity to your own",
            body.get("incidentId").expected("the id of an incident")
        ));
    }
    let title = text("messageTitle");
    let status = status([text("statusExtended"), text("status")], title.as_deref());
    let message = text("messageBody");
    let id = text("incidentId").map(|id| format!("incident:{id}"));
    let description = text("description");
    let summary =
        description.or_else(|| title.clone()).or_else(|| Some(first_sentence(message.as_deref()?).into_owned().into()));
    let alert = Alert::firing(name.clone().unwrap_or("SignalFx incident".into()))
        .status(status)
        .severity(text("severity"))
        .fingerprint(id.map(Cow::Owned))
        .label("detector", text("detector"))
        .label("detector_id", text("detectorId"))
        .label("rule", name)
        .label("metric", text("originatingMetric"))
        .labels(signal::dimensions(body))
        .usual_names()
        .annotation("summary", summary)
        .annotation("description", message)
        .annotation("title", title)
        .annotation("runbook_url", text("runbookUrl"))
        .annotation("tip", text("tip"))
        .annotation("condition", text("detectOnCondition"))
        .annotations(signal::readings(body.get("inputs")))
        .changed(text("timestamp"))
        .link(text("detectorUrl"));
    Ok(Some(alert))
}

/// Its words are `anomalous`, `ok`, `manually resolved` and `stopped`. Who resolves one by hand is told of in the title
/// alone: the status still is what the signal was.
fn status(words: [Option<Cow<'_, str>>; 2], title: Option<&str>) -> Status {
    let over = |word: &str| {
        let word = word.trim().to_ascii_lowercase();
        [
            "ok",
            "manually resolved",
            "stopped",
            "auto-resolved",
            "auto resolved",
            "cleared",
            "resolved",
            "back to normal",
        ]
        .iter()
        .any(|known| word.strip_prefix(known).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric)))
    };
    let told = words.into_iter().flatten().any(|word| over(&word));
    if told || title.is_some_and(|title| title.contains(':') && over(title)) {
        Status::Resolved
    } else {
        Status::Firing
    }
}
