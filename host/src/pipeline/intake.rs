//! Takes proposals in: whatever their origin, the host gives them an id, a risk and the target that
//! their arguments really name, and adds the policies' way to verify and undo where they have none.

use serde_json::Value;

use crate::domain::catalogue::UNDONE;
use crate::domain::{Action, ActionId, Call, Fact, Incident, Origin, Proposal, Verification, condition};
use crate::rules::{Context, Policies};

/// More actions than this one incident never needs; the rest of a proposal is dropped with a note.
const MAX_ACTIONS: usize = 20;

/// The facts that take proposals in.
pub fn take_in(
    policies: &dyn Policies,
    incident: &Incident,
    context: &Context<'_>,
    proposals: Vec<Proposal>,
    origin: &Origin,
) -> Vec<Fact> {
    let taken = incident.actions.len();
    let room = MAX_ACTIONS.saturating_sub(taken);
    let mut facts = Vec::new();
    for (i, mut proposal) in proposals.into_iter().take(room).enumerate() {
        if proposal.verify.is_none() || proposal.undo.is_none() {
            let check = policies.check(&proposal.call, incident, context);
            if let Some(check) = check {
                proposal.verify = proposal.verify.or(check.verify);
                proposal.undo = proposal.undo.or(check.undo);
            }
        }
        if proposal.undo.is_none() {
            proposal.undo = by_the_tool(&proposal.call, context);
        }
        // A verification that cannot be evaluated proves nothing; the alerts themselves then must.
        if let Some(Err(why)) = proposal.verify.as_ref().map(condition::check) {
            proposal.verify = None;
            proposal.evidence.push(format!("its own verification is left out: {why}"));
        }
        proposal.verify = proposal.verify.map(Verification::bounded);
        let id = ActionId(format!("a{}", taken + i + 1));
        let risk = context.catalogue.risk(&proposal.call.tool);
        let touches = context.catalogue.touches(&proposal.call);
        let action = Action::new(id, proposal, origin.clone(), risk, touches);
        facts.push(Fact::Proposed { action: Box::new(action) });
    }
    facts
}

/// What a tool offers itself to take a call back. The attempt is known once there is one.
fn by_the_tool(call: &Call, context: &Context<'_>) -> Option<Call> {
    let undo = context.catalogue.get(&call.tool)?.undo.clone()?;
    let mut arguments = call.arguments.clone();
    arguments.insert(UNDONE.into(), Value::Null);
    Some(Call { tool: undo, arguments })
}
