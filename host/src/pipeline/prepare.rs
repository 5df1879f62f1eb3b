//! The host looks at what an action would change, before the gate is asked and once more right before
//! the execution, and at what it has changed, right after it. What takes it back is computed from that.

use jiff::SignedDuration;

use super::look::look;
use super::{Services, deferral};
use crate::domain::entry::Purpose;
use crate::domain::incident::ActionRecord;
use crate::domain::{ActionId, Call, Fact, Incident, Origin, Risk, Snapshot, object};
use crate::ports::{JournalError, LookError, ToolAnswer};
use crate::redact::MARK;
use crate::rules::{Context, Policies};

/// How old a look before an execution may be.
const FRESH: SignedDuration = SignedDuration::from_secs(10);

/// When the host looks at what an action would change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PreparePhase {
    /// Before the gate is asked.
    Ruling,
    /// Right before it is executed.
    Execution,
}

/// The look that is due before an action is ruled on or executed; none when none is.
pub fn due(record: &ActionRecord, moment: PreparePhase, now: jiff::Timestamp) -> Option<&Call> {
    let look = record.action.safeguards.look.as_ref().filter(|_| record.action.risk != Risk::Read)?;
    let due = match (moment, record.prepared_at) {
        (_, None) => true,
        (PreparePhase::Ruling, Some(_)) => false,
        // An attempt that goes on may have had its effect: what was there before it is known already.
        (PreparePhase::Execution, Some(at)) => record.continued().is_none() && now.duration_since(at).abs() > FRESH,
    };
    due.then_some(look)
}

/// Looks at what an action would change, if that is due; false when it is not.
///
/// # Errors
/// When the journal cannot take it.
pub async fn run(
    services: &Services,
    incident: &Incident,
    action: &ActionId,
    moment: PreparePhase,
) -> Result<bool, JournalError> {
    let Some(record) = incident.action(action) else { return Ok(false) };
    let Some(call) = due(record, moment, services.clock.now()) else { return Ok(false) };
    let (answer, looked) = look(services, incident, Purpose::Before { action: action.clone() }, call.clone()).await;
    let put_off = answer.as_ref().err().and_then(|error| deferral::defer_look(services, record, &call.tool, error));
    if let Some(put_off) = put_off {
        return services.store.append(&incident.id, vec![put_off]).await.map(|()| true);
    }
    let now = services.moment();
    let before =
        text(&answer).and_then(|text| snapshot(services.policies.as_ref(), incident, record, text, &now.context()));
    let facts = vec![looked, Fact::Prepared { action: action.clone(), before }];
    services.store.append(&incident.id, facts).await.map(|()| true)
}

/// Looks at what an action has changed.
pub async fn inspect(services: &Services, incident: &Incident, action: &ActionId) -> Vec<Fact> {
    let Some(record) = incident.action(action) else { return Vec::new() };
    let nothing = Fact::Inspected { action: action.clone(), after: None };
    let Some(call) = record.action.safeguards.look.clone() else { return vec![nothing] };
    let (answer, looked) = look(services, incident, Purpose::After { action: action.clone() }, call).await;
    let now = services.moment();
    let after =
        text(&answer).and_then(|text| snapshot(services.policies.as_ref(), incident, record, text, &now.context()));
    vec![looked, Fact::Inspected { action: action.clone(), after }]
}

fn text(answer: &Result<ToolAnswer, LookError>) -> Option<&str> {
    answer.as_ref().ok().filter(|answer| answer.ok).map(|answer| answer.text.as_str())
}

/// What a look at an action's object showed, and what would bring it back to that; none when it showed
/// no such object. For an undo it is held against the call that is undone.
pub fn snapshot(
    policies: &dyn Policies,
    incident: &Incident,
    record: &ActionRecord,
    text: &str,
    context: &Context<'_>,
) -> Option<Snapshot> {
    let changed = match &record.action.origin {
        Origin::Undo { action } => &incident.action(action)?.action,
        _ => &record.action,
    };
    let object = object(text)?;
    let check = policies.check(&changed.proposal.call, Some(&object), incident, context);
    // What was taken out of an answer as a secret cannot be put back.
    let whole = |call: &Call| !call.arguments.values().any(|value| value.to_string().contains(MARK));
    Snapshot::of(&object, &changed.touches, check.and_then(|check| check.undo).filter(whole))
}
