//! Source for Pingdom's webhook: uptime and transaction checks.

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Decoded, Decoding, Inbound, Node, Status};

tidegate_plugin::source!(decode);

fn decode(request: &Inbound) -> Decoding {
    let value = request.any_form(&["message"])?;
    let body = Node::root(&value).need_object()?;
    if !body.get("current_state").exists() && !body.get("check_id").exists() {
        let reason = body.get("current_state").expected("UP or DOWN");
        return Err(format!("{reason}; only the body of Pingdom's webhook integration can be read"));
    }
    Ok(Decoded::of_items([body], read, |body| body.get("check_name").scalar()))
}

fn read(body: Node<'_>) -> Result<Option<Alert>, String> {
    let status = match body.get("current_state").word().as_str() {
        "down" | "failing" | "failure" => Status::Firing,
        "up" | "success" | "ok" => Status::Resolved,
        // Not seen twice yet, not watched, or not known.
        "unconfirmed_down" | "unconfirmed" | "paused" | "unknown" | "no_data" => return Ok(None),
        _ => return Err(body.get("current_state").expected("UP or DOWN")),
    };
    let id = body.any_of(&["check_id", "check_name"]).ok_or_else(|| body.get("check_id").expected("a number"))?;
    let name = body.get("check_name").scalar().unwrap_or_else(|| format!("check {id}").into());
    let params = body.get("check_params");
    let importance = body.get("importance_level").scalar();
    // A check of low importance that is down is still down.
    let severity: Option<&str> = match importance.as_deref().map(str::to_ascii_lowercase).as_deref() {
        Some("high") => Some("error"),
        Some("low") => Some("warning"),
        _ => None,
    };
    let url = params.any_of(&["full_url", "url"]).filter(|url| url.starts_with("http"));
    let why = body.any_of(&["long_description", "description"]);
    let said = match (&status, &why) {
        (Status::Firing, Some(why)) => format!("{name} is down: {why}"),
        (Status::Firing, None) => format!("{name} is down"),
        (Status::Resolved, _) => format!("{name} is up"),
    };
    let alert = Alert::firing(name.clone())
        .status(status)
        .severity(severity.map(Cow::Borrowed))
        .label("check", Some(name))
        .label("check_type", body.get("check_type").scalar())
        .label("url", url)
        .label("host", params.get("hostname").scalar())
        .label("port", params.get("port").scalar())
        .tagged(body.get("tags"), &[','])
        .annotation("summary", Some(said.into()))
        .annotation("description", why)
        .annotation("custom_message", body.get("custom_message").scalar())
        .annotation("importance", importance)
        .annotation("previous_state", body.get("previous_state").scalar())
        .annotation("first_probe", body.path("first_probe.location").scalar())
        .annotation("second_probe", body.path("second_probe.location").scalar())
        .fingerprint(Some(id))
        .changed(body.any_of(&["state_changed_timestamp", "state_changed_utc_time"]));
    Ok(Some(alert))
}
