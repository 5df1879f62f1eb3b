//! One message onto the bus, and what became of it: the one place that publishes, for what is told, what is sent on and what
//! plugins bring.

use std::pin::pin;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::header::{self, HeaderMap, HeaderName, HeaderValue};
use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::{self, message::PublishMessage};
use futures::future::{Either, select};
use sha2::{Digest, Sha256};

use super::Bus;
use super::connection::Connection;
use super::status::Status;
use crate::ports::Clock;

/// The header by which the host knows what it has published, whatever stands in it.
pub const SENDER: &str = "Tidegate-Source";
/// How long the server may take to answer.
pub(super) const ANSWER: Duration = Duration::from_secs(5);
/// How long it is waited for an objection where nobody says that a message has been taken.
const OBJECTION: Duration = Duration::from_millis(50);
/// Bytes of a line of a header beside its name and value, and of what precedes all of them.
const LINE: usize = 4;
const FIRST_LINE: usize = 12;

/// A message that somebody else wrote, such as a notifier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Publication {
    /// Where it goes.
    pub subject: String,
    /// Its name, the same for each attempt at it.
    pub id: String,
    /// Whose names these are: others may use the same.
    pub of: String,
    /// Headers besides the host's own.
    pub headers: Vec<(String, String)>,
    /// The message.
    pub body: String,
    /// Whether a stream must have taken it.
    pub acknowledged: bool,
}

/// A message that was taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// The stream that keeps it, and its number there; none where no stream was asked.
    pub kept: Option<(String, u64)>,
    /// The stream had it before.
    pub duplicate: bool,
}

/// Why a message was not published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsent {
    /// The stream refuses it for good.
    Rejected(String),
    /// The server does not let the host publish there.
    Forbidden(String),
    /// So many bytes are the most of a body.
    TooLarge(usize),
    /// It may go another time.
    Unavailable(String),
}

/// Why a message was not sent.
#[derive(Debug)]
pub(super) enum Sent {
    /// It is tried again.
    Later(String),
    /// It cannot be.
    Never(String),
    /// No stream keeps it.
    Nowhere(String),
    /// The server does not let the host publish there.
    Forbidden(String),
}

impl Sent {
    /// What is wrong, in a word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Later(_) => "later",
            Self::Never(_) => "never",
            Self::Nowhere(_) => "nowhere",
            Self::Forbidden(_) => "forbidden",
        }
    }

    /// What is wrong, in a sentence.
    pub fn text(&self) -> &str {
        let (Self::Later(why) | Self::Never(why) | Self::Nowhere(why) | Self::Forbidden(why)) = self;
        why
    }
}

/// What goes onto the wire.
pub(super) struct Wire<'a> {
    pub subject: &'a str,
    /// One of the whole stream.
    pub name: String,
    pub headers: HeaderMap,
    pub body: &'a str,
    /// Whether a stream must have taken it.
    pub acknowledged: bool,
    /// Whether an objection is waited for where nobody says that it was taken.
    pub heeds: bool,
}

/// A name out of several parts: the same ones make the same one.
pub(super) fn name<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for (n, part) in parts.into_iter().enumerate() {
        if n > 0 {
            hash.update(" ");
        }
        hash.update(part);
    }
    hex::encode(hash.finalize().get(..16).unwrap_or_default())
}

impl Connection {
    /// Publishes once. A server that says nothing has not taken it.
    pub(super) async fn publish(&self, status: &Status, clock: &dyn Clock, wire: Wire<'_>) -> Result<Published, Sent> {
        let (subject, heeds) = (wire.subject, wire.heeds && !wire.acknowledged);
        let before = status.objections.count();
        let answer = async {
            let answer = self.answer(wire).await;
            // It comes beside what says that the server has read the message.
            if heeds && answer.is_ok() {
                clock.sleep(OBJECTION).await;
            }
            answer
        };
        let forbidden = async {
            status.objections.to(subject, before).await;
            Err(Sent::Forbidden(format!("the server does not let the host publish on {subject}")))
        };
        let silent = async {
            clock.sleep(ANSWER).await;
            let seconds = ANSWER.as_secs();
            let text =
                format!("no answer came within {seconds} s: the server is too slow, or no stream keeps {subject}");
            Err(Sent::Later(text))
        };
        let answered = async { select(pin!(answer), pin!(silent)).await.factor_first().0 };
        select(pin!(forbidden), pin!(answered)).await.factor_first().0
    }

