//! What is known from before goes to whoever has to think: the model, people who are asked, and the report.
//!
//! It is looked up late, so that what was seen meanwhile is asked for as well, and not again once something was found; an
//! incident that nobody hears of costs nothing.

use std::sync::Arc;

use super::Services;
use crate::domain::incident::Effect;
use crate::domain::text::pattern::matches;
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

/// The tools without those that a runbook declares to be of no use for this incident, by name or pattern as it names alerts.
pub fn without_skipped(catalogue: Arc<Catalogue>, incident: &Incident) -> Arc<Catalogue> {
    let skipped: Vec<&str> = incident.knowledge.iter().flat_map(|known| known.skipped_tools()).collect();
    let is_skipped = |name: &str| skipped.iter().any(|pattern| matches(pattern, name));
    if !catalogue.tools.keys().any(|name| is_skipped(name)) {
        return catalogue;
    }
    let mut left = Catalogue::clone(&catalogue);
    left.tools.retain(|name, _| !is_skipped(name));
    Arc::new(left)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::knowledge::{Knowledge, MatchReason, Quote};
    use crate::domain::{Entry, IncidentId, Risk, Tool};

    fn tool(name: &str) -> Tool {
        Tool {
            name: name.into(),
            description: String::new(),
            schema: serde_json::Value::Null,
            risk: Risk::Read,
            repeatable: true,
            undo: None,
            own: false,
        }
    }

    #[test]
    fn tools_are_skipped_by_name_and_by_pattern() {
        let left = |skip: &str, because| {
            let at = Timestamp::UNIX_EPOCH;
            let opened = Fact::Opened { group_key: "g".into(), source: "s".into(), alerts: Vec::new() };
            let mut incident = Incident::open(IncidentId("i-1".into()), &Entry { at, fact: opened }).unwrap();
            let quote = Quote {
                title: "T".into(),
                source: "t.md".into(),
                heading: String::new(),
                because,
                excerpt: String::new(),
                tools: Vec::new(),
                skip: vec![skip.into()],
            };
            let knowledge = Arc::new(Knowledge { runbooks: vec![quote], ..Knowledge::default() });
            incident.apply(&Entry { at, fact: Fact::Recalled { knowledge } });
            let tools = ["k.exec", "k.get", "loki.query"].map(|name| (name.to_string(), tool(name)));
            let catalogue = Catalogue { tools: tools.into_iter().collect(), ..Catalogue::default() };
            without_skipped(Arc::new(catalogue), &incident).tools.keys().cloned().collect::<Vec<_>>().join(" ")
        };
        for (skip, expected) in
            [("k.exec", "k.get loki.query"), ("k.*", "loki.query"), ("*", ""), ("exec", "k.exec k.get loki.query")]
        {
            assert_eq!(left(skip, MatchReason::Declared), expected, "{skip}");
        }
    }
}
