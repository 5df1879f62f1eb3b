//! Source for VMware Aria Operations (vRealize Operations): its REST notification plugin, and its webhook plugin
//! with the same members.

use tidegate_plugin::source::{Alert, Decoded, Decoding, Inbound, Node, Status, parse};

tidegate_plugin::source!(decode);

fn decode(request: &Inbound) -> Decoding {
    let value = parse(&request.body)?;
    let body = Node::root(&value).need_object()?;
    // The test of an outbound instance.
    if body.members().next().is_none() {
        return Ok(Decoded::nothing());
    }
    if !body.get("alertId").exists() && !body.get("criticality").exists() {
        let reason = body.get("alertId").expected("a text");
        return Err(format!("{reason}; only what the REST notification plugin of Aria Operations sends can be read"));
    }
    Ok(Decoded::of_items([body], |body| read(body).map(Some), |body| name(body).map(Into::into)))
}

/// What fired; the REST plugin of older versions names its kind alone.
fn name(body: Node<'_>) -> Option<String> {
    let own = body.any_of(&["alertName", "AlertName", "alertDefinitionName", "alertDefinition"]);
    let own = own.or_else(|| body.any_of(&["subType", "type"]));
    own.map(|name| name.into_owned())
}

fn read(body: Node<'_>) -> Result<Alert, String> {
    let status = match body.get("status").word().as_str() {
        "active" | "new" | "updated" | "open" | "" => Status::Firing,
        "canceled" | "cancelled" | "inactive" | "closed" | "resolved" => Status::Resolved,
        _ => return Err(body.get("status").expected("ACTIVE or CANCELED")),
    };
    let raw = body.any_of(&["criticality", "alertCriticality"]);
    let level = raw.as_deref().unwrap_or_default().trim().to_ascii_lowercase();
    let severity = match level.rsplit('_').next().unwrap_or_default() {
        "critical" => Some("critical"),
        "immediate" => Some("error"),
        "warning" => Some("warning"),
        "info" | "information" | "none" => Some("info"),
        _ => None,
    };
    let (kind, resource) = (body.get("resourceKind").scalar(), body.get("resourceName").scalar());
    let id = body.get("alertId").scalar();
    let name = name(body).unwrap_or_else(|| "Aria Operations alert".into());
    let of = resource.as_deref().map(|resource| format!(" on {resource}")).unwrap_or_default();
    let info = body.any_of(&["info", "alertMessage", "AlertMessage", "description"]);
    let said = info.as_deref().map_or_else(|| format!("{name}{of}"), |info| format!("{name}{of}: {info}"));
    // Machines are what other senders call hosts.
    let machine = kind
        .as_deref()
        .is_some_and(|kind| matches!(kind.to_ascii_lowercase().as_str(), "virtualmachine" | "hostsystem"));
    let host = resource.clone().filter(|_| machine);
    let alert = Alert::firing(name)
        .status(status)
        .severity(severity.map(Into::into))
        .label("resource", resource)
        .label("resource_kind", kind)
        .label("resource_id", body.get("resourceId").scalar())
        .label("adapter", body.get("adapterKind").scalar())
        .label("alert_type", body.get("type").scalar())
        .label("alert_subtype", body.get("subType").scalar())
        .label("host", host)
        .annotation("summary", Some(said.into()))
        .annotation("description", info)
        .annotation("severity_raw", raw)
        .annotation("health", body.any_of(&["Health", "health"]))
        .annotation("risk", body.any_of(&["Risk", "risk"]))
        .annotation("efficiency", body.any_of(&["Efficiency", "efficiency"]))
        .annotation("recommendation", body.any_of(&["recommendation", "Recommendation"]))
        .fingerprint(id)
        .starts(body.get("startDate").scalar())
        .link(body.any_of(&["url", "alertUrl", "link"]));
    // While it is active, the date of its end is of no meaning.
    let ended = body.any_of(&["cancelDate", "updateDate"]);
    Ok(if matches!(alert.status, Status::Resolved) { alert.ends(ended) } else { alert })
}
