//! Says one label twice; with a body, beside alerts that are as they should be.

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
        let pair = |value: &str| ("job".to_string(), value.to_string());
        let bad = alert(vec![pair("a"), pair("b")]);
        let others = [vec![pair("a")], vec![pair("a"), pair("a")]].map(alert);
        let [first, last] = others;
        Ok(decoded(if request.body.is_empty() { vec![bad] } else { vec![first, bad, last] }))
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
