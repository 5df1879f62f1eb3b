//! Source for Coralogix' generic outbound webhook with its default body.

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Decoded, Decoding, Inbound, Node, Status, placeholder::filled};

tidegate_plugin::source!(decode);

fn decode(request: &Inbound) -> Decoding {
    let value = request.any_form(&[]).map_err(custom)?;
    let body = Node::root(&value).need_object().map_err(custom)?;
    if !body.get("alert_action").exists() && !body.get("alert_id").exists() {
        return Err(custom(body.get("alert_action").expected("trigger or resolve")));
    }
    Ok(Decoded::of_items([body], |body| read(body).map(Some), |body| body.get("name").scalar()))
}

fn custom(reason: String) -> String {
    format!("{reason}; leave the default body of Coralogix' generic webhook as it is")
}

/// A value that says something: no variable that Coralogix left, no text that the user was to write, no `null` in
/// quotes.
fn told(text: Option<Cow<'_, str>>) -> Option<Cow<'_, str>> {
    let blank = |text: &str| text == "null" || text.starts_with("*insert ") || text.starts_with("Multiple ");
    text.and_then(filled).filter(|text| !blank(text.trim()))
}

fn read(body: Node<'_>) -> Result<Alert, String> {
    let fields = body.get("fields");
    let field = |name: &str| told(fields.items().find(|field| field.get("key").word() == name)?.get("value").text());
    let own = |name| told(body.get(name).scalar());
    let status = match body.get("alert_action").word().as_str() {
        "resolve" | "resolved" => Status::Resolved,
        "trigger" | "triggered" | "" => Status::Firing,
        _ => return Err(body.get("alert_action").expected("trigger or resolve")),
    };
    let name = own("name").or_else(|| own("alert_id")).ok_or_else(|| body.get("name").expected("a text"))?;
    let groups = [("group-by field1", "group-by value1"), ("group-by field2", "group-by value2")];
    let groups: Vec<(String, String)> =
        groups.iter().filter_map(|(key, value)| Some((field(key)?.into_owned(), field(value)?.into_owned()))).collect();
    let known_by = field("dedupkey").or_else(|| {
        let values: Vec<&str> = groups.iter().map(|(_, value)| value.as_str()).collect();
        let id = own("alert_id").or_else(|| field("alertuniqueidentifier"))?;
        Some(format!("{id}:{}", values.join(":")).into())
    });
    // Of both, the severity is the event's.
    let severity = field("severity").or_else(|| field("priority"));
    let text = field("text");
    let mut alert = Alert::firing(name.clone())
        .status(status)
        .severity(severity)
        .labels(groups)
        .usual_names()
        .label("application", field("application"))
        .label("subsystem", field("subsystem"))
        .label("team", field("team"))
        .label("service", own("service"))
        .label("host", field("computer"))
        .annotation("summary", own("description").or(Some(name)))
        .annotation("description", text)
        .annotation("priority", field("priority"))
        .annotation("log_url", own("log_url"))
        .annotation("threshold", own("threshold"))
        .annotation("window_minutes", own("timewindow"))
        .annotation("hits", field("hitcount"))
        .annotation("query", field("querytext"))
        .annotation("errors", own("errors"))
        .annotation("duration", own("duration"))
        .annotation("alert_id", own("alert_id"))
        .fingerprint(known_by)
        .link(own("alert_url").or_else(|| own("log_url")))
        .changed(field("timestampiso").or_else(|| field("timestampms")));
    if let Some(labels) = fields.items().find(|field| field.get("key").word() == "metalabelslist") {
        alert = alert.tagged(labels.get("value"), &[',']);
    }
    Ok(alert)
}
