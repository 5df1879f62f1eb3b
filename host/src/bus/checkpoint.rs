//! What is remembered of a stream across starts: which one it was and how far all of it is durable.
//!
//! The server keeps that as well, in the consumer. This is for when there is none any more: a stream that was made anew is
//! read from its beginning, and one that has lost the consumer from where that was.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Bus;

const KEY: &str = "stream";

/// The place in a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// When the stream was made, in nanoseconds since 1970: one of the same name is another stream.
    pub created: String,
    /// The last message up to which all was acknowledged, as the server said some time ago.
    pub floor: u64,
}

impl Bus {
    /// Under which name something is remembered of it.
    pub(super) fn place(&self) -> String {
        format!("bus/{}", self.settings.name)
    }

    /// What is remembered. What cannot be read is not remembered.
    pub(super) fn checkpoint(&self) -> Option<Checkpoint> {
        let text = self.state.get(&self.place(), KEY).ok().flatten()?;
        serde_json::from_str(&text).ok()
    }

    /// Remembers a place.
    pub(super) async fn save_checkpoint(&self, checkpoint: &Checkpoint) {
        let Ok(text) = serde_json::to_string(checkpoint) else { return };
        self.save_state(KEY, text).await;
    }

    /// Keeps something across starts, and says whether it is durable. It waits for the disk, on a thread that may.
    pub(super) async fn save_state(&self, key: &'static str, text: String) -> bool {
        let (state, place) = (Arc::clone(&self.state), self.place());
        let kept = tokio::task::spawn_blocking(move || state.set(&place, key, &text)).await;
        if let Ok(Err(error)) = &kept {
            tracing::debug!(bus = self.settings.name, key, %error, "a place is not remembered");
        }
        matches!(kept, Ok(Ok(())))
    }
}

/// Where a consumer begins that has to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartAt {
    /// With what the stream holds.
    All,
    /// With what comes.
    New,
    /// With this message.
    Sequence(u64),
}

/// Where it begins in the stream that was made then: whoever has read another of this name before has missed all of this one.
pub fn start_at(checkpoint: Option<&Checkpoint>, created: &str, from_start: bool) -> StartAt {
    match checkpoint {
        Some(checkpoint) if checkpoint.created == created => StartAt::Sequence(checkpoint.floor + 1),
        Some(_) => StartAt::All,
        None if from_start => StartAt::All,
        None => StartAt::New,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_was_made_anew_is_read_from_its_beginning() {
        let checkpoint = Checkpoint { created: "1".into(), floor: 7 };
        assert_eq!(start_at(Some(&checkpoint), "1", false), StartAt::Sequence(8));
        assert_eq!(start_at(Some(&checkpoint), "2", false), StartAt::All);
        assert_eq!((start_at(None, "1", false), start_at(None, "1", true)), (StartAt::New, StartAt::All));
    }
}