    async fn answer(&self, wire: Wire<'_>) -> Result<Published, Sent> {
        let later = |error: &dyn std::fmt::Display| Sent::Later(error.to_string());
        let Wire { subject, name, headers, body, acknowledged, .. } = wire;
        if !acknowledged {
            let mut headers = headers;
            headers.insert(header::NATS_MESSAGE_ID, name.as_str());
            let sent = self.client.publish_with_headers(subject.to_string(), headers, body.to_string().into()).await;
            sent.map_err(|error| later(&error))?;
            self.client.flush().await.map_err(|error| later(&error))?;
            return Ok(Published::default());
        }
        let message = PublishMessage::build().headers(headers).message_id(name).payload(body.to_string().into());
        let answer = match self.streams.send_publish(subject.to_string(), message).await {
            Ok(answer) => answer.await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(kept) => Ok(Published { duplicate: kept.duplicate, kept: Some((kept.stream, kept.sequence)) }),
            Err(error) if error.kind() == PublishErrorKind::StreamNotFound => Err(Sent::Nowhere(format!(
                "no stream keeps the subject {subject}; make one, or set acknowledged = false"
            ))),
            Err(error) if error.kind() == PublishErrorKind::MaxPayloadExceeded => Err(Sent::Never(error.to_string())),
            Err(error) => match refusal(&error) {
                // What a server finds wrong with a message stays so; what it lacks itself may pass.
                Some(refusal) if refusal.code() < 500 => Err(Sent::Never(refusal.to_string())),
                _ => Err(later(&error)),
            },
        }
    }
}

/// What the server itself said against a message.
fn refusal<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a jetstream::Error> {
    error.source().and_then(|source| source.downcast_ref())
}

/// Bytes that headers take on the wire.
fn size(headers: &HeaderMap, name: &str) -> usize {
    let line = |name: &str, value: &str| name.len() + value.len() + LINE;
    let all = headers.iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
    let all: usize = all.map(|(name, value)| line(name.as_ref(), value.as_str())).sum();
    FIRST_LINE + all + line("Nats-Msg-Id", name)
}

impl Bus {
    /// Publishes a message of others once, and says what became of it.
    ///
    /// # Errors
    /// Why it was not taken.
    pub async fn publish(&self, message: &Publication) -> Result<Published, Unsent> {
        let bus = &self.settings.name;
        let invalid = |what: &str| Unsent::Rejected(format!("{what} is none that can be sent"));
        let mut headers = HeaderMap::new();
        let own = (SENDER.to_string(), self.settings.source());
        for (name, value) in message.headers.iter().chain([&own]) {
            let name: HeaderName = name.parse().map_err(|_| invalid("the name of a header"))?;
            let value: HeaderValue = value.parse().map_err(|_| invalid("the value of a header"))?;
            headers.insert(name, value);
        }
        let away = |why: Option<String>| {
            let why = why.unwrap_or_else(|| format!("the bus {bus} is not connected yet"));
            Unsent::Unavailable(why)
        };
        let Either::Left((connection, _)) = select(pin!(self.connection()), self.clock.sleep(ANSWER)).await else {
            return Err(away(self.status.away()));
        };
        // What is handed over now would be sent later, when it may have been given up.
        if connection.client.connection_state() != State::Connected {
            return Err(away(self.status.away()));
        }
        let name = name([message.subject.as_str(), &message.of, &message.id]);
        let most = connection.client.max_payload().saturating_sub(size(&headers, &name));
        if message.body.len() > most {
            return Err(Unsent::TooLarge(most));
        }
        let Publication { subject, body, acknowledged, .. } = message;
        let wire = Wire { subject, name, headers, body, acknowledged: *acknowledged, heeds: true };
        connection.publish(&self.status, self.clock.as_ref(), wire).await.map_err(|sent| match sent {
            Sent::Later(why) | Sent::Nowhere(why) => Unsent::Unavailable(format!("the bus {bus}: {why}")),
            Sent::Never(why) => Unsent::Rejected(format!("the bus {bus}: {why}")),
            Sent::Forbidden(why) => Unsent::Forbidden(format!("the bus {bus}: {why}")),
        })
    }

    /// Who the host is on it.
    pub fn sender(&self) -> String {
        self.settings.source()
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.settings.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_parts_make_the_same_name() {
        assert_eq!(name(["a", "b"]), name(["a", "b"]));
        assert_ne!(name(["a", "b"]), name(["b", "a"]));
        assert_eq!(name(["a", "b"]).len(), 32);
    }
}
