//! The model's part: evidence first, then questions. What the model wants is data; a change that it
//! wants becomes a proposal for the gate like any other.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::intake::take_in;
use super::{Services, recall};
use crate::domain::entry::{Answer, Original, Usage};
use crate::domain::history::Wanted;
use crate::domain::{Fact, History, Incident, Origin, Proposal};
use crate::ports::Tried;

/// Asks the model for the next step.
pub async fn ask(services: &Services, incident: &Incident) -> Vec<Fact> {
    if !services.model.configured() {
        let reason = match &incident.plan {
            Some(plan) => format!("plugin {} knows no repair and no model is configured", plan.plugin),
            None => "no policy knows a repair and no model is configured".into(),
        };
        return vec![Fact::Concluded { outcome: crate::domain::Outcome::NeedsPerson, reason }];
    }
    if incident.model.turns.is_empty()
        && let Some((answer, reused)) = services.model.reusable(incident)
    {
        let by = format!("incident {}", reused.incident);
        let original = Some(Box::new(Original { by, message: None, reused: Some(reused) }));
        return answered(
            services,
            incident,
            Fact::Answered { answer, text: String::new(), usage: Usage::default(), original },
        );
    }
    let catalogue = recall::without_skipped(services.tools.catalogue(), incident);
    let started = services.clock.now();
    let tried = tried(incident, &services.store.history());
    let asked = services.model.ask(incident, &catalogue, &tried).await;
    let took_ms = services.clock.ms_since(started);
    let asked = match asked {
        Ok(asked) => asked,
        Err((reason, usage)) => {
            return vec![Fact::ModelFailed { reason, usage: Usage { took_ms, ..usage } }];
        }
    };
    // No answer comes without a request, and requests are what an incident's limit counts.
    let usage = Usage { took_ms, calls: asked.usage.calls.max(1), ..asked.usage };
    let (answer, text, original) = (asked.answer, asked.text, asked.original);
    answered(services, incident, Fact::Answered { answer, text, usage, original })
}

/// An answer, and what becomes of the changes that it proposes.
fn answered(services: &Services, incident: &Incident, fact: Fact) -> Vec<Fact> {
    let proposals = match &fact {
        Fact::Answered { answer, .. } => proposals(answer),
        _ => Vec::new(),
    };
    let mut facts = vec![fact];
    let moment = services.moment();
    facts.extend(take_in(services.policies.as_ref(), incident, &moment.context(), proposals, &Origin::Model));
    facts
}

/// Most kinds of repairs that are told.
const TRIED: usize = 8;

/// What was executed for alerts of the same name before, and how often it helped; what was done most comes first.
fn tried(incident: &Incident, history: &History) -> Vec<Tried> {
    let Some(alert) = incident.alerts.first() else { return Vec::new() };
    let wanted = Wanted { name: Some(&alert.name), but: Some(&incident.id), ..Wanted::since(Timestamp::MIN) };
    let mut all: BTreeMap<(String, String), (usize, usize)> = BTreeMap::new();
    for fix in history.select(wanted).flat_map(|row| row.fixes) {
        let (times, helped) = all.entry((fix.tool.to_string(), fix.target.to_string())).or_default();
        *times += 1;
        *helped += usize::from(fix.helped);
    }
    let mut all: Vec<Tried> =
        all.into_iter().map(|((tool, target), (times, helped))| Tried { tool, target, times, helped }).collect();
    all.sort_by_key(|tried| std::cmp::Reverse(tried.times));
    all.truncate(TRIED);
    all
}

fn proposals(answer: &Answer) -> Vec<Proposal> {
    match answer {
        Answer::Act { proposals, .. } => proposals.clone(),
        _ => Vec::new(),
    }
}
