//! The gate: the only place that can permit an action.
//!
//! Every proposal of every origin (policy, plugin, model, person, undo) is ruled on here, once when
//! it is taken in and once more at the moment of execution, and every look before it is made. The
//! policies' gate rules speak, the built-in guards speak, and the most restrictive vote wins. What
//! nobody allows is denied unless it changes nothing. Pure but for the state that it guards: the ledger, held targets and breakers.

pub mod approval;
mod breakers;
pub mod canary;
mod controls;
mod guards;
mod history;
mod holds;
pub mod ledger;
pub mod link;
pub mod looks;
pub mod people;
mod permit;
mod read_permit;
mod sliding_window;
mod streaks;
pub mod undo;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use jiff::{SignedDuration, Timestamp};

pub use approval::LINK;
pub use breakers::Breaker;
use breakers::Breakers;
pub use ledger::Budgeted;
pub use looks::LookRefusal;
pub use people::People;
pub use permit::Permit;
use permit::{Terms, Withdrawal};
pub use read_permit::ReadPermit;

use crate::domain::decision::{CountedExecution, Spend};
use crate::domain::gate_event::{GateEvent, origin_key};
use crate::domain::incident::{ActionRecord, ActionState};
use crate::domain::requirement::ApprovalRefusal;
use crate::domain::{Action, Fact, GateRuling, Incident, Mode, Person, Requirement, Risk, Ruling, RulingKind};
use crate::rules::{Context, Policies, Vote};

use approval::approved;
use ledger::{Hold, Ledger};
use streaks::Streaks;

/// Bounds that hold whatever the policies say.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// After a change to a target, no other incident changes it for this long.
    pub cooldown: SignedDuration,
    /// Different targets that one incident may change.
    pub targets_per_incident: usize,
    /// Failed fixes in a row that stop their origin.
    pub breaker_after: u32,
    /// Denied proposals in a row that stop their origin.
    pub denied_after: u32,
    /// How long a permit is good for.
    pub permit_for: SignedDuration,
    /// Looks that policies, a plugin or the model may make in one incident, each.
    pub looks_per_origin: usize,
    /// Looks of one incident, but for those that verify.
    pub looks_per_incident: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cooldown: SignedDuration::from_mins(10),
            targets_per_incident: 5,
            breaker_after: 3,
            denied_after: 5,
            permit_for: SignedDuration::from_secs(60),
            looks_per_origin: 200,
            looks_per_incident: 500,
        }
    }
}

/// The gate and the state that it guards.
#[derive(Debug)]
pub struct Gate {
    options: Options,
    people: RwLock<Arc<People>>,
    guarded: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    ledger: Ledger,
    breakers: Breakers,
    /// What canaries let through and was seen to help, in a row.
    verified: Streaks,
    /// Scopes that are paused: empty for everything, `rule:<name>`, `server:<name>`.
    paused: BTreeSet<String>,
}

impl Gate {
    /// A gate with nothing spent.
    pub fn new(options: Options) -> Self {
        Self { options, people: RwLock::default(), guarded: Mutex::new(State::default()) }
    }

    /// The same gate, which knows the groups that gates may ask.
    #[must_use]
    pub fn with_people(self, people: People) -> Self {
        Self { people: RwLock::new(Arc::new(people)), ..self }
    }

    /// Why a person's yes to an action would not count; none when it would.
    pub fn refusal(&self, record: &ActionRecord, person: &Person) -> Option<ApprovalRefusal> {
        approval::refusal(&self.people(), record, record.ruling.as_ref()?, person)
    }

