//! A crash that came with a rollout: go back to the revision before.

use serde_json::{Value, json};
use tidegate_plugin::kubernetes::write::{self, Writer};
use tidegate_plugin::kubernetes::{object, quote, time, verify};
use tidegate_plugin::remediation::{Call, CallError, Proposal};

use super::revision::{self, Revision};
use super::{Finding, manager_words, pod_words};
use crate::settings::Settings;
use crate::symptom::{Container, Symptom};
use crate::workload::Case;

/// Proposes to undo the newest rollout, if its pods crash, it is recent and there is one before it.
pub(super) fn propose(
    case: &Case<'_>,
    deployment: &Value,
    findings: &[Finding<'_>],
    settings: &Settings,
    now_ms: u64,
) -> Result<Option<Proposal>, CallError> {
    let crashing = |finding: &&Finding<'_>| matches!(finding.symptom, Symptom::Crash(_) | Symptom::OutOfMemory(_));
    if !findings.iter().any(|finding| crashing(&finding)) {
        return Ok(None);
    }
    let revisions = revision::history(case, deployment)?;
    let Some((newest, previous)) = newest_and_previous(&revisions) else {
        tell(case, findings, "there is no earlier revision to go back to");
        return Ok(None);
    };
    let of_newest =
        |finding: &&Finding<'_>| object::controller(finding.pod) == Some(("ReplicaSet", object::name(&newest.set)));
    let found: Vec<_> = findings.iter().filter(crashing).filter(of_newest).collect();
    let created = time::millis(object::text(&newest.set, "/metadata/creationTimestamp"));
    let age_ms = created.map(|created| now_ms.saturating_sub(created));
    let recent = age_ms.is_some_and(|age| age <= settings.rollback_within_hours.saturating_mul(3_600_000));
    if found.is_empty() || !recent {
        let hours = settings.rollback_within_hours;
        tell(case, findings, &format!("no rollout of the last {hours} hours explains it, so nothing is rolled back"));
        return Ok(None);
    }
    let Some(how) = how(case, deployment, newest, previous) else {
        return Ok(None);
    };

    let mut evidence: Vec<String> = found
        .iter()
        .take(3)
        .filter_map(|finding| match &finding.symptom {
            Symptom::Crash(container) | Symptom::OutOfMemory(container) => {
                Some(crash_words(&pod_words(case, finding.pod), container))
            }
            _ => None,
        })
        .collect();
    evidence.push(format!(
        "they belong to revision {} (ReplicaSet {}), made {} minutes ago",
        newest.number,
        quote::short(object::name(&newest.set)),
        age_ms.unwrap_or_default() / 60_000
    ));
    evidence.push(format!(
        "revision {} (ReplicaSet {}) came before it and has {} ready pods",
        previous.number,
        quote::short(object::name(&previous.set)),
        previous.ready()
    ));
    let images = changed_images(newest, previous);
    evidence.extend(images.iter().map(|(_, name, old)| {
        let new = newest.image("containers", name).unwrap_or_default();
        format!(
            "between them the image of container {} went from {} to {}",
            quote::short(name),
            quote::marked(old),
            quote::marked(new)
        )
    }));
    evidence.extend(manager_words(case));
    Ok(Some(Proposal {
        call: how.call,
        target: case.target(),
        reason: format!(
            "roll {} back to revision {}, because pods of the new revision {} crash",
            case.target(),
            previous.number,
            newest.number
        ),
        evidence,
        root_cause: format!("revision {} of {} crashes after its start", newest.number, case.target()),
        verify: verify::rollout(&case.cluster, deployment, &images),
        undo: Some(how.back),
        extra: vec![],
    }))
}

/// The call that goes back and the one that takes it back.
struct How {
    call: Call,
    back: Call,
}

/// By the server's own rollback, or by writing the pod template of the revision.
fn how(case: &Case<'_>, deployment: &Value, newest: &Revision, previous: &Revision) -> Option<How> {
    let server = case.cluster.server;
    if let Some(tool) = server.tool("kubectl_rollout") {
        let call = Call { tool: tool.clone(), arguments: undo_to(case, previous.number) };
        return Some(How { call, back: Call { tool, arguments: undo_to(case, newest.number) } });
    }
    let why = match Writer::of(server) {
        Some(Writer::Whole(tool)) => {
            let mut template = previous.set.pointer("/spec/template").cloned().unwrap_or_default();
            if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
                labels.remove("pod-template-hash");
            }
            match write::whole(deployment, |current| *current = template) {
                Ok((arguments, back)) if !arguments.contains(write::HIDDEN) => {
                    let call = Call { tool: tool.clone(), arguments };
                    return Some(How { call, back: Call { tool, arguments: back } });
                }
                Ok(_) => "the earlier revision holds values that are hidden as secrets".to_string(),
                Err(why) => why,
            }
        }
        _ => format!(
            "the MCP server {} offers no tool that rolls back: it would take kubectl_rollout or \
             resources_create_or_update, offered by the server and allowed by the host",
            server.name
        ),
    };
    case.found(format!("revision {} crashes and could go back to {}; {why}", newest.number, previous.number), vec![]);
    None
}

/// Says what crashes, and why it is not rolled back.
pub(super) fn tell(case: &Case<'_>, findings: &[Finding<'_>], why: &str) {
    for finding in findings {
        let Symptom::Crash(container) = &finding.symptom else { continue };
        let text = format!("container {} crashes again and again; {why}", quote::short(&container.name));
        case.found(text, vec![crash_words(&pod_words(case, finding.pod), container)]);
        return;
    }
}

/// The newest revision and the one to go back to: the newest before it that runs now, else the one
/// right before it.
fn newest_and_previous(revisions: &[Revision]) -> Option<(&Revision, &Revision)> {
    let (newest, before) = revisions.split_first()?;
    let previous = before.iter().find(|revision| revision.ready() > 0).or_else(|| before.first())?;
    Some((newest, previous))
}

/// Containers whose image differs, with the image of the earlier revision.
fn changed_images<'a>(newest: &'a Revision, previous: &'a Revision) -> Vec<(&'static str, &'a str, &'a str)> {
    let containers = object::list(&previous.set, "/spec/template/spec/containers").iter();
    let named = containers.map(|container| (object::text(container, "/name"), object::text(container, "/image")));
    let changed = named.filter(|(name, image)| newest.image("containers", name) != Some(*image));
    changed.map(|(name, image)| ("containers", name, image)).collect()
}

fn crash_words(pod: &str, container: &Container) -> String {
    let name = quote::short(&container.name);
    let times = container.restarts;
    if container.message.is_empty() {
        return format!("{pod}: container {name} is in {} after {times} restarts", container.reason);
    }
    let words = quote::marked(&container.message);
    format!("{pod}: container {name} is in {} after {times} restarts and ended with {words}", container.reason)
}

/// The revision is named, so that what was approved is what happens even after another rollout.
fn undo_to(case: &Case<'_>, revision: u64) -> String {
    json!({
        "subCommand": "undo",
        "resourceType": "deployment",
        "name": case.name,
        "namespace": case.namespace,
        "revision": revision,
    })
    .to_string()
}
