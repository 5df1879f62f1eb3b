//! Reading: one object, a selected list, a log.

mod log;

use serde_json::{Value, json};

use super::Answer;
use crate::Request;
use crate::kubernetes::route::Target;
use crate::kubernetes::status::Refusal;
use crate::kubernetes::store::{Cluster, Key};
use crate::kubernetes::{events, select, table};

/// Whether the request is a watch.
pub fn wants_watch(request: &Request) -> bool {
    matches!(request.parameter("watch"), "true" | "1")
}

/// The object that `target` names.
pub fn get(cluster: &Cluster, target: &Target) -> Result<Value, Refusal> {
    let key = Key::new(target.resource, &target.namespace, &target.name);
    let found = cluster.get(&key).map(|object| in_group(target, object));
    found.ok_or_else(|| Refusal::not_found(target.resource, &target.name))
}

/// The objects that `target` and the selectors choose.
pub fn list(cluster: &Cluster, request: &Request, target: &Target) -> Result<Answer, Refusal> {
    let mut items = Vec::new();
    for (key, object) in cluster.all(target.resource.plural) {
        if in_scope(target, key) && chosen(request, object)? {
            items.push(in_group(target, object));
        }
    }
    let metadata = json!({ "resourceVersion": cluster.version().to_string() });
    if table::is_asked(request) {
        return Ok(Answer::Object(200, table::table(request, target, &items, metadata)));
    }
    let list = json!({
        "kind": format!("{}List", target.resource.kind), "apiVersion": target.resource.api_version(),
        "metadata": metadata, "items": items,
    });
    Ok(Answer::Object(200, list))
}

/// Whether an object lies in the namespace, and has the name, that the path gives.
pub fn in_scope(target: &Target, key: &Key) -> bool {
    let namespace = target.namespace.is_empty() || target.namespace == key.namespace;
    namespace && key.plural == target.resource.plural
}

/// Whether the selectors of the request choose an object.
pub fn chosen(request: &Request, object: &Value) -> Result<bool, Refusal> {
    let (labels, fields) = (request.parameter("labelSelector"), request.parameter("fieldSelector"));
    select::chosen(object, labels, fields)
}

/// The object in the words of the group it was asked in.
pub fn in_group(target: &Target, object: &Value) -> Value {
    match target.resource.group {
        "events.k8s.io" => events::in_new_group(object),
        _ => object.clone(),
    }
}

/// What a container printed.
pub fn log(cluster: &Cluster, request: &Request, target: &Target) -> Result<Answer, Refusal> {
    let pod = get(cluster, target)?;
    let text = match cluster.still.contains(&target.namespace) {
        true => log::told(cluster, request, target, &pod)?,
        false => log::lived(cluster, &target.name, &pod)?,
    };
    let lines: Vec<&str> = text.lines().collect();
    let kept = request.parameter("tailLines").parse().unwrap_or(lines.len());
    let tail = lines.get(lines.len().saturating_sub(kept)..).unwrap_or_default();
    Ok(Answer::Text(tail.iter().map(|line| format!("{line}\n")).collect()))
}
