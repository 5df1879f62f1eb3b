//! The way of the new policies along the record.
//!
//! As long as both sides stand alike, the record says when something happens and what tools, models
//! and persons answered, and the new policies are asked at exactly these moments.

use std::sync::Arc;

use jiff::Timestamp;

use super::decisions::{are_alike, side};
use super::incident_replay::IncidentReplay;
use super::report::{Pair, RouteChange};
use super::world::World;
use super::{divergence, looks};
use crate::domain::delivery::{Delivery, PERSONAL};
use crate::domain::{
    Action, ActionId, Decision, Entry, Fact, Incident, Mode, Occasion, Origin, Outcome, Ruling, Verdict,
};
use crate::ports::JournalError;

impl IncidentReplay {
    /// Takes the next entry of this incident.
    pub fn take(&mut self, world: &mut World<'_>, entry: &Entry) -> Result<(), JournalError> {
        if self.cold {
            self.recorded.apply(entry);
            // What it spent counts no more; what it taught otherwise is never too old.
            world.gate.record(&self.recorded, &entry.fact);
            return Ok(());
        }
        if let Fact::Decided { decision } = &entry.fact {
            self.same_policies &= decision.policies == world.digest;
        }
        if self.recorded.opened_at < world.options.since {
            return self.shadow(world, entry);
        }
        if self.parted {
            self.recorded.apply(entry);
            return divergence::hear(self, world, entry);
        }
        self.told(entry);
        self.follow(world, entry)?;
        self.recorded.apply(entry);
        self.parted |= !alike(&self.recorded, &self.fresh);
        if self.parted {
            self.shaken = world.swerved;
            world.swerved |= !self.same_policies;
            divergence::advance(self, world, entry.at)?;
        }
        Ok(())
    }

    /// An incident from before the window, which happened as it did, whatever the new policies would have done about it: what it
    /// changed cools, and from each budget of the new policies goes what they would have spent on it.
    fn shadow(&mut self, world: &mut World<'_>, entry: &Entry) -> Result<(), JournalError> {
        let at = entry.at;
        let mut fact = entry.fact.clone();
        match &entry.fact {
            Fact::Decided { decision } => learn(world, decision),
            Fact::Ruled { ruling, .. } if ruling.mode == Mode::Enforce => world.mode = Mode::Enforce,
            Fact::Intent { action, attempt, .. } => {
                divergence::see(self, world, at, action)?;
                let record = self.fresh.action(action).cloned();
                let permit = record
                    .map(|record| world.gate.permit(world.policies, &self.fresh, &record, &world.context(at)))
                    .and_then(Result::ok);
                if let Some(permit) = permit {
                    fact = named(permit.intent(), attempt);
                    self.recorded.apply(entry);
                    self.apply(at, fact);
                    return Ok(());
                }
            }
            _ => {}
        }
        self.recorded.apply(entry);
        self.apply(at, fact.clone());
        world.gate.record(&self.fresh, &fact);
        Ok(())
    }

    fn follow(&mut self, world: &mut World<'_>, entry: &Entry) -> Result<(), JournalError> {
        let at = entry.at;
        match &entry.fact {
            Fact::Decided { decision } => {
                self.decided(world, decision, at);
                return Ok(());
            }
            Fact::Proposed { action } => {
                let fact = Fact::Proposed { action: Box::new(self.renamed(action)) };
                self.apply(at, fact);
                return Ok(());
            }
            Fact::Ruled { action, ruling } => {
                divergence::see(self, world, at, action)?;
                self.ruled(world, action, ruling, at);
                return Ok(());
            }
            Fact::Intent { action, attempt, .. } => {
                divergence::see(self, world, at, action)?;
                self.intent(world, action, attempt, at);
                return Ok(());
            }
            Fact::Looked { .. } => {
                if let Some(refused) = looks::follow(self, world, &entry.fact, at) {
                    self.apply(at, refused);
                    return Ok(());
                }
            }
            Fact::Reported { .. } => {
                self.expected = Some((Occasion::Report, self.routes(world, Occasion::Report, None, at)));
            }
            // Who is told in place of a target that was down follows from that and not from the policies.
            Fact::Told { deliveries, .. } if deliveries.iter().any(|delivery| delivery.instead_of.is_some()) => {}
            Fact::Told { occasion: Occasion::Resolved, .. } => {
                self.expected = Some((Occasion::Resolved, self.routes(world, Occasion::Resolved, None, at)));
                self.told(entry);
            }
            Fact::Closed { .. } => self.closed(world, at),
            _ => {}
        }
        self.fresh.apply(entry);
        world.gate.record(&self.fresh, &entry.fact);
        Ok(())
    }

