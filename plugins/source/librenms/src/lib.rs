//! Source for LibreNMS: its API transport, with the body of this source's README or another of the same fields, or
//! with the fields in the URL.

mod alert;

use tidegate_plugin::form;
use tidegate_plugin::source::{CallError, Decoded, Fields, Inbound, utc_offset};

tidegate_plugin::source!(decode, settings);

fn decode(request: &Inbound, settings: &str) -> Result<Decoded, CallError> {
    let offset = utc_offset(settings)?;
    let read = |fields: &Fields| alert::read(fields, &offset);
    let body = request.body.trim();
    let decoded = if body.starts_with(['{', '[']) {
        Decoded::of_body(body, |item| read(&Fields::of(item.need_object()?)), |item| item.get("name").text())
    } else {
        let fields = if body.is_empty() { request.query.clone() } else { form::fields(body) };
        read(&Fields::from_pairs(fields)).map(Decoded::from)
    };
    decoded.map_err(CallError::InvalidInput)
}
