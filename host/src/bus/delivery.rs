//! Messages of a stream between their coming and their acknowledgement.

use std::time::Duration;

use async_nats::jetstream::{self, AckKind};
use futures::future::BoxFuture;
use jiff::Timestamp;

use super::Message;

/// How long the server may take to say that it knows of an acknowledgement.
const ANSWER: Duration = Duration::from_secs(3);

/// A message of a stream, and the way back to who has sent it. A server carries it, or a test.
pub trait Delivery: Send + Sync + 'static {
    /// Its number in the stream.
    fn sequence(&self) -> u64;
    /// How many more wait behind it.
    fn pending(&self) -> u64;
    /// The message as the host's own parts see it.
    fn message(&self) -> Message;
    /// Lets go of headers and payload, which nobody needs who merely waits to acknowledge it.
    fn drop_payload(&mut self) {}
    /// Replies to it. No answer is waited for; an error shows itself as a message that comes again.
    fn reply(&self, reply: Reply) -> BoxFuture<'_, ()>;
    /// Acknowledges it, and comes back when the server knows.
    fn ack_and_confirm(&self) -> BoxFuture<'_, Result<(), String>>;
}

/// How a delivery is replied to, as NATS names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// What it means is durable.
    Ack,
    /// It is being worked at.
    InProgress,
    /// It is given back for a while, or to whoever asks next.
    Nak(Duration),
    /// It can never be read, and why: it is not sent again.
    Term(String),
}

/// A message of a server, and what that says of it.
pub(super) struct JetStreamDelivery {
    message: jetstream::Message,
    sequence: u64,
    published: Option<Timestamp>,
    pending: u64,
}

impl JetStreamDelivery {
    /// Reads what the server says of a message; none of one that no stream has sent.
    pub fn of(message: jetstream::Message) -> Option<Self> {
        let (sequence, published, pending) = {
            let info = message.info().ok()?;
            (info.stream_sequence, info.published.unix_timestamp_nanos(), info.pending)
        };
        Some(Self { message, sequence, published: Timestamp::from_nanosecond(published).ok(), pending })
    }

    async fn ack_with(&self, kind: AckKind) {
        if let Err(error) = self.message.ack_with(kind).await {
            tracing::debug!(%error, "an acknowledgement was not sent");
        }
    }

    async fn terminate(&self, why: &str) {
        let client = self.message.context.client();
        // Before 2.11 a server does not know an end with a reason, and would send the message again and again.
        if client.is_server_compatible(2, 11, 0)
            && let Some(reply) = &self.message.reply
        {
            let why: String = why.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect();
            if let Err(error) = client.publish(reply.clone(), format!("+TERM {why}").into()).await {
                tracing::debug!(%error, "an end was not sent");
            }
            return;
        }
        self.ack_with(AckKind::Term).await;
    }
}

impl Delivery for JetStreamDelivery {
    fn sequence(&self) -> u64 {
        self.sequence
    }

    fn pending(&self) -> u64 {
        self.pending
    }

    fn message(&self) -> Message {
        Message::of(&self.message.message, self.published.unwrap_or(Timestamp::UNIX_EPOCH))
    }

    fn drop_payload(&mut self) {
        self.message.message.payload = Default::default();
        self.message.message.headers = None;
    }

    fn reply(&self, reply: Reply) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            match reply {
                Reply::Ack => self.ack_with(AckKind::Ack).await,
                Reply::InProgress => self.ack_with(AckKind::Progress).await,
                Reply::Nak(Duration::ZERO) => self.ack_with(AckKind::Nak(None)).await,
                Reply::Nak(pause) => self.ack_with(AckKind::Nak(Some(pause))).await,
                Reply::Term(why) => self.terminate(&why).await,
            }
        })
    }

    fn ack_and_confirm(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            let Some(reply) = self.message.reply.clone() else { return Ok(()) };
            let request = async_nats::Request::new().payload("+ACK".into()).timeout(Some(ANSWER));
            let answer = self.message.context.client().send_request(reply, request).await;
            answer.map(|_| ()).map_err(|error| error.to_string())
        })
    }
}

/// Acknowledges all of them. The server takes them in their order, so its answer to the last one is one to all.
///
/// # Errors
/// When it does not answer: they come again.
pub(super) async fn acknowledge_all(all: &[impl Delivery]) -> Result<(), String> {
    let Some((last, others)) = all.split_last() else { return Ok(()) };
    reply_all(others, &Reply::Ack).await;
    last.ack_and_confirm().await
}

/// Replies the same to all of them.
pub(super) async fn reply_all(all: &[impl Delivery], reply: &Reply) {
    for delivery in all {
        delivery.reply(reply.clone()).await;
    }
}
