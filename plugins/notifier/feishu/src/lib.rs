//! Notifier for a custom bot of Feishu or Lark: one interactive card per message.
//!
//! Delivery is at least once and a bot has no idempotency key, so a lost answer may show a card
//! twice. Success is what the answer's `code` says, not its HTTP status. Text of alerts and tools
//! reaches the card only through `escape` and `markdown`: it cannot mention people or hide where a
//! link leads.

mod answer;
mod bindings;
mod card;
mod cut;
mod escape;
mod link;
mod markdown;
mod request;
mod settings;

#[path = "../../verdict.rs"]
mod verdict;

#[cfg(test)]
#[path = "../../golden.rs"]
mod golden;

use bindings::exports::tidegate::plugin::notifier::{CallError, Guest, Notification, Occasion};
use bindings::tidegate::plugin::{http_client, settings as host_settings, signer};

/// How Feishu writes a signature.
const ENCODING: signer::Encoding = signer::Encoding::Base64;

/// The plugin.
pub(crate) struct Feishu;

impl Guest for Feishu {
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
    if message.occasion == Occasion::Answered && !settings.follow_up {
        // A bot cannot change its card, and a second one is only sent where that is wanted.
        return Ok(None);
    }
    answer::judge(send(request::build(&settings, message, sign)?), message.now_ms)?;
    // A bot's card has no id. With a reference the host tells how a question ended, in a card of its own.
    let wants_more = settings.follow_up && message.occasion == Occasion::Approval;
    Ok(wants_more.then(|| message.message_id.clone()))
}
