//! Notifier for any HTTP endpoint: one POST per message with everything the host knows.
//!
//! Success is a 2xx status; what the endpoint writes beside it is not read. Delivery is at least
//! once, so a receiver should drop a repeated `Idempotency-Key`.

mod answer;
mod bindings;
mod body;
mod request;
mod settings;

use bindings::exports::tidegate::plugin::notifier::{CallError, Guest, Notification};
use bindings::tidegate::plugin::{http_client, settings as host_settings, signer};

/// The plugin.
pub(crate) struct Webhook;

impl Guest for Webhook {
    fn notify(message: Notification) -> Result<Option<String>, CallError> {
        let settings = settings::read(&host_settings::get())?;
        let sign = |key: &str, text: &str| {
            signer::hmac_sha256(key, text, signer::Encoding::Hex).map_err(CallError::Misconfigured)
        };
        let request = request::build(&settings, &message, sign)?;
        answer::judge(http_client::send(&request))
    }
}

