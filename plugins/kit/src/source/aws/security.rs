//! Findings of the services that look for what is insecure.

use std::borrow::Cow;

use super::event::common;
use crate::source::{Alert, Decoded, Node, Status, first_sentence};

/// A finding of GuardDuty.
pub fn guard_duty(event: Node<'_>) -> Alert {
    let detail = event.get("detail");
    let archived = detail.path("service.archived").flag();
    let severity = detail.get("severity").text();
    let alert = Alert::firing(detail.first(&["type", "title"]).unwrap_or("GuardDuty finding".into()))
        .status(if archived { Status::Resolved } else { Status::Firing })
        .severity_of(of_score(severity.as_deref()), severity)
        .label("account", detail.get("accountId").text())
        .label("region", detail.get("region").text())
        .label("resource_type", detail.path("resource.resourceType").text())
        .label("instance", detail.path("resource.instanceDetails.instanceId").text())
        .label("cluster", detail.path("resource.eksClusterDetails.name").text())
        .label("namespace", detail.path("resource.kubernetesDetails.kubernetesWorkloadDetails.namespace").text());
    common(event, alert)
        .annotation("summary", detail.get("title").text())
        .annotation("description", detail.get("description").text())
        .annotation("count", detail.path("service.count").text())
        .annotation("last_seen", detail.path("service.eventLastSeen").text())
        .starts(detail.path("service.eventFirstSeen").text().or_else(|| detail.get("createdAt").text()))
        .fingerprint(detail.first(&["arn", "id"]))
}

/// Critical from 9, high from 7, medium from 4, low from 1 on.
fn of_score(score: Option<&str>) -> &'static str {
    let whole = score.and_then(|score| score.split('.').next()?.trim().parse::<u32>().ok());
    match whole {
        Some(9..) => "critical",
        Some(7..) => "error",
        Some(4..) | None => "warning",
        Some(_) => "info",
    }
}

/// A finding of Inspector.
pub fn inspector(event: Node<'_>) -> Alert {
    let detail = event.get("detail");
    let open = detail.get("status").text().is_none_or(|status| status.eq_ignore_ascii_case("ACTIVE"));
    let severity = detail.get("severity").text();
    let alert = Alert::firing(detail.get("title").text().unwrap_or("Inspector finding".into()))
        .status(if open { Status::Firing } else { Status::Resolved })
        .severity_of(of_word(severity.as_deref()), severity)
        .label("finding_type", detail.get("type").text())
        .label("resource", detail.get("resources").items().next().and_then(|one| one.get("id").text()));
    common(event, alert)
        .annotation(
            "summary",
            detail.get("description").text().map(|text| Cow::Owned(first_sentence(&text).into_owned())),
        )
        .annotation("description", detail.get("description").text())
        .annotation("score", detail.get("inspectorScore").text())
        .starts(detail.get("firstObservedAt").text())
        .fingerprint(detail.get("findingArn").text())
}

/// Findings of Security Hub: an event has several.
pub fn hub(event: Node<'_>) -> Result<Decoded, String> {
    let findings = event.path("detail.findings").need_items()?;
    Ok(Decoded::of_items(
        findings,
        |finding| Ok(Some(of_hub(event, finding.need_object()?))),
        |finding| finding.get("Title").text(),
    ))
}

fn of_hub(event: Node<'_>, finding: Node<'_>) -> Alert {
    let is = |path: &'static str, words: &[&str]| {
        finding.path(path).text().is_some_and(|text| words.iter().any(|word| text.eq_ignore_ascii_case(word)))
    };
    let over = is("RecordState", &["ARCHIVED"])
        || is("Workflow.Status", &["RESOLVED", "SUPPRESSED"])
        || is("Compliance.Status", &["PASSED"]);
    let severity = finding.path("Severity.Label").text();
    let alert = Alert::firing(finding.get("Title").text().unwrap_or("Security Hub finding".into()))
        .status(if over { Status::Resolved } else { Status::Firing })
        .severity_of(of_word(severity.as_deref()), severity)
        .label("account", finding.get("AwsAccountId").text())
        .label("region", finding.get("Region").text())
        .label("product", finding.get("ProductName").text())
        .label("resource", finding.get("Resources").items().next().and_then(|one| one.get("Id").text()));
    common(event, alert)
        .annotation(
            "summary",
            finding.get("Description").text().map(|text| Cow::Owned(first_sentence(&text).into_owned())),
        )
        .annotation("description", finding.get("Description").text())
        .annotation("runbook_url", finding.path("Remediation.Recommendation.Url").text())
        .annotation("workflow_status", finding.path("Workflow.Status").text())
        .starts(finding.first(&["FirstObservedAt", "CreatedAt"]))
        .fingerprint(finding.get("Id").text())
        .link(finding.get("SourceUrl").text())
}

fn of_word(word: Option<&str>) -> &'static str {
    match word.unwrap_or_default().trim().to_ascii_uppercase().as_str() {
        "CRITICAL" => "critical",
        "HIGH" => "error",
        "LOW" | "INFORMATIONAL" => "info",
        _ => "warning",
    }
}
