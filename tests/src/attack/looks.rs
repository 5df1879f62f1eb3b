//! Cases of the corpus that are looks.

use std::sync::Arc;

use anyhow::{Result, ensure};
use tidegate::domain::entry::Purpose;
use tidegate::domain::{ActionId, Call, Catalogue, Incident, Origin, Safeguards, Verdict};
use tidegate::gate::{Gate, Options, looks};
use tidegate::rules::Policies;

use super::{Case, World, origin};

/// Asks the gate about a look, once by whose it is and once by what it is for; the error says what is wrong
/// with its answer.
pub(super) fn try_with(case: &Case, name: &str, policies: &dyn Policies, catalogue: &Arc<Catalogue>) -> Result<()> {
    let want = case.want(name)?;
    let world = World::new(catalogue.clone(), case.time()?, case.mode());
    let gate = Gate::new(Options::default());
    for scope in case.data["paused"].as_array().into_iter().flatten() {
        gate.pause(scope.as_str().unwrap_or_default());
    }
    let (call, origin) = (case.call()?, origin(case.data["origin"].as_str())?);
    let mut incident = case.incident(policies, &world)?;
    let refused = looks::refusal(policies, &incident, &call, &origin, &world.context());
    ensure!(refused.is_none() == (want == "allow"), "wanted {want}, got {refused:?}");
    for purpose in purposes(&mut incident, &world, &origin, &call)? {
        let admitted = gate.admit_look(policies, &incident, &purpose, &call, &world.context());
        ensure!(admitted.is_ok() == (want == "allow"), "wanted {want} for {purpose:?}, got {admitted:?}");
        if let Ok(permit) = admitted {
            ensure!(*permit.call() == call, "the permit is for {:?}", permit.call());
        }
    }
    Ok(())
}

/// What an origin looks for. The incident is made to be one in which it does.
fn purposes(incident: &mut Incident, world: &World, origin: &Origin, look: &Call) -> Result<Vec<Purpose>> {
    let id = incident.next_action_id();
    let call = super::call(&serde_json::json!({"tool": "kubernetes.kubectl_patch"}))?;
    let mut record = world.record(&id.0, call, origin.clone());
    let verify = Purpose::Verify { action: id.clone() };
    let gate = Purpose::Gate { action: ActionId(id.0.clone()) };
    let decision = incident.decision.as_mut().map(std::sync::Arc::make_mut);
    let purposes = match origin {
        Origin::Policy { rule } => {
            if let Some(decision) = decision {
                decision.rule = Some(rule.clone());
            }
            record.action.safeguards =
                Safeguards { rule: Some(rule.clone()), look: Some(look.clone()), ..Safeguards::default() };
            // A gate's look has no rule's name, so only what is denied to all is denied to it.
            if rule == "crashes" { vec![Purpose::Evidence, gate, verify] } else { vec![Purpose::Evidence, verify] }
        }
        Origin::Plugin { name, .. } => {
            if let Some(decision) = decision {
                decision.verdict = Verdict::Plan { plugin: name.clone() };
            }
            vec![Purpose::Plan, verify]
        }
        Origin::Model | Origin::Chat { .. } => vec![Purpose::Model, verify],
        Origin::Person { .. } | Origin::Undo { .. } => vec![verify],
    };
    incident.actions.push(record);
    Ok(purposes)
}
