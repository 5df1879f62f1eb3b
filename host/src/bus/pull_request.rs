//! How much of a stream is asked for at a time: no more than a server holds ready for a host that reads slowly, and no more
//! than the consumer lets anybody ask for.
//!
//! A server gives up a client for which more waits than it is ready to hold, and what was under way then comes again only
//! when its acknowledgement is overdue. So bytes are asked for, and not messages alone.

use std::time::Duration;

use async_nats::jetstream::consumer::Config;

/// Messages that are asked for at once.
pub(super) const BATCH: usize = 128;
/// Bytes that are asked for at once, where no message can be longer: a third of the smallest limit that anybody sets, because
/// more is asked for when half of them have come.
const BYTES: usize = 2 << 20;
/// What a server adds to a message when it counts it: subject, reply, and where it stands in the stream.
const MARGIN: usize = 64 << 10;
/// How long the server waits for messages, and how often it says meanwhile that it is there.
const EXPIRES: Duration = Duration::from_secs(30);
const HEARTBEAT: Duration = Duration::from_secs(5);

/// What is asked for at a time.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PullRequest {
    /// Messages.
    pub messages: usize,
    /// Bytes; 0 is any number.
    pub bytes: usize,
    /// How long the server may wait for them.
    pub expires: Duration,
    /// How often it says meanwhile that it is there.
    pub heartbeat: Duration,
}

impl PullRequest {
    /// By what the consumer lets anybody ask for: one that was made by others may let ask for less, and its server refuses to
    /// give anything to whoever asks for more. Where a message may be longer than the bytes that can be asked for, as few are
    /// asked for as these bytes hold of the longest ones.
    pub fn of(config: &Config, longest: usize) -> Self {
        let most = usize::try_from(config.max_batch).ok().filter(|most| *most > 0).unwrap_or(BATCH);
        let expires = Some(config.max_expires).filter(|longest| !longest.is_zero()).unwrap_or(EXPIRES).min(EXPIRES);
        let granted = usize::try_from(config.max_bytes).ok().filter(|most| *most > 0).unwrap_or(usize::MAX);
        let needed = longest.saturating_add(MARGIN);
        let (messages, bytes) =
            if needed > granted { ((BYTES / needed).max(1), 0) } else { (BATCH, needed.max(BYTES).min(granted)) };
        // A server wants to say that it is there at least twice.
        Self { messages: messages.min(most), bytes, expires, heartbeat: HEARTBEAT.min(expires / 3) }
    }

    /// One message, however long it is.
    pub fn one(self) -> Self {
        Self { messages: 1, bytes: 0, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: usize = 1 << 20;

    #[test]
    fn no_more_is_asked_for_than_the_consumer_lets_anybody_ask() {
        let request = |max_batch: i64, max_expires: u64| {
            let max_expires = Duration::from_secs(max_expires);
            PullRequest::of(&Config { max_batch, max_expires, ..Default::default() }, LONGEST)
        };
        let usual = PullRequest { messages: BATCH, bytes: BYTES, expires: EXPIRES, heartbeat: HEARTBEAT };
        assert_eq!(request(0, 0), usual);
        let few = PullRequest {
            messages: 10,
            expires: Duration::from_secs(3),
            heartbeat: Duration::from_secs(1),
            bytes: BYTES,
        };
        assert_eq!(request(10, 3), few);
        assert_eq!(request(-1, 3_600), usual);
    }

    #[test]
    fn bytes_hold_the_longest_message_or_are_not_asked_for() {
        let request = |max_bytes: i64, longest: usize| {
            let request = PullRequest::of(&Config { max_bytes, ..Default::default() }, longest);
            (request.messages, request.bytes)
        };
        assert_eq!(request(0, 8 << 20), (BATCH, (8 << 20) + MARGIN));
        assert_eq!(request(-1, LONGEST), (BATCH, BYTES));
        assert_eq!(request(64 << 20, LONGEST), (BATCH, BYTES));
        assert_eq!(request(3 << 19, LONGEST), (BATCH, 3 << 19));
        // Whoever asks for more bytes than that is refused, and a message that is longer than asked for would never come.
        assert_eq!(request(64 << 10, LONGEST), (1, 0));
        assert_eq!(request(64 << 10, 100 << 10), (12, 0));
        assert_eq!(request(0, usize::MAX).1, usize::MAX);
    }
}
