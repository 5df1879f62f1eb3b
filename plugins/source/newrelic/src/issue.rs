//! An issue, as a workflow sends it.

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Node, STATE, Status};

/// Reads one. What the template leaves out is missing; an unknown state is one that nobody has closed.
pub(crate) fn read(body: Node<'_>) -> Alert {
    let state = body.first(&["state", "issueState", "status"]).unwrap_or_default().trim().to_ascii_uppercase();
    let trigger = body.get("trigger").text().unwrap_or_default().to_ascii_uppercase();
    let over = matches!(state.as_str(), "CLOSED" | "DEACTIVATED" | "RESOLVED")
        || state.is_empty() && trigger.contains("CLOSED");
    let acknowledged = state == "ACKNOWLEDGED" || body.first(&["acknowledgedAt", "acknowledgedBy"]).is_some();
    let title = list(body, &["title", "annotations.title", "issueTitle", "details"]);
    let condition = list(body, &["alertConditionNames", "conditionName", "condition_name"]);
    let priority = body.first(&["priority", "severity"]);
    let name = condition.clone().or_else(|| title.clone()).unwrap_or("New Relic issue".into());
    let closed = body.first(&["closedAt", "updatedAt"]).filter(|_| over);
    Alert::firing(name)
        .status(if over { Status::Resolved } else { Status::Firing })
        .severity(priority)
        .fingerprint(body.first(&["id", "issueId"]).map(|id| format!("issue:{id}").into()))
        .label("policy", list(body, &["alertPolicyNames", "policyName", "policy_name"]))
        .label("condition", condition)
        .label("entity", list(body, &["impactedEntities", "entitiesData.names"]))
        .label("account", list(body, &["nrAccountId", "accountId", "account_id"]))
        .labels(body.get("labels").texts())
        .labels(body.get("tags").texts())
        .annotation("summary", title)
        .annotation("description", list(body, &["description", "annotations.description", "alertDescriptions"]))
        .annotation("runbook_url", list(body, &["runbookUrl", "runbook_url", "alertRunbookUrls"]))
        .annotation("sources", list(body, &["sources"]))
        .annotation("incidents", body.get("totalIncidents").text())
        .annotation("workflow", body.first(&["workflowName", "workflow"]))
        .annotation("acknowledged_by", body.first(&["owner", "acknowledgedBy"]).filter(|_| acknowledged))
        .annotation(STATE, (acknowledged && !over).then_some(Cow::Borrowed("acknowledged")))
        .starts(body.first(&["createdAt", "activatedAt", "timestamp"]))
        .ends(closed)
        .link(body.first(&["issueUrl", "issuePageUrl", "violationChartUrl"]))
}

fn list<'a>(body: Node<'a>, paths: &[&'a str]) -> Option<Cow<'a, str>> {
    paths.iter().find_map(|path| body.path(path).joined(", "))
}
