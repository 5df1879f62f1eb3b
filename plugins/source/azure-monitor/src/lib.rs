//! Source for Azure Monitor's action groups: the common alert schema, and the forms before it (metric, classic metric,
//! log search, activity log).

mod classic;
mod common;
mod condition;
mod resource;

use tidegate_plugin::source::{Alert, Decoding, Inbound, Node, parse};

tidegate_plugin::source!(decode);

fn decode(request: &Inbound) -> Decoding {
    let value = parse(&request.body)?;
    let body = Node::root(&value).need_object()?;
    let data = if body.get("data").exists() { body.get("data") } else { body };
    let alert = if data.get("essentials").exists() {
        common::decode(data)?
    } else if data.get("context").exists() {
        classic::metric_or_activity(data)?
    } else if data.get("AlertRuleName").exists() || data.get("SearchQuery").exists() {
        classic::log(data)
    } else {
        return Err(format!(
            "{}; switch the common alert schema on in the action group, and remove a custom payload of the rule",
            body.expected("an alert of Azure Monitor")
        ));
    };
    Ok(alert.usual_names().into())
}

/// `Sev0` to `Sev4`, or the number alone: critical, error, warning, informational and verbose.
fn severity(alert: Alert, native: Node<'_>) -> Alert {
    let said = native.text();
    let word = match said.as_deref().map(|text| text.trim().trim_start_matches(|c: char| !c.is_ascii_digit())) {
        Some("0") => "critical",
        Some("1") => "error",
        Some("3" | "4") => "info",
        _ => "warning",
    };
    alert.severity_of(word, said)
}
