//! Source for any sender: a mapping in the settings says where a body has what.
//!
//! A body is JSON, a form (whose fields may hold JSON), or a text. The mapping whose conditions hold is taken, of several
//! the one with most of them, or the one that the address names (`?mapping=NAME`). Of several alerts in one body each is read alone.

mod body;
mod condition;
mod field;
mod mapping;
mod status;

use tidegate_plugin::source::{CallError, Decoded, Inbound, misconfigured};

tidegate_plugin::source!(decode, settings);

fn decode(request: &Inbound, settings: &str) -> Result<Decoded, CallError> {
    let mappings = mapping::read(settings).map_err(misconfigured)?;
    let body = body::read(request).map_err(CallError::InvalidInput)?;
    let whole = body::Scope::whole(request, &body);
    let mapping = mapping::choose(&mappings, &whole).map_err(CallError::InvalidInput)?;
    mapping.decode(&whole).map_err(CallError::InvalidInput)
}
