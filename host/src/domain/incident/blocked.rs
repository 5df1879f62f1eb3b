//! An incident that waits for another one, which handles the same object or what explains its alerts: two that
//! plan side by side would plan the same change twice.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Incident, IncidentId};
use crate::domain::decision::{Decision, Verdict};
use crate::domain::outcome::Outcome;

/// The longest that one incident waits for another.
const LONGEST: SignedDuration = SignedDuration::from_mins(30);

/// How long it waits for its alerts to resolve once the other has repaired what they share.
const AFTER_A_REPAIR: SignedDuration = SignedDuration::from_mins(5);

/// What an incident waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocked {
    /// The incident that is waited for.
    pub by: IncidentId,
    /// What they share, such as `workload shop/web`.
    pub object: String,
    /// Whether the other has ended and has repaired it.
    pub repaired: bool,
    /// Until when at the latest.
    pub until: Timestamp,
}

/// Why the host itself holds what a rule decided, read off the reason that [`Incident::waits`] gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoldReason<'a> {
    /// The incident that is waited for.
    pub by: &'a str,
    /// What they share.
    pub object: &'a str,
    /// Whether the other has repaired it.
    pub repaired: bool,
}

impl<'a> HoldReason<'a> {
    /// None where the rule itself said to wait, or not to.
    pub fn of(decision: &'a Decision) -> Option<Self> {
        if !matches!(decision.verdict, Verdict::Hold { .. }) {
            return None;
        }
        if let Some(rest) = decision.reason.strip_prefix(WAITS) {
            let (by, object) = rest.split_once(HANDLES)?;
            return Some(Self { by, object, repaired: false });
        }
        let (by, rest) = decision.reason.strip_prefix(INCIDENT)?.split_once(REPAIRED)?;
        Some(Self { by, object: rest.strip_suffix(RESOLVE)?, repaired: true })
    }
}

const WAITS: &str = "waits for incident ";
const HANDLES: &str = ", which handles ";
const INCIDENT: &str = "incident ";
const REPAIRED: &str = " has repaired ";
const RESOLVE: &str = "; its alerts may resolve now";

impl Incident {
    /// Begins to wait for another incident.
    pub(super) fn block(&mut self, by: &IncidentId, object: &str, at: Timestamp) {
        let until = at.saturating_add(LONGEST).unwrap_or(Timestamp::MAX);
        let blocked = Blocked { by: by.clone(), object: object.to_string(), repaired: false, until };
        self.blocked = Some(Box::new(blocked));
    }

    /// The other incident has ended: what was put off for it is decided anew.
    pub(super) fn unblock(&mut self, by: &IncidentId, outcome: Outcome, at: Timestamp) {
        let Some(blocked) = self.blocked.as_mut().filter(|blocked| blocked.by == *by) else { return };
        if outcome == Outcome::Fixed && at < blocked.until {
            blocked.repaired = true;
            blocked.until = at.saturating_add(AFTER_A_REPAIR).unwrap_or(Timestamp::MAX);
        } else {
            self.blocked = None;
        }
        self.end_hold(at);
    }

    /// What it does instead of what was decided, and why: nothing that looks, asks or changes, while another
    /// incident is at the same. People are told all the same where that was decided.
    pub fn waits(&self, verdict: &Verdict, now: Timestamp) -> Option<(Verdict, String)> {
        let blocked = self.blocked.as_ref()?;
        // No hold is shorter than a second.
        let soonest = now.saturating_add(SignedDuration::from_secs(1)).unwrap_or(Timestamp::MAX);
        if !verdict.acts() || soonest >= blocked.until {
            return None;
        }
        let reason = if blocked.repaired {
            format!("{INCIDENT}{}{REPAIRED}{}{RESOLVE}", blocked.by, blocked.object)
        } else {
            format!("{WAITS}{}{HANDLES}{}", blocked.by, blocked.object)
        };
        Some((Verdict::Hold { until: blocked.until }, reason))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::decision::Mode;

    #[test]
    fn what_the_host_holds_is_told_from_what_a_rule_holds() {
        let held = |verdict: Verdict, reason: &str| {
            let (mode, policies) = (Mode::Enforce, String::new());
            let (evidence, faults) = (vec![], vec![]);
            let decision = Decision { verdict, rule: None, reason: reason.into(), mode, evidence, faults, policies };
            HoldReason::of(&decision).map(|held| (held.by.to_string(), held.object.to_string(), held.repaired))
        };
        let hold = || Verdict::Hold { until: Timestamp::UNIX_EPOCH };
        let web = |repaired| Some(("i1".to_string(), "workload shop/web".to_string(), repaired));
        let waits = "waits for incident i1, which handles workload shop/web";
        assert_eq!(held(hold(), waits), web(false));
        let repaired = "incident i1 has repaired workload shop/web; its alerts may resolve now";
        assert_eq!(held(hold(), repaired), web(true));
        assert_eq!(held(Verdict::Escalate, waits), None);
        assert_eq!(held(hold(), "wait a minute"), None);
    }
}
