//! The forms before the common schema.

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Node, Status};

use crate::{condition, resource, severity};

/// Metric alerts, classic ones among them, and activity log alerts: `status` and `context`.
pub(crate) fn metric_or_activity(data: Node<'_>) -> Result<Alert, String> {
    let (context, activity) = (data.get("context"), data.path("context.activityLog"));
    let word = data.get("status").text().unwrap_or_default().trim().to_ascii_lowercase();
    let mut status = match word.as_str() {
        "activated" | "fired" => Status::Firing,
        "deactivated" | "resolved" => Status::Resolved,
        _ => return Err(data.get("status").expected("Activated or Deactivated")),
    };
    if activity.exists() {
        let tracking = activity.path("properties.trackingId").text();
        let over = |text: Cow<'_, str>| matches!(text.trim(), "Resolved" | "Complete" | "Canceled" | "RCA");
        if tracking.is_some() && activity.first(&["properties.stage", "status"]).is_some_and(over) {
            status = Status::Resolved;
        }
        return Ok(of_activity(activity, tracking, data.get("properties")).status(status));
    }
    let (rule, target) = (context.get("id").text(), context.get("resourceId").text());
    let mut alert = Alert::firing(context.get("name").text().unwrap_or("Azure alert".into()))
        .status(status)
        .labels(data.get("properties").texts());
    alert = severity(alert, context.get("severity"));
    if let Some(id) = target.as_deref() {
        alert = resource::on(alert, id);
    }
    let criteria = context.path("condition.allOf").items().flat_map(|one| condition::dimensions(one.get("dimensions")));
    let split: Vec<String> = criteria.map(|(name, value)| format!("{name}={value}")).collect();
    // Rule, target and dimensions are those of both its messages; case is not.
    let own = rule.as_deref().map(|rule| {
        format!("{rule}|{}|{}", target.as_deref().unwrap_or_default(), split.join(",")).to_ascii_lowercase()
    });
    let alert = alert
        .label("resource", context.get("resourceName").text())
        .label("region", context.get("resourceRegion").text())
        .annotation("description", context.get("description").text())
        .annotation("rule_id", rule)
        .changed(context.get("timestamp").text())
        .fingerprint(own.map(Cow::Owned))
        .link(context.get("portalLink").text());
    Ok(condition::on(alert, context.get("condition")))
}

fn of_activity(activity: Node<'_>, tracking: Option<Cow<'_, str>>, properties: Node<'_>) -> Alert {
    let operation = activity.get("operationName").text();
    let title = activity.first(&["properties.title", "description"]);
    let mut alert = Alert::firing(operation.clone().unwrap_or("Azure activity".into()))
        .severity(activity.get("level").text())
        .labels(properties.texts());
    if let Some(id) = activity.get("resourceId").text() {
        alert = resource::on(alert, &id);
    }
    let said = operation.map(|operation| {
        let status = activity.get("status").text().map_or_else(String::new, |status| format!(": {status}"));
        Cow::Owned(format!("{operation}{status}"))
    });
    alert = alert
        .label("subscription", activity.get("subscriptionId").text())
        .label("resource_group", activity.get("resourceGroupName").text())
        .label("event_source", activity.get("eventSource").text())
        .label("service", activity.path("properties.service").text())
        .label("region", activity.path("properties.region").text())
        .annotation("summary", title.or(said))
        .annotation("description", activity.first(&["properties.communication", "description"]))
        .starts(activity.get("eventTimestamp").text())
        .ends(activity.path("properties.impactMitigationTime").text())
        .fingerprint(tracking.map(|id| Cow::Owned(format!("service-health/{id}"))));
    for key in ["caller", "level", "status", "subStatus", "correlationId"] {
        alert = alert.annotation(&format!("activity.{key}"), activity.get(key).text());
    }
    alert
}

/// Log search alerts of the first version: they never resolve.
pub(crate) fn log(data: Node<'_>) -> Alert {
    let mut alert = Alert::firing(data.get("AlertRuleName").text().unwrap_or("Azure log alert".into()))
        .labels(condition::dimensions(data.get("Dimensions")));
    alert = severity(alert, data.get("Severity"));
    if let Some(id) = data.get("ResourceId").text() {
        alert = resource::on(alert, &id);
    }
    let count = data.get("ResultCount").text();
    let summary = count.as_deref().map(|count| {
        let limit = data.first(&["AlertThresholdValue", "Threshold"]).unwrap_or_default();
        Cow::Owned(format!("{count} results; the threshold is {limit}"))
    });
    alert
        .label("subscription", data.get("SubscriptionId").text())
        .label("workspace", data.get("WorkspaceId").text())
        .annotation("summary", summary)
        .annotation("description", data.get("Description").text())
        .annotation("query", data.get("SearchQuery").text())
        .annotation("operator", data.get("AlertThresholdOperator").text())
        .annotation("window_from", data.get("SearchIntervalStartTimeUtc").text())
        .annotation("window_to", data.first(&["SearchIntervalEndtimeUtc", "SearchIntervalEndTimeUtc"]))
        .link(data.first(&["LinkToFilteredSearchResultsUI", "LinkToSearchResults"]))
}
