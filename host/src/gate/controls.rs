//! What persons say to the host as a whole, as far as it is the gate's business.

use jiff::Timestamp;

use super::{Breaker, Budgeted, Gate};
use crate::domain::control::Control;

impl Gate {
    /// Does what is said.
    pub fn apply_control(&self, control: &Control) {
        match control {
            Control::Paused { scope, .. } => self.pause(scope),
            Control::Resumed { scope, .. } => self.resume(scope),
            Control::BreakerReset { key, .. } => {
                self.reset_breaker(key);
            }
            Control::Removed(_)
            | Control::Tools(_)
            | Control::Inspection(_)
            | Control::Silence(_)
            | Control::Schedule(_)
            | Control::Audited(_) => {}
        }
    }

    /// Pauses a scope.
    pub fn pause(&self, scope: &str) {
        self.guarded().paused.insert(scope.to_string());
    }

    /// Ends the pause of a scope.
    pub fn resume(&self, scope: &str) {
        self.guarded().paused.remove(scope);
    }

    /// The scopes that are paused; the empty scope is everything.
    pub fn paused(&self) -> Vec<String> {
        self.guarded().paused.iter().cloned().collect()
    }

    /// What budgets have spent within their windows; so many at most, and how many there are.
    pub fn budgets(&self, now: Timestamp, most: usize) -> (Vec<Budgeted>, usize) {
        self.guarded().ledger.budgets(now, most)
    }

    /// Every breaker that has counted something.
    pub fn breakers(&self) -> Vec<Breaker> {
        self.guarded().breakers.list(&self.options)
    }

    /// Closes a breaker; false when there is none of this name.
    pub fn reset_breaker(&self, key: &str) -> bool {
        self.guarded().breakers.reset(key)
    }
}
