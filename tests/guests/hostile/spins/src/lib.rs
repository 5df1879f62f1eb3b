//! Never ends.

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
        let mut x = 0u64;
        loop {
            x = std::hint::black_box(x.wrapping_add(1));
        }
    }
}
