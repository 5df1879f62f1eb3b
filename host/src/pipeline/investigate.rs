//! The model's part: evidence first, then questions. What the model wants is data; a change that it
//! wants becomes a proposal for the gate like any other.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::intake::{ProposalRelation, accept};
use super::{Services, recall};
use crate::domain::entry::{ModelAnswer, RawAnswer, Usage};
use crate::domain::history::{Causes, FixRow, Wanted};
use crate::domain::{Cause, Fact, History, Incident, Origin, Proposal};
use crate::ports::{SimilarityBasis, TrackRecord};

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
        let original = Some(Box::new(RawAnswer { by, message: None, reused: Some(reused) }));
        return answered(
            services,
            incident,
            Fact::Answered { answer, text: String::new(), usage: Usage::default(), original },
        );
    }
    let catalogue = recall::without_skipped(services.tools.catalogue().for_incident(incident), incident);
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
    let (policies, together) = (services.policies.as_ref(), ProposalRelation::Alternatives);
    facts.extend(accept(policies, incident, &moment.context(), proposals, &Origin::Model, together));
    facts
}

/// Most kinds of repairs that are told of the same alert, and of the same causes.
const TRIED: usize = 8;

/// What was executed before where the same was found to be wrong, and for alerts of the same name, and how often it
/// helped; of either, what was done most comes first.
fn tried(incident: &Incident, history: &History) -> Vec<TrackRecord> {
    let all = Wanted { but: Some(&incident.id), ..Wanted::since(Timestamp::MIN) };
    let causes = Causes::of(incident.causes().unwrap_or_default());
    let of_cause = |cause: Cause| {
        let rows = history.select(Wanted { cause: Some(cause), ..all });
        let fixes = rows.flat_map(|row| row.fixes).filter(move |fix| fix.causes.has(cause));
        fixes.map(move |fix| (fix.tool.to_string(), SimilarityBasis::Cause(cause), fix.helped))
    };
    let mut tried = counted(causes.iter().flat_map(of_cause));
    if let Some(alert) = incident.alerts.first() {
        let rows = history.select(Wanted { name: Some(&alert.name), ..all });
        let of_alert = |fix: FixRow<'_>| {
            (fix.tool.to_string(), SimilarityBasis::Alert { target: fix.target.to_string() }, fix.helped)
        };
        tried.extend(counted(rows.flat_map(|row| row.fixes).map(of_alert)));
    }
    tried
}

fn counted(fixes: impl Iterator<Item = (String, SimilarityBasis, bool)>) -> Vec<TrackRecord> {
    let mut all: BTreeMap<(String, SimilarityBasis), (usize, usize)> = BTreeMap::new();
    for (tool, alike, fix_helped) in fixes {
        let (times, helped) = all.entry((tool, alike)).or_default();
        *times += 1;
        *helped += usize::from(fix_helped);
    }
    let mut all: Vec<TrackRecord> =
        all.into_iter().map(|((tool, alike), (times, helped))| TrackRecord { tool, alike, times, helped }).collect();
    all.sort_by_key(|tried| std::cmp::Reverse(tried.times));
    all.truncate(TRIED);
    all
}

fn proposals(answer: &ModelAnswer) -> Vec<Proposal> {
    match answer {
        ModelAnswer::Act { proposals, .. } => proposals.clone(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::history::{Fix, Past};
    use crate::domain::{Alert, Entry, IncidentId, NamedCause, Severity, Status};

    fn past(n: usize, name: &str, cause: Cause, fixes: &[(&str, &str, bool)]) -> Past {
        let fix = |(tool, target, helped): &(&str, &str, bool)| Fix {
            tool: (*tool).into(),
            target: (*target).into(),
            helped: *helped,
            causes: [cause].into_iter().collect(),
        };
        Past {
            incident: IncidentId(format!("p{n}").into()),
            rule: "".into(),
            group_key: "g".into(),
            name: name.into(),
            opened_at: Timestamp::UNIX_EPOCH,
            outcome: None,
            rerun: false,
            fixes: fixes.iter().map(fix).collect(),
        }
    }

    #[test]
    fn what_helped_with_the_same_cause_is_told_whatever_fired() {
        let alert = Alert {
            source: "s".into(),
            name: "Down".into(),
            status: Status::Firing,
            severity: Severity::Warning,
            labels: Default::default(),
            annotations: Default::default(),
            starts_at: None,
            ends_at: None,
            fingerprint: "f".into(),
            link: None,
        };
        let fact = Fact::Opened { group_key: "g".into(), source: "s".into(), alerts: vec![alert] };
        let entry = |fact| Entry { at: Timestamp::UNIX_EPOCH, fact };
        let mut incident = Incident::open(IncidentId("i".into()), &entry(fact)).unwrap();
        let causes = Some(vec![NamedCause::new(Cause::OutOfMemory, "pod shop/web", 90)]);
        incident.apply(&entry(Fact::Collected { causes, incomplete: None }));
        let history = History::of(
            [
                past(
                    1,
                    "Other",
                    Cause::OutOfMemory,
                    &[("k.patch", "k:shop/api", true), ("k.restart", "k:shop/api", false)],
                ),
                past(2, "More", Cause::OutOfMemory, &[("k.patch", "k:shop/db", false), ("k.patch", "k:shop/db", true)]),
                past(3, "Down", Cause::CrashLoop, &[("k.restart", "k:shop/web", true)]),
                past(4, "Else", Cause::CrashLoop, &[("k.scale", "k:shop/web", true)]),
            ],
            [],
        );
        let told = tried(&incident, &history);
        let told: Vec<_> = told.iter().map(|one| (one.tool.as_str(), &one.alike, one.times, one.helped)).collect();
        let of_cause = SimilarityBasis::Cause(Cause::OutOfMemory);
        let of_alert = SimilarityBasis::Alert { target: "k:shop/web".into() };
        assert_eq!(
            told,
            [("k.patch", &of_cause, 3, 2), ("k.restart", &of_cause, 1, 0), ("k.restart", &of_alert, 1, 1)]
        );
    }
}
