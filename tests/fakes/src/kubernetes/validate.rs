//! The checks of the real API that a wrong repair runs into.

use serde_json::Value;

use super::json;
use super::route::Target;
use super::status::Refusal;

/// Refuses an object that the API would refuse.
pub fn check(target: &Target, before: Option<&Value>, object: &Value) -> Result<(), Refusal> {
    let resource = target.resource;
    let invalid = |why: &str| Err(Refusal::invalid(resource, &target.name, why));
    let kind = json::text(object, "/kind");
    if kind != resource.kind {
        return Err(Refusal::bad_request(format!("{kind} in version \"v1\" cannot be handled as a {}", resource.kind)));
    }
    let name = json::text(object, "/metadata/name");
    if before.is_some() && name != target.name {
        return Err(Refusal::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({})",
            target.name
        )));
    }
    let namespace = json::text(object, "/metadata/namespace");
    if !namespace.is_empty() && namespace != target.namespace {
        return Err(Refusal::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    match resource.kind {
        "Deployment" | "ReplicaSet" => {
            match object.pointer("/spec/replicas").map(Value::as_i64) {
                None | Some(Some(0..)) => {}
                Some(Some(_)) => {
                    return invalid("spec.replicas: Invalid value: must be greater than or equal to 0");
                }
                Some(None) => {
                    return Err(Refusal::bad_request(
                        "json: cannot unmarshal into field DeploymentSpec.spec.replicas of type int32",
                    ));
                }
            }
            if before.is_some_and(|before| before.pointer("/spec/selector") != object.pointer("/spec/selector")) {
                return invalid("spec.selector: Invalid value: field is immutable");
            }
            let wanted = object.pointer("/spec/selector/matchLabels").and_then(Value::as_object);
            let labels = object.pointer("/spec/template/metadata/labels");
            let matches = |(key, value): (&String, &Value)| labels.and_then(|labels| labels.get(key)) == Some(value);
            if !wanted.is_some_and(|wanted| !wanted.is_empty() && wanted.iter().all(matches)) {
                return invalid(
                    "spec.template.metadata.labels: Invalid value: `selector` does not match template `labels`",
                );
            }
            containers(target, object, "/spec/template/spec", "spec.template.spec")
        }
        "Pod" => {
            if before.is_some_and(|before| fixed_part(before) != fixed_part(object)) {
                return invalid(
                    "spec: Forbidden: pod updates may not change fields other than \
                     `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` \
                     (only additions to existing tolerations),`spec.terminationGracePeriodSeconds`",
                );
            }
            containers(target, object, "/spec", "spec")
        }
        _ => Ok(()),
    }
}

/// What must not change in a running pod.
fn fixed_part(pod: &Value) -> Value {
    let mut spec = json::at(pod, "/spec");
    for name in ["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"] {
        json::remove(&mut spec, "", name);
    }
    if let Some(Value::Array(containers)) = spec.pointer_mut("/containers") {
        for container in containers {
            json::remove(container, "", "image");
        }
    }
    spec
}

fn containers(target: &Target, object: &Value, pointer: &str, field: &str) -> Result<(), Refusal> {
    let invalid = |why: String| Err(Refusal::invalid(target.resource, &target.name, &why));
    let containers = json::list(object, &format!("{pointer}/containers"));
    if containers.is_empty() {
        return invalid(format!("{field}.containers: Required value"));
    }
    for (index, container) in containers.iter().enumerate() {
        if json::text(container, "/name").is_empty() {
            return invalid(format!("{field}.containers[{index}].name: Required value"));
        }
        let image = json::text(container, "/image");
        if image.is_empty() || image != image.trim() {
            return invalid(format!("{field}.containers[{index}].image: Required value"));
        }
    }
    Ok(())
}
