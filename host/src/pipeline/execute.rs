//! Executes one action with a permit: intent before, result after.
//!
//! The intent is durable before the tool is called. A call that was sent and not answered leaves the
//! intent without a result; what became of it is settled by looking, here as after a crash.

use super::rule::told;
use super::{Services, append};
use crate::domain::incident::ActionState;
use crate::domain::{ActionId, Fact, Incident};
use crate::ports::{JournalError, ToolError};

/// Executes, if the gate still permits it.
pub async fn run(services: &Services, incident: &Incident, action: &ActionId) -> Result<(), JournalError> {
    let Some(record) = incident.action(action) else {
        return Ok(());
    };
    // Held until the result is journaled: a stop waits for that, and nothing cuts it off.
    let Some(_under_way) = services.store.begin_change(&incident.id) else { return Ok(()) };
    // A pause that is journaled meanwhile waits until the intent is durable, or the permit refused.
    let permitting = services.store.permitting().await;
    let moment = services.moment();
    let permit = match services.gate.permit(services.policies.as_ref(), incident, record, &moment.context()) {
        Ok(permit) => permit,
        Err(ruling) => {
            let facts = told(services, incident, action, *ruling, &moment.context());
            return append(services, incident, facts, true).await.map(|_| ());
        }
    };
    match services.store.append_behind(incident, vec![permit.intent()]).await {
        Ok(true) => {}
        // A person may have said no since the gate was asked.
        Ok(false) => {
            services.gate.withdraw(permit);
            return Ok(());
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
        Ok(()) => services.tools.perform(&permit, call).await,
        Err(reason) => Err(ToolError::Refused(reason)),
    };
    // Used up: nothing can be executed with it again.
    drop(permit);
    let (ok, text) = match answer {
        Ok(answer) => (answer.ok, answer.text),
        Err(ToolError::Refused(error) | ToolError::Unavailable(error)) => (false, error),
        Err(ToolError::Lost(error)) => {
            tracing::warn!(incident = %incident.id, %action, %error, "an action was sent and not answered");
            return Ok(());
        }
    };
    let took_ms = services.clock.ms_since(started);
    let result = Fact::Result { action: action.clone(), attempt, ok, text, took_ms };
    record_result(services, incident, action, result).await
}

/// Journals what came of an attempt. It is known only here: while the journal takes nothing, it is kept
/// until the journal does.
async fn record_result(
    services: &Services,
    incident: &Incident,
    action: &ActionId,
    result: Fact,
) -> Result<(), JournalError> {
    let Fact::Result { attempt, .. } = &result else { return Ok(()) };
    let waits_for_it = || {
        let incident = services.store.get(&incident.id)?;
        let record = incident.action(action)?;
        (record.state == ActionState::Started && record.attempt.as_ref() == Some(attempt)).then_some(())
    };
    while waits_for_it().is_some() {
        match append(services, incident, vec![result.clone()], false).await {
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
