//! The gate: the only place that can permit an action.
//!
//! Every proposal of every origin (policy, plugin, model, person, undo) is ruled on here, once when
//! it is taken in and once more at the moment of execution. The policies' gate rules speak, the
//! built-in guards speak, and the most restrictive voice wins. What nobody allows is denied unless
//! it changes nothing. Pure but for the state that it guards: the ledger, held targets and breakers.

pub mod approval;
pub mod breaker;
pub mod ledger;
pub mod link;
mod permit;
mod standing;

use std::collections::BTreeSet;
use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};

pub use approval::{LINK, People};
pub use permit::Permit;
use permit::Withdrawal;

use crate::domain::incident::{ActionRecord, ActionState};
use crate::domain::decision::Spend;
use crate::domain::action::digest;
use crate::domain::{Action, Heard, Incident, IncidentId, Mode, Origin, Risk, Ruling, RulingKind};
use crate::ports::{Context, Policies, Voice};

use approval::approved;
use breaker::Breakers;
use standing::{breaker_key, changed_targets, continued, objects, paused, takes_back};
use ledger::{Hold, Ledger};

/// Bounds that hold whatever the policies say.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// After a change to a target, no other incident changes it for this long.
    pub cooldown: SignedDuration,
    /// Different targets that one incident may change.
    pub targets_per_incident: usize,
    /// Failed fixes in a row that stop their origin.
    pub breaker_after: u32,
    /// How long a permit is good for.
    pub permit_for: SignedDuration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cooldown: SignedDuration::from_mins(10),
            targets_per_incident: 5,
            breaker_after: 3,
            permit_for: SignedDuration::from_secs(60),
        }
    }
}

/// The gate and the state that it guards.
#[derive(Debug)]
pub struct Gate {
    options: Options,
    people: People,
    guarded: Mutex<Guarded>,
}

#[derive(Debug, Default)]
struct Guarded {
    ledger: Ledger,
    breakers: Breakers,
    /// Scopes that are paused: empty for everything, `rule:<name>`, `server:<name>`.
    paused: BTreeSet<String>,
}

impl Gate {
    /// A gate with nothing spent.
    pub fn new(options: Options) -> Self {
        Self { options, people: People::default(), guarded: Mutex::new(Guarded::default()) }
    }

    /// The same gate, which knows the groups that gates may ask.
    #[must_use]
    pub fn with_people(self, people: People) -> Self {
        Self { people, ..self }
    }

    /// Why a person's yes to an action would not count; none when it would.
    pub fn refusal(&self, record: &ActionRecord, person: &str) -> Option<String> {
        self.people.refusal(record.ruling.as_ref()?, &record.action, person)
    }

    /// The bounds that hold whatever the policies say.
    pub fn options(&self) -> Options {
        self.options
    }

    fn guarded(&self) -> std::sync::MutexGuard<'_, Guarded> {
        // A panic cannot leave the state half changed: every change is one insertion.
        self.guarded.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Rules on a proposal. Spends nothing and permits nothing.
    pub fn rule(
        &self,
        policies: &dyn Policies,
        incident: &Incident,
        action: &Action,
        context: &Context<'_>,
    ) -> Ruling {
        self.rule_locked(&self.guarded(), policies, incident, action, context)
    }

    fn rule_locked(
        &self,
        guarded: &Guarded,
        policies: &dyn Policies,
        incident: &Incident,
        action: &Action,
        context: &Context<'_>,
    ) -> Ruling {
        let voices = policies.gates(action, incident, context);
        let mut heard: Vec<Heard> = voices
            .iter()
            .map(|voice| Heard { gate: voice.gate.clone(), ruling: voice.says, reason: voice.reason.clone() })
            .collect();
        let spends = spends(&voices);
        heard.extend(self.guards(guarded, incident, action, &spends, context));
        let (kind, rule, reason) = decide(&heard, action.risk);
        let ask = voices.iter().filter(|voice| voice.says == RulingKind::Ask);
        let asks: Vec<&Voice> = ask.collect();
        let until = asks.iter().map(|voice| voice.within_ms).min().map(|within| {
            let within = SignedDuration::from_millis(i64::try_from(within).unwrap_or(i64::MAX));
            context.now.saturating_add(within).unwrap_or(Timestamp::MAX)
        });
        let mode = voices.iter().map(|voice| voice.mode).chain([context.mode]).min();
        let decided = incident.decision.as_ref().map_or(context.mode, |decision| decision.mode);
        Ruling {
            kind,
            rule,
            reason,
            heard,
            who: approval::join(asks.iter().map(|voice| voice.who.as_str())),
            own: asks.iter().all(|voice| voice.own),
            approvals: asks.iter().map(|voice| voice.approvals).max().unwrap_or(1).max(1),
            until: if kind == RulingKind::Ask { until } else { None },
            mode: mode.unwrap_or(Mode::Observe).min(decided),
            spends,
        }
    }

