//! Source for ThousandEyes: classic webhooks of tests and agents, and custom webhooks with the recommended template.

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Decoded, Decoding, Inbound, Node, Status, parse};

tidegate_plugin::source!(decode);

fn decode(request: &Inbound) -> Decoding {
    let value = parse(&request.body).map_err(foreign)?;
    let body = Node::root(&value).need_object().map_err(foreign)?;
    if body.get("eventType").word().contains("test") {
        return Ok(Decoded::nothing());
    }
    let all = ["alert", "agentAlert", "endpointAlert"].map(|name| body.get(name));
    let Some(alert) = all.into_iter().find(|alert| alert.exists()) else {
        return Err(foreign(body.get("alert").expected("an object")));
    };
    Ok(Decoded::of_items([alert], |alert| read(body, alert).map(Some), |alert| rule(alert)))
}

fn foreign(reason: String) -> String {
    format!(
        "{reason}; choose a classic webhook in ThousandEyes, or the template of the README of the source thousandeyes"
    )
}

fn rule(alert: Node<'_>) -> Option<Cow<'_, str>> {
    alert.any_of(&["ruleName", "rule.name", "alertRule.name"])
}

fn read(body: Node<'_>, native: Node<'_>) -> Result<Alert, String> {
    let alert = native.need_object()?;
    let status = status(body, alert)?;
    let name = rule(alert).or_else(|| alert.get("testName").scalar()).unwrap_or("ThousandEyes alert".into());
    let (test, agent) = (alert.any_of(&["testName", "test.name"]), alert.any_of(&["agentName", "agent.name"]));
    let expression = alert.any_of(&["ruleExpression", "rule.expression"]);
    let about = test.clone().or_else(|| agent.clone()).unwrap_or_else(|| name.clone());
    let said = match (&status, &expression) {
        (Status::Firing, Some(expression)) => format!("{about}: {expression}"),
        (Status::Firing, None) => format!("{about} has an alert"),
        (Status::Resolved, _) => format!("{about} is well again"),
    };
    let alert_id = alert.any_of(&["alertId", "id"]);
    let agents = alert.get("agents").items().filter_map(|agent| {
        let (name, metrics) =
            (agent.any_of(&["agentName", "name"])?, agent.any_of(&["metricsAtStart", "metricsAtEnd"]));
        Some(metrics.map_or_else(|| name.to_string(), |metrics| format!("{name}: {metrics}")))
    });
    let agents = agents.collect::<Vec<_>>().join("\n");
    // A list, or of custom webhooks one text.
    let described = alert.get("testTargetsDescription");
    let targets: Vec<Cow<'_, str>> =
        described.items().chain([described]).filter_map(|target| target.scalar()).collect();
    let target = if let [target] = targets.as_slice() { Some(target.clone()) } else { None };
    let labels = alert.get("testLabels").items().filter_map(|label| label.any_of(&["name"])).collect::<Vec<_>>();
    let alert = Alert::firing(name.clone())
        .status(status)
        .severity(alert.any_of(&["severity", "severity.name"]))
        .label("rule", Some(name))
        .label("alert_type", alert.any_of(&["type", "type.name"]))
        .label("test", test)
        .label("test_id", alert.any_of(&["testId", "test.id"]))
        .label("target", target.or_else(|| alert.any_of(&["targetDescription"])))
        .label("agent", agent)
        .label("host", alert.get("hostname").scalar())
        .annotation("summary", Some(said.into()))
        .annotation("description", expression)
        .annotation("agents", Some(agents.into()))
        .annotation("targets", Some(targets.join(", ").into()).filter(|_| targets.len() > 1))
        .annotation("test_labels", Some(labels.join(", ").into()))
        .annotation("violations", alert.get("violationCount").scalar())
        .annotation("ip", alert.get("ipAddress").scalar())
        .annotation("event", body.get("eventId").scalar())
        .fingerprint(alert_id)
        .starts(time(alert, ["dateStartZoned", "dateStart", "startDate"]))
        .link(alert.any_of(&["permalink", "permaLink", "link"]));
    let ended = time(native, ["dateEndZoned", "dateEnd", "endDate"]);
    Ok(if matches!(alert.status, Status::Resolved) { alert.ends(ended) } else { alert })
}

/// The zones that accounts have besides UTC, as ThousandEyes writes them behind a time.
const ZONES: [(&str, &str); 14] = [
    ("EST", "-0500"),
    ("EDT", "-0400"),
    ("CST", "-0600"),
    ("CDT", "-0500"),
    ("MST", "-0700"),
    ("MDT", "-0600"),
    ("PST", "-0800"),
    ("PDT", "-0700"),
    ("CET", "+0100"),
    ("CEST", "+0200"),
    ("EET", "+0200"),
    ("EEST", "+0300"),
    ("GMT", "+0000"),
    ("JST", "+0900"),
];

/// A time with its zone. The one beside it that says no zone is in the same, so it counts only where no zone is said.
fn time<'a>(alert: Node<'a>, [zoned, plain, custom]: [&'a str; 3]) -> Option<Cow<'a, str>> {
    let Some(time) = alert.get(zoned).scalar() else { return alert.any_of(&[plain, custom]) };
    let zone = time.rsplit(' ').next().unwrap_or_default();
    match ZONES.iter().find(|(name, _)| *name == zone) {
        Some((_, offset)) => Some(format!("{}{offset}", time.trim_end_matches(zone).trim_end()).into()),
        None => Some(time),
    }
}

fn status(body: Node<'_>, alert: Node<'_>) -> Result<Status, String> {
    let event = body.get("eventType").word();
    // Of custom webhooks: clear is 1, trigger is 2.
    let kind = body.any_of(&["type.id", "type"]).unwrap_or_default();
    if event.contains("clear") || kind == "1" {
        return Ok(Status::Resolved);
    }
    if event.contains("trigger") || kind == "2" {
        return Ok(Status::Firing);
    }
    match alert.any_of(&["active", "state"]).unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "0" | "2" | "false" | "clear" | "inactive" | "disabled" => Ok(Status::Resolved),
        "1" | "true" | "trigger" | "active" => Ok(Status::Firing),
        _ => Err(body.get("eventType").expected("ALERT_NOTIFICATION_TRIGGER or ALERT_NOTIFICATION_CLEAR")),
    }
}
