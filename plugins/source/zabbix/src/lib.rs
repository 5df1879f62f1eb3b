//! Source for Zabbix: webhook media types, whose body each installation writes itself, and event streaming.
//!
//! Field names are read without regard to case and punctuation, so that `{"EVENT.ID": …}`, `event_id` and
//! `{"event": {"id": …}}` are the same field. A macro that Zabbix could not resolve counts as missing.

mod event;
mod moment;
mod severity;
mod tags;

use tidegate_plugin::source::{CallError, Decoded, Inbound, utc_offset};

tidegate_plugin::source!(decode, settings);

fn decode(request: &Inbound, settings: &str) -> Result<Decoded, CallError> {
    let offset = utc_offset(settings)?;
    Decoded::of_body(&request.body, |item| event::read(item, &offset), event::name).map_err(CallError::InvalidInput)
}
