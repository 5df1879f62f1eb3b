//! Reading: one object, a selected list, a log.

mod log;

use serde_json::{Value, json};

use super::Answer;
use super::options;
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
    // What a page goes on from: the version of the first, and how many objects lie behind.
    let (version, behind) = match request.parameter("continue").split_once('.') {
        None => (cluster.version(), 0),
        Some((version, behind)) => {
            let odd = |_| Refusal::bad_request("continue key is not valid");
            (version.parse::<u64>().map_err(odd)?, behind.parse::<usize>().map_err(odd)?)
        }
    };
    if version < cluster.compacted {
        return Err(Refusal::expired(
            "The provided continue parameter is too old to display a consistent list result.",
        ));
    }
    let limit = options::number(request, "limit")?.filter(|limit| *limit > 0);
    let limit = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let (mut items, mut all) = (Vec::new(), 0_usize);
    for (key, object) in cluster.all(target.resource.plural) {
        if in_scope(target, key) && chosen(request, object)? {
            all += 1;
            if all > behind && items.len() < limit {
                items.push(in_group(target, object));
            }
        }
    }
    let mut metadata = json!({ "resourceVersion": version.to_string() });
    let left = all.saturating_sub(behind + items.len());
    if left > 0 {
        metadata = json!({
            "resourceVersion": version.to_string(), "continue": format!("{version}.{}", behind + items.len()),
            "remainingItemCount": left,
        });
    }
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
