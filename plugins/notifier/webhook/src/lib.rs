//! Notifier for any HTTP endpoint: one POST per message with everything the host knows.
//!
//! Success is a 2xx status; what the endpoint writes beside it is not read. Delivery is at least
//! once, so a receiver should drop a repeated `Idempotency-Key`.

mod answer;
mod bindings;
mod body;
mod request;
mod settings;

#[path = "../../verdict.rs"]
mod verdict;

#[cfg(test)]
#[path = "../../golden.rs"]
mod golden;

use bindings::exports::tidegate::plugin::notifier::{CallError, Guest, Notification};
use bindings::tidegate::plugin::{http_client, settings as host_settings, signer};

/// How a signature is written.
const ENCODING: signer::Encoding = signer::Encoding::Hex;

/// The plugin.
pub(crate) struct Webhook;

impl Guest for Webhook {
    fn notify(message: Notification) -> Result<Option<String>, CallError> {
        notify(&host_settings::get(), &message, sign, |request| http_client::send(&request))
    }
}

fn sign(key: &str, text: &str) -> Result<String, String> {
    signer::hmac_sha256(key, text, false, ENCODING)
}

/// The whole of a call, with the host's part passed in.
fn notify(
    settings: &str,
    message: &Notification,
    sign: impl Fn(&str, &str) -> Result<String, String>,
    send: impl FnOnce(http_client::Request) -> Result<http_client::Response, http_client::HttpError>,
) -> Result<Option<String>, CallError> {
    let settings = settings::read(settings)?;
    answer::judge(send(request::build(&settings, message, sign)?), message)
}
