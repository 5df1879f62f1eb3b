//! What the host offers every plugin: its types, log, settings, HTTP, mail, buses, signatures and state.
//!
//! In a plugin these are the contract's imports. On the machine that builds there is no host, so there
//! tests play its part (`golden`).

#[allow(
    unsafe_code,
    missing_docs,
    clippy::all,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "generated; the boundary to the host is made of raw pointers"
)]
pub(crate) mod bindings {
    wit_bindgen::generate!({
        inline: "
            package tidegate:kit;
            world host {
                import tidegate:plugin/types@0.1.0;
                import tidegate:plugin/log@0.1.0;
                import tidegate:plugin/settings@0.1.0;
                import tidegate:plugin/http-client@0.1.0;
                import tidegate:plugin/signer@0.1.0;
                import tidegate:plugin/state@0.1.0;
                import tidegate:plugin/mail@0.1.0;
                import tidegate:plugin/bus@0.1.0;
                import tidegate:plugin/tools@0.1.0;
            }
        ",
        path: "../../wit/v0.1",
        world: "tidegate:kit/host",
        generate_all,
        additional_derives: [PartialEq],
    });
}

#[cfg(not(target_arch = "wasm32"))]
pub(crate) mod played;

pub use bindings::tidegate::plugin::bus::{BusError, Message as BusMessage, Receipt as Published};
pub use bindings::tidegate::plugin::http_client::{HttpError, Request, Response};
pub use bindings::tidegate::plugin::log::Level;
pub use bindings::tidegate::plugin::mail::{MailError, Message as Mail, Receipt, Refusal};
pub use bindings::tidegate::plugin::signer::Encoding;
pub use bindings::tidegate::plugin::state::StateError;
pub use bindings::tidegate::plugin::tools::{LookCall, Tool, ToolError};
pub use bindings::tidegate::plugin::types::{Alert, CallError, Labels, Moment, Retry, Status};

#[cfg(target_arch = "wasm32")]
use bindings::tidegate::plugin as imports;
#[cfg(not(target_arch = "wasm32"))]
use played as imports;

/// Writes a line into the host's log, under the plugin's name.
pub fn log(level: Level, line: &str) {
    imports::log::write(level, line);
}

/// The plugin's settings, a JSON object.
pub fn settings() -> String {
    imports::settings::get()
}

/// Sends one request. `crate::http` builds them so that no text asks for a secret.
pub fn send(request: &Request) -> Result<Response, HttpError> {
    imports::http_client::send(request)
}

/// Sends one mail through the operator's server; `crate::mail` judges the answer.
pub fn send_mail(mail: &Mail) -> Result<Receipt, MailError> {
    imports::mail::send(mail)
}

/// Publishes one message on the operator's bus; `crate::bus` judges the answer.
pub fn publish(message: &BusMessage) -> Result<Published, BusError> {
    imports::bus::publish(message)
}

/// Who the host is on that bus.
pub fn bus_sender() -> Result<String, BusError> {
    imports::bus::sender()
}

/// HMAC-SHA-256; `http::signature` makes the texts. Where `message_secrets` is true the message's places for
/// secrets are filled in as those of the key are.
pub fn hmac_sha256(key: &str, message: &str, message_secrets: bool, encoding: Encoding) -> Result<String, String> {
    imports::signer::hmac_sha256(key, message, message_secrets, encoding)
}

/// What the plugin has kept under a key.
pub fn state(key: &str) -> Result<Option<String>, StateError> {
    imports::state::get(key)
}

/// Keeps a value across calls and restarts; 64 KiB in all.
pub fn set_state(key: &str, value: &str) -> Result<(), StateError> {
    imports::state::set(key, value)
}

/// Every tool that the operator allows.
pub fn catalogue() -> Vec<Tool> {
    imports::tools::catalogue()
}

/// Calls a read-only tool with a JSON object.
pub fn look(tool: &str, arguments: &str) -> Result<String, ToolError> {
    imports::tools::look(tool, arguments)
}

/// Calls read-only tools that do not depend on each other; the answers come in the order of the calls.
pub fn look_all(calls: &[LookCall]) -> Vec<Result<String, ToolError>> {
    imports::tools::look_all(calls)
}

/// Another attempt may succeed, not before `after_ms` where that is known.
pub fn unavailable(reason: impl Into<String>, after_ms: Option<u64>) -> CallError {
    CallError::Unavailable(Retry { reason: reason.into(), after_ms })
}
