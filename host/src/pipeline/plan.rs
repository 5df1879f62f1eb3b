//! Asks a remediation plugin what to do; what it answers is data.

use super::Rooms;
use super::intake::take_in;
use crate::domain::entry::Purpose;
use crate::domain::{Fact, Incident, Origin};

/// The plugin's looks, its word and its proposals.
pub async fn run(rooms: &Rooms, incident: &Incident, plugin: &str) -> Vec<Fact> {
    let planned = match rooms.planners.plan(plugin, incident, rooms.clock.now()).await {
        Ok(planned) => planned,
        Err(error) => {
            let proposals = Vec::new();
            return vec![Fact::Planned { plugin: plugin.into(), proposals, error: Some(error) }];
        }
    };
    let mut facts: Vec<Fact> = planned
        .looks
        .into_iter()
        .map(|(call, answer)| Fact::Looked {
            purpose: Purpose::Plan,
            call,
            ok: answer.ok,
            text: answer.text,
            took_ms: 0,
        })
        .collect();
    let rule = incident.decision.as_ref().and_then(|decision| decision.rule.clone()).unwrap_or_default();
    let origin = Origin::Plugin { name: plugin.into(), rule };
    let moment = rooms.moment();
    let proposals = planned.proposals;
    facts.push(Fact::Planned { plugin: plugin.into(), proposals: proposals.clone(), error: None });
    facts.extend(take_in(rooms.policies.as_ref(), incident, &moment.context(), proposals, &origin));
    facts
}
