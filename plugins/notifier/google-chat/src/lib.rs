//! Notifier for Google Chat: one card per message, through a space's webhook, in one thread for an incident.
//!
//! A webhook cannot change what it has posted; after a lost answer a message may appear twice.

mod card;
mod settings;

use tidegate_plugin::http::{Request, Success};
use tidegate_plugin::notifier::{Delivery, Notification, Occasion};

use settings::Settings;

tidegate_plugin::notifier!(notify, Settings);

/// Without it, a space without threads refuses the message.
const REPLY: &str = "&messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD";

fn notify(message: &Notification, settings: &Settings) -> Delivery {
    if message.occasion == Occasion::Answered {
        return Ok(None);
    }
    let request = Request::post(settings.url.clone() + REPLY).json(card::fitting(message, settings));
    request.send("Google Chat", message.now_ms).success(Success::Has("/name"))?;
    Ok(None)
}

#[cfg(test)]
mod tests;
