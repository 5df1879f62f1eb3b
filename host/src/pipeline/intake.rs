//! Takes proposals in: whatever their origin, the host gives them an id, a risk and the target that
//! their arguments really name, and adds the policies' way to verify and undo where they have none.

use serde_json::Value;

use crate::domain::catalogue::UNDONE;
use crate::domain::{Action, ActionId, Call, Fact, Incident, Origin, Proposal, condition};
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
        let mut checked_by = None;
        if proposal.verify.is_none() || proposal.undo.is_none() {
            let check = policies.check(&proposal.call, incident, context);
            if let Some(check) = check {
                checked_by = check.verify.as_ref().filter(|_| proposal.verify.is_none()).map(|_| check.rule.clone());
                proposal.verify = proposal.verify.or(check.verify);
                proposal.undo = proposal.undo.or(check.undo);
            }
        }
        if proposal.undo.is_none() {
            proposal.undo = by_the_tool(&proposal.call, context);
        }
        // A verification that cannot be evaluated proves nothing; the alerts themselves then must.
        if proposal.verify.as_ref().is_some_and(|verify| condition::check(verify).is_err()) {
            proposal.verify = None;
        }
        let id = ActionId(format!("a{}", taken + i + 1));
        let risk = context.catalogue.risk(&proposal.call.tool);
        let touches = context.catalogue.touches(&proposal.call);
        let action = Action { checked_by, ..Action::new(id, proposal, origin.clone(), risk, touches) };
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
