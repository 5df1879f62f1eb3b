//! The cures, in the order in which they are tried.
//!
//! A workload that is at fault itself is repaired once; its pods are replaced by that. Only where the
//! workload is whole are single pods deleted.

mod blocked;
mod containers;
mod image;
mod memory;
mod probe;
mod restart;
mod revision;
mod rollback;
mod scale;
mod siblings;

use tidegate_plugin::kubernetes::{object, quote};
use tidegate_plugin::remediation::{CallError, Proposal};

use crate::settings::Settings;
use crate::symptom::{self, Symptom};
use crate::workload::Case;

/// A pod of a case and one of its symptoms.
pub(crate) struct Finding<'a> {
    pub pod: &'a serde_json::Value,
    pub symptom: Symptom,
}

/// What would help one case.
pub(crate) fn propose(case: &Case<'_>, settings: &Settings, now_ms: u64) -> Result<Vec<Proposal>, CallError> {
    let findings: Vec<Finding<'_>> = case
        .pods
        .iter()
        .flat_map(|pod| {
            let symptoms = symptom::of(pod, now_ms, settings);
            symptoms.into_iter().map(move |symptom| Finding { pod, symptom })
        })
        .collect();
    blocked::tell(case, &findings)?;
    // A paused Deployment rolls nothing out, and somebody has paused it for a reason.
    if case.deployment.as_ref().is_some_and(object::paused) && !findings.is_empty() {
        case.found("it is paused, so it rolls nothing out until somebody resumes it".into(), vec![]);
    }
    if let Some(deployment) = case.deployment.as_ref().filter(|it| !object::paused(it)) {
        if let Some(proposal) = image::propose(case, deployment, &findings)? {
            return Ok(vec![proposal]);
        }
        let rollback = rollback::propose(case, deployment, &findings, settings, now_ms)?;
        if let Some(proposal) = rollback {
            return Ok(vec![proposal]);
        }
        if let Some(proposal) = memory::propose(case, deployment, &findings, settings) {
            return Ok(vec![proposal]);
        }
        if let Some(proposal) = probe::propose(case, deployment, &findings, settings)? {
            return Ok(vec![proposal]);
        }
        if findings.is_empty()
            && let Some(proposal) = scale::propose(case, deployment, settings)?
        {
            return Ok(vec![proposal]);
        }
    }
    if case.deployment.is_none() {
        memory::tell(case, &findings);
        rollback::tell(case, &findings, "only Deployments are rolled back");
    }
    restart::propose(case, &findings)
}

/// `pod <namespace>/<name>`.
fn pod_words(case: &Case<'_>, pod: &serde_json::Value) -> String {
    format!("pod {}/{}", case.namespace, quote::short(object::name(pod)))
}

/// A warning where something else keeps the workload as it is written elsewhere.
fn manager_words(case: &Case<'_>) -> Option<String> {
    let manager = object::manager(case.deployment.as_ref()?)?;
    Some(format!(
        "{} is managed by {manager}, which may put the old state back: change it at its source as well",
        case.target()
    ))
}
