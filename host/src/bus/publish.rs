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
const VIOLATION: Duration = Duration::from_millis(50);
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
pub(super) enum PublishFailure {
    /// It is tried again.
    Retry(String),
    /// It cannot be.
    Rejected(String),
    /// No stream keeps it.
    NoStream(String),
    /// The server does not let the host publish there.
    Forbidden(String),
}

impl PublishFailure {
    /// What is wrong, in a word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Retry(_) => "later",
            Self::Rejected(_) => "never",
            Self::NoStream(_) => "nowhere",
            Self::Forbidden(_) => "forbidden",
        }
    }

    /// What is wrong, in a sentence.
    pub fn text(&self) -> &str {
        let (Self::Retry(why) | Self::Rejected(why) | Self::NoStream(why) | Self::Forbidden(why)) = self;
        why
    }
}

/// What goes onto the wire.
pub(super) struct OutgoingMessage<'a> {
    pub subject: &'a str,
    /// One of the whole stream.
    pub id: String,
    pub headers: HeaderMap,
    pub body: &'a str,
    /// Whether a stream must have taken it.
    pub acknowledged: bool,
    /// Whether an objection is waited for where nobody says that it was taken.
    pub await_violation: bool,
}

/// An id out of several parts: the same ones make the same one.
pub(super) fn message_id<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
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
    pub(super) async fn publish(
        &self,
        status: &Status,
        clock: &dyn Clock,
        message: OutgoingMessage<'_>,
    ) -> Result<Published, PublishFailure> {
        let (subject, await_violation) = (message.subject, message.await_violation && !message.acknowledged);
        let before = status.violations.count();
        let answer = async {
            let answer = self.answer(message).await;
            // It comes beside what says that the server has read the message.
            if await_violation && answer.is_ok() {
                clock.sleep(VIOLATION).await;
            }
            answer
        };
        let forbidden = async {
            status.violations.on_subject(subject, before).await;
            Err(PublishFailure::Forbidden(format!("the server does not let the host publish on {subject}")))
        };
        let silent = async {
            clock.sleep(ANSWER).await;
            let seconds = ANSWER.as_secs();
            let text =
                format!("no answer came within {seconds} s: the server is too slow, or no stream keeps {subject}");
            Err(PublishFailure::Retry(text))
        };
        let answered = async { select(pin!(answer), pin!(silent)).await.factor_first().0 };
        select(pin!(forbidden), pin!(answered)).await.factor_first().0
    }

    async fn answer(&self, message: OutgoingMessage<'_>) -> Result<Published, PublishFailure> {
        let later = |error: &dyn std::fmt::Display| PublishFailure::Retry(error.to_string());
        let OutgoingMessage { subject, id, headers, body, acknowledged, .. } = message;
        if !acknowledged {
            let mut headers = headers;
            headers.insert(header::NATS_MESSAGE_ID, id.as_str());
            let sent = self.client.publish_with_headers(subject.to_string(), headers, body.to_string().into()).await;
            sent.map_err(|error| later(&error))?;
            self.client.flush().await.map_err(|error| later(&error))?;
            return Ok(Published::default());
        }
        let message = PublishMessage::build().headers(headers).message_id(id).payload(body.to_string().into());
        let answer = match self.streams.send_publish(subject.to_string(), message).await {
            Ok(answer) => answer.await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(kept) => Ok(Published { duplicate: kept.duplicate, kept: Some((kept.stream, kept.sequence)) }),
            Err(error) if error.kind() == PublishErrorKind::StreamNotFound => Err(PublishFailure::NoStream(format!(
                "no stream keeps the subject {subject}; make one, or set acknowledged = false"
            ))),
            Err(error) if error.kind() == PublishErrorKind::MaxPayloadExceeded => {
                Err(PublishFailure::Rejected(error.to_string()))
            }
            Err(error) => match refusal(&error) {
                // What a server finds wrong with a message stays so; what it lacks itself may pass.
                Some(refusal) if refusal.code() < 500 => Err(PublishFailure::Rejected(refusal.to_string())),
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
fn size(headers: &HeaderMap, id: &str) -> usize {
    let line = |name: &str, value: &str| name.len() + value.len() + LINE;
    let all = headers.iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
    let all: usize = all.map(|(name, value)| line(name.as_ref(), value.as_str())).sum();
    FIRST_LINE + all + line("Nats-Msg-Id", id)
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
            return Err(away(self.status.connection_problem()));
        };
        // What is handed over now would be sent later, when it may have been given up.
        if connection.client.connection_state() != State::Connected {
            return Err(away(self.status.connection_problem()));
        }
        let id = message_id([message.subject.as_str(), &message.of, &message.id]);
        let most = connection.client.max_payload().saturating_sub(size(&headers, &id));
        if message.body.len() > most {
            return Err(Unsent::TooLarge(most));
        }
        let Publication { subject, body, acknowledged, .. } = message;
        let outgoing =
            OutgoingMessage { subject, id, headers, body, acknowledged: *acknowledged, await_violation: true };
        connection.publish(&self.status, self.clock.as_ref(), outgoing).await.map_err(|failure| match failure {
            PublishFailure::Retry(why) | PublishFailure::NoStream(why) => {
                Unsent::Unavailable(format!("the bus {bus}: {why}"))
            }
            PublishFailure::Rejected(why) => Unsent::Rejected(format!("the bus {bus}: {why}")),
            PublishFailure::Forbidden(why) => Unsent::Forbidden(format!("the bus {bus}: {why}")),
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
        assert_eq!(message_id(["a", "b"]), message_id(["a", "b"]));
        assert_ne!(message_id(["a", "b"]), message_id(["b", "a"]));
        assert_eq!(message_id(["a", "b"]).len(), 32);
    }
}
