//! What is known from before goes to whoever has to think: the model, people who are asked, and the report.
//!
//! It is looked up late, so that what was seen meanwhile is asked for as well, and not again once something was found; an
//! incident that nobody hears of costs nothing.

use std::sync::Arc;

use super::Services;
use crate::domain::incident::Effect;
use crate::domain::{Catalogue, Fact, Incident, Occasion};

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

/// Whether a ruling asks people, who are told what is known as well.
pub fn asks(facts: &[Fact]) -> bool {
    facts.iter().any(|fact| matches!(fact, Fact::Told { occasion: Occasion::Approval, .. }))
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