    /// The people whom gates may ask.
    pub fn people(&self) -> Arc<People> {
        Arc::clone(&self.people.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on these are the people.
    pub fn set_people(&self, people: People) {
        *self.people.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(people);
    }

    /// The bounds that hold whatever the policies say.
    pub fn options(&self) -> Options {
        self.options
    }

    fn guarded(&self) -> std::sync::MutexGuard<'_, State> {
        // A panic cannot leave the state half changed: every change is one insertion.
        self.guarded.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Rules on a proposal. Spends nothing and permits nothing.
    pub fn rule(&self, policies: &dyn Policies, incident: &Incident, action: &Action, context: &Context<'_>) -> Ruling {
        self.rule_locked(&self.guarded(), policies, incident, action, context)
    }

    fn rule_locked(
        &self,
        guarded: &State,
        policies: &dyn Policies,
        incident: &Incident,
        action: &Action,
        context: &Context<'_>,
    ) -> Ruling {
        let mut votes = policies.gates(action, incident, context);
        votes.iter_mut().for_each(|vote| canary::apply(vote, |key| guarded.verified.count(key)));
        undo::apply(&mut votes, incident, action);
        let people = self.people();
        votes.iter_mut().for_each(|vote| ask_nobody_unknown(&people, vote));
        let spends = spends(&votes);
        let mut heard = gate_rulings(&votes);
        heard.extend(guards::hear(&self.options, guarded, policies, incident, action, &votes, context));
        let (kind, rule, reason) = decide(&heard, action.risk);
        let ask = votes.iter().filter(|vote| vote.says == RulingKind::Ask);
        let asks: Vec<&Vote> = ask.collect();
        let until = asks.iter().map(|vote| vote.within_ms).min().map(|within| {
            let within = SignedDuration::from_millis(i64::try_from(within).unwrap_or(i64::MAX));
            context.now.saturating_add(within).unwrap_or(Timestamp::MAX)
        });
        let mode = votes.iter().map(|vote| vote.mode).chain([context.mode]).min();
        let decided = incident.decision.as_ref().map_or(context.mode, |decision| decision.mode);
        let mode = mode.unwrap_or(Mode::Observe).min(decided);
        let held_against =
            mode == Mode::Enforce && origin_key(incident, action).is_some() && held_against(&votes, &rule);
        Ruling {
            kind,
            rule,
            reason,
            heard,
            requires: asks.iter().map(|vote| required(vote)).collect(),
            until: if kind == RulingKind::Ask { until } else { None },
            held_against,
            mode,
            spends,
            counts: CountedExecution {
                canaries: not_denying(&votes).flat_map(canary::keys).collect(),
                cooldowns: not_denying(&votes)
                    .filter(|vote| vote.cooldown_ms.is_some())
                    .map(|vote| vote.gate.clone())
                    .collect(),
            },
        }
    }

    /// Rules once more and, if nothing stands against it now, permits exactly this action once.
    /// The budgets are spent with the permit, in the same breath, so that no interleaving of
    /// incidents overspends them.
    ///
    /// # Errors
    /// The ruling that stands against it: a denial, or the question that must be asked after all.
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
            // What was allowed without a question, such as by a canary that has failed since.
            let unasked = record.ruling.as_ref().is_some_and(|before| before.kind == RulingKind::Allow);
            if unasked && record.state == ActionState::Allowed && record.attempts == 0 {
                return Err(Box::new(ruling));
            }
            match approved(&self.people(), incident, record, &ruling, context.now) {
                Ok(()) => ruling.kind = RulingKind::Allow,
                Err(reason) => {
                    ruling.kind = RulingKind::Deny;
                    ruling.rule = "builtin.approval".into();
                    ruling.reason = reason;
                }
            }
        }
        if !record.state.is_permitted() {
            ruling.kind = RulingKind::Deny;
            ruling.rule = "builtin.state".into();
            ruling.reason = format!("it is {}, and neither allowed nor approved", record.state.as_str());
        }
        if ruling.kind != RulingKind::Allow || ruling.mode == Mode::Observe {
            return Err(Box::new(ruling));
        }
        let attempt = match record.continued() {
            // The tool declared repetition harmless: the same attempt goes on.
            Some(attempt) => attempt.to_string(),
            None => format!("{}-{}-{}", incident.id, action.id, record.attempts + 1),
        };
        ruling.spends.iter().for_each(|spend| guarded.ledger.bound(spend));
        let spends: Vec<String> = ruling.spends.iter().map(|spend| spend.key.clone()).collect();
        let spent = guarded.ledger.spend(&spends, context.now, &attempt);
        let taken = (action.risk != Risk::Read).then(|| {
            let target = action.touches.clone();
            guarded.ledger.hold(Hold { incident: incident.id.clone(), at: context.now, target })
        });
        let rested = if action.risk == Risk::Read { Vec::new() } else { ruling.counts.cooldowns.clone() };
        for gate in &rested {
            guarded.ledger.rest(gate, action.touches.clone(), &attempt, context.now);
        }
        let expires_at = context.now.saturating_add(self.options.permit_for).unwrap_or(Timestamp::MAX);
        let terms = Terms { attempt, spends, counts: ruling.counts, expires_at };
        Ok(Permit::new(incident.id.clone(), action, terms, Withdrawal { spent, taken, rested }))
    }

    /// Takes back what a permit spent whose intent never became durable. What earlier attempts of
    /// the same action spent and hold stays.
    pub fn withdraw(&self, permit: Permit) {
        let mut guarded = self.guarded();
        let attempt = permit.attempt().to_string();
        let Withdrawal { spent, taken, rested } = permit.into_withdrawal();
        guarded.ledger.unspend(&spent, &attempt);
        if let Some(taken) = taken {
            guarded.ledger.unhold(taken);
        }
        for gate in rested {
            guarded.ledger.unrest(&gate, &attempt);
        }
    }