    fn decided(&mut self, world: &mut World<'_>, old: &Decision, at: Timestamp) {
        learn(world, old);
        let mut facts = self.judged(world, at);
        if old.policies == world.digest
            && old.mode == Mode::Observe
            && matches!(facts.first(), Some(Fact::Decided { decision }) if decision.mode == Mode::Enforce)
        {
            // These very policies enforce: then it was the host that observed.
            world.mode = Mode::Observe;
            facts = self.judged(world, at);
        }
        let mut facts = facts.into_iter();
        let Some(Fact::Decided { decision: new }) = facts.next() else { return };
        let same_path = are_alike(old, &new, old.policies == world.digest);
        // A hold that is the same ends when the record says, on both sides.
        let new = match &new.verdict {
            Verdict::Hold { .. } if same_path => Arc::new(Decision { verdict: old.verdict.clone(), ..(*new).clone() }),
            _ => new,
        };
        let (before, after) = (side(old), side(&new));
        // Who asks first what is wrong decides nothing.
        let both_look = old.verdict == Verdict::Diagnose && new.verdict == Verdict::Diagnose;
        if !same_path || old.rule != new.rule && !both_look {
            self.verdict = Some(Pair { old: before, new: after });
        } else if old.evidence != new.evidence {
            self.other_evidence = true;
        }
        self.apply(at, Fact::Decided { decision: new });
        if !same_path {
            self.parted = true;
            facts.for_each(|fact| self.apply(at, fact));
        }
    }

