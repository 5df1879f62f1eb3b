//! Decodes `{"check": …, "host": …, "state": "down" or "up", "message": …}` into one alert.

use tidegate_plugin::source::{Alert, Decoding, Inbound, Node, Status, parse};

tidegate_plugin::source!(decode);

fn decode(request: &Inbound) -> Decoding {
    let value = parse(&request.body)?;
    let body = Node::root(&value).need_object()?;
    let state = body.get("state").need_text()?;
    let status = match state.as_ref() {
        "down" => Status::Firing,
        "up" => Status::Resolved,
        _ => return Err(body.get("state").expected("down or up")),
    };
    let alert = Alert::firing(body.get("check").need_text()?)
        .status(status)
        .severity(body.get("severity").text())
        // Labels are what an alert is known by: the same when it fires and when it has recovered.
        .label("host", body.get("host").text())
        .annotation("summary", body.get("message").text())
        .link(body.get("url").text());
    Ok(alert.into())
}
