//! Notifier for Microsoft Teams: one adaptive card per message, through a workflow's webhook.
//!
//! A workflow answers before the card is posted, hands no id back and has no idempotency key: a card cannot be
//! changed, and after a lost answer it may appear twice.

mod card;
mod settings;

use tidegate_plugin::host::unavailable;
use tidegate_plugin::http::{Request, Success};
use tidegate_plugin::notifier::{Delivery, Notification, Occasion};

use settings::Settings;

tidegate_plugin::notifier!(notify, Settings);

fn notify(message: &Notification, settings: &Settings) -> Delivery {
    if message.occasion == Occasion::Answered {
        return Ok(None);
    }
    let request = Request::post(&settings.url).json(card::fitting(message, settings));
    let response = request.send("Teams", message.now_ms).success(Success::AnyForm)?;
    // Connectors of old say with status 200 that they were refused.
    match response.body.split_once("HTTP error ") {
        Some((_, code)) => {
            let code: String = code.chars().take_while(char::is_ascii_digit).collect();
            Err(unavailable(format!("Teams answered {} and in its text HTTP error {code}", response.status), None))
        }
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests;
