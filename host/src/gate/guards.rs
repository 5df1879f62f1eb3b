//! What holds whatever the policies say.

use jiff::SignedDuration;

use super::earlier::{changed_targets, continued, objects, paused, takes_back};
use super::ledger::Ledger;
use super::{Guarded, Options, not_denying, spends};
use crate::domain::action::digest;
use crate::domain::gate_event::origin_key;
use crate::domain::{Action, Heard, Incident, Origin, Risk, RulingKind};
use crate::rules::{Context, Vote};

/// What the built-in guards have against an action.
pub(super) fn hear(
    options: &Options,
    guarded: &Guarded,
    incident: &Incident,
    action: &Action,
    votes: &[Vote],
    context: &Context<'_>,
) -> Vec<Heard> {
    let mut against = Against(Vec::new());
    genuine(&mut against, incident, action, context);
    if let Some(scope) = paused(&guarded.paused, incident, action) {
        against.say("pause", format!("{scope} is paused; `tidegate resume` lets it go on"));
    }
    let attempt = incident.action(&action.id).and_then(continued);
    for spend in spends(votes) {
        if let Some(refusal) = guarded.ledger.refusal(&spend, context.now, attempt) {
            against.say("budget", refusal);
        }
    }
    // What changes nothing neither takes a target nor waits for one.
    if action.risk != Risk::Read {
        targets(&mut against, options, &guarded.ledger, incident, action, context);
        // What is taken back was let through a moment ago.
        if !matches!(action.origin, Origin::Undo { .. }) {
            rests(&mut against, &guarded.ledger, action, attempt, votes, context);
        }
        breakers(&mut against, options, guarded, incident, action);
    }
    against.0
}

struct Against(Vec<Heard>);

impl Against {
    fn say(&mut self, guard: &str, reason: String) {
        self.0.push(Heard { gate: format!("builtin.{guard}"), ruling: RulingKind::Deny, reason });
    }
}

/// Whether it still is what was proposed.
fn genuine(against: &mut Against, incident: &Incident, action: &Action, context: &Context<'_>) {
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
    if digest(&action.proposal.call) != action.digest {
        against.say("digest", "its arguments are not those that were proposed".into());
    }
    if catalogue.touches(&action.proposal.call) != action.touches {
        against.say("target-changed", format!("what {tool} touches has changed since it was proposed"));
    }
    if let Some(look) = action.proposal.verify.as_ref().map(|verify| &verify.look.tool)
        && catalogue.risk(look) != Risk::Read
    {
        against.say("verification", format!("{look}, with which it would be verified, is not read-only"));
    }
    if let Origin::Undo { action: undone } = &action.origin
        && !takes_back(incident, undone, action)
    {
        against.say("undo", format!("it is not what takes back {undone}, or there is nothing to take back"));
    }
}

/// Whether its target is free, and no target too many.
fn targets(
    against: &mut Against,
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
        against.say("cooldown", format!("{changed} was changed a short while ago; it is free again at {free}"));
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
    against: &mut Against,
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
                format!("{changed} rests since gate {gate} let it be changed; it is free again at {free}"),
            );
        }
    }
}

/// Whether its origin has been stopped.
fn breakers(against: &mut Against, options: &Options, guarded: &Guarded, incident: &Incident, action: &Action) {
    let Some(key) = origin_key(incident, action) else { return };
    for breaker in guarded.breakers.open(&key, options) {
        against.say("breaker", format!("{}; `tidegate breakers` shows and resets it", breaker.story()));
    }
}
