//! What happened lately, in the order of time.

use std::collections::{VecDeque, vec_deque};

use jiff::Timestamp;

use crate::domain::history::REMEMBERED;

/// Things with their times, the oldest first; looking costs what is looked at. What is older than
/// the past that policies can count is forgotten.
#[derive(Debug)]
pub struct SlidingWindow<T>(VecDeque<(Timestamp, T)>);

impl<T> Default for SlidingWindow<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T> SlidingWindow<T> {
    /// Takes one in, and forgets what is too old by then. In any order: clocks are set back.
    pub fn note(&mut self, at: Timestamp, what: T) {
        let oldest = at.saturating_sub(REMEMBERED).unwrap_or(Timestamp::MIN);
        while self.0.front().is_some_and(|(at, _)| *at < oldest) {
            self.0.pop_front();
        }
        let place = self.0.partition_point(|(other, _)| *other <= at);
        self.0.insert(place, (at, what));
    }

    /// What happened after a time, the oldest first.
    pub fn after(&self, time: Timestamp) -> vec_deque::Iter<'_, (Timestamp, T)> {
        self.0.range(self.0.partition_point(|(at, _)| *at <= time)..)
    }

    /// Takes the newest that fits back out; when it was.
    pub fn take(&mut self, fits: impl Fn(&T) -> bool) -> Option<Timestamp> {
        let place = self.0.iter().rposition(|(_, what)| fits(what))?;
        self.0.remove(place).map(|(at, _)| at)
    }
}
