//! How many requests of a plugin or target leave in a minute, all of its calls together.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The window in which requests are counted.
const MINUTE: Duration = Duration::from_secs(60);

/// When requests left within the last minute.
#[derive(Debug, Default)]
pub(super) struct RateLimiter(Mutex<VecDeque<Duration>>);

/// A limit that is used up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LimitReached {
    /// Until the next may leave.
    pub left: Duration,
    pub sentence: String,
}

impl RateLimiter {
    /// Counts a request that leaves at this time of [`crate::ports::Clock::elapsed`].
    pub fn take(&self, unit: &str, most: Option<u32>, now: Duration) -> Result<(), LimitReached> {
        let Some(most) = most else { return Ok(()) };
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while left.front().is_some_and(|first| first.saturating_add(MINUTE) <= now) {
            left.pop_front();
        }
        match left.front() {
            Some(first) if left.len() >= most as usize => {
                let wait = first.saturating_add(MINUTE).saturating_sub(now);
                let seconds = wait.as_secs().saturating_add(1);
                let sentence = format!(
                    "{unit} has used up its {most} requests a minute (limits.requests_per_minute); the next may leave in {seconds} s"
                );
                Err(LimitReached { left: wait, sentence })
            }
            _ => {
                left.push_back(now);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_holds_no_more_than_the_limit() {
        let pace = RateLimiter::default();
        let at = |seconds| pace.take("chat", Some(2), Duration::from_secs(seconds));
        assert_eq!((at(0), at(10)), (Ok(()), Ok(())));
        let refused = at(20).unwrap_err();
        assert_eq!(refused.left, Duration::from_secs(40));
        assert!(refused.sentence.contains("2 requests a minute"), "{}", refused.sentence);
        assert_eq!(at(60), Ok(()), "the first is a minute old");
        assert!(at(69).is_err());
        assert_eq!(at(70), Ok(()));
        assert!((0..1000).all(|_| RateLimiter::default().take("x", None, Duration::ZERO).is_ok()));
    }
}
