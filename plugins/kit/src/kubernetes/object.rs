//! Reads fields of the cluster's objects.

use serde_json::Value;

/// A text at a JSON pointer; missing is empty.
pub fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// A number at a JSON pointer. The API leaves out zeros.
pub fn number(object: &Value, pointer: &str) -> u64 {
    object.pointer(pointer).and_then(Value::as_u64).unwrap_or_default()
}

/// A list at a JSON pointer; missing is empty.
pub fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// `metadata.name`.
pub fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

/// An annotation.
pub fn annotation<'a>(object: &'a Value, key: &str) -> &'a str {
    let value = object.pointer("/metadata/annotations").and_then(|map| map.get(key));
    value.and_then(Value::as_str).unwrap_or_default()
}

/// A condition of its status.
pub fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    list(object, "/status/conditions").iter().find(|one| text(one, "/type") == kind)
}

/// Whether a condition of its status is there and true.
pub fn is_true(object: &Value, kind: &str) -> bool {
    condition(object, kind).is_some_and(|one| text(one, "/status") == "True")
}

/// Kind and name of the controller that owns an object.
pub fn controller(object: &Value) -> Option<(&str, &str)> {
    let owners = list(object, "/metadata/ownerReferences");
    let owner = owners.iter().find(|owner| owner.get("controller") == Some(&Value::Bool(true)))?;
    Some((text(owner, "/kind"), text(owner, "/name")))
}

/// A selector from a map of labels; `None` if there is none.
pub fn selector(labels: Option<&Value>) -> Option<String> {
    let pairs = labels?.as_object()?.iter();
    // These differ from pod to pod of one StatefulSet.
    let own = |key: &str| key.starts_with("statefulset.kubernetes.io/") || key.starts_with("apps.kubernetes.io/");
    let pairs = pairs.filter(|(key, _)| !own(key));
    let pairs = pairs.filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)));
    Some(pairs.collect::<Vec<_>>().join(",")).filter(|text| !text.is_empty())
}

/// The image of a container in a pod template; `containers` is `containers` or `initContainers`.
pub fn template_image<'a>(workload: &'a Value, containers: &str, wanted: &str) -> Option<&'a str> {
    let containers = list(workload, &format!("/spec/template/spec/{containers}"));
    let container = containers.iter().find(|container| text(container, "/name") == wanted)?;
    Some(text(container, "/image")).filter(|image| !image.is_empty())
}

/// Whether a Deployment has nothing left to do: the condition that `verify` asks for.
pub fn settled(deployment: &Value) -> bool {
    let replicas = number(deployment, "/spec/replicas");
    let reached = |field: &str| number(deployment, &format!("/status/{field}")) == replicas;
    number(deployment, "/status/observedGeneration") >= number(deployment, "/metadata/generation")
        && ["updatedReplicas", "replicas", "availableReplicas"].into_iter().all(reached)
}

/// Whether a Deployment holds back its rollouts.
pub fn paused(deployment: &Value) -> bool {
    deployment.pointer("/spec/paused") == Some(&Value::Bool(true))
}

/// Who else writes this object, and would undo a change made past it.
pub fn manager(object: &Value) -> Option<&'static str> {
    let has = |place: &str, start: &str| {
        let map = object.pointer(place).and_then(Value::as_object);
        map.is_some_and(|map| map.keys().any(|key| key.starts_with(start)))
    };
    if has("/metadata/annotations", "argocd.argoproj.io/") || has("/metadata/labels", "argocd.argoproj.io/") {
        return Some("Argo CD");
    }
    if has("/metadata/labels", "kustomize.toolkit.fluxcd.io/") || has("/metadata/labels", "helm.toolkit.fluxcd.io/") {
        return Some("Flux");
    }
    (object.pointer("/metadata/labels/app.kubernetes.io~1managed-by")?.as_str()? == "Helm").then_some("Helm")
}
