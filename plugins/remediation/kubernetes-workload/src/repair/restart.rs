//! A pod that is stuck or was killed for its memory: delete it, so that its controller starts a new
//! one.
//!
//! A deleted pod does not come back, so there is no undo. That is harmless for a pod of a controller
//! and is never proposed for another. Pods that no longer answer are deleted by force; not those of a
//! StatefulSet, whose old process may still be writing somewhere.

use serde_json::{Value, json};
use tidegate_plugin::kubernetes::{Dialect, object, quote, verify};
use tidegate_plugin::remediation::{Call, Proposal};

use super::{Finding, pod_words};
use crate::symptom::Symptom;
use crate::workload::Case;

/// One proposal for each pod that a deletion would help.
pub(super) fn propose(case: &Case<'_>, findings: &[Finding<'_>]) -> Vec<Proposal> {
    let mut proposals: Vec<Proposal> = Vec::new();
    for finding in findings {
        let proposal = cure(case, finding);
        // Two containers of one pod are still one pod.
        proposals.extend(proposal.filter(|new| !proposals.iter().any(|known| known.target == new.target)));
    }
    proposals
}

struct Diagnosis {
    cause: String,
    evidence: Vec<String>,
    force: bool,
}

fn diagnose(case: &Case<'_>, finding: &Finding<'_>) -> Option<Diagnosis> {
    let pod = pod_words(case, finding.pod);
    match &finding.symptom {
        Symptom::OutOfMemory(container) => Some(Diagnosis {
            cause: format!("container {} used more memory than its limit", quote::short(&container.name)),
            evidence: vec![
                format!("{pod}: container {} was OOMKilled and is not ready", quote::short(&container.name)),
                format!(
                    "it was restarted {} times; if that goes on, its limit is too low or it leaks",
                    container.restarts
                ),
            ],
            force: false,
        }),
        Symptom::Overdue(minutes) => {
            let finalizers = object::list(finding.pod, "/metadata/finalizers");
            if !finalizers.is_empty() || case.kind == "StatefulSet" {
                return None;
            }
            let node = quote::short(object::text(finding.pod, "/spec/nodeName"));
            Some(Diagnosis {
                cause: format!("the pod does not end; its node {node} may be gone"),
                evidence: vec![
                    format!("{pod} should have ended {minutes} minutes ago"),
                    format!("it was on node {node}; whether its processes still run there is not known"),
                ],
                force: true,
            })
        }
        Symptom::NodeLost(node) => (case.kind != "StatefulSet").then(|| Diagnosis {
            cause: format!("node {} does not answer", quote::short(node)),
            evidence: vec![format!(
                "{pod} is in an unknown state on node {}; its processes may still run there",
                quote::short(node)
            )],
            force: true,
        }),
        Symptom::Image(_) | Symptom::Crash(_) | Symptom::Unscheduled(_) | Symptom::NotConfigured(_) => None,
    }
}

fn cure(case: &Case<'_>, finding: &Finding<'_>) -> Option<Proposal> {
    let name = object::name(finding.pod);
    let Diagnosis { cause, mut evidence, force } = diagnose(case, finding)?;
    let Some((tool, arguments)) = delete(case, name, force) else {
        let how = if force { "deletes pods by force" } else { "deletes pods" };
        let server = &case.cluster.server.name;
        case.found(format!("{cause}; the MCP server {server} offers no tool that {how}"), evidence);
        return None;
    };
    evidence.push(format!("{} will start another pod; this one cannot be brought back", case.target()));
    let selector = object::selector(finding.pod.pointer("/metadata/labels"));
    let doomed = verify::Doomed {
        namespace: &case.namespace,
        name,
        created: object::text(finding.pod, "/metadata/creationTimestamp"),
        selector: selector.as_deref(),
        force,
    };
    Some(Proposal {
        call: Call { tool, arguments: arguments.to_string() },
        target: format!("pod/{}/{name}", case.namespace),
        reason: format!(
            "delete pod {}/{name}{}, so that {} starts a fresh one",
            case.namespace,
            if force { " by force" } else { "" },
            case.target()
        ),
        evidence,
        root_cause: cause,
        verify: verify::replaced(&case.cluster, &doomed),
        undo: None,
        extra: vec![],
    })
}

fn delete(case: &Case<'_>, name: &str, force: bool) -> Option<(String, Value)> {
    match case.cluster.server.dialect {
        Dialect::Kubectl => {
            let mut arguments = json!({"resourceType": "pod", "name": name, "namespace": case.namespace});
            if let (true, Some(map)) = (force, arguments.as_object_mut()) {
                map.insert("force".into(), json!(true));
                map.insert("gracePeriodSeconds".into(), json!(0));
            }
            Some((case.cluster.server.tool("kubectl_delete")?, arguments))
        }
        // This server's tool for pods knows no force, and a pod that does not end would stay.
        Dialect::Native if force => {
            let arguments = json!({
                "apiVersion": "v1", "kind": "Pod", "name": name, "namespace": case.namespace, "gracePeriodSeconds": 0,
            });
            Some((case.cluster.server.tool("resources_delete")?, arguments))
        }
        Dialect::Native => {
            let arguments = json!({"name": name, "namespace": case.namespace});
            Some((case.cluster.server.tool("pods_delete")?, arguments))
        }
    }
}
