//! The latest events, whatever they meant, for people who look: no record, gone with the host.

use std::collections::{BTreeSet, VecDeque};

use jiff::Timestamp;

use crate::domain::Event;
use crate::domain::event::Pattern;

/// So many events are kept, and of their data so many bytes.
const MOST: usize = 1_000;
const BYTES: usize = 4 << 20;

/// An event, and when it came.
#[derive(Clone, Debug, PartialEq)]
pub struct ReceivedEvent {
    /// The event.
    pub event: Event,
    /// When it came in.
    pub at: Timestamp,
}

/// The latest events, the oldest first.
#[derive(Debug, Default)]
pub struct RecentEvents {
    all: VecDeque<ReceivedEvent>,
    bytes: usize,
}

impl RecentEvents {
    /// Takes events in, and lets the oldest go.
    pub fn take(&mut self, events: Vec<Event>, at: Timestamp) {
        let beyond = events.len().saturating_sub(MOST);
        for event in events.into_iter().skip(beyond) {
            self.bytes += event.said.size;
            self.all.push_back(ReceivedEvent { event, at });
        }
        while self.all.len() > MOST || self.bytes > BYTES {
            let Some(first) = self.all.pop_front() else { break };
            self.bytes = self.bytes.saturating_sub(first.event.said.size);
        }
    }

    /// The subjects that hold a text, each once, in their order.
    pub fn subjects(&self, search: &str) -> Vec<String> {
        let subjects = self.all.iter().map(|came| came.event.said.subject.as_str());
        let found: BTreeSet<&str> = subjects.filter(|subject| subject.contains(search)).collect();
        found.into_iter().filter(|subject| !subject.is_empty()).map(str::to_string).collect()
    }

    /// The events of which the subject is meant, from a time on, the newest first; so many at most.
    pub fn of(&self, subject: &Pattern, since: Option<Timestamp>, most: usize) -> Vec<ReceivedEvent> {
        let meant = |came: &&ReceivedEvent| {
            subject.matches(&came.event.said.subject) && since.is_none_or(|since| came.at >= since)
        };
        self.all.iter().rev().filter(meant).take(most).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::Envelope;

    fn event(subject: &str, size: usize) -> Event {
        Event::new(Envelope { subject: subject.into(), size, ..Envelope::default() })
    }

    #[test]
    fn the_latest_are_kept_within_bounds() {
        let mut recent = RecentEvents::default();
        let at = |second| Timestamp::from_second(second).unwrap();
        recent.take((0..1_500).map(|n| event(&format!("ops.a.{n}"), 10)).collect(), at(1));
        assert_eq!((recent.all.len(), recent.bytes), (MOST, MOST * 10));
        recent.take(vec![event("ops.b.1", 10), event("ops.b.1", 10)], at(2));
        assert_eq!(recent.subjects("ops.b"), ["ops.b.1"]);
        let pattern = Pattern::parse("ops.>").unwrap();
        let found = recent.of(&pattern, None, 3);
        let subjects: Vec<&str> = found.iter().map(|came| came.event.said.subject.as_str()).collect();
        assert_eq!(subjects, ["ops.b.1", "ops.b.1", "ops.a.1499"]);
        assert_eq!(recent.of(&pattern, Some(at(2)), 10).len(), 2);
        assert!(recent.of(&Pattern::parse("ops.c").unwrap(), None, 10).is_empty());
        recent.take(vec![event("large", BYTES), event("small", 1)], at(3));
        assert_eq!(recent.all.len(), 1, "a large one takes the room of all others");
    }
}
