//! When something that has a schedule is done: what was missed, what is due, how long it waits.
//!
//! Pure, and good for whatever is done again and again: the caller knows when it was begun last and does it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::cron::Schedule;

/// Missed moments are counted no further than this.
const COUNTED: u64 = 10_000;

/// The longest that anything is spread.
const MOST: Duration = Duration::from_secs(6 * 3600);

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
    /// One of which nothing that is due is spread beyond the moment behind it: that one would be done in its place.
    ///
    /// # Errors
    /// When something would be.
    pub fn new(schedule: Schedule, jitter: Duration) -> Result<Self, String> {
        if jitter > MOST {
            return Err("jitter is at most 6h".into());
        }
        let pause = schedule.shortest();
        if !jitter.is_zero() && jitter >= pause {
            return Err(format!(
                "jitter is {} s, and only {} s lie between two times of {:?}: some would be passed over; take less",
                jitter.as_secs(),
                pause.as_secs(),
                schedule.as_str()
            ));
        }
        Ok(Self { schedule, jitter })
    }

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
    fn nothing_is_spread_beyond_the_next_time() {
        let made = |text: &str, jitter: u64| {
            Timetable::new(Schedule::parse(text, TimeZone::UTC).unwrap(), Duration::from_secs(jitter))
        };
        for (text, jitter) in [
            ("0 8 * * *", 6 * 3600),
            ("0 * * * *", 3599),
            ("@every 90s", 89),
            ("0 0 1 1 *", 21_600),
            ("0 8,20 * * mon", 0),
        ] {
            assert!(made(text, jitter).is_ok(), "{text} {jitter}");
        }
        for (text, jitter) in [
            ("0 * * * *", 3600),
            ("*/5 * * * *", 600),
            ("@every 90s", 90),
            ("0,10 8 * * *", 900),
            ("50 23,0 * * *", 7200),
        ] {
            let why = made(text, jitter).unwrap_err();
            assert!(why.contains("would be passed over"), "{text}: {why}");
        }
        assert!(made("0 8 * * *", 6 * 3600 + 1).unwrap_err().contains("6h"));
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
