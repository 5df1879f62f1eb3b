//! The only place of this crate that reads the time of day. Stand-ins run beside real programs
//! that check signatures and print ages, so their clock has to be the real one.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

/// The time of day.
#[expect(clippy::disallowed_methods, reason = "this is the clock of the stand-ins")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// `seconds` ago (in the future when negative), written the way Kubernetes writes it.
pub fn rfc3339(seconds_ago: i64) -> String {
    let at = now().as_second().saturating_sub(seconds_ago);
    Timestamp::from_second(at).unwrap_or_default().to_string()
}

/// Locks, also after a test that held the lock has failed: its record is still worth reading.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
