//! Skips for a while whoever does not answer in time again and again.
//!
//! After some calls in a row without an answer nobody calls for a pause. Then one call tries; if it is not
//! answered either, the pause doubles, up to a bound. Time is handed in, as `Clock::elapsed` tells it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Calls in a row without an answer until the callee is skipped.
const MISSES: u32 = 3;
/// The first pause, and the longest.
const FIRST: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// Whether somebody is called, by how the last calls went.
#[derive(Debug, Default)]
pub struct Circuit(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Calls in a row without an answer.
    misses: u32,
    /// How often it was skipped without an answer in between.
    pauses: u32,
    /// Until when nobody calls; none while everybody may.
    skipped_until: Option<Duration>,
    /// One call tries whether there is an answer again.
    trying: bool,
}

/// Nobody calls for the time being.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CircuitOpen {
    /// Calls in a row without an answer.
    pub misses: u32,
    /// How long nobody calls yet; zero while one call tries.
    pub still: Duration,
}

impl std::fmt::Display for CircuitOpen {
    /// The end of a sentence about the callee.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let misses = self.misses;
        match self.still.as_secs() {
            0 => write!(f, "gave no answer in time to {misses} calls in a row; one call tries now"),
            still => write!(f, "gave no answer in time to {misses} calls in a row; it is left alone for {still} s yet"),
        }
    }
}

/// A call that may be made. Dropped without a word, it says nothing about the callee.
#[derive(Debug)]
pub struct AdmittedCall<'a> {
    circuit: &'a Circuit,
    tries: bool,
}

impl Circuit {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a call through, or says why not.
    ///
    /// # Errors
    /// When the callee is skipped.
    pub fn admit(&self, now: Duration) -> Result<AdmittedCall<'_>, CircuitOpen> {
        let mut state = self.state();
        if let Some(skipped) = state.skipped(now) {
            return Err(skipped);
        }
        let tries = state.skipped_until.is_some();
        state.trying |= tries;
        Ok(AdmittedCall { circuit: self, tries })
    }

    /// Forgets what was, because the callee is another one now.
    pub fn reset(&self) {
        *self.state() = State::default();
    }

    /// Whether a call would be let through.
    pub fn skipped(&self, now: Duration) -> Option<CircuitOpen> {
        self.state().skipped(now)
    }
}

impl State {
    fn skipped(&self, now: Duration) -> Option<CircuitOpen> {
        let still = self.skipped_until?.saturating_sub(now);
        (self.trying || !still.is_zero()).then_some(CircuitOpen { misses: self.misses, still })
    }
}

impl AdmittedCall<'_> {
    /// There was an answer, whatever it said.
    pub fn answered(self) {
        *self.circuit.state() = State::default();
    }

    /// There was none in time. Says whether a pause begins with that.
    pub fn missed(self, now: Duration) -> bool {
        let mut state = self.circuit.state();
        state.misses = state.misses.saturating_add(1);
        // Calls that were under way when it was first skipped make no pause longer.
        let pauses = self.tries || state.skipped_until.is_none() && state.misses >= MISSES;
        if pauses {
            let pause = FIRST.saturating_mul(2_u32.saturating_pow(state.pauses.min(16))).min(LONGEST);
            state.pauses = state.pauses.saturating_add(1);
            state.skipped_until = Some(now.saturating_add(pause));
        }
        pauses
    }
}

impl Drop for AdmittedCall<'_> {
    fn drop(&mut self) {
        if self.tries {
            self.circuit.state().trying = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn miss(circuit: &Circuit, now: u64) {
        _ = circuit.admit(s(now)).unwrap().missed(s(now));
    }

    #[test]
    fn three_misses_in_a_row_skip_for_a_minute() {
        let circuit = Circuit::default();
        (0..2).for_each(|_| miss(&circuit, 0));
        circuit.admit(s(0)).unwrap().answered();
        (0..2).for_each(|_| miss(&circuit, 0));
        assert_eq!(circuit.skipped(s(0)), None, "an answer in between counts");
        assert!(circuit.admit(s(10)).unwrap().missed(s(10)), "a pause begins");
        let skipped = circuit.admit(s(30)).unwrap_err();
        assert_eq!(skipped, CircuitOpen { misses: 3, still: s(40) });
        assert!(skipped.to_string().contains("3 calls in a row; it is left alone for 40 s"), "{skipped}");
    }

    #[test]
    fn one_call_tries_and_the_pause_doubles_up_to_a_bound() {
        let circuit = Circuit::default();
        (0..3).for_each(|_| miss(&circuit, 0));
        let mut now = 0;
        for pause in [60, 120, 240, 480, 900, 900] {
            assert!(circuit.admit(s(now + pause - 1)).is_err(), "{pause}");
            now += pause;
            let one = circuit.admit(s(now)).unwrap();
            assert!(circuit.admit(s(now)).is_err(), "a second one tries as well");
            assert!(one.missed(s(now)), "a pause begins");
        }
        circuit.admit(s(now + 900)).unwrap().answered();
        assert_eq!(circuit.skipped(s(now + 900)), None);
        (0..3).for_each(|_| miss(&circuit, now + 1000));
        assert_eq!(circuit.skipped(s(now + 1000)).unwrap().still, s(60), "it begins anew");
    }

    #[test]
    fn a_try_that_is_broken_off_leaves_the_next_one_to_try() {
        let circuit = Circuit::default();
        (0..3).for_each(|_| miss(&circuit, 0));
        drop(circuit.admit(s(60)).unwrap());
        assert!(circuit.admit(s(60)).is_ok());
    }

    #[test]
    fn calls_under_way_make_no_pause_longer() {
        let circuit = Circuit::default();
        let under_way: Vec<AdmittedCall<'_>> = (0..16).map(|_| circuit.admit(s(0)).unwrap()).collect();
        let begun = under_way.into_iter().map(|call| call.missed(s(5)));
        assert_eq!(begun.filter(|begun| *begun).count(), 1, "one pause begins");
        assert_eq!(circuit.skipped(s(5)).unwrap().still, s(60));
    }
}
