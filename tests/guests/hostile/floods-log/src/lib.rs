//! Logs without end.

#[allow(unsafe_code, missing_docs, clippy::all, clippy::restriction, reason = "generated")]
mod bindings {
    use super::Plugin;

    wit_bindgen::generate!({ path: "../../../../wit/v0.1", world: "source-plugin" });

    export!(Plugin);
}

use bindings::exports::tidegate::plugin::source::{CallError, Decoded, Guest, Inbound};
use bindings::tidegate::plugin::log::{self, Level};

struct Plugin;

impl Guest for Plugin {
    fn decode(_: Inbound) -> Result<Decoded, CallError> {
        let line = "all work and no play ".repeat(50);
        loop {
            log::write(Level::Info, &line);
        }
    }
}
