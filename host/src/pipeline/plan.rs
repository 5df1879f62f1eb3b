//! Asks a remediation plugin what to do; what it answers is data.

use super::Services;
use super::intake::take_in;
use crate::domain::entry::Purpose;
use crate::domain::{Fact, Incident, Origin};
use crate::ports::{Looked, ToolAnswer};

/// The plugin's looks, its word and its proposals.
pub async fn run(services: &Services, incident: &Incident, plugin: &str) -> Vec<Fact> {
    let planned = services.planners.plan(plugin, incident, services.clock.now()).await;
    let looked = |Looked { call, answer, took_ms }| {
        let ToolAnswer { ok, text } = answer;
        Fact::Looked { purpose: Purpose::Plan, call, ok, text, took_ms }
    };
    let mut facts: Vec<Fact> = planned.looks.into_iter().map(looked).collect();
    let proposals = match planned.proposals {
        Ok(proposals) => proposals,
        Err(error) => {
            let proposals = Vec::new();
            facts.push(Fact::Planned { plugin: plugin.into(), proposals, error: Some(error) });
            return facts;
        }
    };
    let rule = incident.decision.as_ref().and_then(|decision| decision.rule.clone()).unwrap_or_default();
    let origin = Origin::Plugin { name: plugin.into(), rule };
    let moment = services.moment();
    facts.push(Fact::Planned { plugin: plugin.into(), proposals: proposals.clone(), error: None });
    facts.extend(take_in(services.policies.as_ref(), incident, &moment.context(), proposals, &origin));
    facts
}
