//! Answers with more bytes, or with more alerts, than the host takes.

#[allow(unsafe_code, missing_docs, clippy::all, clippy::restriction, reason = "generated")]
mod bindings {
    use super::Plugin;

    wit_bindgen::generate!({ path: "../../../../wit/v0.1", world: "source-plugin" });

    export!(Plugin);
}

use bindings::exports::tidegate::plugin::source::{Alert, CallError, Decoded, Guest, Inbound};
use bindings::tidegate::plugin::types::Status;

struct Plugin;

impl Guest for Plugin {
    fn decode(request: Inbound) -> Result<Decoded, CallError> {
        if request.body == "many" {
            return Ok(decoded((0..20_000).map(|_| alert(vec![])).collect()));
        }
        let big = "x".repeat(1 << 12);
        Ok(decoded((0..6_000).map(|_| alert(vec![("k".to_string(), big.clone())])).collect()))
    }
}

fn alert(labels: Vec<(String, String)>) -> Alert {
    Alert {
        name: "Echo".into(),
        status: Status::Firing,
        severity: None,
        labels,
        annotations: vec![],
        starts_at: None,
        ends_at: None,
        fingerprint: None,
        link: None,
        extra: vec![],
    }
}

fn decoded(alerts: Vec<Alert>) -> Decoded {
    Decoded { alerts, left_out: vec![], reply: None, confirm: None, extra: vec![] }
}
