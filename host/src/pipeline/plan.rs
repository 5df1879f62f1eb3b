//! Asks a remediation plugin what to do; what it answers is data.

use super::Services;
use super::intake::{ProposalRelation, accept};
use super::plan_looks::PlanLooks;
use crate::domain::{Fact, Incident, Origin, PlanResult};

/// The plugin's looks, its word and its proposals.
pub async fn run(services: &Services, incident: &Incident, plugin: &str) -> Vec<Fact> {
    let looks = PlanLooks::new(services, incident);
    let planned = services.planners.plan(plugin, incident, services.clock.now(), looks.clone()).await;
    let mut facts = looks.taken();
    let PlanResult { proposals, findings } = match planned {
        Ok(planned) => planned,
        Err(error) => {
            let (proposals, findings) = (Vec::new(), Vec::new());
            facts.push(Fact::Planned { plugin: plugin.into(), proposals, findings, error: Some(error) });
            return facts;
        }
    };
    let rule = incident.decision.as_ref().and_then(|decision| decision.rule.clone()).unwrap_or_default();
    let origin = Origin::Plugin { name: plugin.into(), rule };
    let moment = services.moment();
    facts.push(Fact::Planned { plugin: plugin.into(), proposals: proposals.clone(), findings, error: None });
    let (policies, together) = (services.policies.as_ref(), ProposalRelation::AlternativesOfAnObject);
    facts.extend(accept(policies, incident, &moment.context(), proposals, &origin, together));
    facts
}
