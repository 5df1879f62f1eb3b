//! One problem.

use std::borrow::Cow;

use tidegate_plugin::source::placeholder::filled;
use tidegate_plugin::source::{Alert, Fields, Node, Status, parse, tags};

use crate::{entities, severity};

const TITLE: [&str; 3] = ["problemtitle", "title", "problem"];

/// Reads one; none of the button that tests the notification.
pub(crate) fn read(body: Node<'_>) -> Result<Option<Alert>, String> {
    let body = body.need_object()?;
    let fields = Fields::of(body);
    let title = fields.first(&TITLE);
    if is_test(body, title.as_deref()) {
        return Ok(None);
    }
    let state = fields.word(&["state", "problemstate", "problemstatus", "status"]);
    let id = fields.first(&["pid", "problempid", "problemid", "id", "displayid"]);
    if title.is_none() && id.is_none() {
        return Err(format!(
            "{}; add \"PID\": \"{{PID}}\", \"State\": \"{{State}}\" and \"ProblemTitle\": \"{{ProblemTitle}}\" to the custom \
             payload of the problem notification",
            body.get("ProblemTitle").expected("the problem's title")
        ));
    }
    // Where the placeholder stands between quotes, its JSON is a text.
    let details =
        ["ProblemDetailsJSONv2", "ProblemDetailsJSON"].iter().map(|key| body.get(key)).find(|node| node.exists());
    let text = details.and_then(|node| node.text());
    let parsed = text.as_deref().and_then(|text| parse(text).ok()).unwrap_or_default();
    let details = Node::root(&parsed);
    let listed = details.get("impactedEntities");
    let impacted = ["ImpactedEntities", "impactedEntities"].iter().map(|key| body.get(key)).find(|node| node.is_list());
    let word =
        fields.first(&["problemseverity", "severity", "severitylevel"]).or_else(|| details.get("severityLevel").text());
    let over = matches!(state.as_str(), "resolved" | "closed" | "merged");
    // What is opened again keeps when it first began, which is before it was resolved: it would be told too late.
    let again = state == "reopened";
    let merged = (state == "merged").then_some(Cow::Borrowed("merged into another problem"));
    let tagged = body.get("Tags").joined(",").or_else(|| fields.first(&["tags"])).and_then(filled);
    let end = details.get("endTime").text().filter(|time| over && !time.starts_with('-'));
    let alert = severity::of(word, Alert::firing(title.clone().unwrap_or("Dynatrace problem".into())))
        .status(if over { Status::Resolved } else { Status::Firing })
        .fingerprint(id.map(|id| format!("problem:{id}").into()))
        .labels(entities::labels(impacted.unwrap_or(listed)))
        .label("entity", fields.first(&["impactedentity", "namesofimpactedentities", "impactedentitynames"]))
        .label("impact", fields.first(&["problemimpact", "impact", "impactlevel"]))
        .labels(tags::labels(tagged.iter().flat_map(|text| text.split(',')).map(Cow::Borrowed)))
        .annotation("summary", title)
        .annotation(
            "description",
            fields.first(&["problemdetailstext", "problemdetailsmarkdown", "problemdetails", "details"]),
        )
        .annotation("problem_id", fields.first(&["problemid", "displayid"]))
        .annotation("ended_by", merged)
        .starts(details.get("startTime").text().or_else(|| fields.first(&["starttime"])).filter(|_| !again))
        .ends(end)
        .link(fields.first(&["problemurl", "url", "link"]));
    Ok(Some(alert))
}

/// A test fills some placeholders in and leaves others as they stand, which a problem never does.
fn is_test(body: Node<'_>, title: Option<&str>) -> bool {
    let left = |(_, value): (String, String)| value.trim() == "{PID}";
    let titled = title.is_some_and(|title| title.to_ascii_lowercase().contains("problem notification test"));
    titled || body.flat("").into_iter().any(left)
}
