//! Messages of a stream between their coming and their acknowledgement.

use std::time::Duration;

use async_nats::jetstream::{AckKind, Message};

/// A message, and what the server says of it.
pub(super) struct Held {
    /// The message.
    pub message: Message,
    /// Its number in the stream.
    pub sequence: u64,
    /// When it was published, in nanoseconds since 1970.
    pub published: i128,
    /// How many more wait behind it.
    pub pending: u64,
}

impl Held {
    /// Reads what the server says of a message; none of one that no stream has sent.
    pub fn of(message: Message) -> Option<Self> {
        let (sequence, published, pending) = {
            let info = message.info().ok()?;
            (info.stream_sequence, info.published.unix_timestamp_nanos(), info.pending)
        };
        Some(Self { message, sequence, published, pending })
    }

    /// No answer is waited for. An error shows itself as a message that comes again.
    async fn say(&self, kind: AckKind) {
        if let Err(error) = self.message.ack_with(kind).await {
            tracing::debug!(%error, "an acknowledgement was not sent");
        }
    }

    /// It can never be read: it is not sent again.
    pub async fn term(&self, why: &str) {
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
        self.say(AckKind::Term).await;
    }
}

/// Acknowledges all of them. The server takes them in their order, so its answer to the last one is one to all.
///
/// # Errors
/// When it does not answer: they come again.
pub(super) async fn acknowledge(all: &[Held]) -> Result<(), String> {
    let Some((last, others)) = all.split_last() else { return Ok(()) };
    for held in others {
        held.say(AckKind::Ack).await;
    }
    let (client, Some(reply)) = (last.message.context.client(), last.message.reply.clone()) else { return Ok(()) };
    client.request(reply, "+ACK".into()).await.map(|_| ()).map_err(|error| error.to_string())
}

/// Tells the server that they are being worked at.
pub(super) async fn work_on(all: &[Held]) {
    for held in all {
        held.say(AckKind::Progress).await;
    }
}

/// Gives them back for a while.
pub(super) async fn give_back(all: &[Held], pause: Duration) {
    for held in all {
        held.say(AckKind::Nak(Some(pause))).await;
    }
}
