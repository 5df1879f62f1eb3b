//! Pods that do not start for a reason that no call of these tools mends: they are told of, with the words
//! of the cluster.

use serde_json::Value;
use tidegate_plugin::kubernetes::{Kind, object, quote};
use tidegate_plugin::remediation::CallError;

use super::Finding;
use crate::symptom::Symptom;
use crate::workload::Case;

/// Claims of one pod that are looked at.
const CLAIMS: usize = 3;

/// Says of the first such pod what it waits for; its siblings wait for the same.
pub(super) fn tell(case: &Case<'_>, findings: &[Finding<'_>]) -> Result<(), CallError> {
    for finding in findings {
        match &finding.symptom {
            Symptom::Unscheduled(message) => return unscheduled(case, finding.pod, message),
            Symptom::NotConfigured(container) => {
                let why = if container.message.is_empty() { &container.reason } else { &container.message };
                let (name, why) = (quote::short(&container.name), quote::short(why));
                let waits = format!("{} waits with {}", super::pod_words(case, finding.pod), container.reason);
                case.found(format!("container {name} cannot be made: {why}"), vec![waits]);
                return Ok(());
            }
            _ => {}
        }
    }
    Ok(())
}

fn unscheduled(case: &Case<'_>, pod: &Value, message: &str) -> Result<(), CallError> {
    let mut claims = 0;
    for volume in object::list(pod, "/spec/volumes") {
        let name = object::text(volume, "/persistentVolumeClaim/claimName");
        if name.is_empty() || claims >= CLAIMS {
            continue;
        }
        claims += 1;
        let about = format!("persistentvolumeclaim/{}/{}", case.namespace, quote::short(name));
        let Some(claim) = case.cluster.get(Kind::CLAIM, &case.namespace, name)? else {
            let text = format!("there is no claim {}, which the pod needs", quote::short(name));
            case.cluster.looks.found(about, text, vec![super::pod_words(case, pod)]);
            continue;
        };
        if object::text(&claim, "/status/phase") == "Bound" {
            continue;
        }
        let class = object::text(&claim, "/spec/storageClassName");
        let warnings = case.cluster.warnings(&case.namespace, name)?;
        let said = warnings.first().map(String::as_str).unwrap_or_default();
        let missing = said.contains("storageclass") && said.contains("not found");
        let text = match (missing, said) {
            (true, _) => format!(
                "the claim {} waits: storage class {} does not exist",
                quote::short(name),
                quote::short(if class.is_empty() { "(none)" } else { class })
            ),
            (false, "") => format!("the claim {} is not bound", quote::short(name)),
            (false, said) => format!("the claim {} is not bound: {}", quote::short(name), quote::short(said)),
        };
        let mut evidence = vec![format!("{} waits for it", super::pod_words(case, pod))];
        evidence.extend(warnings.iter().take(2).map(|said| format!("the cluster says {}", quote::marked(said))));
        case.cluster.looks.found(about, text, evidence);
        return Ok(());
    }
    case.found(format!("no node takes {}: {}", super::pod_words(case, pod), quote::short(message)), vec![]);
    Ok(())
}
