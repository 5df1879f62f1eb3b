//! Takes proposals in: whatever their origin, the host gives them an id, a risk and the target that
//! their arguments really name, and adds the host's own way to verify and undo.

use serde_json::Value;

use crate::domain::catalogue::UNDONE;
use crate::domain::{
    Action, ActionId, Call, Fact, Incident, Origin, Proposal, Safeguards, Target, Verification, condition,
};
use crate::rules::{Context, Policies};

/// More actions than this one incident never needs; the rest of a proposal is dropped with a note.
const MAX_ACTIONS: usize = 20;

/// How proposals that come together belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProposalRelation {
    /// Each is done, one after the other.
    Steps,
    /// One that helps is enough; best first.
    Alternatives,
    /// The same where they are about one object; objects are repaired one after the other.
    AlternativesOfAnObject,
}

/// The facts that take proposals in.
pub fn accept(
    policies: &dyn Policies,
    incident: &Incident,
    context: &Context<'_>,
    proposals: Vec<Proposal>,
    origin: &Origin,
    together: ProposalRelation,
) -> Vec<Fact> {
    let several = proposals.len() > 1;
    let mut firsts: Vec<(Target, ActionId)> = Vec::new();
    let taken = incident.actions.len();
    let room = MAX_ACTIONS.saturating_sub(taken);
    let mut facts = Vec::new();
    for (i, mut proposal) in proposals.into_iter().take(room).enumerate() {
        // A verification that cannot be evaluated proves nothing; the alerts themselves then must.
        if let Some(Err(why)) = proposal.verify.as_ref().map(condition::check) {
            proposal.verify = None;
            proposal.evidence.push(format!("its own verification is left out: {why}"));
        }
        proposal.verify = proposal.verify.map(Verification::bounded);
        let id = ActionId(format!("a{}", taken + i + 1));
        let risk = context.catalogue.risk(&proposal.call.tool);
        let touches = context.catalogue.touches(&proposal.call);
        let safeguards = safeguards(policies, incident, context, &proposal, origin);
        let first = first_alternative(together, &mut firsts, &touches, &id).filter(|_| several);
        let mut action = Action::new(id, proposal, origin.clone(), risk, touches).with_safeguards(safeguards);
        if let Some(first) = first {
            action = action.as_alternative_to(first);
        }
        facts.push(Fact::Proposed { action: Box::new(action) });
    }
    facts
}

/// The first of the alternatives that one about this target is one of; none where it is a step of its own.
fn first_alternative(
    together: ProposalRelation,
    firsts: &mut Vec<(Target, ActionId)>,
    touches: &Target,
    id: &ActionId,
) -> Option<ActionId> {
    let same = |known: &Target| match together {
        ProposalRelation::Steps => false,
        ProposalRelation::Alternatives => true,
        // Of what names no object nobody can say that it is the same.
        ProposalRelation::AlternativesOfAnObject => !touches.names.is_empty() && known == touches,
    };
    if let Some((_, first)) = firsts.iter().find(|(known, _)| same(known)) {
        return Some(first.clone());
    }
    firsts.push((touches.clone(), id.clone()));
    (together != ProposalRelation::Steps).then(|| id.clone())
}

/// How the host itself checks the action and takes it back. What the proposal says about that stays
/// the proposer's word, but for a rule's own: the rules in force are the operator's.
fn safeguards(
    policies: &dyn Policies,
    incident: &Incident,
    context: &Context<'_>,
    proposal: &Proposal,
    origin: &Origin,
) -> Safeguards {
    if let Origin::Undo { action: undone } = origin {
        // It is held against what the undone action changed; taking it back in turn means nothing.
        let look = incident.action(undone).and_then(|record| record.action.safeguards.look.clone());
        return Safeguards { look, ..Safeguards::default() };
    }
    let check = policies.check(&proposal.call, None, incident, context);
    let rule = check.as_ref().map(|check| check.rule.clone());
    let (verify, look, stated) = check.map_or((None, None, None), |check| (check.verify, check.before, check.undo));
    let verify = verify.filter(|verify| condition::check(verify).is_ok()).map(Verification::bounded);
    let own = proposal.verify.as_ref().filter(|_| matches!(origin, Origin::Policy { .. }));
    let by_tool = by_the_tool(&proposal.call, context);
    Safeguards { rule, verify: own.cloned().or(verify), look, before: None, by_tool, stated }
}

/// What a tool offers itself to take a call back. The attempt is known once there is one.
fn by_the_tool(call: &Call, context: &Context<'_>) -> Option<Call> {
    let undo = context.catalogue.get(&call.tool)?.undo.clone()?;
    let mut arguments = call.arguments.clone();
    arguments.insert(UNDONE.into(), Value::Null);
    Some(Call { tool: undo, arguments })
}
