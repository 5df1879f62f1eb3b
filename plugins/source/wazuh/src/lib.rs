//! Source for Wazuh: alerts as its integrator hands them to a script, as lines of `alerts.json`, or as the scripts that
//! others wrote shorten them.

mod alert;
mod short;

use tidegate_plugin::source::{Alert, Decoded, Decoding, Inbound, Node};

tidegate_plugin::source!(decode);

fn decode(request: &Inbound) -> Decoding {
    Decoded::of_body(&request.body, read, |item| item.first(&["rule.description", "title", "message"]))
}

fn read(item: Node<'_>) -> Result<Option<Alert>, String> {
    let item = item.need_object()?;
    // Shuffle's script and documents of the index.
    let places = [item, item.get("all_fields"), item.get("_source"), item.get("alert"), item.get("body")];
    match places.into_iter().find(|place| place.get("rule").is_object()) {
        Some(native) => Ok(Some(alert::read(native))),
        None => short::read(item).map(Some),
    }
}
