//! Panics, after having said why.

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
    fn decode(request: Inbound) -> Result<Decoded, CallError> {
        std::panic::set_hook(Box::new(|info| log::write(Level::Error, &info.to_string())));
        let body: Option<u8> = request.body.bytes().nth(1 << 20);
        Err(CallError::Other(format!("{}", body.unwrap())))
    }
}
