//! A signed request is taken once: what was acknowledged before is acknowledged again and does nothing.
//!
//! A request that was not acknowledged is not remembered, so a sender may repeat it. What is remembered
//! is lost with the process.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// How long a signature without a time is remembered. A sender that signs no time sends the same bytes
/// when it reminds of an alert that still fires, so it cannot be for ever.
pub const UNTIMED: SignedDuration = SignedDuration::from_hours(1);

/// Signatures that are remembered; beyond this the ones that end first are forgotten.
const MOST: usize = 100_000;

/// What a good signature says, whatever header it came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The HMAC.
    pub mac: [u8; 32],
    /// After this the signature is no longer good, or no longer remembered.
    pub until: Timestamp,
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
    /// Whether a request with this signature was acknowledged.
    pub fn seen(&self, signature: &Signature, now: Timestamp) -> bool {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        taken.until.get(&signature.mac).is_some_and(|until| *until >= now)
    }

    /// Remembers a request that was acknowledged.
    pub fn acknowledge(&self, signature: Signature, now: Timestamp) {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Signature { mac, until } = signature;
        if let Some(before) = taken.until.insert(mac, until) {
            taken.order.remove(&(before, mac));
        }
        taken.order.insert((until, mac));
        while let Some((first, mac)) = taken.order.first().copied() {
            if first >= now && taken.order.len() <= MOST {
                break;
            }
            taken.order.remove(&(first, mac));
            taken.until.remove(&mac);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signature(n: u32, until: i64) -> Signature {
        let mut mac = [0; 32];
        mac[..4].copy_from_slice(&n.to_be_bytes());
        Signature { mac, until: Timestamp::from_second(until).unwrap() }
    }

    #[test]
    fn what_was_acknowledged_is_known_as_long_as_it_would_be_good() {
        let (replays, at) = (Replays::default(), |s| Timestamp::from_second(s).unwrap());
        let one = signature(1, 300);
        assert!(!replays.seen(&one, at(0)), "a request that was not acknowledged may come again");
        replays.acknowledge(one, at(0));
        for (now, seen) in [(0, true), (299, true), (300, true), (301, false)] {
            assert_eq!(replays.seen(&one, at(now)), seen, "{now}");
        }
        assert!(!replays.seen(&signature(2, 300), at(0)), "another signature is another request");
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_goes_first() {
        let (replays, now) = (Replays::default(), Timestamp::UNIX_EPOCH);
        let most = u32::try_from(MOST).unwrap();
        for n in 0..most + 10 {
            replays.acknowledge(signature(n, 1000 + i64::from(n)), now);
        }
        assert_eq!(replays.0.lock().unwrap().until.len(), MOST);
        assert!(!replays.seen(&signature(9, 0), now) && replays.seen(&signature(10, 0), now));
        replays.acknowledge(signature(most + 10, 10_000_000), Timestamp::from_second(5_000_000).unwrap());
        assert_eq!(replays.0.lock().unwrap().until.len(), 1, "what is over is forgotten");
    }
}
