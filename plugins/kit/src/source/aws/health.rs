//! AWS Health: what happens to Amazon's own services and to the resources of an account.

use std::borrow::Cow;

use super::event::common;
use crate::source::{Alert, Node, Status, first_sentence};

/// One event. All messages about it have its name, in the backup region as well.
pub fn decode(event: Node<'_>) -> Alert {
    let detail = event.get("detail");
    let code = detail.get("statusCode").text().unwrap_or_default().trim().to_ascii_lowercase();
    let status = if code == "closed" { Status::Resolved } else { Status::Firing };
    let category = detail.get("eventTypeCategory").text();
    let severity = match category.as_deref() {
        Some("issue" | "investigation") => "error",
        Some("scheduledChange") => "warning",
        Some("accountNotification") => "info",
        _ => "warning",
    };
    let text = described(detail);
    let name = detail.first(&["eventTypeCode", "service"]).unwrap_or("AWS Health".into());
    let account = detail.get("affectedAccount").text().or_else(|| event.get("account").text());
    let own = detail.get("eventArn").text().map(|own| match &account {
        Some(account) => Cow::Owned(format!("{own}/{account}")),
        None => own,
    });
    let summary = text.as_deref().map(|text| Cow::Owned(first_sentence(text).into_owned()));
    let summary = summary.unwrap_or_else(|| format!("AWS Health: {name}").into());
    let entities: Vec<Cow<'_, str>> =
        detail.get("affectedEntities").items().filter_map(|entity| entity.get("entityValue").text()).collect();
    let region = detail.get("eventRegion").text();
    let alert = Alert::firing(name)
        .status(status)
        .severity_of(severity, None)
        .label("account", account)
        .label("region", region)
        .label("service", detail.get("service").text())
        .label("category", category);
    common(event, alert)
        .annotation("summary", Some(summary))
        .annotation("description", text)
        .annotation("affected_entities", Some(entities.join(", ").into()))
        .annotation("scope", detail.get("eventScopeCode").text())
        .annotation("actionability", detail.get("actionability").text())
        .annotation("last_updated", detail.get("lastUpdatedTime").text())
        .annotation("status_code", Some(code.into()))
        .starts(detail.get("startTime").text())
        .ends(detail.get("endTime").text())
        .fingerprint(own)
        .link(Some("https://health.aws.amazon.com/health/home#/account/dashboard/open-issues".into()))
}

/// The description in English, else the first. Its line breaks come escaped once or twice.
fn described(detail: Node<'_>) -> Option<Cow<'_, str>> {
    let texts = || detail.get("eventDescription").items();
    let english = |text: &Node<'_>| text.get("language").text().is_some_and(|language| language.starts_with("en"));
    let text = texts().find(english).or_else(|| texts().next())?.get("latestDescription").text()?;
    let lines = text.replace("\\\\n", "\n").replace("\\n", "\n");
    Some(lines.trim().to_string().into())
}
