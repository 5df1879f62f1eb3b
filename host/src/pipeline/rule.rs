//! Asks the gate about a proposal, after a look at what its rules want to see, and tells people when it
//! asks for one of them.

use super::intake::{ProposalRelation, accept};
use super::notify::notification;
use super::{Services, deferral};
use crate::domain::entry::Purpose;
use crate::domain::{ActionId, Entry, Fact, Incident, Mode, Occasion, Origin, Proposal, Ruling, RulingKind};
use crate::ports::JournalError;
use crate::rules::Context;

/// Looks that gates may want at one action: more means that they never have enough.
const LOOKS: usize = 24;

/// Makes the looks that gates want to have made before they rule; false when there are none.
///
/// # Errors
/// When the journal cannot take them.
pub async fn gate_looks(services: &Services, incident: &Incident, action: &ActionId) -> Result<bool, JournalError> {
    let Some(record) = incident.action(action) else { return Ok(false) };
    let purpose = Purpose::Gate { action: action.clone() };
    let made = incident.looks.iter().filter(|look| look.purpose == purpose).count();
    let moment = services.moment();
    let mut wanted = services.policies.looks(&record.action, incident, &moment.context());
    wanted.truncate(LOOKS.saturating_sub(made));
    let mut facts = Vec::new();
    // Each counts against the bounds of the next.
    let mut ahead = incident.clone();
    for call in wanted {
        let tool = call.tool.clone();
        let (answer, fact) = super::look::look(services, &ahead, purpose.clone(), call).await;
        // A gate that could not see would deny for good what only has to wait.
        let put_off = answer.err().and_then(|error| deferral::defer_look(services, record, &tool, &error));
        if let Some(put_off) = put_off {
            facts.push(put_off);
            break;
        }
        let entry = Entry { at: services.clock.now(), fact };
        ahead.apply(&entry);
        facts.push(entry.fact);
    }
    if facts.is_empty() {
        return Ok(false);
    }
    services.store.append(&incident.id, facts).await.map(|()| true)
}

/// The ruling.
pub fn run(services: &Services, incident: &Incident, action: &ActionId) -> Vec<Fact> {
    let Some(record) = incident.action(action) else {
        return Vec::new();
    };
    let moment = services.moment();
    let context = moment.context();
    let ruling = services.gate.rule(services.policies.as_ref(), incident, &record.action, &context);
    with_notifications(services, incident, action, ruling, &context)
}

/// The facts of a ruling: where it asks, people are told.
pub fn with_notifications(
    services: &Services,
    incident: &Incident,
    action: &ActionId,
    ruling: Ruling,
    context: &Context<'_>,
) -> Vec<Fact> {
    let asks = ruling.kind == RulingKind::Ask && ruling.mode == Mode::Enforce;
    let ruled = Fact::Ruled { action: action.clone(), ruling };
    let mut facts = vec![ruled.clone()];
    if asks {
        // Who is asked stands in the ruling.
        let mut ahead = incident.clone();
        ahead.apply(&Entry { at: context.now, fact: ruled });
        facts.extend(notification(services, &ahead, Occasion::Approval, Some(action), context));
    }
    facts
}

/// Proposes what takes an action back. It goes the way of every other proposal.
pub fn propose_undo(services: &Services, incident: &Incident, action: &ActionId) -> Vec<Fact> {
    let Some(record) = incident.action(action) else {
        return Vec::new();
    };
    let Some(undo) = record.taking_back() else {
        return Vec::new();
    };
    let proposal = Proposal {
        call: undo,
        target: String::new(),
        reason: format!("{} did not help", record.action.id),
        evidence: record.seen.iter().cloned().collect(),
        root_cause: String::new(),
        verify: None,
        undo: None,
    };
    let origin = Origin::Undo { action: action.clone() };
    let moment = services.moment();
    accept(services.policies.as_ref(), incident, &moment.context(), vec![proposal], &origin, ProposalRelation::Steps)
}
