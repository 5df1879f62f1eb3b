//! Calls itself until something gives.

#[allow(unsafe_code, missing_docs, clippy::all, clippy::restriction, reason = "generated")]
mod bindings {
    use super::Plugin;

    wit_bindgen::generate!({ path: "../../../../wit/v0.1", world: "source-plugin" });

    export!(Plugin);
}

use bindings::exports::tidegate::plugin::source::{CallError, Decoded, Guest, Inbound};

struct Plugin;

impl Guest for Plugin {
    fn decode(request: Inbound) -> Result<Decoded, CallError> {
        Err(CallError::Other(format!("{}", deeper(request.received_at_ms))))
    }
}

/// Not a loop in disguise: the result of the inner call is used after it.
#[inline(never)]
#[expect(unconditional_recursion, reason = "that is the attack")]
fn deeper(n: u64) -> u64 {
    let page = std::hint::black_box([n; 64]);
    deeper(std::hint::black_box(n + 1)).wrapping_add(page[(n % 64) as usize])
}
