//! Alerts that have ended lately: a message that was on its way for longer than the one about the end must
//! not make them fire again.

use std::collections::{HashMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

use super::index::Identity;
use crate::domain::Severity;

/// How long an end is remembered, counted from when it came in. A second sender or a queue that tries again
/// is late by seconds or a few minutes; what fires on for longer under its old beginning fires.
pub const LATE: SignedDuration = SignedDuration::from_mins(10);

/// How many ends are remembered at most, the latest.
pub const MOST: usize = 50_000;

/// The end of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedAlert {
    /// When what has ended began, by the latest word about that.
    pub began: Timestamp,
    /// How bad it was.
    pub severity: Severity,
    /// When the end came in.
    pub heard: Timestamp,
}

impl EndedAlert {
    fn is_lately(&self, now: Timestamp) -> bool {
        now.duration_since(self.heard).abs() < LATE
    }
}

/// The ends of the last minutes.
#[derive(Debug, Default)]
pub struct RecentEnds {
    ends: HashMap<Identity, EndedAlert>,
    order: VecDeque<(Timestamp, Identity)>,
}

impl RecentEnds {
    /// Takes in that an alert has ended.
    pub fn insert(&mut self, alert: Identity, end: EndedAlert) {
        let heard = end.heard;
        if self.ends.get(&alert).is_some_and(|known| known.began > end.began && known.is_lately(heard)) {
            return;
        }
        self.ends.insert(alert, end);
        self.order.push_back((end.heard, alert));
        while let Some((at, oldest)) = self.order.front().copied() {
            let stays = heard.duration_since(at) < LATE && self.order.len() <= MOST;
            if stays {
                break;
            }
            self.order.pop_front();
            if self.ends.get(&oldest).is_some_and(|end| end.heard == at) {
                self.ends.remove(&oldest);
            }
        }
    }

    /// Whether a message that something fires which began then is older than the one about its end. What
    /// is worse than what has ended is no such message.
    pub fn covers(&self, alert: &Identity, began: Timestamp, severity: Severity, now: Timestamp) -> bool {
        let end = self.ends.get(alert).filter(|end| end.is_lately(now));
        end.is_some_and(|end| began <= end.began && severity <= end.severity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_763_000_000 + second).unwrap()
    }

    fn end(began: i64, heard: i64) -> EndedAlert {
        EndedAlert { began: at(began), severity: Severity::Warning, heard: at(heard) }
    }

    #[test]
    fn an_end_is_remembered_for_some_minutes_and_covers_what_is_not_newer_or_worse() {
        let one = Identity::of("s", "f");
        let mut ended = RecentEnds::default();
        ended.insert(one, end(0, 100));
        let covers = |began, severity, now| ended.covers(&one, at(began), severity, at(now));
        assert!(covers(0, Severity::Warning, 100) && covers(-5, Severity::Info, 600));
        assert!(!covers(1, Severity::Warning, 100), "it began later");
        assert!(!covers(0, Severity::Error, 100), "it is worse");
        assert!(!covers(0, Severity::Warning, 100 + LATE.as_secs()), "it is long over");
        assert!(!ended.covers(&Identity::of("s", "g"), at(0), Severity::Warning, at(100)));
        assert!(!ended.covers(&Identity::of("t", "f"), at(0), Severity::Warning, at(100)));
    }

    #[test]
    fn an_older_end_that_comes_later_changes_nothing() {
        let one = Identity::of("s", "f");
        let mut ended = RecentEnds::default();
        ended.insert(one, end(50, 100));
        ended.insert(one, end(0, 101));
        assert!(ended.covers(&one, at(50), Severity::Warning, at(102)));
    }

    #[test]
    fn there_are_never_more_than_so_many() {
        let mut ended = RecentEnds::default();
        for n in 0..MOST + 100 {
            ended.insert(Identity::of("s", &n.to_string()), end(0, 1));
        }
        assert_eq!((ended.ends.len(), ended.order.len()), (MOST, MOST));
        assert!(!ended.covers(&Identity::of("s", "0"), at(0), Severity::Warning, at(1)));
        ended.insert(Identity::of("s", "last"), end(0, 2 + LATE.as_secs()));
        assert_eq!((ended.ends.len(), ended.order.len()), (1, 1));
    }
}
