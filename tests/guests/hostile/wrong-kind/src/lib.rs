//! A source whose manifest says that it is a notifier.

#[allow(unsafe_code, missing_docs, clippy::all, clippy::restriction, reason = "generated")]
mod bindings {
    use super::Plugin;

    wit_bindgen::generate!({ path: "../../../../wit/v0.1", world: "source-plugin" });

    export!(Plugin);
}

use bindings::exports::tidegate::plugin::source::{CallError, Decoded, Guest, Inbound};

struct Plugin;

impl Guest for Plugin {
    fn decode(_: Inbound) -> Result<Decoded, CallError> {
        Ok(Decoded { alerts: vec![], left_out: vec![], reply: None, confirm: None, extra: vec![] })
    }
}
