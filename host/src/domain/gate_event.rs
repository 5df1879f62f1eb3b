//! What the gate learns from entries and must not forget: whoever reads the journal anew gets the
//! same events in the same order, so that a restored gate is the one that there was.

use serde::{Deserialize, Serialize};

use super::action::{Action, Origin};
use super::call::Target;
use super::control::Control;
use super::decision::{Mode, RulingKind};
use super::entry::{Fact, Resolution};
use super::incident::{Incident, IncidentId};

/// What one entry teaches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "gate_event", rename_all = "snake_case")]
pub enum GateEvent {
    /// An effect was about to happen.
    Begun {
        /// Whose.
        incident: IncidentId,
        /// Stable across retries: the same attempt spends once.
        attempt: String,
        /// Ledger keys.
        spends: Vec<String>,
        /// What it changes; none for what only reads.
        target: Option<Target>,
        /// Gates that let the target rest.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        cooldowns: Vec<String>,
    },
    /// An effect that was about to happen could not begin: nothing was sent.
    NotBegun {
        /// Whose.
        incident: IncidentId,
        /// The attempt.
        attempt: String,
        /// Ledger keys that it had spent.
        spends: Vec<String>,
        /// What it did not change; none for what only reads.
        target: Option<Target>,
        /// Gates that had let the target rest.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        cooldowns: Vec<String>,
    },
    /// It is known what an effect was good for.
    Ended {
        /// Whose failures are counted together; none where nobody's are.
        origin: Option<String>,
        /// Whether it was seen to help.
        helped: bool,
        /// What canaries count.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        canaries: Vec<String>,
    },
    /// The gate ruled on a proposal.
    Ruled {
        /// Whose denials are counted together.
        origin: String,
        /// Whether it denied what it was; else it let it pass or asked.
        denied: bool,
    },
    /// A person closed a breaker.
    Reset {
        /// Its key.
        key: String,
    },
}

impl GateEvent {
    /// What an entry of an incident teaches; `incident` is how it stands behind that entry.
    pub fn of(incident: &Incident, fact: &Fact) -> Option<Self> {
        let (id, helped) = match fact {
            Fact::Intent { action, attempt, spends, counts } => {
                let record = incident.action(action)?;
                let changes = record.action.risk != super::Risk::Read;
                return Some(Self::Begun {
                    incident: incident.id.clone(),
                    attempt: attempt.clone(),
                    spends: spends.clone(),
                    target: changes.then(|| record.action.touches.clone()),
                    cooldowns: counts.cooldowns.clone(),
                });
            }
            Fact::NotBegun { action, attempt: Some(attempt), spends, .. } => {
                let record = incident.action(action)?;
                // An attempt that goes on was sent before: what it has spent then stays spent.
                if record.attempt.is_some() {
                    return None;
                }
                let changes = record.action.risk != super::Risk::Read;
                return Some(Self::NotBegun {
                    incident: incident.id.clone(),
                    attempt: attempt.clone(),
                    spends: spends.clone(),
                    target: changes.then(|| record.action.touches.clone()),
                    cooldowns: record.counts.cooldowns.clone(),
                });
            }
            Fact::Ruled { action, ruling } => {
                // What is denied for the moment, or only observed, says nothing about its origin.
                let passed = ruling.kind != RulingKind::Deny && ruling.mode == Mode::Enforce;
                let origin = origin_key(incident, &incident.action(action)?.action)?;
                return (passed || ruling.held_against).then_some(Self::Ruled { origin, denied: ruling.held_against });
            }
            Fact::Verified { action, ok, .. } => {
                // That nobody can tell is no failure of whoever proposed it.
                if !*ok && incident.action(action)?.is_uncheckable() {
                    return None;
                }
                (action, *ok)
            }
            Fact::Result { action, ok: false, .. } => (action, false),
            Fact::Uncertain { action, resolution: Resolution::Person, .. } => (action, false),
            _ => return None,
        };
        let record = incident.action(id)?;
        let canaries = record.counts.canaries.clone();
        Some(Self::Ended { origin: origin_key(incident, &record.action), helped, canaries })
    }

    /// What an order to the host as a whole teaches.
    pub fn of_order(order: &Control) -> Option<Self> {
        match order {
            Control::BreakerReset { key, .. } => Some(Self::Reset { key: key.clone() }),
            Control::Paused { .. }
            | Control::Resumed { .. }
            | Control::Removed(_)
            | Control::Tools(_)
            | Control::Inspection(_)
            | Control::Silence(_)
            | Control::Schedule(_)
            | Control::Audited(_) => None,
        }
    }
}

/// Whose failures and denials are counted together: the deciding rule's, the model's or a person's.
/// What takes something back is nobody's.
pub fn origin_key(incident: &Incident, action: &Action) -> Option<String> {
    let decided = || incident.decision.as_ref().and_then(|decision| decision.rule.as_ref());
    Some(match &action.origin {
        Origin::Policy { rule } | Origin::Plugin { rule, .. } => format!("rule:{rule}"),
        // Whoever only types names could take a new one for each failure.
        Origin::Person { person } => {
            person.proven().map_or_else(|| "person:unproven".into(), |person| format!("person:{}", person.id()))
        }
        Origin::Chat { .. } => "model:chat".into(),
        Origin::Model => decided().map_or_else(|| "model".into(), |rule| format!("model:{rule}")),
        Origin::Undo { .. } => return None,
    })
}
