//! Source for Dash0's webhook: issues of check rules.

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Decoded, Decoding, Inbound, Node, Status, parse};

tidegate_plugin::source!(decode);

/// Parts of the names of labels whose values are no identity.
const VOLATILE: [&str; 2] = ["attempt_id", "assertions"];

fn decode(request: &Inbound) -> Decoding {
    let value = parse(&request.body).map_err(foreign)?;
    let body = Node::root(&value).need_object().map_err(foreign)?;
    let kind = body.get("type").word();
    let issue = body.path("data.issue");
    if !issue.exists() {
        // A test of the channel, or news of another kind.
        let known = kind.contains("test") || kind.contains('.');
        return if known { Ok(Decoded::nothing()) } else { Err(foreign(issue.expected("an object"))) };
    }
    Ok(Decoded::of_items([issue], |issue| read(body, issue), |issue| rule(issue)))
}

fn foreign(reason: String) -> String {
    format!("{reason}; only what Dash0's notification channel \"Webhook\" sends can be read")
}

fn rule(issue: Node<'_>) -> Option<Cow<'_, str>> {
    let first = issue.get("checkrules").items().find_map(|rule| rule.get("name").scalar());
    first.or_else(|| issue.path("checkrule.name").scalar())
}

fn read(body: Node<'_>, issue: Node<'_>) -> Result<Option<Alert>, String> {
    let issue = issue.need_object()?;
    let state = issue.get("status").word();
    let status = match body.get("type").word().as_str() {
        "alert.ongoing" => Status::Firing,
        // An issue that another one replaces is over; the other one has an id of its own.
        "alert.resolved" | "alert.closed" | "alert.superseded" => Status::Resolved,
        "alert.test" | "test" => return Ok(None),
        _ => match state.as_str() {
            "resolved" | "closed" | "superseded" | "healthy" => Status::Resolved,
            "critical" | "degraded" | "failed" | "ongoing" | "open" => Status::Firing,
            _ => {
                return Err(body
                    .get("type")
                    .expected("alert.ongoing, alert.resolved, alert.superseded or alert.closed"));
            }
        },
    };
    let severity = match state.as_str() {
        "critical" | "failed" => Some("critical"),
        "degraded" => Some("warning"),
        _ => None,
    };
    let summary = issue.get("summary").scalar();
    let name = rule(issue).or_else(|| summary.clone()).unwrap_or("Dash0 check rule".into());
    let rule = issue.get("checkrules").items().next().unwrap_or_else(|| issue.get("checkrule"));
    // What a synthetic check found differs from one attempt to the next.
    let (found, labels): (Vec<_>, Vec<_>) =
        issue.get("labels").pairs().into_iter().partition(|(key, _)| VOLATILE.iter().any(|part| key.contains(part)));
    let service = labels.iter().find(|(key, _)| key == "service.name").map(|(_, name)| Cow::Owned(name.clone()));
    let alert = Alert::firing(name.clone())
        .status(status)
        .severity(severity.map(Cow::Borrowed))
        .labels(labels)
        .label("service", service)
        .labels(rule.get("labels").pairs())
        .usual_names()
        .label("check_rule", Some(name.clone()))
        .label("dataset", issue.get("dataset").scalar())
        .annotations(issue.get("annotations").pairs())
        .annotation("summary", summary.or(Some(name)))
        .annotation("description", issue.get("description").scalar())
        .annotations(found)
        .annotation("expression", rule.get("expression").scalar())
        .annotation("status", issue.get("status").scalar())
        .annotation("check_rule_url", rule.get("url").scalar())
        .annotation("issue_identifier", issue.get("issueIdentifier").scalar())
        .fingerprint(issue.any_of(&["id", "issueIdentifier"]))
        .starts(issue.get("start").scalar())
        .link(issue.get("url").scalar());
    Ok(Some(if matches!(alert.status, Status::Resolved) { alert.ends(issue.get("end").scalar()) } else { alert }))
}
