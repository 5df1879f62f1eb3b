//! Holding back: a rule that does so again and again is asked ever more seldom, because each time is an
//! entry of the journal, and what happens ten thousand times nobody reads.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::Incident;
use crate::domain::decision::{Decision, Verdict};

/// The shortest hold: a rule that asks for none would be asked again and again without a pause.
const SHORTEST: SignedDuration = SignedDuration::from_secs(1);
/// A hold is never longer than this for having been repeated.
const LONGEST: SignedDuration = SignedDuration::from_mins(5);

impl Incident {
    /// The shortest time for which this rule holds it back if it does so now: a tenth of the time for which
    /// it has done so without a break, between one second and five minutes. So an hour of holds is some
    /// dozens of entries, and what is waited for is noticed late by a tenth at most.
    pub fn shortest_hold(&self, rule: Option<&str>, now: Timestamp) -> SignedDuration {
        let since = self.deciding.held_since.filter(|_| self.is_held_by(rule) || self.is_found_out()).unwrap_or(now);
        (now.duration_since(since) / 10).clamp(SHORTEST, LONGEST)
    }

    fn is_held_by(&self, rule: Option<&str>) -> bool {
        self.decision.as_ref().is_some_and(|decision| decision.rule.as_deref() == rule)
    }

    /// Whether what is wrong is to be found out before anything is decided: that is part of a hold, which goes on.
    pub(super) fn is_found_out(&self) -> bool {
        self.decision.as_ref().is_some_and(|decision| decision.verdict == Verdict::Diagnose)
    }

    /// Whether what was decided is to wait.
    pub fn is_held(&self) -> bool {
        self.decision.as_ref().is_some_and(|decision| matches!(decision.verdict, Verdict::Hold { .. }))
    }

    /// Until when it is held back, if it is.
    pub(in crate::domain) fn held_until(&mut self) -> Option<&mut Timestamp> {
        // A decision that is shared is copied only where it is one to wait.
        let held = self.decision.as_mut().filter(|decision| matches!(decision.verdict, Verdict::Hold { .. }))?;
        match &mut Arc::make_mut(held).verdict {
            Verdict::Hold { until } => Some(until),
            _ => None,
        }
    }

    /// Has what is held back decided anew at once.
    pub(super) fn end_hold(&mut self, at: Timestamp) {
        if let Some(until) = self.held_until() {
            *until = (*until).min(at);
        }
    }

    /// Takes in a verdict.
    pub(super) fn decide(&mut self, decision: &Arc<Decision>, at: Timestamp) {
        let since = match decision.verdict {
            Verdict::Hold { .. } => {
                let goes_on = self.is_held_by(decision.rule.as_deref()) || self.is_found_out();
                self.deciding.held_since.filter(|_| goes_on).or(Some(at))
            }
            Verdict::Diagnose => self.deciding.held_since,
            _ => None,
        };
        // Most are never held back, and have no room for it.
        if since != self.deciding.held_since {
            self.deciding.held_since = since;
        }
        let anew = match &decision.verdict {
            Verdict::Diagnose => self.collected,
            Verdict::Plan { plugin } => self.passed_over(plugin) || self.is_outdated_to_act(at),
            Verdict::Investigate => self.is_outdated_to_act(at),
            _ => false,
        };
        if anew {
            self.forget_diagnosis();
        }
        self.decision = Some(Arc::clone(decision));
    }
}
