//! The model's part: evidence first, then questions. What the model wants is data; a change that it
//! wants becomes a proposal for the gate like any other.

use super::intake::take_in;
use super::{Services, recall};
use crate::domain::entry::{Answer, Usage};
use crate::domain::{Fact, Incident, Origin};

/// Asks the model for the next step.
pub async fn ask(services: &Services, incident: &Incident) -> Vec<Fact> {
    if !services.model.configured() {
        let reason = match &incident.plan {
            Some(plan) => format!("plugin {} knows no repair and no model is configured", plan.plugin),
            None => "no policy knows a repair and no model is configured".into(),
        };
        return vec![Fact::Concluded { outcome: crate::domain::Outcome::NeedsPerson, reason }];
    }
    let catalogue = recall::without_skipped(services.tools.catalogue(), incident);
    let started = services.clock.now();
    let asked = services.model.ask(incident, &catalogue).await;
    let took_ms = services.clock.ms_since(started);
    let asked = match asked {
        Ok(asked) => asked,
        Err((reason, usage)) => {
            return vec![Fact::ModelFailed { reason, usage: Usage { took_ms, ..usage } }];
        }
    };
    let proposals = match &asked.answer {
        Answer::Act { proposals, .. } => proposals.clone(),
        _ => Vec::new(),
    };
    // No answer comes without a request, and requests are what an incident's limit counts.
    let usage = Usage { took_ms, calls: asked.usage.calls.max(1), ..asked.usage };
    let (answer, text, original) = (asked.answer, asked.text, asked.original);
    let mut facts = vec![Fact::Answered { answer, text, usage, original }];
    let moment = services.moment();
    facts.extend(take_in(services.policies.as_ref(), incident, &moment.context(), proposals, &Origin::Model));
    facts
}
