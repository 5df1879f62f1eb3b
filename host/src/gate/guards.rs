//! What holds whatever the policies say.

use jiff::SignedDuration;

use super::history::{changed_targets, objects, paused};
use super::ledger::Ledger;
use super::{Options, State, looks, not_denying, spends};
use crate::domain::gate_event::origin_key;
use crate::domain::incident::ActionRecord;
use crate::domain::{Action, GateRuling, Incident, Origin, Risk, RulingKind, restores};
use crate::rules::{Context, Policies, Vote};

/// What the built-in guards have against an action.
pub(super) fn hear(
    options: &Options,
    guarded: &State,
    policies: &dyn Policies,
    incident: &Incident,
    action: &Action,
    votes: &[Vote],
    context: &Context<'_>,
) -> Vec<GateRuling> {
    let mut against = Objection(Vec::new());
    genuine(&mut against, action, context);
    if let Some(why) = context.catalogue.foreign(action.tool(), incident) {
        against.say("cluster", why);
    }
    verifiable(&mut against, policies, incident, action, context);
    if let Some(scope) = paused(&guarded.paused, incident, action) {
        against.say("pause", format!("{scope} is paused; `tidegate resume` lets it go on"));
    }
    let attempt = incident.action(&action.id).and_then(ActionRecord::continued);
    for spend in spends(votes) {
        if let Some(refusal) = guarded.ledger.refusal(&spend, context.now, attempt) {
            against.say("budget", refusal);
        }
    }
    // What changes nothing neither takes a target nor waits for one.
    if action.risk != Risk::Read {
        targets(&mut against, options, &guarded.ledger, incident, action, context);
        // What is restored was let through a moment ago.
        if !restores(incident, action) {
            rests(&mut against, &guarded.ledger, action, attempt, votes, context);
        }
        breakers(&mut against, options, guarded, incident, action);
    } else if let Some(why) = context.catalogue.suspicion(&action.proposal.call) {
        against.say("look-arguments", why);
    }
    against.0
}

struct Objection(Vec<GateRuling>);

impl Objection {
    fn say(&mut self, guard: &str, reason: String) {
        self.0.push(GateRuling { gate: format!("builtin.{guard}"), ruling: RulingKind::Deny, reason });
    }
}

/// Whether it still is what was proposed.
fn genuine(against: &mut Objection, action: &Action, context: &Context<'_>) {
    let (catalogue, tool) = (context.catalogue, action.tool());
    if catalogue.get(tool).is_none() {
        against.say("unknown-tool", format!("there is no tool {tool}"));
    }
    if catalogue.risk(tool) > action.risk {
        against.say("risk-changed", format!("the risk of {tool} has risen since it was proposed"));
    }
    // What the gates heard is what the tool will read: `"0x64"` is no number for one and 100 for the other.
    if let Some(why) = catalogue.misfit(&action.proposal.call) {
        against.say("arguments", format!("{tool} does not take these arguments: {why}"));
    }
    if action.binding() != action.digest {
        let what = "its arguments, what takes it back or how it is verified";
        against.say("digest", format!("{what} are not those that were proposed"));
    }
    if catalogue.touches(&action.proposal.call) != action.touches {
        against.say("target-changed", format!("what {tool} touches has changed since it was proposed"));
    }
}

/// Whether it could be verified as it says: its looks are ruled on like every other.
fn verifiable(
    against: &mut Objection,
    policies: &dyn Policies,
    incident: &Incident,
    action: &Action,
    context: &Context<'_>,
) {
    // A rule's own verification stands in both places once the host has taken it in.
    let looks = action.safeguards.verify.iter().chain(&action.proposal.verify).map(|verify| &verify.look);
    for look in looks.chain(&action.safeguards.look) {
        let origin = looks::of_action(action, look);
        if let Some(refused) = looks::refusal(policies, incident, look, &origin, context) {
            against.0.push(looks::heard_against(&refused, &look.tool));
        }
    }
}

/// Whether its target is free, and no target too many.
fn targets(
    against: &mut Objection,
    options: &Options,
    ledger: &Ledger,
    incident: &Incident,
    action: &Action,
    context: &Context<'_>,
) {
    let target = &action.touches;
    if let Some(hold) = ledger.held_by_other(target, &incident.id) {
        against
            .say("one-change-per-target", format!("incident {} is changing {} right now", hold.incident, hold.target));
    }
    if let Some((changed, free)) = ledger.cooling(target, &incident.id, context.now, options.cooldown) {
        against.say(
            "cooldown",
            format!("{changed} was changed a short while ago; it is free again at {free:.0} ([gate] cooldown)"),
        );
    }
    let mut changed = changed_targets(incident, &action.id.0);
    changed.insert(target.to_string(), objects(action));
    let (max, all) = (options.targets_per_incident, changed.values().sum::<usize>());
    if all > max {
        against
            .say("targets-per-incident", format!("this incident would change {all} targets, and {max} are the limit"));
    }
}

/// Whether gates that would let it through have let the target rest long enough.
fn rests(
    against: &mut Objection,
    ledger: &Ledger,
    action: &Action,
    attempt: Option<&str>,
    votes: &[Vote],
    context: &Context<'_>,
) {
    for vote in not_denying(votes) {
        let Some(cooldown) = vote.cooldown_ms else { continue };
        let cooldown = SignedDuration::from_millis(i64::try_from(cooldown).unwrap_or(i64::MAX));
        let resting = ledger.resting(&vote.gate, &action.touches, attempt, context.now, cooldown);
        if let Some((changed, free)) = resting {
            let gate = &vote.gate;
            against.say(
                "cooldown",
                format!("{changed} rests since gate {gate} let it be changed; it is free again at {free:.0}"),
            );
        }
    }
}

/// Whether its origin has been stopped.
fn breakers(against: &mut Objection, options: &Options, guarded: &State, incident: &Incident, action: &Action) {
    // What restores is nobody's change; any other undo is one more of whoever is undone.
    let blamed = match &action.origin {
        Origin::Undo { action: undone } if !restores(incident, action) => {
            incident.action(undone).map(|record| &record.action)
        }
        _ => Some(action),
    };
    let Some(key) = blamed.and_then(|blamed| origin_key(incident, blamed)) else { return };
    for breaker in guarded.breakers.open(&key, options) {
        against.say("breaker", format!("{}; `tidegate breakers` shows and resets it", breaker.story()));
    }
}
