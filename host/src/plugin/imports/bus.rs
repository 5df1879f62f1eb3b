//! `bus`: messages on the operator's message buses, on the subjects that are granted.
//!
//! A plugin says what is in a message and where it goes; which connection that is stands in the grant, and who has sent it
//! the host says itself.

use std::sync::Arc;
use std::time::Duration;

use crate::bus::{Publication, Published, Unsent};
use crate::domain::event::{ATTRIBUTE, Pattern};
use crate::plugin::grants::{GrantedBus, is_servers_own};
use crate::plugin::imports::{Binding, QuotaExceeded, State};

/// A message as a plugin writes it.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// Where it goes.
    pub subject: String,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// The message.
    pub body: String,
    /// Its name.
    pub id: Option<String>,
}

/// Why no message was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BusError {
    /// Not asked for or not granted.
    Denied(String),
    /// No message that can be published.
    Invalid(String),
    /// So many bytes are the most of a body.
    TooLarge(u64),
    /// The stream refuses it for good.
    Rejected(String),
    /// The server does not let the host publish there.
    Forbidden(String),
    /// It may go another time, and no sooner than this.
    Unavailable(String, Option<Duration>),
}

/// Bytes of a body.
const BODY: usize = 1 << 20;
/// Bytes of an id.
const ID: usize = 1 << 10;
/// Headers, and bytes of a name and of a value.
const HEADERS: usize = 20;
const NAME: usize = 60;
const VALUE: usize = 1 << 10;
/// What begins the names of headers, in lower case, that tell servers and hosts what to do.
const RESERVED: [&str; 2] = ["nats-", "tidegate-"];

/// Who the host is on the bus that is granted.
pub fn sender(state: &State) -> Result<String, BusError> {
    let binding = &state.binding;
    let granted = binding.grants.permit_bus(binding.bus.as_ref()).map_err(BusError::Denied)?;
    binding.outside.bus.sender(&granted.name).ok_or_else(|| nowhere(granted))
}

/// Publishes one message.
pub async fn publish(state: &mut State, message: Message) -> Result<Published, BusError> {
    let binding = Arc::clone(&state.binding);
    let granted = binding.grants.permit_bus(binding.bus.as_ref()).map_err(BusError::Denied)?;
    if !state.authority.acts() {
        let text = format!("plugin {} only looks here: a message on a bus is no look", binding.name);
        return Err(BusError::Denied(text));
    }
    check(&binding, granted, &message)?;
    if binding.outside.bus.sender(&granted.name).is_none() {
        return Err(nowhere(granted));
    }
    state.count_request().map_err(|spent| match spent {
        QuotaExceeded::Call(sentence) => BusError::Denied(sentence),
        QuotaExceeded::Minute(used) => BusError::Unavailable(used.sentence, Some(used.left)),
    })?;
    state.messages += 1;
    let own = || format!("{} {}", state.delivery.as_deref().unwrap_or_default(), state.messages);
    let outgoing = Publication {
        id: message.id.unwrap_or_else(own),
        of: binding.state_key.clone(),
        subject: message.subject,
        headers: message.headers,
        body: message.body,
        acknowledged: granted.acknowledged,
    };
    tracing::debug!(target: "plugin", plugin = binding.name, bus = granted.name, subject = outgoing.subject, "message");
    let sent = state.deadline.wait(&granted.name, binding.outside.bus.publish(&granted.name, &outgoing)).await;
    let late = || Err(Unsent::Unavailable(format!("the bus {} did not answer in time", granted.name)));
    let scrub = |text: &str| binding.secrets.scrub(text, &[]);
    sent.unwrap_or_else(late).map_err(|unsent| match unsent {
        Unsent::Rejected(text) => BusError::Rejected(scrub(&text)),
        Unsent::Forbidden(text) => BusError::Forbidden(scrub(&text)),
        Unsent::TooLarge(most) => BusError::TooLarge(most.min(BODY) as u64),
        Unsent::Unavailable(text) => BusError::Unavailable(scrub(&text), None),
    })
}

fn nowhere(granted: &GrantedBus) -> BusError {
    BusError::Denied(format!("there is no [[bus.nats]] with the name {:?}", granted.name))
}

fn check(binding: &Binding, granted: &GrantedBus, message: &Message) -> Result<(), BusError> {
    let subject = &message.subject;
    let whole = Pattern::parse(subject).map_err(BusError::Invalid)?;
    if !whole.is_literal() || is_servers_own(subject) || subject.len() > ATTRIBUTE {
        return Err(BusError::Invalid(format!("{subject:?} is no subject that a message can have")));
    }
    binding.grants.permit_subject(granted, subject).map_err(BusError::Denied)?;
    if message.body.len() > BODY {
        return Err(BusError::TooLarge(BODY as u64));
    }
    if message.id.as_ref().is_some_and(|id| id.is_empty() || id.len() > ID) {
        return Err(BusError::Invalid(format!("the message-id is empty, or has more than {ID} bytes")));
    }
    headers(&message.headers)
}

fn headers(headers: &[(String, String)]) -> Result<(), BusError> {
    if headers.len() > HEADERS {
        return Err(BusError::Invalid(format!("the message has more than {HEADERS} headers")));
    }
    for (name, value) in headers {
        let sound = !name.is_empty()
            && name.len() <= NAME
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let lower = name.to_ascii_lowercase();
        if !sound || RESERVED.iter().any(|own| lower.starts_with(own)) {
            let name: String = name.chars().filter(|c| !c.is_control()).take(NAME).collect();
            return Err(BusError::Invalid(format!("the header `{name}` is none that a plugin can set")));
        }
        if value.len() > VALUE || value.contains(char::is_control) {
            return Err(BusError::Invalid(format!("the header `{name}` has more than {VALUE} bytes or line breaks")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_command_nobody() {
        let one = |name: &str, value: &str| headers(&[(name.into(), value.into())]);
        assert!(one("X-Incident", "7").is_ok() && one("ce-type", "ä").is_ok());
        for name in ["Nats-Rollup", "NATS-TTL", "Nats-Msg-Id", "Tidegate-Source", "X Y", "X-A:\r\nNats-TTL", ""] {
            assert!(one(name, "x").is_err(), "{name:?}");
        }
        assert!(one("X-Long", &"x".repeat(1_025)).is_err() && one("X-Line", "a\r\nNats-Rollup: all").is_err());
        assert!(headers(&vec![("X-A".to_string(), String::new()); 21]).is_err());
    }
}
