//! One question to the model about all findings of a run, if that is wanted.

use jiff::Timestamp;

use super::super::Services;
use crate::domain::entry::{Diagnosis, ModelAnswer, Usage};
use crate::domain::inspection::{DIGEST, Problem, Run, Summary};
use crate::domain::{Alert, Catalogue, Entry, Fact, Incident, IncidentId};

/// Lines of the findings that the model sees, and bytes of its answer that are told.
const SHOWN: usize = 60;
const TOLD: usize = 1_500;

/// What came of asking, and what that is for the journal of the incident that tells of the run.
pub struct SummaryReply {
    /// What it said, or why it said nothing.
    pub summary: Summary,
    /// Its answer with what it cost.
    pub fact: Option<Fact>,
}

/// Asks once; no tool is offered, and what would change something is not heard.
pub async fn summarise(services: &Services, run: &Run, mut alert: Alert) -> SummaryReply {
    let missing = |why: &str| SummaryReply { summary: Summary::Missing(why.into()), fact: None };
    if !services.model.configured() {
        return missing("no language model is configured");
    }
    if !run.found() {
        return missing("there is nothing to sum up");
    }
    let findings = alert.annotations.get(DIGEST).unwrap_or_default().to_string();
    let asks =
        "Sum up for the person on duty: what is worst, what belongs together, where to begin. No tool can be called.";
    alert.annotations.insert("description", asks);
    for (n, line) in findings.lines().filter(|line| !line.trim().is_empty()).take(SHOWN).enumerate() {
        alert.annotations.insert(format!("found_{n:02}"), line);
    }
    alert.annotations.retain(|key, _| key != DIGEST);
    let at = services.clock.now();
    let fact = Fact::Opened { group_key: String::new(), source: alert.source.clone(), alerts: vec![alert] };
    let id = IncidentId(format!("inspection-{}", run.inspection).as_str().into());
    let Some(mut incident) = Incident::open(id, &Entry { at, fact }) else { return missing("nothing was asked") };
    let causes = run.findings().filter_map(|one| match &one.finding.what {
        Problem::Cause(named) => Some(named.clone()),
        _ => None,
    });
    let causes = Some(causes.take(12).collect());
    incident.apply(&Entry { at, fact: Fact::Collected { causes, incomplete: None } });
    asked(services, &incident, at).await
}

async fn asked(services: &Services, incident: &Incident, began: Timestamp) -> SummaryReply {
    let answer = services.model.ask(incident, &Catalogue::default(), &[]).await;
    let took_ms = services.clock.ms_since(began);
    match answer {
        Ok(asked) => {
            let said = match &asked.answer {
                ModelAnswer::Act { diagnosis, .. }
                | ModelAnswer::Resolved { diagnosis }
                | ModelAnswer::Person { diagnosis } => words(diagnosis),
                ModelAnswer::Look { .. } => String::new(),
            };
            let usage = Usage { took_ms, calls: asked.usage.calls.max(1), ..asked.usage };
            let diagnosis = match asked.answer {
                ModelAnswer::Act { diagnosis, .. }
                | ModelAnswer::Resolved { diagnosis }
                | ModelAnswer::Person { diagnosis } => diagnosis,
                ModelAnswer::Look { .. } => Diagnosis::default(),
            };
            let fact = Fact::Answered {
                answer: ModelAnswer::Person { diagnosis },
                text: asked.text,
                usage,
                original: asked.original,
            };
            let summary = match said.is_empty() {
                true => Summary::Missing("the model's answer holds no summary".into()),
                false => Summary::Said(crate::domain::text::truncate(&said, TOLD)),
            };
            SummaryReply { summary, fact: Some(fact) }
        }
        Err((reason, usage)) => {
            let fact = Fact::ModelFailed { reason: reason.clone(), usage: Usage { took_ms, ..usage } };
            SummaryReply { summary: Summary::Missing(reason), fact: Some(fact) }
        }
    }
}

fn words(diagnosis: &Diagnosis) -> String {
    let steps = diagnosis.steps.iter().take(5).map(|step| step.text.as_str());
    let parts = [diagnosis.root_cause.as_str(), diagnosis.impact.as_str()].into_iter().chain(steps);
    parts.map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}
