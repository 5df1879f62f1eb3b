//! How often events came that mean something only when they come often enough.
//!
//! Of what stands in no record nothing is kept for long: the counts of so many objects, the latest of them, and none
//! beyond a restart. What is forgotten for want of room is counted, and begins anew.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use jiff::Timestamp;

use crate::rules::Frequency;

/// The counts.
#[derive(Debug)]
pub struct Counts {
    /// Those that have been counted since the last turn, and those of the turn before.
    young: HashMap<String, VecDeque<Occurrence>>,
    old: HashMap<String, VecDeque<Occurrence>>,
    /// Half of what is kept.
    half: usize,
    forgotten: u64,
}

/// One time that an event came.
#[derive(Clone, Copy, Debug)]
struct Occurrence {
    /// By the clock that only goes on.
    came: Duration,
    /// When it happened by its own word, by which one that comes twice is known.
    occurred: Option<Timestamp>,
}

impl Counts {
    /// Counts of so many objects are kept at least, and of twice as many at most.
    pub fn new(half: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), half: half.max(1), forgotten: 0 }
    }

    /// Counts an event of an alert that is known by this key, and says how often it has come within the window, this time included. One that is told of
    /// twice counts once.
    pub fn count(&mut self, key: String, of: Frequency, occurred: Option<Timestamp>, now: Duration) -> u32 {
        let mut times = self.young.remove(&key).or_else(|| self.old.remove(&key)).unwrap_or_default();
        let within = Duration::from_millis(of.within_ms);
        while times.front().is_some_and(|first| now.saturating_sub(first.came) > within) {
            times.pop_front();
        }
        let known = occurred.is_some() && times.iter().any(|once| once.occurred == occurred);
        if !known {
            times.push_back(Occurrence { came: now, occurred });
        }
        // More than what is wanted need not be remembered.
        while times.len() > of.times as usize {
            times.pop_front();
        }
        let count = u32::try_from(times.len()).unwrap_or(u32::MAX);
        if self.young.len() >= self.half {
            self.forgotten += self.old.len() as u64;
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, times);
        count
    }

    /// Begins anew.
    pub fn forget(&mut self, key: &str) {
        self.young.remove(key);
        self.old.remove(key);
    }

    /// How many counts were let go for want of room since the last time that somebody asked.
    pub fn forgotten(&mut self) -> u64 {
        std::mem::take(&mut self.forgotten)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF: Frequency = Frequency { times: 3, within_ms: 60_000 };

    #[test]
    fn what_is_long_ago_or_told_twice_does_not_count() {
        let mut counts = Counts::new(10);
        let at = |second: i64| Timestamp::from_second(second).ok();
        let mut count = |second: u64, occurred| counts.count("a".into(), OF, occurred, Duration::from_secs(second));
        assert_eq!(
            [count(0, at(1)), count(1, at(1)), count(2, at(2)), count(3, None), count(4, None)],
            [1, 1, 2, 3, 3]
        );
        assert_eq!(count(64, at(9)), 2, "that of the second 4 and this one");
        assert_eq!(counts.count("b".into(), OF, None, Duration::from_secs(64)), 1);
        counts.forget("a");
        assert_eq!(counts.count("a".into(), OF, None, Duration::from_secs(64)), 1);
    }

    #[test]
    fn the_memory_has_a_bound_and_says_what_it_forgot() {
        let mut counts = Counts::new(100);
        for n in 0..1_000 {
            counts.count(n.to_string(), OF, None, Duration::ZERO);
        }
        assert!(counts.young.len() + counts.old.len() <= 200);
        assert_eq!(counts.forgotten(), 1_000 - (counts.young.len() + counts.old.len()) as u64);
        assert_eq!(counts.forgotten(), 0);
        assert_eq!(counts.count("999".into(), OF, None, Duration::ZERO), 2, "the latest are there");
        assert_eq!(counts.count("0".into(), OF, None, Duration::ZERO), 1, "the first are not");
    }
}
