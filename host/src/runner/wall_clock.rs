//! Notices that the wall clock was set.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// What a clock drifts, or is corrected by in small steps, between two looks at it.
const DRIFT: SignedDuration = SignedDuration::from_secs(2);

/// How far the wall clock was from the time that nobody sets, when it was last looked at.
#[derive(Debug, Default)]
pub struct WallClockDrift(Option<SignedDuration>);

impl WallClockDrift {
    /// Whether somebody has set the wall clock since the last look.
    pub fn was_set(&mut self, now: Timestamp, elapsed: Duration) -> bool {
        let elapsed = SignedDuration::try_from(elapsed).unwrap_or(SignedDuration::MAX);
        let apart = now.as_duration().saturating_sub(elapsed);
        let known = self.0.replace(apart);
        known.is_some_and(|known| apart.saturating_sub(known).abs() > DRIFT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_is_noticed_and_a_drift_is_not() {
        let at =
            |seconds: i64, ms: u64| (Timestamp::from_millisecond(seconds * 1000).unwrap(), Duration::from_millis(ms));
        let mut wall = WallClockDrift::default();
        let mut was_set = |(now, elapsed)| wall.was_set(now, elapsed);
        assert!(!was_set(at(1000, 0)), "the first look");
        assert!(!was_set(at(1060, 60_500)) && !was_set(at(1120, 121_000)), "a slow clock");
        assert!(was_set(at(4720, 181_000)), "an hour ahead");
        assert!(!was_set(at(4780, 241_000)));
        assert!(was_set(at(1240, 301_000)), "an hour back");
    }
}
