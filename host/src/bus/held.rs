//! Messages of a stream between their coming and their acknowledgement.

use std::time::Duration;

use async_nats::jetstream::{self, AckKind};
use futures::future::BoxFuture;
use jiff::Timestamp;

use super::Message;

/// How long the server may take to say that it knows of an acknowledgement.
const ANSWER: Duration = Duration::from_secs(3);

/// A message of a stream, and the way back to who has sent it. A server carries it, or a test.
pub trait Delivered: Send + Sync + 'static {
    /// Its number in the stream.
    fn sequence(&self) -> u64;
    /// How many more wait behind it.
    fn pending(&self) -> u64;
    /// The message as the host's own parts see it.
    fn message(&self) -> Message;
    /// Lets go of all of it that only whoever reads it needs.
    fn lighten(&mut self) {}
    /// Says something of it. No answer is waited for; an error shows itself as a message that comes again.
    fn say(&self, word: Word) -> BoxFuture<'_, ()>;
    /// Acknowledges it, and comes back when the server knows.
    fn settle(&self) -> BoxFuture<'_, Result<(), String>>;
}

/// What is said of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// What it means is durable.
    Taken,
    /// It is being worked at.
    Working,
    /// It is given back for a while, or to whoever asks next.
    Back(Duration),
    /// It can never be read, and why: it is not sent again.
    End(String),
}

/// A message of a server, and what that says of it.
pub(super) struct Held {
    message: jetstream::Message,
    sequence: u64,
    published: Option<Timestamp>,
    pending: u64,
}

impl Held {
    /// Reads what the server says of a message; none of one that no stream has sent.
    pub fn of(message: jetstream::Message) -> Option<Self> {
        let (sequence, published, pending) = {
            let info = message.info().ok()?;
            (info.stream_sequence, info.published.unix_timestamp_nanos(), info.pending)
        };
        Some(Self { message, sequence, published: Timestamp::from_nanosecond(published).ok(), pending })
    }

    async fn acknowledged_with(&self, kind: AckKind) {
        if let Err(error) = self.message.ack_with(kind).await {
            tracing::debug!(%error, "an acknowledgement was not sent");
        }
    }

    async fn ended(&self, why: &str) {
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
        self.acknowledged_with(AckKind::Term).await;
    }
}

impl Delivered for Held {
    fn sequence(&self) -> u64 {
        self.sequence
    }

    fn pending(&self) -> u64 {
        self.pending
    }

    fn message(&self) -> Message {
        Message::of(&self.message.message, self.published.unwrap_or(Timestamp::UNIX_EPOCH))
    }

    fn lighten(&mut self) {
        self.message.message.payload = Default::default();
        self.message.message.headers = None;
    }

    fn say(&self, word: Word) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            match word {
                Word::Taken => self.acknowledged_with(AckKind::Ack).await,
                Word::Working => self.acknowledged_with(AckKind::Progress).await,
                Word::Back(Duration::ZERO) => self.acknowledged_with(AckKind::Nak(None)).await,
                Word::Back(pause) => self.acknowledged_with(AckKind::Nak(Some(pause))).await,
                Word::End(why) => self.ended(&why).await,
            }
        })
    }

    fn settle(&self) -> BoxFuture<'_, Result<(), String>> {
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
pub(super) async fn acknowledge(all: &[impl Delivered]) -> Result<(), String> {
    let Some((last, others)) = all.split_last() else { return Ok(()) };
    say_all(others, &Word::Taken).await;
    last.settle().await
}

/// Says the same of all of them.
pub(super) async fn say_all(all: &[impl Delivered], word: &Word) {
    for held in all {
        held.say(word.clone()).await;
    }
}
