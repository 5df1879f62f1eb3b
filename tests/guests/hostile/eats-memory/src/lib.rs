//! Takes memory until there is none.

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
        log::write(Level::Info, "hungry");
        let mut taken: Vec<Vec<u8>> = Vec::new();
        loop {
            taken.push(std::hint::black_box(vec![1; 1 << 20]));
        }
    }
}