    fn ruled(&mut self, world: &mut World<'_>, id: &ActionId, old: &Ruling, at: Timestamp) {
        if old.mode == Mode::Enforce {
            world.mode = Mode::Enforce;
        }
        let Some(record) = self.fresh.action(id).cloned() else { return };
        let action = &record.action;
        let refused = record.state.is_permitted();
        let ask = |world: &World<'_>| {
            let context = world.context(at);
            if refused {
                // The gate was heard once more at the moment of execution, and spoke against it.
                let permit = world.gate.permit(world.policies, &self.fresh, &record, &context);
                return permit.map(|permit| permit.intent());
            }
            Err(Box::new(world.gate.rule(world.policies, &self.fresh, action, &context)))
        };
        let mut heard = ask(world);
        let observing = old.mode == Mode::Observe && self.same_policies;
        if observing && matches!(&heard, Err(ruling) if ruling.mode == Mode::Enforce) {
            world.mode = Mode::Observe;
            heard = ask(world);
        }
        match heard {
            Ok(intent) => self.apply(at, intent),
            Err(ruling) => {
                if asks(&ruling) && asks(old) {
                    let expected = self.routes(world, Occasion::Approval, Some(id), at);
                    self.expected = Some((Occasion::Approval, expected));
                    if ruling.requires != old.requires {
                        self.note("other people, or another number of them, would have to approve");
                    }
                }
                self.apply_ruling(world, id, *ruling, at);
            }
        }
    }

    fn intent(&mut self, world: &World<'_>, id: &ActionId, attempt: &str, at: Timestamp) {
        let Some(record) = self.fresh.action(id).cloned() else { return };
        if !record.state.is_permitted() {
            return;
        }
        let permit = world.gate.permit(world.policies, &self.fresh, &record, &world.context(at));
        let fact = match permit {
            Ok(permit) => named(permit.intent(), attempt),
            Err(ruling) => return self.apply_ruling(world, id, *ruling, at),
        };
        self.apply(at, fact);
    }

    /// A recorded action under the name of the rule that proposes it now.
    fn renamed(&self, action: &Action) -> Action {
        let mut action = action.clone();
        let now = self.fresh.decision.as_ref().and_then(|decision| decision.rule.clone()).unwrap_or_default();
        if let Origin::Policy { rule } | Origin::Plugin { rule, .. } = &mut action.origin {
            *rule = now;
        }
        action
    }

    /// Routes and targets of a message that the new policies would send.
    fn routes(&self, world: &World<'_>, occasion: Occasion, action: Option<&ActionId>, at: Timestamp) -> Vec<String> {
        let of_action = action.map(|action| format!("-{action}")).unwrap_or_default();
        let mut told = Vec::new();
        let mut listed = Vec::new();
        for routed in world.policies.routes(&self.fresh, occasion, &world.context(at)) {
            for target in routed.targets {
                let id = format!("{}-{}{of_action}-{target}", self.fresh.id, occasion.as_str());
                let exists = world.record.targets.contains(&target)
                    || world.options.targets.as_ref().is_none_or(|targets| targets.contains(&target));
                let known = self.fresh.deliveries.iter().any(|known| known.id == id);
                if exists && !told.contains(&target) && (occasion == Occasion::Approval || !known) {
                    listed.push(format!("{} → {target}", routed.route));
                    told.push(target);
                }
            }
        }
        listed
    }

    /// Holds what was expected to be told against what was.
    fn told(&mut self, entry: &Entry) {
        let Some((expected, new)) = self.expected.take() else { return };
        let old = match &entry.fact {
            Fact::Told { occasion, deliveries } if *occasion == expected => listed(deliveries),
            _ => Vec::new(),
        };
        if old != new {
            self.routes.push(RouteChange { occasion: expected.as_str().into(), old, new });
        }
    }

    /// Nobody was told that it is over; the new policies may tell somebody.
    fn closed(&mut self, world: &World<'_>, at: Timestamp) {
        let open_ended = self.fresh.outcome().is_some_and(Outcome::is_open);
        let told = self.fresh.deliveries.iter().any(|delivery| delivery.occasion == Occasion::Resolved);
        if open_ended
            && !told
            && self.fresh.report.is_some()
            && self.fresh.all_resolved()
            && self.fresh.goes_on_in.is_none()
        {
            let new = self.routes(world, Occasion::Resolved, None, at);
            if !new.is_empty() {
                let occasion = Occasion::Resolved.as_str().into();
                self.routes.push(RouteChange { occasion, old: Vec::new(), new });
            }
        }
    }
}

/// What a recorded decision says of the host.
fn learn(world: &mut World<'_>, old: &Decision) {
    let built_in = |rule: &str| rule.starts_with("silence:") || rule.starts_with("inhibit:");
    match old.rule.as_deref() {
        None => {
            world.mode = old.mode;
            world.model = old.verdict.kind() == "investigate";
        }
        Some(rule) if built_in(rule) => world.mode = old.mode,
        Some(_) if old.mode == Mode::Enforce => world.mode = Mode::Enforce,
        Some(_) => {}
    }
}

/// An intent under the name of the recorded attempt.
fn named(mut intent: Fact, attempt: &str) -> Fact {
    if let Fact::Intent { attempt: name, .. } = &mut intent {
        *name = attempt.to_string();
    }
    intent
}

fn asks(ruling: &Ruling) -> bool {
    ruling.kind == crate::domain::RulingKind::Ask && ruling.mode == Mode::Enforce
}

fn listed(deliveries: &[Delivery]) -> Vec<String> {
    // Who is reached alone follows from the configuration, not from a route.
    let routed = deliveries.iter().filter(|delivery| delivery.route != PERSONAL);
    routed.map(|delivery| format!("{} → {}", delivery.route, delivery.target)).collect()
}

/// Whether every action stands where the record has it.
fn alike(recorded: &Incident, fresh: &Incident) -> bool {
    recorded.actions.len() == fresh.actions.len()
        && recorded.actions.iter().zip(&fresh.actions).all(|(old, new)| old.state == new.state)
}
