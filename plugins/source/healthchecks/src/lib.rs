//! Source for Healthchecks.io and its self-hosted form: its webhook, whose method, URL and body are the user's.

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Decoded, Decoding, Inbound, Node, Status};

tidegate_plugin::source!(decode);

fn decode(request: &Inbound) -> Decoding {
    let value = request.any_form(&[]).map_err(template)?;
    let body = Node::root(&value).need_object().map_err(template)?;
    // The check is the whole body, stands in it, or its fields do.
    let check = if body.get("check").value().is_some_and(|check| check.is_object()) { body.get("check") } else { body };
    read(body, check).map_err(template).map(Decoded::from)
}

fn template(reason: String) -> String {
    format!(r#"{reason}; in Healthchecks choose POST with the body {{"now": "$NOW", "check": $JSON}}"#)
}

fn read(body: Node<'_>, check: Node<'_>) -> Result<Option<Alert>, String> {
    let field = |paths: &[&'static str]| check.any_filled(paths).or_else(|| body.any_filled(paths));
    let status = field(&["status", "STATUS"]).unwrap_or_default();
    let status = match status.trim().to_ascii_lowercase().as_str() {
        "down" => Status::Firing,
        "up" => Status::Resolved,
        // It never ran, is late within its grace, or is not watched.
        "new" | "grace" | "paused" | "started" => return Ok(None),
        "" => return Err(check.get("status").expected("up or down")),
        _ => return Err(format!("{}: expected up or down, found another word", check.get("status").place())),
    };
    let ping = check.get("ping_url").scalar();
    // The button "Test" makes up a check that went down, and never tells that it is up again.
    if check.get("name").scalar().as_deref() == Some("TEST") && check.get("n_pings").number() == Some(42) {
        return Ok(None);
    }
    let code = field(&["uuid", "code", "CODE", "unique_key"]);
    let code = code.or_else(|| ping.as_deref().and_then(last_segment).map(|code| code.to_string().into()));
    let name = field(&["name", "NAME", "slug"]).or_else(|| code.clone());
    let name = name.ok_or_else(|| check.get("name").expected("a text"))?;
    let tags = if check.get("tags").exists() { check.get("tags") } else { body.get("tags") };
    let said = if matches!(status, Status::Firing) {
        "is down: no ping came in time, or it told of a failure"
    } else {
        "is up"
    };
    let (now, at) = (field(&["now", "NOW"]), field(&["last_ping"]));
    let mut alert = Alert::firing(name.clone())
        .status(status)
        .label("check", Some(name.clone()))
        .label("slug", field(&["slug"]))
        .label("project", field(&["project", "PROJECT"]))
        .tagged(tags, &[' ', ','])
        .annotation("summary", Some(format!("{name} {said}").into()))
        .annotation("description", field(&["desc", "description"]))
        .annotation("last_ping", at.clone())
        .annotation("exit_status", field(&["exitstatus", "exit_status", "EXITSTATUS"]).filter(|status| *status != "-1"))
        .annotation("last_body", field(&["body", "BODY"]));
    for detail in ["schedule", "tz", "grace", "timeout", "n_pings", "next_ping"] {
        alert = alert.annotation(detail, check.get(detail).scalar());
    }
    let severity = alert.labels.iter().find(|(key, _)| key == "severity").map(|(_, word)| word.clone());
    let alert =
        alert.severity(severity.map(Cow::Owned)).fingerprint(code).link(field(&["url", "details_url", "cloaked_url"]));
    Ok(Some(if matches!(status, Status::Firing) { alert.starts(now) } else { alert.ends(now.or(at)) }))
}

/// The code that a ping's address ends in.
fn last_segment(url: &str) -> Option<&str> {
    let last = url.trim_end_matches('/').rsplit('/').next()?;
    // Of a check that is pinged by its slug, this is none.
    let code = last.get(last.len().checked_sub(36)?..)?;
    code.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-').then_some(code)
}
