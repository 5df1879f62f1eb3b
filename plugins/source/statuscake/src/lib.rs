//! Source for StatusCake's webhook: a form, or parameters of the URL that a user placed there.

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Decoded, Decoding, Inbound, Node, Status, placeholder::filled};

tidegate_plugin::source!(decode);

fn decode(request: &Inbound) -> Decoding {
    let value = request.any_form(&[]).map_err(foreign)?;
    let body = Node::root(&value).need_object().map_err(foreign)?;
    read(body).map_err(foreign).map(Decoded::from)
}

fn foreign(reason: String) -> String {
    format!("{reason}; only what StatusCake posts to the webhook of a contact group can be read")
}

/// Names in any case: in an address, the user writes them.
fn field<'a>(body: Node<'a>, name: &str) -> Option<Cow<'a, str>> {
    let (_, value) = body.members().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
    value.scalar().filter(|value| !(value.starts_with('|') && value.ends_with('|'))).and_then(filled)
}

fn read(body: Node<'_>) -> Result<Option<Alert>, String> {
    let word = field(body, "Status").ok_or_else(|| body.get("Status").expected("Up or Down"))?;
    let status = match word.trim().to_ascii_lowercase().as_str() {
        "down" => Status::Firing,
        "up" => Status::Resolved,
        "unknown" | "paused" | "maintenance" => return Ok(None),
        _ => return Err("Status: expected Up or Down, found another word".into()),
    };
    let (name, url) = (field(body, "Name"), field(body, "URL"));
    let id = field(body, "TestID").or_else(|| field(body, "ID"));
    let known_by = match (id, &name, &url) {
        (Some(id), _, _) => id,
        // The name may be changed, and several tests may watch one address.
        (None, Some(name), Some(url)) => format!("{name} {url}").into(),
        (None, Some(one), None) | (None, None, Some(one)) => one.clone(),
        (None, None, None) => return Err(body.get("Name").expected("a text")),
    };
    let name = name.or_else(|| url.clone()).unwrap_or_else(|| known_by.clone());
    let code = field(body, "StatusCode").or_else(|| field(body, "Code"));
    let why = match code.as_deref().map(str::trim) {
        Some("0") => ": no answer in time".to_string(),
        Some(code) => format!(": status {code}"),
        None => String::new(),
    };
    let said = if matches!(status, Status::Firing) { format!("{name} is down{why}") } else { format!("{name} is up") };
    let tags = body.members().find(|(key, _)| key.eq_ignore_ascii_case("tags")).map(|(_, tags)| tags);
    let mut alert = Alert::firing(name.clone())
        .status(status)
        .label("test", Some(name))
        .label("url", url.clone())
        .label("contact_group", field(body, "ContactGroup"));
    if let Some(tags) = tags {
        alert = alert.tagged(tags, &[',']);
    }
    let alert = alert
        .annotation("summary", Some(said.into()))
        .annotation("status_code", code)
        .annotation("ip", field(body, "IP"))
        .annotation("check_rate", field(body, "CheckRate"))
        .annotation("method", field(body, "Method"))
        .fingerprint(Some(known_by))
        .link(url);
    Ok(Some(alert))
}
