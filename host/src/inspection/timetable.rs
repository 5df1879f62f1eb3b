//! When something that has a schedule is done: what was missed, what is due, how long it waits.
//!
//! Pure, and good for whatever is done again and again: the caller knows when it was begun last and does it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::cron::Schedule;

/// Missed moments are counted no further than this.
const COUNTED: u64 = 10_000;

/// What is to be done now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// It is to be begun.
    Now {
        /// The moment of the schedule for which it is done.
        planned: Timestamp,
        /// Moments before it that are not made up for, and the last of them.
        skipped: Option<(u64, Timestamp)>,
    },
    /// Look again then.
    At(Timestamp),
    /// The schedule has no further moment.
    Never,
}

/// A schedule, and how far what is due may be spread so that not everything begins in the same second.
#[derive(Clone, Debug, PartialEq)]
pub struct Timetable {
    /// When.
    pub schedule: Schedule,
    /// It begins up to so much later.
    pub jitter: Duration,
}

impl Timetable {
    /// What is due now, if all moments until `known` have been done or are settled otherwise. Of several moments that
    /// have passed the last is made up for, once: it is younger than the pause until the next. `chance` is a number
    /// below a million that stays the same until the next moment.
    pub fn due(&self, known: Timestamp, now: Timestamp, chance: u64) -> Due {
        let later = self.later(chance);
        // What has passed by less than the jitter waits for its turn.
        let until = now.checked_sub(later).unwrap_or(Timestamp::MIN);
        match self.schedule.last_within(known, until, COUNTED) {
            Some((planned, 0)) => Due::Now { planned, skipped: None },
            Some((planned, count)) => {
                let before = planned.checked_sub(SignedDuration::from_secs(1)).unwrap_or(planned);
                let last = self.schedule.last_within(known, before, 1).map_or(planned, |(last, _)| last);
                Due::Now { planned, skipped: Some((count, last)) }
            }
            None => match self.schedule.after(known.max(until)) {
                Some(next) => Due::At(next.checked_add(later).unwrap_or(next)),
                None => Due::Never,
            },
        }
    }

    fn later(&self, chance: u64) -> SignedDuration {
        let millis = u128::from(chance.min(999_999)) * self.jitter.as_millis() / 1_000_000;
        SignedDuration::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn timetable(text: &str, jitter: u64) -> Timetable {
        let schedule = Schedule::parse(text, TimeZone::UTC).unwrap();
        Timetable { schedule, jitter: Duration::from_secs(jitter) }
    }

    #[test]
    fn what_is_due_is_done_once() {
        let daily = timetable("0 8 * * *", 0);
        let known = at("2026-11-27T08:00:00Z");
        assert_eq!(daily.due(known, at("2026-11-28T07:59:59Z"), 0), Due::At(at("2026-11-28T08:00:00Z")));
        let due = Due::Now { planned: at("2026-11-28T08:00:00Z"), skipped: None };
        assert_eq!(daily.due(known, at("2026-11-28T08:00:00Z"), 0), due);
        let done = at("2026-11-28T08:00:00Z");
        assert_eq!(daily.due(done, at("2026-11-28T08:00:00Z"), 0), Due::At(at("2026-11-29T08:00:00Z")));
        // A clock that is set back brings nothing again.
        assert_eq!(daily.due(done, at("2026-11-28T07:00:00Z"), 0), Due::At(at("2026-11-29T08:00:00Z")));
    }

    #[test]
    fn of_what_was_missed_the_last_is_made_up_for() {
        let daily = timetable("0 8 * * *", 0);
        let due = daily.due(at("2026-11-25T08:00:00Z"), at("2026-11-28T20:00:00Z"), 0);
        let (planned, last) = (at("2026-11-28T08:00:00Z"), at("2026-11-27T08:00:00Z"));
        assert_eq!(due, Due::Now { planned, skipped: Some((2, last)) });
    }

    #[test]
    fn jitter_spreads_what_is_due_and_brings_nothing_twice() {
        let hourly = timetable("0 * * * *", 600);
        let known = at("2026-11-28T07:00:00Z");
        assert_eq!(hourly.due(known, at("2026-11-28T08:00:00Z"), 500_000), Due::At(at("2026-11-28T08:05:00Z")));
        let due = Due::Now { planned: at("2026-11-28T08:00:00Z"), skipped: None };
        assert_eq!(hourly.due(known, at("2026-11-28T08:05:00Z"), 500_000), due);
    }
}
