//! Proof that the gate allowed exactly one action.

use jiff::Timestamp;

use super::ledger::ClaimedTarget;
use crate::domain::action::Action;
use crate::domain::call::{Call, digest};
use crate::domain::decision::CountedExecution;
use crate::domain::{ActionId, Fact, IncidentId};

/// The executor's only key. It can be made by the gate alone, cannot be copied, names one call,
/// one incident and one moment of expiry, and is used up by the execution.
///
/// It cannot be made elsewhere: its parts are private, and so is the function that puts them together.
///
/// ```compile_fail,E0451
/// use tidegate::gate::Permit;
/// fn forge(permit: Permit) -> Permit {
///     Permit { call: "another".to_string(), ..permit }
/// }
/// ```
///
/// ```compile_fail,E0624
/// use tidegate::gate::Permit;
/// let maker = Permit::new;
/// ```
///
/// It cannot be copied.
///
/// ```compile_fail,E0599
/// use tidegate::gate::Permit;
/// fn twice(permit: &Permit) -> Permit {
///     Permit::clone(permit)
/// }
/// ```
///
/// It cannot be used once it has been given away.
///
/// ```compile_fail,E0382
/// use tidegate::gate::{Gate, Permit};
/// fn withdraw_and_go_on(gate: &Gate, permit: Permit) -> String {
///     gate.withdraw(permit);
///     permit.attempt().to_string()
/// }
/// ```
///
/// What may be done with it compiles, so the refusals above are about what they say.
///
/// ```
/// use tidegate::gate::{Gate, Permit};
/// fn withdraw(gate: &Gate, permit: Permit) -> String {
///     let attempt = permit.attempt().to_string();
///     gate.withdraw(permit);
///     attempt
/// }
/// ```
#[must_use = "a permit that is not used must be withdrawn, or its budget stays spent"]
#[derive(Debug)]
pub struct Permit {
    incident: IncidentId,
    action: ActionId,
    /// Of the call alone: what else an approval binds is not the tool's to know.
    call: String,
    terms: Terms,
    withdrawal: Withdrawal,
}

/// On what terms something is permitted.
#[derive(Debug)]
pub(super) struct Terms {
    /// Stable across retries.
    pub attempt: String,
    /// Ledger keys.
    pub spends: Vec<String>,
    /// What else the gates count.
    pub counts: CountedExecution,
    /// Until when.
    pub expires_at: Timestamp,
}

/// What the ledger must take back when the permit is not used.
#[derive(Debug)]
pub(super) struct Withdrawal {
    /// Keys that were spent with this permit, and not by an earlier one of the same attempt.
    pub spent: Vec<String>,
    /// The target that was taken.
    pub taken: Option<ClaimedTarget>,
    /// The gates with a cooldown that noted it.
    pub rested: Vec<String>,
}

impl Permit {
    /// Only the gate calls this; the module is private to it.
    pub(super) fn new(incident: IncidentId, action: &Action, terms: Terms, withdrawal: Withdrawal) -> Self {
        let (id, call) = (action.id.clone(), digest(&action.proposal.call));
        Self { incident, action: id, call, terms, withdrawal }
    }

    /// Uses the permit up without an execution.
    pub(super) fn into_withdrawal(self) -> Withdrawal {
        self.withdrawal
    }

    /// Checks that a call is the permitted one and that the permit is still good.
    ///
    /// # Errors
    /// A sentence that says what does not fit.
    pub fn check(&self, call: &Call, now: Timestamp) -> Result<(), String> {
        if digest(call) != self.call {
            return Err(format!("the call of {} is not the one that was permitted", call.tool));
        }
        if now > self.terms.expires_at {
            return Err(format!("the permit for {} expired at {}", call.tool, self.terms.expires_at));
        }
        Ok(())
    }

    /// The incident.
    pub fn incident(&self) -> &IncidentId {
        &self.incident
    }

    /// The action.
    pub fn action(&self) -> &ActionId {
        &self.action
    }

    /// Stable across retries of this attempt.
    pub fn attempt(&self) -> &str {
        &self.terms.attempt
    }

    /// Ledger keys from which it has spent.
    pub fn spends(&self) -> &[String] {
        &self.terms.spends
    }

    /// The fact to journal before it is used.
    pub fn intent(&self) -> Fact {
        let Terms { attempt, spends, counts, .. } = &self.terms;
        Fact::Intent {
            action: self.action.clone(),
            attempt: attempt.clone(),
            spends: spends.clone(),
            counts: counts.clone(),
        }
    }
}
