//! Which messages of a stream are durable already, so that one that comes again is only acknowledged again.

use std::collections::BTreeSet;

/// So many messages behind the first gap are remembered one by one.
const MOST: usize = 20_000;

/// The messages of one stream.
#[derive(Debug, Default)]
pub struct Seen {
    created: String,
    /// All up to this one, as far as they came this way.
    floor: u64,
    above: BTreeSet<u64>,
}

impl Seen {
    /// Of the stream that was made then, of which all up to a message is durable.
    pub fn attach(&mut self, created: &str, floor: u64) {
        if self.created != created {
            *self = Self { created: created.into(), floor, above: BTreeSet::new() };
        }
        self.raise(floor);
    }

    /// Whether it is durable.
    pub fn holds(&self, sequence: u64) -> bool {
        sequence <= self.floor || self.above.contains(&sequence)
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
        while self.above.len() > MOST {
            let Some(first) = self.above.pop_first() else { break };
            self.floor = first;
        }
    }

    fn raise(&mut self, floor: u64) {
        if floor > self.floor {
            self.floor = floor;
            self.above = self.above.split_off(&(floor + 1));
        }
    }

    #[cfg(test)]
    fn floor(&self) -> u64 {
        self.floor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_durable_is_known_in_any_order_and_of_one_stream_alone() {
        let mut seen = Seen::default();
        seen.attach("1", 10);
        assert!(seen.holds(10) && !seen.holds(11));
        seen.add(12);
        assert!(seen.holds(12) && !seen.holds(11));
        seen.add(11);
        assert_eq!((seen.floor(), seen.above.len()), (12, 0));
        seen.add(20);
        seen.attach("1", 15);
        assert_eq!((seen.floor(), seen.holds(20), seen.holds(16)), (15, true, false));
        seen.attach("2", 0);
        assert!(!seen.holds(1));
        for n in 0..MOST as u64 + 5 {
            seen.add(10 + 2 * n);
        }
        assert_eq!((seen.above.len(), seen.holds(10), seen.holds(11)), (MOST, true, true));
        assert!(!seen.holds(19));
    }
}
