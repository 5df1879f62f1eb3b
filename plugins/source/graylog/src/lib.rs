//! Source for Graylog: the HTTP notification of event definitions (3.1 and later), and the alarm callback of streams
//! before it.

mod event;
mod stream;

use tidegate_plugin::source::{Alert, Decoded, Decoding, Inbound, Node};

tidegate_plugin::source!(decode);

fn decode(request: &Inbound) -> Decoding {
    Decoded::of_body(&request.body, read, |body| body.first(&["event_definition_title", "stream.title"]))
}

fn read(body: Node<'_>) -> Result<Option<Alert>, String> {
    let body = body.need_object()?;
    if body.get("check_result").is_object() {
        return Ok(Some(stream::read(body)));
    }
    if body.get("event").is_object() || body.get("event_definition_id").exists() {
        return Ok(event::read(body));
    }
    Err(format!(
        "{}; use an HTTP notification, and of a custom one the default body",
        body.get("event").expected("an event")
    ))
}
