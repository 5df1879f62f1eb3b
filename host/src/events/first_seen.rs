//! When events came first that say no time: one that is sent again has the time that it had then, and so counts once.
//!
//! A sender that was not answered sends an event again, under the same number of the same source. What says when it happened is
//! known by that; of what does not it is remembered here, for so many and so long, and for none beyond a restart.

use std::collections::HashMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use crate::domain::Event;

/// For so long. It cannot be for ever: a script that always uses one number says something new by it on another day.
const KNOWN: Duration = Duration::from_secs(3_600);

/// First times of events, by what tells an event from all others.
#[derive(Debug)]
pub struct FirstSeen {
    /// Those that came since the last turn, and those of the turn before.
    young: HashMap<[u8; 32], First>,
    old: HashMap<[u8; 32], First>,
    /// Half of what is kept.
    half: usize,
    latest: Timestamp,
}

/// What is known of an event's time besides its own word.
#[derive(Clone, Copy, Debug)]
pub enum TimeHint {
    /// When the host got it.
    Received(Timestamp),
    /// When it was sent, which is the same each time that the message comes.
    Sent(Timestamp),
}

#[derive(Clone, Copy, Debug)]
struct First {
    at: Timestamp,
    /// By the clock that only goes on.
    came: Duration,
}

impl FirstSeen {
    /// Of so many events at least, and of twice as many at most.
    pub fn new(half: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), half: half.max(1), latest: Timestamp::MIN }
    }

    /// When an event happened that says no time: when it came first, or was sent by the word of a bus. None where it has a time,
    /// or nothing that it is known by.
    pub fn time(&mut self, event: &Event, when: TimeHint, now: Duration) -> Option<Timestamp> {
        let said = &event.said;
        if said.id.is_empty() || said.source.is_empty() || event.occurred().is_some() {
            return None;
        }
        let name = name(event);
        let known = self.young.get(&name).or_else(|| self.old.get(&name)).copied();
        if let Some(first) = known.filter(|first| now.saturating_sub(first.came) < KNOWN) {
            return Some(first.at);
        }
        let at = match when {
            TimeHint::Sent(at) => at,
            // Two that come together are two: no two of them have one time.
            TimeHint::Received(at) => {
                let next = self.latest.saturating_add(SignedDuration::from_nanos(1)).unwrap_or(Timestamp::MAX);
                self.latest = at.max(next);
                self.latest
            }
        };
        if self.young.len() >= self.half {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(name, First { at, came: now });
        Some(at)
    }
}

/// The same for an event that is sent again. Source and number should be enough, and are not where a script uses one number for all.
fn name(event: &Event) -> [u8; 32] {
    let said = &event.said;
    let mut hash = Sha256::new();
    let data = said.data.to_string();
    for part in [&said.source, &said.id, &said.kind, &said.subject, &data] {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::event::Envelope;

    fn event(id: &str, data: &str) -> Event {
        let said =
            Envelope { id: id.into(), source: "/ci".into(), data: json!({ "what": data }), ..Envelope::default() };
        Event::new(said)
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn an_event_that_is_sent_again_has_the_time_that_it_had() {
        let mut firsts = FirstSeen::new(10);
        let mut time = |id: &str, data: &str, second: i64| {
            firsts.time(&event(id, data), TimeHint::Received(at(second)), Duration::from_secs(second.unsigned_abs()))
        };
        assert_eq!(time("a", "x", 100), Some(at(100)));
        assert_eq!(time("a", "x", 160), Some(at(100)), "it is the same");
        assert_ne!(time("b", "x", 160), time("c", "x", 160), "these are two, although they came together");
        assert_eq!(time("a", "y", 170), Some(at(170)), "its sender uses one number for all");
        assert_eq!(time("", "x", 180), None, "it has no number");
        assert_eq!(time("a", "x", 100 + 3_600), Some(at(3_700)), "that was long ago");
        let mut timed = event("d", "x");
        timed.said.time = Some(at(5));
        let sent = firsts.time(&event("e", "x"), TimeHint::Sent(at(7)), Duration::ZERO);
        assert_eq!(sent, Some(at(7)), "a bus knows when it was sent");
        assert_eq!(firsts.time(&timed, TimeHint::Received(at(200)), Duration::ZERO), None, "it says so itself");
    }

    #[test]
    fn the_memory_has_a_bound() {
        let mut firsts = FirstSeen::new(100);
        for n in 0..1_000 {
            firsts.time(&event(&n.to_string(), "x"), TimeHint::Received(at(n)), Duration::ZERO);
        }
        assert!(firsts.young.len() + firsts.old.len() <= 200);
        let mut later = |id: &str| firsts.time(&event(id, "x"), TimeHint::Received(at(5_000)), Duration::ZERO);
        assert_eq!(later("999"), Some(at(999)), "the latest are known");
        assert_eq!(later("0"), Some(at(5_000)), "the first are not");
    }
}
