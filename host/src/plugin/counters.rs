//! How often a plugin was called, what came of it and how long it took. Adding costs a few atomic
//! additions; reading may see one call half counted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::error::Failure;
use super::kind::CallError;
use crate::domain::text::truncate;

/// Upper bounds of the histogram in microseconds; what takes longer is in one more place behind the last.
const BOUNDS: [u64; 17] = [
    50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 5_000_000,
    15_000_000, 60_000_000,
];

/// What a call can come to, as metrics name it.
const RESULTS: [&str; 6] = ["ok", "invalid_input", "misconfigured", "unavailable", "other", "failed"];

/// Bytes of an error that is kept.
const ERROR: usize = 500;

/// What is counted of one plugin since its code was loaded.
#[derive(Debug, Default)]
pub struct CallCounters {
    results: [AtomicU64; RESULTS.len()],
    places: [AtomicU64; BOUNDS.len() + 1],
    micros: AtomicU64,
    last_error: Mutex<Option<String>>,
}

/// The same at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallCounts {
    /// Calls by what came of them.
    pub results: Vec<(&'static str, u64)>,
    /// Calls that took at most as many microseconds, each with those before it; without those beyond the last.
    pub within: Vec<(u64, u64)>,
    /// Calls whose time was measured.
    pub measured: u64,
    /// Their times together in microseconds.
    pub micros: u64,
    /// What was last wrong.
    pub last_error: Option<String>,
}

impl CallCounters {
    /// A call took this long, whatever came of it.
    pub fn took(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let place = BOUNDS.iter().position(|bound| micros <= *bound).unwrap_or(BOUNDS.len());
        if let Some(count) = self.places.get(place) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// A call of something else than a plugin has ended, well or not.
    pub fn ended(&self, ok: bool) {
        if let Some(count) = self.results.get(if ok { 0 } else { 4 }) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A call came to this.
    pub(super) fn record_outcome<T>(&self, result: &Result<Result<T, CallError>, Failure>) {
        let (place, error) = match result {
            Ok(Ok(_)) => (0, None),
            Ok(Err(error)) => {
                let place = match error {
                    CallError::InvalidInput(_) => 1,
                    CallError::Misconfigured(_) => 2,
                    CallError::Unavailable { .. } => 3,
                    CallError::Other(_) => 4,
                };
                (place, Some(error.to_string()))
            }
            Err(failure) => (5, Some(failure.to_string())),
        };
        if let Some(count) = self.results.get(place) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(error) = error {
            *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(truncate(&error, ERROR));
        }
    }

    /// What was counted so far.
    pub fn calls(&self) -> CallCounts {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let mut measured = 0;
        let mut within = Vec::new();
        for (i, place) in self.places.iter().enumerate() {
            measured += load(place);
            within.extend(BOUNDS.get(i).map(|bound| (*bound, measured)));
        }
        CallCounts {
            results: RESULTS.into_iter().zip(&self.results).map(|(name, count)| (name, load(count))).collect(),
            within,
            measured,
            micros: load(&self.micros),
            last_error: self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}

impl CallCounts {
    /// How many there were.
    pub fn all(&self) -> u64 {
        self.results.iter().map(|(_, count)| count).sum()
    }

    /// How many of them came to anything but an answer.
    pub fn errors(&self) -> u64 {
        self.results.iter().skip(1).map(|(_, count)| count).sum()
    }

    /// The time within which this share of the calls was over, in milliseconds: read off the histogram, so it is
    /// somewhere within its step. None before the first call.
    pub fn quantile_ms(&self, share: f64) -> Option<f64> {
        if self.measured == 0 {
            return None;
        }
        let rank = (share * self.measured as f64).ceil().max(1.0);
        let (mut below, mut before) = (0, 0);
        for (bound, count) in &self.within {
            if *count as f64 >= rank {
                let part = (rank - before as f64) / (*count - before) as f64;
                return Some((below as f64 + part * (*bound - below) as f64) / 1000.0);
            }
            (below, before) = (*bound, *count);
        }
        Some(below as f64 / 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::error::Cause;

    #[test]
    fn calls_are_counted_by_what_came_of_them() {
        let tally = CallCounters::default();
        let error = || CallError::Other("no".into());
        let failure = Failure::of("p 1".into(), Cause::Stack);
        for result in [Ok(Ok(())), Ok(Ok(())), Ok(Err(error())), Err(failure)] {
            tally.record_outcome(&result);
        }
        let calls = tally.calls();
        assert_eq!((calls.all(), calls.errors()), (4, 2));
        assert_eq!(calls.results[0], ("ok", 2));
        assert_eq!(calls.last_error.as_deref(), Some("plugin p 1 ran out of stack"));
    }

    #[test]
    fn quantiles_are_within_a_step_of_the_histogram() {
        let tally = CallCounters::default();
        assert_eq!(tally.calls().quantile_ms(0.5), None);
        (0..98).for_each(|_| tally.took(Duration::from_micros(80)));
        (0..2).for_each(|_| tally.took(Duration::from_millis(40)));
        let calls = tally.calls();
        let (half, most) = (calls.quantile_ms(0.5).unwrap(), calls.quantile_ms(0.99).unwrap());
        assert!((0.05..=0.1).contains(&half), "{half}");
        assert!((25.0..=50.0).contains(&most), "{most}");
        assert_eq!((calls.measured, calls.within.last()), (100, Some(&(60_000_000, 100))));
        tally.took(Duration::from_secs(3600));
        assert_eq!(tally.calls().quantile_ms(1.0), Some(60_000.0));
    }
}
