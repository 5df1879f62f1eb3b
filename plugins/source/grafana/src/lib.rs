//! Source for Grafana's unified alerting webhook.
//!
//! One request holds any mix of firing and resolved alerts of one notification group; each alert
//! speaks for itself and the group's own state is not read. One that cannot be read is marked and
//! costs none beside it; a body that is not Grafana's is refused, with the place named.

mod alert;
mod bindings;
mod body;
mod link;
mod reader;

#[cfg(test)]
mod golden;

use bindings::exports::tidegate::plugin::source::{Alert, CallError, Guest, Inbound};

/// The plugin.
pub(crate) struct Grafana;

impl Guest for Grafana {
    fn decode(request: Inbound) -> Result<Vec<Alert>, CallError> {
        body::decode(&request.body).map_err(CallError::InvalidInput)
    }
}
