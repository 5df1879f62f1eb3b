//! Calls the host without end.

#[allow(unsafe_code, missing_docs, clippy::all, clippy::restriction, reason = "generated")]
mod bindings {
    use super::Plugin;

    wit_bindgen::generate!({ path: "../../../../wit/v0.1", world: "source-plugin" });

    export!(Plugin);
}

use bindings::exports::tidegate::plugin::source::{CallError, Decoded, Guest, Inbound};
use bindings::tidegate::plugin::settings;

struct Plugin;

impl Guest for Plugin {
    fn decode(_: Inbound) -> Result<Decoded, CallError> {
        loop {
            std::hint::black_box(settings::get());
        }
    }
}
