//! A signed request is taken once: what was acknowledged before is acknowledged again and does nothing.
//!
//! A request that was not acknowledged is not remembered, so a sender may repeat it. What is remembered
//! is lost with the process.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

/// How long a signature without a time is remembered. A sender that signs no time sends the same bytes
/// when it reminds of an alert that still fires, so it cannot be for ever.
pub const UNTIMED: SignedDuration = SignedDuration::from_hours(1);

/// Signatures that are remembered; beyond this the ones that end first are forgotten.
const MOST: usize = 100_000;

/// What a request is known by that has proven itself, whatever header that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    id: [u8; 32],
    /// After this its signature is no longer good, or no longer remembered.
    until: Timestamp,
}

impl Mark {
    /// Of what nobody else can have made: a signature, or the id of a message that is signed along.
    pub fn of(proven: &[u8], until: Timestamp) -> Self {
        Self { id: Sha256::digest(proven).into(), until }
    }

    /// The same request to another source is another one: two may share a secret or a topic.
    #[must_use]
    pub fn at(self, source: &str) -> Self {
        let id = Sha256::new().chain_update(self.id).chain_update(source.as_bytes()).finalize().into();
        Self { id, ..self }
    }
}

/// Signatures of requests that were acknowledged.
#[derive(Default)]
pub struct Replays(Mutex<Taken>);

#[derive(Default)]
struct Taken {
    until: HashMap<[u8; 32], Timestamp>,
    order: BTreeSet<(Timestamp, [u8; 32])>,
}

impl Replays {
    /// Whether this request was acknowledged.
    pub fn seen(&self, mark: &Mark, now: Timestamp) -> bool {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        taken.until.get(&mark.id).is_some_and(|until| *until >= now)
    }

    /// Remembers a request that was acknowledged.
    pub fn acknowledge(&self, mark: Mark, now: Timestamp) {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Mark { id, until } = mark;
        if let Some(before) = taken.until.insert(id, until) {
            taken.order.remove(&(before, id));
        }
        taken.order.insert((until, id));
        while let Some((first, id)) = taken.order.first().copied() {
            if first >= now && taken.order.len() <= MOST {
                break;
            }
            taken.order.remove(&(first, id));
            taken.until.remove(&id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(n: u32, until: i64) -> Mark {
        Mark::of(&n.to_be_bytes(), Timestamp::from_second(until).unwrap())
    }

    #[test]
    fn what_was_acknowledged_is_known_as_long_as_it_would_be_good() {
        let (replays, at) = (Replays::default(), |s| Timestamp::from_second(s).unwrap());
        let one = mark(1, 300);
        assert!(!replays.seen(&one, at(0)), "a request that was not acknowledged may come again");
        replays.acknowledge(one, at(0));
        for (now, seen) in [(0, true), (299, true), (300, true), (301, false)] {
            assert_eq!(replays.seen(&one, at(now)), seen, "{now}");
        }
        assert!(!replays.seen(&mark(2, 300), at(0)), "another signature is another request");
        assert!(!replays.seen(&one.at("a"), at(0)) && one.at("a") != one.at("b"), "and so is another source");
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_goes_first() {
        let (replays, now) = (Replays::default(), Timestamp::UNIX_EPOCH);
        let most = u32::try_from(MOST).unwrap();
        for n in 0..most + 10 {
            replays.acknowledge(mark(n, 1000 + i64::from(n)), now);
        }
        assert_eq!(replays.0.lock().unwrap().until.len(), MOST);
        assert!(!replays.seen(&mark(9, 0), now) && replays.seen(&mark(10, 0), now));
        replays.acknowledge(mark(most + 10, 10_000_000), Timestamp::from_second(5_000_000).unwrap());
        assert_eq!(replays.0.lock().unwrap().until.len(), 1, "what is over is forgotten");
    }
}