    /// What holds whatever the policies say.
    fn guards(
        &self,
        guarded: &Guarded,
        incident: &Incident,
        action: &Action,
        spends: &[Spend],
        context: &Context<'_>,
    ) -> Vec<Heard> {
        let now = context.now;
        let mut heard = Vec::new();
        let mut deny = |gate: &str, reason: String| {
            heard.push(Heard { gate: format!("builtin.{gate}"), ruling: RulingKind::Deny, reason });
        };
        if context.catalogue.get(action.tool()).is_none() {
            deny("unknown-tool", format!("there is no tool {}", action.tool()));
        }
        if context.catalogue.risk(action.tool()) > action.risk {
            deny("risk-changed", format!("the risk of {} has risen since it was proposed", action.tool()));
        }
        if digest(&action.proposal.call) != action.digest {
            deny("digest", "its arguments are not those that were proposed".into());
        }
        if context.catalogue.touches(&action.proposal.call) != action.touches {
            deny("target-changed", format!("what {} touches has changed since it was proposed", action.tool()));
        }
        if let Some(look) = action.proposal.verify.as_ref().map(|verify| &verify.look.tool)
            && context.catalogue.risk(look) != Risk::Read
        {
            deny("verification", format!("{look}, with which it would be verified, is not read-only"));
        }
        if let Origin::Undo { action: undone } = &action.origin
            && !takes_back(incident, undone, action)
        {
            deny("undo", format!("it is not what takes back {undone}, or there is nothing to take back"));
        }
        if let Some(scope) = paused(&guarded.paused, incident, action) {
            deny("pause", format!("{scope} is paused; `tidegate resume` lets it go on"));
        }
        let attempt = incident.action(&action.id).and_then(continued);
        for spend in spends {
            if let Some(refusal) = guarded.ledger.refusal(spend, now, attempt) {
                deny("budget", refusal);
            }
        }
        // What changes nothing neither takes a target nor waits for one.
        if action.risk == Risk::Read {
            return heard;
        }
        let target = action.touches.to_string();
        if let Some(other) = guarded.ledger.held_by_other(&target, &incident.id) {
            deny("one-change-per-target", format!("incident {other} is changing {target} right now"));
        }
        if let Some(free) = guarded.ledger.cooling(&target, &incident.id, now, self.options.cooldown) {
            deny("cooldown", format!("{target} was changed a short while ago; it is free again at {free}"));
        }
        let mut changed = changed_targets(incident, &action.id.0);
        changed.insert(target.clone(), objects(action));
        let (max, all) = (self.options.targets_per_incident, changed.values().sum::<usize>());
        if all > max {
            deny("targets-per-incident", format!("this incident would change {all} targets, and {max} are the limit"));
        }
        let key = breaker_key(incident, action);
        if !matches!(action.origin, Origin::Undo { .. })
            && let Some(failures) = guarded.breakers.open(&key, self.options.breaker_after)
        {
            deny("breaker", format!("the last {failures} fixes of {key} did not help; `tidegate breakers` shows and resets it"));
        }
        heard
    }

    /// Rules once more and, if nothing stands against it now, permits exactly this action once.
    /// The budgets are spent with the permit, in the same breath, so that no interleaving of
    /// incidents overspends them.
    ///
    /// # Errors
    /// The ruling that stands against it.
    pub fn permit(
        &self,
        policies: &dyn Policies,
        incident: &Incident,
        record: &ActionRecord,
        context: &Context<'_>,
    ) -> Result<Permit, Box<Ruling>> {
        let mut guarded = self.guarded();
        let action = &record.action;
        let mut ruling = self.rule_locked(&guarded, policies, incident, action, context);
        if ruling.kind == RulingKind::Ask {
            match approved(&self.people, record, &ruling, context.now) {
                Ok(()) => ruling.kind = RulingKind::Allow,
                Err(reason) => {
                    ruling.kind = RulingKind::Deny;
                    ruling.rule = "builtin.approval".into();
                    ruling.reason = reason;
                }
            }
        }
        if !matches!(record.state, ActionState::Allowed | ActionState::Approved) {
            ruling.kind = RulingKind::Deny;
            ruling.rule = "builtin.state".into();
            ruling.reason = format!("it is {}, and neither allowed nor approved", record.state.as_str());
        }
        if ruling.kind != RulingKind::Allow || ruling.mode == Mode::Observe {
            return Err(Box::new(ruling));
        }
        let attempt = match continued(record) {
            // The tool declared repetition harmless: the same attempt goes on.
            Some(attempt) => attempt.to_string(),
            None => format!("{}-{}-{}", incident.id, action.id, record.attempts + 1),
        };
        let spends: Vec<String> = ruling.spends.iter().map(|spend| spend.key.clone()).collect();
        let spent = guarded.ledger.spend(&spends, context.now, &attempt);
        let taken = (action.risk != Risk::Read).then(|| {
            let hold = Hold { incident: incident.id.clone(), at: context.now };
            guarded.ledger.hold(&action.touches.to_string(), hold)
        });
        let expires_at = context.now.saturating_add(self.options.permit_for).unwrap_or(Timestamp::MAX);
        Ok(Permit::new(incident.id.clone(), action, attempt, spends, Withdrawal { spent, taken }, expires_at))
    }

