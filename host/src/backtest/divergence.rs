//! The way of the new policies where it leaves the record: the state machine itself, with recorded
//! answers as far as there are any.

use jiff::Timestamp;

use super::decisions::side;
use super::incident_replay::IncidentReplay;
use super::looks;
use super::report::Pair;
use super::world::World;
use crate::diagnosis;
use crate::domain::call::digest;
use crate::domain::entry::{ModelAnswer, Purpose};
use crate::domain::incident::{ActionRecord, ActionState, Effect};
use crate::domain::{ActionId, Call, Entry, Fact, Next, Origin, Proposal, Snapshot, next};
use crate::pipeline::prepare::{self, PreparePhase};
use crate::pipeline::{ProposalRelation, accept, required_looks};
use crate::ports::JournalError;
use crate::store::open_all;

/// Steps at one moment; no incident needs as many.
const STEPS: usize = 200;

/// An entry of the record while the new side goes another way: only what the outside world did
/// counts.
pub fn hear(replay: &mut IncidentReplay, world: &mut World<'_>, entry: &Entry) -> Result<(), JournalError> {
    let fact = match &entry.fact {
        Fact::AlertsChanged { .. }
        | Fact::AlertsCounted { .. }
        | Fact::Joined { .. }
        | Fact::BlockedBy { .. }
        | Fact::Unblocked { .. } => Some(entry.fact.clone()),
        Fact::Approved { action, person, via, comment, .. } => asked(replay, action).map(|record| Fact::Approved {
            action: record.action.id.clone(),
            digest: record.action.digest.clone(),
            person: person.clone(),
            via: via.clone(),
            comment: comment.clone(),
        }),
        Fact::Rejected { action, person, via, comment } => asked(replay, action).map(|record| Fact::Rejected {
            action: record.action.id.clone(),
            person: person.clone(),
            via: via.clone(),
            comment: comment.clone(),
        }),
        _ => None,
    };
    let Some(fact) = fact else { return Ok(()) };
    replay.apply(entry.at, fact);
    advance(replay, world, entry.at)
}

/// The new side's action that waits for a person under the record's name.
fn asked<'a>(replay: &'a IncidentReplay, recorded: &ActionId) -> Option<&'a ActionRecord> {
    let call = &replay.recorded.action(recorded)?.action.proposal.call;
    let same = |record: &&ActionRecord| record.action.proposal.call == *call && record.state == ActionState::Asked;
    replay.fresh.actions.iter().find(same)
}

/// Goes on until the new side waits for something.
pub fn advance(replay: &mut IncidentReplay, world: &mut World<'_>, at: Timestamp) -> Result<(), JournalError> {
    for _ in 0..STEPS {
        if replay.fresh.conclusion.is_some() {
            return Ok(());
        }
        let effect = match next(&replay.fresh, at, &world.options.limits) {
            Next::Do(effect) => effect,
            Next::Wait(until) => {
                replay.timer = Some(until);
                world.wake(replay.fresh.id.clone(), until);
                return Ok(());
            }
            Next::Idle => return Ok(()),
        };
        if !step(replay, world, at, effect)? {
            return Ok(());
        }
    }
    Ok(())
}

/// One step; false when the record cannot tell how it goes on.
fn step(
    replay: &mut IncidentReplay,
    world: &mut World<'_>,
    at: Timestamp,
    effect: Effect,
) -> Result<bool, JournalError> {
    match effect {
        Effect::Record(facts) => {
            for fact in facts {
                replay.apply(at, fact.clone());
                world.gate.record(&replay.fresh, &fact);
            }
        }
        Effect::Decide => decide(replay, world, at),
        Effect::Plan { plugin } => return plan(replay, world, at, &plugin),
        Effect::Look { purpose, call } => {
            look(replay, world, at, purpose, call)?;
        }
        Effect::Collect => collect(replay, world, at)?,
        Effect::AskModel => return model(replay, world, at),
        Effect::Rule { action } => {
            prepare(replay, world, at, &action, PreparePhase::Ruling)?;
            see(replay, world, at, &action)?;
            let Some(record) = replay.fresh.action(&action).cloned() else { return Ok(false) };
            let ruling = world.gate.rule(world.policies, &replay.fresh, &record.action, &world.context(at));
            replay.apply_ruling(world, &action, ruling, at);
        }
        Effect::Execute { action } => {
            prepare(replay, world, at, &action, PreparePhase::Execution)?;
            if replay.fresh.action(&action).is_some_and(|record| record.state == ActionState::Proposed) {
                return Ok(true);
            }
            see(replay, world, at, &action)?;
            execute(replay, world, at, action);
        }
        Effect::Inspect { action } => inspect(replay, world, at, action)?,
        Effect::Settle { action } | Effect::Verify { action } => effect_of(replay, world, at, &action)?,
        Effect::Undo { action } => {
            let record = replay.fresh.action(&action);
            let Some(call) = record.and_then(ActionRecord::taking_back) else { return Ok(false) };
            let proposal = Proposal::of(call);
            propose(replay, world, at, vec![proposal], &Origin::Undo { action }, ProposalRelation::Steps);
        }
        Effect::Report | Effect::Close { .. } => return Ok(false),
    }
    Ok(true)
}

