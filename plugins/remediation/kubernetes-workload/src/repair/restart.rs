//! A pod that is stuck, was killed for its memory, or crashes where its siblings run: delete it, so that its
//! controller starts a new one.
//!
//! A deleted pod does not come back, so there is no undo. That is harmless for a pod of a controller
//! and is never proposed for another. Pods that no longer answer are deleted by force; not those of a
//! StatefulSet, whose old process may still be writing somewhere.

use serde_json::{Value, json};
use tidegate_plugin::kubernetes::{Dialect, object, quote, verify};
use tidegate_plugin::remediation::{Call, CallError, Proposal};

use super::siblings::{self, Siblings};
use super::{Finding, pod_words};
use crate::symptom::Symptom;
use crate::workload::Case;

/// One proposal for each pod that a deletion would help.
pub(super) fn propose(case: &Case<'_>, findings: &[Finding<'_>]) -> Result<Vec<Proposal>, CallError> {
    let mut proposals: Vec<Proposal> = Vec::new();
    let siblings = siblings::of_the_only_one(case, findings)?;
    for finding in findings {
        let proposal = cure(case, finding, siblings.as_ref());
        // Two containers of one pod are still one pod.
        proposals.extend(proposal.filter(|new| !proposals.iter().any(|known| known.target == new.target)));
    }
    Ok(proposals)
}

struct Diagnosis {
    cause: String,
    evidence: Vec<String>,
    force: bool,
}

fn diagnose(case: &Case<'_>, finding: &Finding<'_>, siblings: Option<&Siblings>) -> Option<Diagnosis> {
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
                tell_kept(case, finding, *minutes, finalizers);
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
        Symptom::NodeLost(node) if case.kind == "StatefulSet" => {
            let text = format!(
                "node {} does not answer; {pod} is not deleted by force, because its process may still write there. Once \
                 the node is certainly off, run: kubectl delete pod {} -n {} --force",
                quote::short(node),
                object::name(finding.pod),
                case.namespace
            );
            case.found(text, vec![]);
            None
        }
        Symptom::NodeLost(node) => Some(Diagnosis {
            cause: format!("node {} does not answer", quote::short(node)),
            evidence: vec![format!(
                "{pod} is in an unknown state on node {}; its processes may still run there",
                quote::short(node)
            )],
            force: true,
        }),
        Symptom::Crash(_) if siblings.is_some() && keeps_local(finding.pod) => {
            let text = format!("only {pod} of {} crashes; it is not deleted, because the data of its emptyDir would be lost", case.target());
            case.found(text, vec![]);
            None
        }
        Symptom::Crash(container) => siblings.map(|siblings| Diagnosis {
            cause: format!("only this pod of {} crashes, and its siblings run the same", case.target()),
            evidence: vec![
                format!(
                    "{pod}: container {} is in {} after {} restarts",
                    quote::short(&container.name),
                    container.reason,
                    container.restarts
                ),
                format!("{} of {} pods are ready, and no rollout is under way", siblings.ready, siblings.desired),
                format!(
                    "it runs on node {}; a fresh pod may get another, and begins without what this one wrote outside of its volumes",
                    quote::short(object::text(finding.pod, "/spec/nodeName"))
                ),
            ],
            force: false,
        }),
        Symptom::Image(_)
        | Symptom::Unscheduled(_)
        | Symptom::NotConfigured(_)
        | Symptom::WasOutOfMemory(_)
        | Symptom::Restarted(_) => None,
    }
}

/// Whether a pod has data that ends with it, and not with its containers.
fn keeps_local(pod: &Value) -> bool {
    let of_disk = |volume: &Value| volume.get("emptyDir").is_some_and(|dir| object::text(dir, "/medium") != "Memory");
    object::list(pod, "/spec/volumes").iter().any(of_disk)
}

/// Says of a pod that does not end what keeps it, where that is nobody's to force.
fn tell_kept(case: &Case<'_>, finding: &Finding<'_>, minutes: u64, finalizers: &[Value]) {
    let pod = pod_words(case, finding.pod);
    let text = if finalizers.is_empty() {
        format!(
            "{pod} should have ended {minutes} minutes ago; it is not deleted by force, because its process may still \
             write. Once node {} is certainly off, run: kubectl delete pod {} -n {} --force",
            quote::short(object::text(finding.pod, "/spec/nodeName")),
            object::name(finding.pod),
            case.namespace
        )
    } else {
        let names =
            finalizers.iter().take(3).filter_map(Value::as_str).map(quote::short).collect::<Vec<_>>().join(", ");
        format!(
            "{pod} should have ended {minutes} minutes ago; it is kept by finalizers ({names}), and whoever set them has to let it go"
        )
    };
    case.found(text, vec![]);
}

fn cure(case: &Case<'_>, finding: &Finding<'_>, siblings: Option<&Siblings>) -> Option<Proposal> {
    let name = object::name(finding.pod);
    let Diagnosis { cause, mut evidence, force } = diagnose(case, finding, siblings)?;
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
