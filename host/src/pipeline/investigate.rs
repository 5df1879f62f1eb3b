//! The model's part: evidence first, then questions. What the model wants is data; a change that it
//! wants becomes a proposal for the gate like any other.

use super::Rooms;
use super::intake::take_in;
use crate::domain::entry::{Answer, Usage};
use crate::domain::{Fact, Incident, Origin};

/// Asks the model for the next step.
pub async fn ask(rooms: &Rooms, incident: &Incident) -> Vec<Fact> {
    if !rooms.model.configured() {
        let reason = "no policy knows a repair and no model is configured";
        return vec![Fact::Concluded { outcome: crate::domain::Outcome::NeedsPerson, reason: reason.into() }];
    }
    let catalogue = rooms.tools.catalogue();
    let started = rooms.clock.now();
    let asked = rooms.model.ask(incident, &catalogue).await;
    let took_ms = rooms.clock.ms_since(started);
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
    let mut facts = vec![Fact::Answered { answer: asked.answer, text: asked.text, usage }];
    let moment = rooms.moment();
    facts.extend(take_in(rooms.policies.as_ref(), incident, &moment.context(), proposals, &Origin::Model));
    facts
}