    /// Takes back what a permit spent whose intent never became durable. What earlier attempts of
    /// the same action spent and hold stays.
    pub fn withdraw(&self, permit: Permit) {
        let mut guarded = self.guarded();
        let attempt = permit.attempt().to_string();
        let Withdrawal { spent, taken } = permit.into_withdrawal();
        guarded.ledger.unspend(&spent, &attempt);
        if let Some(taken) = taken {
            guarded.ledger.unhold(taken);
        }
    }

    /// Says that an action is over: its target is free for others after the cooldown.
    pub fn finish(&self, incident: &Incident, action: &Action, helped: Option<bool>) {
        let mut guarded = self.guarded();
        guarded.ledger.release(&action.touches.to_string(), &incident.id);
        if let Some(helped) = helped {
            guarded.breakers.note(&breaker_key(incident, action), helped);
        }
    }

    /// Forgets everything, before a restore.
    pub fn forget(&self) {
        *self.guarded() = Guarded::default();
    }

    /// Restores what the journal says was spent.
    pub fn restore_spends(&self, spends: impl IntoIterator<Item = (Timestamp, Vec<String>)>) {
        let mut guarded = self.guarded();
        for (at, keys) in spends {
            guarded.ledger.spend(&keys, at, "");
        }
    }

    /// Restores the hold of an incident's action that is under way, and the cooldown of its targets.
    /// In any order; an incident that has ended holds nothing, but its targets still cool.
    pub fn restore_holds(&self, incident: &Incident) {
        let mut guarded = self.guarded();
        let changes = incident.actions.iter().filter(|record| record.attempts > 0 && record.action.risk != Risk::Read);
        for record in changes {
            let under_way = incident.conclusion.is_none()
                && matches!(record.state, ActionState::Started | ActionState::Done | ActionState::Allowed);
            let hold = Hold { incident: incident.id.clone(), at: record.since };
            guarded.ledger.restore(&record.action.touches.to_string(), hold, under_way);
        }
    }

    /// Restores a breaker from one fix of the past.
    pub fn restore_breaker(&self, rule: &str, helped: bool) {
        self.guarded().breakers.note(&format!("rule:{rule}"), helped);
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

    /// Breakers and the failures in a row behind each.
    pub fn breakers(&self) -> Vec<(String, u32, bool)> {
        self.guarded().breakers.list(self.options.breaker_after)
    }

    /// Closes a breaker; false when there is none of this name.
    pub fn reset_breaker(&self, key: &str) -> bool {
        self.guarded().breakers.reset(key)
    }
}

/// The most restrictive voice; among equals the first. What nobody allows is denied if it changes
/// anything.
pub fn decide(heard: &[Heard], risk: Risk) -> (RulingKind, String, String) {
    let mut winner: Option<&Heard> = None;
    for voice in heard {
        if winner.is_none_or(|winner| voice.ruling > winner.ruling) {
            winner = Some(voice);
        }
    }
    match winner {
        Some(voice) => (voice.ruling, voice.gate.clone(), voice.reason.clone()),
        None if risk == Risk::Read => {
            (RulingKind::Allow, "builtin.read-only".into(), "it changes nothing".into())
        }
        None => (
            RulingKind::Deny,
            "builtin.default-deny".into(),
            "no gate rule allows it, and what no gate allows is denied".into(),
        ),
    }
}

fn spends(voices: &[Voice]) -> Vec<Spend> {
    let mut spends: Vec<Spend> = Vec::new();
    for voice in voices.iter().filter(|voice| voice.says != RulingKind::Deny) {
        for budget in &voice.budgets {
            let key = format!("{}|{}", voice.gate, budget.scope);
            spends.push(Spend { key, max: budget.max, within_ms: budget.within_ms });
        }
    }
    spends
}

/// Whose incident holds a target.
pub type Holder = IncidentId;

#[cfg(test)]
mod tests;
