//! A container that is killed for its memory again and again: a higher limit, within bounds.
//!
//! Whether it leaks or simply needs more, the cluster cannot tell; so this is a question to a person, with what speaks
//! for it, and it is undone by the revision before.

use serde_json::{Value, json};
use tidegate_plugin::kubernetes::write::Change;
use tidegate_plugin::kubernetes::{Kind, Selection, object, quantity, quote, verify};
use tidegate_plugin::remediation::Proposal;

use super::{Finding, containers, manager_words, pod_words};
use crate::settings::Settings;
use crate::symptom::Symptom;
use crate::workload::Case;

/// Restarts from which on a fresh pod is no help any more.
const REPEATED: u64 = 2;

/// Proposes a higher limit for the first such container, or tells why not.
pub(super) fn propose(
    case: &Case<'_>,
    deployment: &Value,
    findings: &[Finding<'_>],
    settings: &Settings,
) -> Option<Proposal> {
    let (finding, container) = findings.iter().find_map(|finding| match &finding.symptom {
        Symptom::OutOfMemory(container) | Symptom::WasOutOfMemory(container) if container.restarts >= REPEATED => {
            Some((finding, container))
        }
        _ => None,
    })?;
    let about = containers::words(case, container);
    let mut evidence = vec![format!(
        "{}: container {} was OOMKilled, and was restarted {} times",
        pod_words(case, finding.pod),
        quote::short(&container.name),
        container.restarts
    )];
    let told = |why: &str, evidence: Vec<String>| {
        case.found(format!("{about} used more memory than it may; {why}"), evidence);
        None
    };
    let template = containers::template(deployment, container)?;
    let limit = object::text(template, "/resources/limits/memory");
    if limit.is_empty() {
        return told("it has no limit of its own: its node ran out of memory, or a limit of the pod holds", evidence);
    }
    let Some(bytes) = quantity::bytes(limit) else {
        return told(&format!("its limit {} could not be read", quote::marked(limit)), evidence);
    };
    evidence.push(format!("its limit is {}", quote::marked(limit)));
    let wanted = quantity::mib(bytes.saturating_add(bytes.saturating_mul(settings.memory_percent) / 100));
    if wanted > settings.memory_most_mib || wanted <= quantity::mib(bytes) {
        let most = settings.memory_most_mib;
        return told(&format!("{wanted} MiB would be beyond memory_most_mib, which is {most}"), evidence);
    }
    if let Some(largest) = largest_node(case).filter(|largest| wanted > *largest) {
        return told(&format!("no node has room for {wanted} MiB: the largest gives {largest} MiB to pods"), evidence);
    }
    evidence.extend(effects(template, wanted));
    evidence.extend(manager_words(case));
    let fields = |limit: &str| json!({"resources": {"limits": {"memory": limit}}});
    let new = format!("{wanted}Mi");
    let Change { call, back } = match containers::set(case, deployment, container, &fields(&new), &fields(limit)) {
        Ok(change) => change,
        Err(why) => return told(&why, evidence),
    };
    Some(Proposal {
        call,
        target: case.target(),
        reason: format!("raise the memory limit of {about} from {} to {new}", quote::short(limit)),
        evidence,
        root_cause: format!("container {} needs or leaks more memory than its limit", quote::short(&container.name)),
        verify: verify::rollout(&case.cluster, deployment, &[]),
        undo: Some(back),
        extra: vec![],
    })
}

/// What the node with most memory gives to pods, in MiB; none where the server shows no whole nodes.
fn largest_node(case: &Case<'_>) -> Option<u64> {
    let nodes = case.cluster.objects(Kind::NODE, Selection::default()).ok().flatten()?;
    let given = nodes.iter().filter_map(|node| quantity::bytes(object::text(node, "/status/allocatable/memory")));
    given.max().map(quantity::mib)
}

/// Tells of such a container of a workload whose limits are not changed from here.
pub(super) fn tell(case: &Case<'_>, findings: &[Finding<'_>]) {
    for finding in findings {
        let Symptom::WasOutOfMemory(container) = &finding.symptom else { continue };
        let text = format!(
            "{} was OOMKilled again and again, {} restarts, and runs at the moment; only limits of Deployments are changed",
            containers::words(case, container),
            container.restarts
        );
        case.found(text, vec![format!("seen at {}", pod_words(case, finding.pod))]);
        return;
    }
}

/// What whoever says yes should know.
fn effects(template: &Value, wanted: u64) -> [String; 2] {
    let request = object::text(template, "/resources/requests/memory");
    let request = if request.is_empty() {
        format!("it names no request, so the cluster takes the limit for it: each pod will need {wanted} MiB of a node")
    } else {
        format!("its request stays {}: the node does not set more aside for it", quote::marked(request))
    };
    [request, "all its pods are replaced; if it leaks, this only puts the next kill off".into()]
}
