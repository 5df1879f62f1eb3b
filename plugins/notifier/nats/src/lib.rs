//! Notifier that publishes messages on a NATS subject, over a connection of the operator's.
//!
//! Every attempt has the delivery's id, by which a stream keeps one of them. Which connection it is, and what may be published
//! there, stands in the grant; the plugin says what and where.

mod event;
mod subject;

use std::collections::BTreeMap;

use serde::Deserialize;
use tidegate_plugin::bus;
use tidegate_plugin::host::BusMessage;
use tidegate_plugin::notifier::{Delivery, Notification, Occasion};

/// Bytes of a message, unless the server takes fewer.
const BYTES: usize = 1_000_000;

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Where to publish, on a subject that is granted. `{severity}`, `{occasion}`, `{stage}`, `{outcome}`, `{incident}`, `{cluster}`,
    /// `{namespace}`, `{kind}` and `{name}` stand for one word each, of the message and of the worst that it is about.
    #[serde(default = "usual")]
    subject: String,
    /// What is published: `cloudevents`, an event with the whole message as its data; `raw`, that message alone; `ops`, the
    /// notification that ops knows.
    #[serde(default)]
    format: Format,
    /// Headers besides.
    #[serde(default)]
    headers: BTreeMap<String, String>,
}

fn usual() -> String {
    "ops.notifications.providers.tidegate.channels.incidents.severities.{severity}".into()
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema, serde::Serialize), schemars(inline))]
#[serde(rename_all = "snake_case")]
enum Format {
    #[default]
    Cloudevents,
    Raw,
    Ops,
}

tidegate_plugin::notifier!(notify, Settings);

fn notify(message: &Notification, settings: &Settings) -> Delivery {
    // Who hears notifications of ops knows no questions that are over.
    if settings.format == Format::Ops && message.occasion == Occasion::Answered {
        return Ok(None);
    }
    let subject = subject::of(&settings.subject, message, settings.format == Format::Ops)?;
    let sender = bus::sender()?;
    let body = |most: usize| match settings.format {
        Format::Cloudevents => event::whole(message, &sender, &subject, most),
        Format::Raw => message.whole(most).to_string(),
        Format::Ops => event::of_ops(message, &sender, &subject, most),
    };
    let own = match settings.format {
        Format::Cloudevents => Some("application/cloudevents+json"),
        Format::Raw => Some("application/json"),
        // As ops sends it.
        Format::Ops => None,
    };
    let mut headers: Vec<(String, String)> = settings.headers.clone().into_iter().collect();
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
        headers.extend(own.map(|kind| ("Content-Type".to_string(), kind.to_string())));
    }
    let message_id = Some(message.delivery_id.clone());
    bus::publish(BusMessage { subject: subject.clone(), headers, body: body(BYTES), message_id, extra: vec![] }, body)?;
    // Programs know a message by its id, so that is the reference: with it comes the event that a question is over.
    Ok((settings.format != Format::Ops).then(|| message.message_id.clone()))
}

#[cfg(test)]
mod tests;
