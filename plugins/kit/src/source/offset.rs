//! The zone of senders that write times without one.

use super::{CallError, Node, parse};

/// The setting `utc_offset` of a source whose sender writes times without a zone; `Z` where it is not set.
///
/// # Errors
/// When the settings are no JSON.
pub fn utc_offset(settings: &str) -> Result<String, CallError> {
    let settings = parse(settings).map_err(|reason| CallError::Misconfigured(format!("settings: {reason}")))?;
    Ok(Node::root(&settings).get("utc_offset").text().map_or_else(|| "Z".into(), |offset| offset.trim().to_string()))
}
