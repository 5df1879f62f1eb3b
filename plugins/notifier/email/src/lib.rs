//! Notifier that sends mail through the operator's server: text and HTML, a thread for each incident.
//!
//! Every attempt at a message has the same id, so a mailbox keeps one after a lost answer.

mod page;

use serde::{Deserialize, Serialize};
use tidegate_plugin::host::{Level, Mail, log};
use tidegate_plugin::mail;
use tidegate_plugin::markdown::Markup;
use tidegate_plugin::notifier::{Delivery, Notification, Occasion, Tone, marker, reference};
use tidegate_plugin::text::{Limit, cut};

use page::page;

const TITLE: Limit = Limit::characters(200);
const TEXT: Limit = Limit::bytes(90_000);
const ID: Limit = Limit::bytes(180);

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Who gets the mail; each must be granted. Without anybody here and in `cc` all addresses that the grant names in
    /// full.
    #[serde(default)]
    to: Vec<String>,
    /// Who gets a copy.
    #[serde(default)]
    cc: Vec<String>,
    /// Whether a mail says how a question ended. The one that asked cannot be changed.
    #[serde(default = "follow_up")]
    follow_up: bool,
}

fn follow_up() -> bool {
    true
}

/// What later mails of the thread refer to.
#[derive(Serialize, Deserialize)]
struct Sent {
    mail: String,
}

tidegate_plugin::notifier!(notify, Settings);

fn notify(message: &Notification, settings: &Settings) -> Delivery {
    if message.occasion == Occasion::Answered && !settings.follow_up {
        // What was sent stays what later mails refer to.
        return Ok(message.before().map(|sent| sent.reference.clone()));
    }
    let thread: Vec<String> = message.earlier.iter().filter_map(|sent| Some(sent.read::<Sent>()?.mail)).collect();
    let head = format!("{} {}", message.tone().emoji(), message.title_line());
    let mut headers = vec![("X-Tidegate-Incident".to_string(), marker(message))];
    if message.occasion == Occasion::Approval || message.tone() == Tone::Red {
        headers.push(("Importance".into(), "high".into()));
    }
    let receipt = mail::send(&Mail {
        to: settings.to.clone(),
        cc: settings.cc.clone(),
        subject: format!("{} [{}]", cut(&message.title_line(), TITLE), message.incident_key()),
        text: message.post(&Markup::PLAIN, &head, TEXT),
        html: Some(page(message)),
        message_id: Some(id(&message.delivery_id)),
        in_reply_to: thread.last().cloned(),
        references: thread,
        headers,
        extra: vec![],
    })?;
    for refusal in receipt.refused {
        log(Level::Warn, &format!("{} was refused while others were taken: {}", refusal.address, refusal.reason));
    }
    reference(&Sent { mail: receipt.message_id })
}

/// A delivery's id as the left half of a mail's.
fn id(delivery: &str) -> String {
    let plain: String = delivery.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' }).collect();
    plain.get(..ID.most).unwrap_or(&plain).to_string()
}

#[cfg(test)]
mod tests;