    /// Takes in what has durably happened to an incident, which stands behind it: the targets of
    /// actions that are over become free, and what it teaches is learned. Not for intents: what they
    /// spend was spent with their permits. The breaker that this opens.
    pub fn record(&self, incident: &Incident, fact: &Fact) -> Option<Breaker> {
        let mut guarded = self.guarded();
        for target in holds::free(incident, fact) {
            guarded.ledger.release(target, &incident.id);
        }
        guarded.learn(incident.updated_at, &GateEvent::of(incident, fact)?, &self.options)
    }

    /// Forgets everything, before a restore.
    pub fn forget(&self) {
        *self.guarded() = State::default();
    }

    /// Restores what the journal has taught so far, in its order.
    pub fn restore(&self, gate_events: impl IntoIterator<Item = (Timestamp, GateEvent)>) {
        let mut guarded = self.guarded();
        for (at, gate_event) in gate_events {
            guarded.learn(at, &gate_event, &self.options);
        }
    }
}

impl State {
    fn learn(&mut self, at: Timestamp, gate_event: &GateEvent, options: &Options) -> Option<Breaker> {
        match gate_event {
            GateEvent::Begun { incident, attempt, spends, target, cooldowns } => {
                self.ledger.spend(spends, at, attempt);
                if let Some(target) = target {
                    let hold = Hold { incident: incident.clone(), at, target: target.clone() };
                    self.ledger.restore(hold, false);
                    for gate in cooldowns {
                        self.ledger.rest(gate, target.clone(), attempt, at);
                    }
                }
            }
            GateEvent::NotBegun { incident, attempt, spends, target, cooldowns } => {
                self.ledger.unspend(spends, attempt);
                if let Some(target) = target {
                    self.ledger.unchanged(target, incident);
                }
                for gate in cooldowns {
                    self.ledger.unrest(gate, attempt);
                }
            }
            GateEvent::Ended { helped, canaries, .. } => {
                canaries.iter().for_each(|key| self.verified.note(key, *helped));
            }
            GateEvent::Ruled { .. } | GateEvent::Reset { .. } => {}
        }
        self.breakers.learn(gate_event, options)
    }
}

/// A question to a group that there is not reaches nobody, and must not reach everybody.
fn ask_nobody_unknown(people: &People, vote: &mut Vote) {
    if vote.says != RulingKind::Ask {
        return;
    }
    if let Some(group) = people.unknown(&vote.who) {
        vote.reason = format!("it asks {group}, and the configuration knows no such group of people");
        vote.says = RulingKind::Deny;
        vote.held_against = false;
    }
}

fn required(vote: &Vote) -> Requirement {
    let (gate, who) = (vote.gate.clone(), vote.who.clone());
    Requirement { gate, who, approvals: vote.approvals.max(1), own: vote.own }
}

/// What gates said, for the record.
pub fn gate_rulings(votes: &[Vote]) -> Vec<GateRuling> {
    let heard = |vote: &Vote| GateRuling { gate: vote.gate.clone(), ruling: vote.says, reason: vote.reason.clone() };
    votes.iter().map(heard).collect()
}

/// The most restrictive vote; among equals the first. What nobody allows is denied if it changes
/// anything.
pub fn decide(heard: &[GateRuling], risk: Risk) -> (RulingKind, String, String) {
    let mut winner: Option<&GateRuling> = None;
    for vote in heard {
        if winner.is_none_or(|winner| vote.ruling > winner.ruling) {
            winner = Some(vote);
        }
    }
    match winner {
        Some(vote) => (vote.ruling, vote.gate.clone(), vote.reason.clone()),
        None if risk == Risk::Read => (RulingKind::Allow, "builtin.read-only".into(), "it changes nothing".into()),
        None => {
            (RulingKind::Deny, DEFAULT_DENY.into(), "no gate rule allows it, and what no gate allows is denied".into())
        }
    }
}

/// What nobody allows.
const DEFAULT_DENY: &str = "builtin.default-deny";

/// Whether a denial says something about who proposed the action: a gate denied it for what it is, or
/// none allows it. What denies for the moment, such as a budget or a freeze, does not.
fn held_against(votes: &[Vote], rule: &str) -> bool {
    rule == DEFAULT_DENY || votes.iter().any(|vote| vote.says == RulingKind::Deny && vote.held_against)
}

fn not_denying(votes: &[Vote]) -> impl Iterator<Item = &Vote> {
    votes.iter().filter(|vote| vote.says != RulingKind::Deny)
}

/// What a gate counts in one of its scopes.
fn key(gate: &str, scope: &str) -> String {
    format!("{gate}|{scope}")
}

fn spends(votes: &[Vote]) -> Vec<Spend> {
    let mut spends: Vec<Spend> = Vec::new();
    for vote in not_denying(votes) {
        for budget in &vote.budgets {
            let key = key(&vote.gate, &budget.scope);
            spends.push(Spend { key, max: budget.max, within_ms: budget.within_ms });
        }
    }
    spends
}

#[cfg(test)]
mod tests;