fn decide(replay: &mut IncidentReplay, world: &World<'_>, at: Timestamp) {
    for fact in replay.judged(world, at) {
        if let Fact::Decided { decision } = &fact
            && let Some(pair) = replay.verdict.take()
        {
            // A hold that has ended is told by what came after it.
            let new = side(decision);
            if new == pair.old {
                replay.note(&format!("comes to the same verdict later, at {at}"));
            } else {
                replay.verdict = Some(Pair { old: pair.old, new });
            }
        }
        replay.apply(at, fact);
    }
}

/// Evidence as far as the record knows it, in one go, and what it shows to be wrong.
fn collect(replay: &mut IncidentReplay, world: &World<'_>, at: Timestamp) -> Result<(), JournalError> {
    for _ in 0..STEPS {
        let wanted = required_looks(world.policies, &replay.fresh, &world.context(at));
        if wanted.is_empty() {
            break;
        }
        for call in wanted {
            look(replay, world, at, Purpose::Evidence, call)?;
        }
    }
    let causes = diagnosis::of(&replay.fresh);
    replay.apply(at, Fact::Collected { causes: Some(causes), incomplete: None });
    Ok(())
}

fn plan(replay: &mut IncidentReplay, world: &World<'_>, at: Timestamp, plugin: &str) -> Result<bool, JournalError> {
    let found = script(replay, world)?.iter().find_map(|fact| match fact {
        Fact::Planned { plugin: known, proposals, .. } if known == plugin => Some((fact.clone(), proposals.clone())),
        _ => None,
    });
    let Some((planned, proposals)) = found else {
        replay.note(&format!("would ask plugin {plugin}, whose answer was not recorded"));
        return Ok(false);
    };
    replay.apply(at, planned);
    let rule = replay.fresh.decision.as_ref().and_then(|decision| decision.rule.clone()).unwrap_or_default();
    let origin = Origin::Plugin { name: plugin.to_string(), rule };
    propose(replay, world, at, proposals, &origin, ProposalRelation::AlternativesOfAnObject);
    Ok(true)
}

fn model(replay: &mut IncidentReplay, world: &World<'_>, at: Timestamp) -> Result<bool, JournalError> {
    if !world.model {
        let outcome = crate::domain::Outcome::NeedsPerson;
        replay.apply(at, Fact::Concluded { outcome, reason: "no model is configured".into() });
        return Ok(true);
    }
    // One answer may have cost several requests, or none.
    let answers = replay.fresh.model.turns.len();
    let is_call = |fact: &&Fact| matches!(fact, Fact::Answered { .. } | Fact::ModelFailed { .. });
    let Some(answered) = script(replay, world)?.iter().filter(is_call).nth(answers).cloned() else {
        replay.added += 1;
        replay.note("would ask the model, whose answer was not recorded");
        return Ok(false);
    };
    let proposals = match &answered {
        Fact::Answered { answer: ModelAnswer::Act { proposals, .. }, .. } => proposals.clone(),
        _ => Vec::new(),
    };
    replay.apply(at, answered);
    propose(replay, world, at, proposals, &Origin::Model, ProposalRelation::Alternatives);
    Ok(true)
}

fn propose(
    replay: &mut IncidentReplay,
    world: &World<'_>,
    at: Timestamp,
    proposals: Vec<Proposal>,
    origin: &Origin,
    together: ProposalRelation,
) {
    let facts = accept(world.policies, &replay.fresh, &world.context(at), proposals, origin, together);
    facts.into_iter().for_each(|fact| replay.apply(at, fact));
}

fn execute(replay: &mut IncidentReplay, world: &World<'_>, at: Timestamp, action: ActionId) {
    let Some(record) = replay.fresh.action(&action).cloned() else { return };
    let fact = match world.gate.permit(world.policies, &replay.fresh, &record, &world.context(at)) {
        Ok(permit) => permit.intent(),
        Err(ruling) => return replay.apply_ruling(world, &action, *ruling, at),
    };
    replay.apply(at, fact);
}

/// A look of the new side, answered as recorded if its gates let it be made; false when the record knows
/// no answer.
fn look(
    replay: &mut IncidentReplay,
    world: &World<'_>,
    at: Timestamp,
    purpose: Purpose,
    call: Call,
) -> Result<bool, JournalError> {
    if let Some(refused) = looks::ruled(replay, world, &purpose, &call, at) {
        replay.apply(at, refused);
        return Ok(true);
    }
    // The last answer is the freshest; what was refused then shows nothing.
    let found = script(replay, world)?.iter().rev().find_map(|fact| match fact {
        Fact::Looked { call: known, ok, text, refused: None, .. } if *known == call => Some((*ok, text.clone())),
        _ => None,
    });
    let known = found.is_some();
    let (ok, text) = found.unwrap_or_else(|| (false, "not recorded".into()));
    replay.apply(at, Fact::Looked { purpose, call, ok, text, took_ms: 0, refused: None });
    Ok(known)
}

