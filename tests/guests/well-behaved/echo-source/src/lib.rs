//! Returns one alert that says what came in; body `bad` is refused. `confirm URL` wishes for a confirmation, and a
//! request with `webhook-request-origin` is answered as CloudEvents want it.

#[allow(unsafe_code, missing_docs, clippy::all, clippy::restriction, reason = "generated")]
mod bindings {
    use super::Plugin;

    wit_bindgen::generate!({ path: "../../../../wit/v0.1", world: "source-plugin" });

    export!(Plugin);
}

use bindings::exports::tidegate::plugin::source::{Alert, CallError, Decoded, Guest, Inbound, Reply};
use bindings::tidegate::plugin::settings;
use bindings::tidegate::plugin::types::{Moment, Status};

struct Plugin;

impl Guest for Plugin {
    fn decode(request: Inbound) -> Result<Decoded, CallError> {
        if request.body == "bad" {
            return Err(CallError::InvalidInput("alerts[0]: expected an object".into()));
        }
        if let Some(url) = request.body.strip_prefix("confirm ") {
            let confirm = Some(url.to_string());
            return Ok(Decoded { alerts: vec![], left_out: vec![], reply: None, confirm, extra: vec![] });
        }
        if let Some((_, origin)) = request.headers.iter().find(|(name, _)| name == "webhook-request-origin") {
            let headers = vec![("webhook-allowed-origin".into(), origin.clone()), ("set-cookie".into(), "a=b".into())];
            let (content_type, body) = ("text/html".into(), format!("{} {:?}", request.method, request.query));
            let reply = Some(Reply { status: 204, content_type, headers, body });
            return Ok(Decoded { alerts: vec![], left_out: vec![], reply, confirm: None, extra: vec![] });
        }
        let mut labels = request.headers;
        labels.push(("alertname".into(), "Echo".into()));
        let alert = Alert {
            name: "Echo".into(),
            status: Status::Firing,
            severity: Some("page".into()),
            labels,
            annotations: vec![("summary".into(), request.body), ("settings".into(), settings::get())],
            starts_at: Some(Moment::Text("2026-02-15 14:59:03 +0000 UTC".into())),
            ends_at: Some(Moment::Millis(0)),
            fingerprint: None,
            link: None,
            extra: vec![],
        };
        Ok(Decoded { alerts: vec![alert], left_out: vec![], reply: None, confirm: None, extra: vec![] })
    }
}
