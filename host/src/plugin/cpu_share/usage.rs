//! What a plugin's calls have computed lately, all together: a thousand short calls take a thread as one long call does.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The time over which it is added up.
pub(super) const WINDOW: Duration = Duration::from_millis(100);

/// In a window or the one before it, a plugin that has computed for longer computes much: more than a quarter of a thread.
const MUCH: Duration = Duration::from_millis(25);

/// Windows for which a plugin that computes little counts as called.
pub(super) const OTHERS: u64 = 10;

/// Of one plugin.
#[derive(Debug, Default)]
pub struct Usage(Mutex<Windows>);

#[derive(Debug, Default)]
struct Windows {
    /// The number of the window under way.
    number: u64,
    spent: Duration,
    /// In the one before.
    before: Duration,
}

impl Windows {
    fn turn_to(&mut self, number: u64) {
        if number > self.number {
            self.before = if number == self.number + 1 { self.spent } else { Duration::ZERO };
            (self.number, self.spent) = (number, Duration::ZERO);
        }
    }
}

impl Usage {
    /// Whether the plugin computes much.
    pub(super) fn is_heavy(&self, window: u64) -> bool {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        windows.turn_to(window);
        windows.spent.max(windows.before) > MUCH
    }

    /// Adds what a call has computed.
    pub(super) fn add(&self, window: u64, spent: Duration) {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        windows.turn_to(window);
        windows.spent += spent;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_short_calls_are_as_much_as_a_long_one_and_are_forgotten() {
        let usage = Usage::default();
        (0..25).for_each(|_| usage.add(7, Duration::from_millis(1)));
        assert!(!usage.is_heavy(7));
        usage.add(7, Duration::from_millis(1));
        assert!(usage.is_heavy(7) && usage.is_heavy(8));
        assert!(!usage.is_heavy(9));
        usage.add(8, Duration::from_secs(1));
        assert!(usage.is_heavy(9), "what is told late counts now");
        usage.add(20, Duration::from_millis(1));
        assert!(!usage.is_heavy(20));
    }
}