/// Shows gates what they want to see, as far as the record knows it.
pub fn see(
    replay: &mut IncidentReplay,
    world: &World<'_>,
    at: Timestamp,
    action: &ActionId,
) -> Result<(), JournalError> {
    for _ in 0..STEPS {
        let Some(record) = replay.fresh.action(action) else { return Ok(()) };
        let wanted = world.policies.looks(&record.action, &replay.fresh, &world.context(at));
        if wanted.is_empty() {
            return Ok(());
        }
        for call in wanted {
            let purpose = Purpose::Gate { action: action.clone() };
            if !look(replay, world, at, purpose, call.clone())? {
                replay.note(&format!("a gate would look with {}, whose answer was not recorded", call.tool));
            }
        }
    }
    Ok(())
}

/// Looks at what an action would change, as far as the record knows it.
fn prepare(
    replay: &mut IncidentReplay,
    world: &World<'_>,
    at: Timestamp,
    action: &ActionId,
    moment: PreparePhase,
) -> Result<(), JournalError> {
    let due = replay.fresh.action(action).and_then(|record| prepare::due(record, moment, at)).cloned();
    let Some(call) = due else { return Ok(()) };
    let before = seen(replay, world, at, action, &call)?;
    replay.apply(at, Fact::Prepared { action: action.clone(), before });
    Ok(())
}

/// Looks at what an action has changed, as far as the record knows it.
fn inspect(
    replay: &mut IncidentReplay,
    world: &World<'_>,
    at: Timestamp,
    action: ActionId,
) -> Result<(), JournalError> {
    let look = replay.fresh.action(&action).and_then(|record| record.action.safeguards.look.clone());
    let after = match look {
        Some(call) => seen(replay, world, at, &action, &call)?,
        None => None,
    };
    replay.apply(at, Fact::Inspected { action, after });
    Ok(())
}

fn seen(
    replay: &mut IncidentReplay,
    world: &World<'_>,
    at: Timestamp,
    action: &ActionId,
    call: &Call,
) -> Result<Option<Snapshot>, JournalError> {
    let text = script(replay, world)?.iter().rev().find_map(|fact| match fact {
        Fact::Looked { call: known, ok: true, text, .. } if known == call => Some(text.clone()),
        _ => None,
    });
    let record = replay.fresh.action(action);
    Ok(record
        .zip(text)
        .and_then(|(record, text)| prepare::snapshot(world.policies, &replay.fresh, record, &text, &world.context(at))))
}

/// What came of an execution: as recorded for the same call, or else taken to be well. Only what was
/// recorded counts for the breakers.
fn effect_of(
    replay: &mut IncidentReplay,
    world: &World<'_>,
    at: Timestamp,
    action: &ActionId,
) -> Result<(), JournalError> {
    let Some(record) = replay.fresh.action(action) else { return Ok(()) };
    let (wanted, attempt) = (digest(&record.action.proposal.call), record.attempt.clone().unwrap_or_default());
    let id = action.clone();
    let mut seen = None;
    let mut same = None;
    for fact in script(replay, world)? {
        match fact {
            Fact::Proposed { action } if digest(&action.proposal.call) == wanted => same = Some(action.id.clone()),
            Fact::Result { action, ok: false, .. } if same.as_ref() == Some(action) => seen = Some((false, false)),
            Fact::Verified { action, ok, .. } if same.as_ref() == Some(action) => seen = Some((true, *ok)),
            _ => {}
        }
    }
    let (ok, helped) = seen.unwrap_or((true, true));
    let text = if seen.is_some() { "as recorded" } else { "not recorded; taken to be well" };
    let mut facts = vec![Fact::Result { action: id.clone(), attempt, ok, text: text.into(), took_ms: 0 }];
    if ok {
        facts.push(Fact::Verified { action: id.clone(), ok: helped, reason: text.into() });
    }
    for fact in facts {
        replay.apply(at, fact.clone());
        if seen.is_some() {
            world.gate.record(&replay.fresh, &fact);
        }
    }
    if let Some(record) = replay.fresh.action(&id) {
        world.gate.release(&replay.fresh, &record.action);
    }
    Ok(())
}

/// Everything that was recorded about the incident, also what comes later.
fn script<'l>(replay: &'l mut IncidentReplay, world: &World<'_>) -> Result<&'l [Fact], JournalError> {
    if replay.script.is_none() {
        let entries = open_all(&world.journal.stream(&replay.fresh.id.0)?)?;
        replay.script = Some(entries.into_iter().map(|entry| entry.fact).collect());
    }
    Ok(replay.script.as_deref().unwrap_or_default())
}
