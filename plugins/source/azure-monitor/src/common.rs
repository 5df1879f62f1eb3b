//! The common alert schema: `data.essentials` is the same for all alerts, `data.alertContext` differs.

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Node, Status, first_sentence};

use crate::{condition, resource, severity};

/// Decodes one alert.
pub(crate) fn decode(data: Node<'_>) -> Result<Alert, String> {
    let (essentials, context) = (data.get("essentials"), data.get("alertContext"));
    let word = essentials.get("monitorCondition").text().unwrap_or_default().trim().to_ascii_lowercase();
    let told = match word.as_str() {
        "fired" | "activated" => Status::Firing,
        "resolved" | "deactivated" => Status::Resolved,
        // Then the end tells.
        "" if essentials.get("resolvedDateTime").exists() => Status::Resolved,
        "" if essentials.get("firedDateTime").exists() => Status::Firing,
        _ => return Err(essentials.get("monitorCondition").expected("Fired or Resolved")),
    };
    let service = essentials.get("monitoringService").text().unwrap_or_default();
    let health = health(&service, essentials, context);
    let status = if health.over { Status::Resolved } else { told };
    let id = essentials.get("alertId").text();
    let name = essentials.get("alertRule").text().or_else(|| context.path("AlertData.BudgetName").text());
    let targets: Vec<Cow<'_, str>> = essentials.get("alertTargetIDs").items().filter_map(Node::text).collect();
    let items: Vec<Cow<'_, str>> = essentials.get("configurationItems").items().filter_map(Node::text).collect();
    let mut alert = Alert::firing(name.unwrap_or("Azure alert".into()))
        .status(status)
        .labels(context.get("labels").texts())
        .labels(data.get("customProperties").texts())
        .labels(own_properties(context));
    let said = essentials.get("severity");
    alert = match health.severity {
        Some(word) => alert.severity_of(word, said.text()),
        None => severity(alert, said),
    };
    alert = targets.iter().fold(alert, |alert, id| resource::on(alert, id));
    alert = alert
        .label("configuration_item", items.first().cloned())
        .label("region", essentials.get("targetResourceRegion").text().or_else(|| health.region.clone()))
        .label("signal_type", essentials.get("signalType").text())
        .label("monitoring_service", Some(service))
        .annotations(context.get("annotations").texts())
        .annotation("description", essentials.get("description").text().or_else(|| health.text.clone()))
        .annotation("alert_id", id.clone())
        .annotation("rule_id", essentials.first(&["alertRuleId", "alertRuleID"]))
        .annotation("health", health.state.clone())
        .starts(essentials.get("firedDateTime").text())
        .ends(essentials.get("resolvedDateTime").text().or_else(|| health.ends.clone()).filter(|_| !fires(status)));
    if health.is {
        alert = alert.annotation("summary", health.title.clone());
    }
    alert = condition::on(alert, context.get("condition"));
    let dimensions = condition::dimensions(context.get("Dimensions"));
    alert = details(alert.labels(dimensions), context);
    // A message about the state of Azure itself has an id of its own each time.
    let own = health.key.or_else(|| id.clone());
    let link = essentials.get("investigationLink").text().or_else(|| id.as_deref().map(portal));
    Ok(alert.fingerprint(own).link(link))
}

fn fires(status: Status) -> bool {
    matches!(status, Status::Firing)
}

/// The page of the alert in the portal.
fn portal(id: &str) -> Cow<'static, str> {
    let id = id.replace('%', "%25").replace('/', "%2F").replace(' ', "%20").replace('<', "%3C").replace('>', "%3E");
    format!("https://portal.azure.com/#view/Microsoft_Azure_Monitoring_Alerts/AlertDetails.ReactView/alertId~/{id}")
        .into()
}

/// What Azure says of itself (service health) and of a resource (resource health): always fired, and over by other words.
#[derive(Default)]
struct Health<'a> {
    is: bool,
    /// Azure calls all of this verbose.
    severity: Option<&'static str>,
    over: bool,
    key: Option<Cow<'a, str>>,
    title: Option<Cow<'a, str>>,
    text: Option<Cow<'a, str>>,
    region: Option<Cow<'a, str>>,
    state: Option<Cow<'a, str>>,
    ends: Option<Cow<'a, str>>,
}

