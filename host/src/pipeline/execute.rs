//! Executes one action with a permit: intent before, result after.
//!
//! First it waits for its turn where its tool is, so that nothing is permitted or journaled as begun that
//! cannot begin. The intent is durable before the tool is called. A call that was sent and not answered
//! leaves the intent without a result; what became of it is settled by looking, here as after a crash.

use std::pin::pin;

use futures::future::{Either, select};
use jiff::Timestamp;

use super::rule::with_notifications;
use super::{Services, append, deferral, prepare, rule, settle};
use crate::domain::incident::{ActionRecord, ActionState, Effect, next_with};
use crate::domain::{ActionId, Call, Fact, Incident, IncidentId, Next, RulingKind};
use crate::ports::{JournalError, ToolError, ToolSlot};

/// Executes, if the gate still permits it.
pub async fn run(services: &Services, incident: &Incident, action: &ActionId) -> Result<(), JournalError> {
    let Some(record) = incident.action(action) else {
        return Ok(());
    };
    let until = record.deferred_until(services.clock.now(), &services.limits);
    let turn = match turn(services, &record.action.proposal.call, until).await {
        Ok(turn) => turn,
        Err(ToolError::Unavailable(why) | ToolError::Lost(why)) => {
            let fact = deferral::execution(services, record, None, &why);
            return append(services, incident, vec![fact], true).await.map(|_| ());
        }
        Err(ToolError::Refused(why)) => return refused(services, incident, record, &why).await,
    };
    loop {
        // Much may have happened until it had its turn.
        services.store.note_tools(services.tools.as_ref()).await?;
        let Some(incident) = services.store.get(&incident.id) else { return Ok(()) };
        let ready = |tool: &str| services.tools.ready(tool);
        let due = next_with(&incident, services.clock.now(), &services.limits, &ready);
        if due != Next::Do(Effect::Execute { action: action.clone() }) {
            return Ok(());
        }
        // What was seen may lead to further looks, or to a step of another kind.
        let looked = prepare::run(services, &incident, action, prepare::PreparePhase::Execution).await?
            || rule::gate_looks(services, &incident, action).await?;
        if !looked {
            return match permitted(services, &incident, action, turn).await? {
                Some(lost) => settled(services, &incident.id, action, &lost).await,
                None => Ok(()),
            };
        }
    }
}

/// Waits for the turn of a call, and no longer than until then.
async fn turn(services: &Services, call: &Call, until: Timestamp) -> Result<ToolSlot, ToolError> {
    let enough = pin!(async { services.clock.sleep_until(until).await });
    match select(services.tools.acquire(call), enough).await {
        Either::Left((turn, _)) => turn,
        Either::Right(_) => Err(ToolError::Unavailable(format!("{} had no room for it", call.tool))),
    }
}

/// Ends what its tool would not take: the gate says so where it knows of it.
async fn refused(
    services: &Services,
    incident: &Incident,
    record: &ActionRecord,
    why: &str,
) -> Result<(), JournalError> {
    let moment = services.moment();
    let context = moment.context();
    let ruling = services.gate.rule(services.policies.as_ref(), incident, &record.action, &context);
    let facts = match ruling.kind {
        RulingKind::Deny => with_notifications(services, incident, &record.action.id, ruling, &context),
        _ => vec![deferral::given_up(record, None, why)],
    };
    append(services, incident, facts, true).await.map(|_| ())
}

/// Settles at once what was sent and not answered, as long as it is known why. The place at the tool is free again
/// by now: looking may take its time.
async fn settled(
    services: &Services,
    incident: &IncidentId,
    action: &ActionId,
    lost: &str,
) -> Result<(), JournalError> {
    let Some(incident) = services.store.get(incident) else { return Ok(()) };
    let ready = |tool: &str| services.tools.ready(tool);
    let due = next_with(&incident, services.clock.now(), &services.limits, &ready);
    if due != Next::Do(Effect::Settle { action: action.clone() }) {
        return Ok(());
    }
    let facts = settle::run(services, &incident, action, Some(lost)).await;
    append(services, &incident, facts, false).await.map(|_| ())
}

/// Performs it if the gate permits; why the answer got lost, where it did.
async fn permitted(
    services: &Services,
    incident: &Incident,
    action: &ActionId,
    turn: ToolSlot,
) -> Result<Option<String>, JournalError> {
    let Some(record) = incident.action(action) else {
        return Ok(None);
    };
    // Held until the result is journaled: a stop waits for that, and nothing cuts it off.
    let Some(_under_way) = services.store.begin_change(&incident.id) else { return Ok(None) };
    // A pause that is journaled meanwhile waits until the intent is durable, or the permit refused.
    let permitting = services.store.permitting().await;
    let moment = services.moment();
    let permit = match services.gate.permit(services.policies.as_ref(), incident, record, &moment.context()) {
        Ok(permit) => permit,
        Err(ruling) => {
            let facts = with_notifications(services, incident, action, *ruling, &moment.context());
            return append(services, incident, facts, true).await.map(|_| None);
        }
    };
    match services.store.append_behind(incident, vec![permit.intent()]).await {
        Ok(true) => {}
        // A person may have said no since the gate was asked.
        Ok(false) => {
            services.gate.withdraw(permit);
            return Ok(None);
        }
        Err(error) => {
            services.gate.withdraw(permit);
            return Err(error);
        }
    }
    drop(permitting);
    let attempt = permit.attempt().to_string();
    let call = &record.action.proposal.call;
    let started = services.clock.now();
    let answer = match permit.check(call, started) {
        Ok(()) => services.tools.perform(&permit, call, turn).await,
        // It took too long to become durable; the gate is heard anew.
        Err(reason) => Err(ToolError::Unavailable(reason)),
    };
    let fact = match answer {
        Ok(answer) => {
            let took_ms = services.clock.ms_since(started);
            Fact::Result { action: action.clone(), attempt: attempt.clone(), ok: answer.ok, text: answer.text, took_ms }
        }
        Err(ToolError::Unavailable(why)) => deferral::execution(services, record, Some(&permit), &why),
        Err(ToolError::Refused(why)) => deferral::given_up(record, Some(&permit), &why),
        Err(ToolError::Lost(error)) => {
            tracing::warn!(incident = %incident.id, %action, %error, "an action was sent and not answered");
            return Ok(Some(error));
        }
    };
    // Used up: nothing can be executed with it again.
    drop(permit);
    record_outcome(services, incident, action, &attempt, fact).await.map(|()| None)
}

/// Journals what came of an attempt. It is known only here: while the journal takes nothing, it is kept
/// until the journal does.
async fn record_outcome(
    services: &Services,
    incident: &Incident,
    action: &ActionId,
    attempt: &str,
    outcome: Fact,
) -> Result<(), JournalError> {
    let waits_for_it = || {
        let incident = services.store.get(&incident.id)?;
        let record = incident.action(action)?;
        (record.state == ActionState::Started && record.attempt.as_deref() == Some(attempt)).then_some(())
    };
    while waits_for_it().is_some() {
        match append(services, incident, vec![outcome.clone()], false).await {
            Ok(_) => return Ok(()),
            Err(error) if services.store.is_closed() => return Err(error),
            Err(error) => {
                tracing::error!(incident = %incident.id, %action, %error, "the result waits until the journal is back");
                services.store.wake(&incident.id);
                services.store.whole_again().await;
            }
        }
    }
    Ok(())
}
