//! Which messages of a stream are durable already, so that one that comes again is only acknowledged again.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Bus;

/// So many messages behind the first gap are remembered one by one.
const MAX_GAPPED: usize = 20_000;
const KEY: &str = "unacknowledged";

/// The messages of one stream.
#[derive(Debug, Default)]
pub struct Processed {
    stream_created: String,
    /// All up to this one, as far as they came this way.
    floor: u64,
    above: BTreeSet<u64>,
    /// Those whose alerts an earlier process has taken. It stopped before it had acknowledged them, so that they come again, and
    /// what they sent on goes once more to whoever does not have it.
    durable_alerts: BTreeSet<u64>,
}

/// What a stop leaves to the next start: messages that come again, and whose alerts are in the journal.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Unacknowledged {
    /// When their stream was made.
    stream_created: String,
    sequences: BTreeSet<u64>,
}

impl Processed {
    /// Of the stream that was made then, of which all up to a message is durable.
    pub fn attach(&mut self, stream_created: &str, floor: u64) {
        if self.stream_created != stream_created {
            *self = Self { stream_created: stream_created.into(), floor, ..Self::default() };
        }
        self.raise(floor);
    }

    /// Whether it is durable, and was taken by this process.
    pub fn contains(&self, sequence: u64) -> bool {
        sequence <= self.floor || self.above.contains(&sequence)
    }

    /// Whether an earlier process has taken its alerts.
    pub fn has_durable_alerts(&self, sequence: u64) -> bool {
        self.durable_alerts.contains(&sequence)
    }

    /// It is durable now.
    pub fn add(&mut self, sequence: u64) {
        if sequence > self.floor {
            self.above.insert(sequence);
        }
        while self.above.remove(&(self.floor + 1)) {
            self.floor += 1;
        }
        // A consumer that hears a part of the stream leaves gaps for ever; the oldest are taken for closed.
        while self.above.len() > MAX_GAPPED {
            let Some(first) = self.above.pop_first() else { break };
            self.floor = first;
        }
    }

    fn raise(&mut self, floor: u64) {
        self.durable_alerts = self.durable_alerts.split_off(&(floor + 1));
        if floor > self.floor {
            self.floor = floor;
            self.above = self.above.split_off(&(floor + 1));
        }
    }

    /// What a stop leaves: these, and those of an earlier process that have not come again yet.
    pub(super) fn unacknowledged(&self, pending: impl Iterator<Item = u64>) -> Unacknowledged {
        let not_yet = self.durable_alerts.iter().copied().filter(|sequence| !self.contains(*sequence));
        Unacknowledged { stream_created: self.stream_created.clone(), sequences: not_yet.chain(pending).collect() }
    }

    /// Takes over what a stop has left, where that is of the same stream.
    pub(super) fn restore(&mut self, left: Unacknowledged) {
        if left.stream_created == self.stream_created {
            self.durable_alerts = left.sequences;
            self.raise(self.floor);
        }
    }
}

impl Bus {
    /// What the last stop has left. What cannot be read comes again as new.
    pub(super) fn unacknowledged(&self) -> Unacknowledged {
        let text = self.state.get(&self.place(), KEY).ok().flatten();
        text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    /// Leaves it to the next start; whether that is durable.
    pub(super) async fn save_unacknowledged(&self, left: &Unacknowledged) -> bool {
        match serde_json::to_string(left) {
            Ok(text) => self.save_state(KEY, text).await,
            Err(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_durable_is_known_in_any_order_and_of_one_stream_alone() {
        let mut processed = Processed::default();
        processed.attach("1", 10);
        assert!(processed.contains(10) && !processed.contains(11));
        processed.add(12);
        assert!(processed.contains(12) && !processed.contains(11));
        processed.add(11);
        assert_eq!((processed.floor, processed.above.len()), (12, 0));
        processed.add(20);
        processed.attach("1", 15);
        assert_eq!((processed.floor, processed.contains(20), processed.contains(16)), (15, true, false));
        processed.attach("2", 0);
        assert!(!processed.contains(1));
        for n in 0..MAX_GAPPED as u64 + 5 {
            processed.add(10 + 2 * n);
        }
        assert_eq!((processed.above.len(), processed.contains(10), processed.contains(11)), (MAX_GAPPED, true, true));
        assert!(!processed.contains(19));
    }

    #[test]
    fn what_a_stop_leaves_is_known_until_it_is_acknowledged_and_of_its_stream_alone() {
        let mut first = Processed::default();
        first.attach("1", 10);
        [11, 12, 14].into_iter().for_each(|sequence| first.add(sequence));
        let text = serde_json::to_string(&first.unacknowledged([12, 14].into_iter())).unwrap();
        let left = || serde_json::from_str::<Unacknowledged>(&text).unwrap();

        let mut second = Processed::default();
        second.attach("1", 11);
        second.restore(left());
        let known = [11, 12, 13, 14].map(|sequence| second.has_durable_alerts(sequence));
        assert_eq!((known, second.contains(12)), ([false, true, false, true], false), "it is to be sent on still");
        second.add(12);
        assert_eq!(second.unacknowledged([12].into_iter()), left(), "12 waits again, and 14 has not come again yet");
        second.attach("1", 13);
        assert!(!second.has_durable_alerts(12) && second.has_durable_alerts(14));

        let mut other = Processed::default();
        other.attach("2", 0);
        other.restore(left());
        assert!(!other.has_durable_alerts(12));
    }
}
