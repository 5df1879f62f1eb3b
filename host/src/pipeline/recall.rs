//! What is known from before goes to whoever has to think: the model, people who are asked, and the report.
//!
//! It is looked up late, so that what was seen meanwhile is asked for as well, and once; an incident that
//! nobody hears of costs nothing.

use std::sync::Arc;

use jiff::Timestamp;

use super::Services;
use crate::domain::incident::Effect;
use crate::domain::{Catalogue, Entry, Fact, Incident, Occasion};

/// Whether an effect is for somebody who thinks.
pub fn is_needed(effect: &Effect) -> bool {
    matches!(effect, Effect::AskModel | Effect::Report)
}

/// The fact that something is known; none where nothing is, or where it has been recorded already.
pub async fn fact(services: &Services, incident: &Incident) -> Option<Fact> {
    let library = services.library.as_ref().filter(|_| incident.knowledge.is_none())?;
    let knowledge = library.recall(incident).await;
    (!knowledge.is_empty()).then(|| Fact::Recalled { knowledge: Arc::new(knowledge) })
}

/// The incident as it stands behind that fact.
pub fn with(incident: &Incident, fact: &Fact, at: Timestamp) -> Incident {
    let mut ahead = incident.clone();
    ahead.apply(&Entry { at, fact: fact.clone() });
    ahead
}

/// The facts of a ruling: where people are asked, they are told what is known as well.
pub async fn before_question(services: &Services, incident: &Incident, facts: Vec<Fact>) -> Vec<Fact> {
    let asks = |fact: &Fact| matches!(fact, Fact::Told { occasion: Occasion::Approval, .. });
    let recalled = if facts.iter().any(asks) { fact(services, incident).await } else { None };
    recalled.into_iter().chain(facts).collect()
}

/// The tools without those that a runbook declares to be of no use for this incident.
pub fn without_skipped(catalogue: Arc<Catalogue>, incident: &Incident) -> Arc<Catalogue> {
    let skipped: Vec<&str> = incident.knowledge.iter().flat_map(|known| known.skipped_tools()).collect();
    if !catalogue.tools.keys().any(|name| skipped.contains(&name.as_str())) {
        return catalogue;
    }
    let mut left = Catalogue::clone(&catalogue);
    left.tools.retain(|name, _| !skipped.contains(&name.as_str()));
    Arc::new(left)
}