fn health<'a>(service: &str, essentials: Node<'a>, context: Node<'a>) -> Health<'a> {
    let letters: String = service.chars().filter(|c| c.is_ascii_alphabetic()).collect::<String>().to_ascii_lowercase();
    let properties = context.get("properties");
    let is = |node: Node<'_>, words: &[&str]| {
        node.text().is_some_and(|text| words.iter().any(|word| text.trim().eq_ignore_ascii_case(word)))
    };
    let over = is(context.get("status"), &["Resolved"]);
    match letters.as_str() {
        "servicehealth" | "activitylogservicehealth" => Health {
            is: true,
            over: over || is(properties.get("stage"), &["Resolved", "Complete", "Canceled", "RCA"]),
            severity: is(properties.get("incidentType"), &["Incident", "Security"]).then_some("error"),
            key: properties.get("trackingId").text().map(|id| Cow::Owned(format!("service-health/{id}"))),
            title: properties.first(&["defaultLanguageTitle", "title"]),
            text: properties.first(&["defaultLanguageContent", "communication"]),
            region: properties.get("region").text(),
            state: properties.get("stage").text(),
            ends: properties.get("impactMitigationTime").text(),
        },
        "resourcehealth" | "activitylogresourcehealth" => Health {
            is: true,
            over: over || is(properties.get("currentHealthStatus"), &["Available"]),
            severity: match properties.get("currentHealthStatus").text().as_deref() {
                Some("Unavailable") => Some("error"),
                Some("Degraded") => Some("warning"),
                _ => None,
            },
            key: essentials
                .get("alertTargetIDs")
                .items()
                .find_map(Node::text)
                .map(|id| Cow::Owned(format!("resource-health/{}", id.to_ascii_lowercase()))),
            title: properties.get("title").text(),
            text: properties.get("details").text(),
            state: properties.get("currentHealthStatus").text(),
            ends: context.get("eventTimestamp").text(),
            ..Health::default()
        },
        _ => Health::default(),
    }
}

/// What the author of a rule gives its alerts. The properties of an activity are details of what happened.
fn own_properties(context: Node<'_>) -> Vec<(String, String)> {
    if context.get("operationName").exists() { Vec::new() } else { context.get("properties").texts() }
}

/// What contexts have besides: activities, budgets, rules of Prometheus, and log alerts before their second version.
fn details(alert: Alert, context: Node<'_>) -> Alert {
    let activity = context.get("operationName").text().map(|operation| {
        let status = context.get("status").text().map_or_else(String::new, |status| format!(": {status}"));
        Cow::Owned(format!("{operation}{status}"))
    });
    let query = context.first(&["SearchQuery", "expression"]);
    let count = context.get("ResultCount").text();
    let counted = count.as_deref().map(|count| {
        let limit = context.get("Threshold").text().unwrap_or_default();
        Cow::Owned(format!("{count} results; the threshold is {limit}"))
    });
    let budget = context.path("AlertData.SpentAmount").text().map(|spent| {
        let limit = context.first(&["AlertData.NotificationThresholdAmount", "AlertData.BudgetThreshold"]);
        Cow::Owned(format!("{spent} spent; the threshold is {}", limit.unwrap_or_default()))
    });
    let smart = context.first(&["DetectionSummary", "properties.description", "properties.title"]);
    let mut alert = alert
        .annotation("summary", activity.or(counted).or(budget))
        .annotation("summary", smart.as_deref().map(|text| Cow::Owned(first_sentence(text).into_owned())))
        .annotation("query", query)
        .annotation("value", context.get("expressionValue").text())
        .annotation("result_count", count)
        .annotation("results_url", context.first(&["LinkToFilteredSearchResultsUI", "LinkToSearchResults"]));
    for key in ["operationName", "caller", "level", "status", "subStatus", "correlationId", "eventTimestamp"] {
        alert = alert.annotation(&format!("activity.{key}"), context.get(key).text());
    }
    if context.get("operationName").exists() {
        for (key, text) in context.get("properties").texts().into_iter().filter(|(key, _)| !key.ends_with("TableRows"))
        {
            alert = alert.annotation(&format!("activity.properties.{key}"), Some(text.into()));
        }
    }
    for (key, text) in context.get("AlertData").texts() {
        alert = alert.annotation(&format!("budget.{key}"), Some(text.into()));
    }
    alert
}
