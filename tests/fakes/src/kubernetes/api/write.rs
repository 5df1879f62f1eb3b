//! Writing: create, replace, patch, scale, delete. A write that asks for a dry run answers the same
//! and keeps nothing.

use serde_json::{Value, json};

use super::{Answer, read};
use crate::Request;
use crate::kubernetes::resources::PODS;
use crate::kubernetes::route::Target;
use crate::kubernetes::status::Refusal;
use crate::kubernetes::store::{Cluster, Key};
use crate::kubernetes::{controller, json, kubelet, patch, validate};

/// Reads a body that may be JSON or YAML, but not protobuf.
fn body(request: &Request) -> Result<Value, Refusal> {
    let kind = request.header("content-type").split(';').next().unwrap_or_default();
    match kind.trim() {
        "application/json" | "" => patch::parse_json(&request.body),
        "application/yaml" => patch::parse_yaml(&request.body),
        other => Err(Refusal::unsupported_media_type(other)),
    }
}

/// Everything is allowed, or nothing that is asked about. A real server reads what clients in Go ask in protobuf, too; the
/// answer does not depend on it.
pub fn access_review(request: &Request, allowed: bool) -> Answer {
    let mut review = body(request).unwrap_or_else(|_| {
        json!({ "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "metadata": {}, "spec": {} })
    });
    json::set(&mut review, "/status", json!({ "allowed": allowed }));
    Answer::Object(201, review)
}

/// Creates an object.
pub fn create(cluster: &mut Cluster, request: &Request, target: &Target) -> Result<Answer, Refusal> {
    let mut object = body(request)?;
    let name = json::text(&object, "/metadata/name").to_owned();
    let target = Target { name, ..target.clone() };
    if target.name.is_empty() {
        return Err(Refusal::invalid(
            target.resource,
            "",
            "metadata.name: Required value: name or generateName is required",
        ));
    }
    if read::get(cluster, &target).is_ok() {
        return Err(Refusal::already_exists(target.resource, &target.name));
    }
    json::set(&mut object, "/metadata/generation", 1);
    let object = keep(cluster, request, &target, None, object)?;
    Ok(Answer::Object(201, object))
}

/// Replaces an object.
pub fn replace(cluster: &mut Cluster, request: &Request, target: &Target) -> Result<Answer, Refusal> {
    let before = read::get(cluster, target)?;
    let after = body(request)?;
    let object = keep(cluster, request, target, Some(&before), after)?;
    Ok(Answer::Object(200, object))
}

/// Patches an object; a server-side apply also creates it.
pub fn patch(cluster: &mut Cluster, request: &Request, target: &Target) -> Result<Answer, Refusal> {
    let kind = request.header("content-type");
    let before = match read::get(cluster, target) {
        Err(_) if kind.starts_with("application/apply-patch") => {
            let mut object = patch::apply(&Value::Null, kind, &request.body)?;
            json::set(&mut object, "/metadata/generation", 1);
            let object = keep(cluster, request, target, None, object)?;
            return Ok(Answer::Object(201, object));
        }
        found => found?,
    };
    let after = patch::apply(&before, kind, &request.body)?;
    let object = keep(cluster, request, target, Some(&before), after)?;
    Ok(Answer::Object(200, object))
}

/// Checks and stores what a client wants an object to be.
fn keep(
    cluster: &mut Cluster,
    request: &Request,
    target: &Target,
    before: Option<&Value>,
    mut object: Value,
) -> Result<Value, Refusal> {
    let resource = target.resource;
    validate::check(target, before, &object)?;
    json::set(&mut object, "/metadata/name", target.name.clone());
    if resource.namespaced {
        json::set(&mut object, "/metadata/namespace", target.namespace.clone());
    }
    if let Some(before) = before {
        let wanted = json::text(&object, "/metadata/resourceVersion");
        if !wanted.is_empty() && wanted != json::text(before, "/metadata/resourceVersion") {
            return Err(Refusal::conflict(resource, &target.name));
        }
        let uid = json::text(&object, "/metadata/uid");
        if !uid.is_empty() && uid != json::text(before, "/metadata/uid") {
            return Err(Refusal::conflict(resource, &target.name));
        }
        // The status has a subresource of its own; what a client sends with the object is ignored.
        json::set(&mut object, "/status", json::at(before, "/status"));
        let generation = json::number(before, "/metadata/generation");
        let changed = before.pointer("/spec") != object.pointer("/spec");
        if changed && generation > 0 {
            json::set(&mut object, "/metadata/generation", generation + 1);
        }
    }
    if !request.parameter("dryRun").is_empty() {
        return Ok(object);
    }
    let key = Key::new(resource, &target.namespace, &target.name);
    let image = "/spec/containers/0/image";
    let pod_image_changed =
        resource == &PODS && before.is_some_and(|before| json::text(before, image) != json::text(&object, image));
    let object = match (resource == &PODS, before) {
        (true, None) => kubelet::adopt(cluster, object),
        _ => cluster.put(key.clone(), object),
    };
    if pod_image_changed {
        kubelet::start(cluster, &object);
    }
    controller::reconcile(cluster);
    Ok(cluster.get(&key).cloned().unwrap_or(object))
}

/// The selector of a Deployment or ReplicaSet, as text.
pub fn selector(object: &Value) -> String {
    let labels = object.pointer("/spec/selector/matchLabels").and_then(Value::as_object);
    let pair = |(key, value): (&String, &Value)| format!("{key}={}", value.as_str().unwrap_or_default());
    labels.into_iter().flatten().map(pair).collect::<Vec<_>>().join(",")
}

/// The `Scale` of a Deployment or ReplicaSet.
pub fn scale_of(object: &Value) -> Value {
    let mut metadata = json!({});
    for name in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        let pointer = format!("/{name}");
        json::set(&mut metadata, &pointer, json::at(object, &format!("/metadata{pointer}")));
    }
    json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata,
        "spec": { "replicas": json::number(object, "/spec/replicas") },
        "status": { "replicas": json::number(object, "/status/replicas"), "selector": selector(object) },
    })
}

/// Replaces or patches the `Scale`.
pub fn scale(cluster: &mut Cluster, request: &Request, target: &Target) -> Result<Answer, Refusal> {
    let before = read::get(cluster, target)?;
    let present = scale_of(&before);
    let wanted = match request.method.as_str() {
        "PUT" => body(request)?,
        _ => patch::apply(&present, request.header("content-type"), &request.body)?,
    };
    let mut after = before.clone();
    let version = json::text(&wanted, "/metadata/resourceVersion");
    json::set(&mut after, "/metadata/resourceVersion", version);
    json::set(&mut after, "/spec/replicas", json::at(&wanted, "/spec/replicas"));
    let object = keep(cluster, request, target, Some(&before), after)?;
    Ok(Answer::Object(200, scale_of(&object)))
}

/// Deletes one object and what it controls.
pub fn delete(cluster: &mut Cluster, request: &Request, target: &Target) -> Result<Answer, Refusal> {
    let object = read::get(cluster, target)?;
    let options = if request.body.is_empty() { Value::Null } else { body(request)? };
    let uid = json::text(&object, "/metadata/uid");
    let precondition = json::text(&options, "/preconditions/uid");
    if !precondition.is_empty() && precondition != uid {
        return Err(Refusal::conflict(target.resource, &target.name));
    }
    let kept = !request.parameter("dryRun").is_empty() || options.get("dryRun").is_some();
    if !kept {
        let orphan =
            [request.parameter("propagationPolicy"), json::text(&options, "/propagationPolicy")].contains(&"Orphan");
        if orphan {
            cluster.orphan(uid);
        }
        cluster.remove(&Key::new(target.resource, &target.namespace, &target.name));
        controller::reconcile(cluster);
    }
    if target.resource == &PODS {
        // The API answers with the pod that is on its way out; other kinds get a Status.
        return Ok(Answer::Object(200, object));
    }
    Ok(Answer::Object(
        200,
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
            "details": { "name": target.name, "group": target.resource.group, "kind": target.resource.plural, "uid": uid },
        }),
    ))
}

/// Deletes the objects that the selectors choose.
pub fn delete_all(cluster: &mut Cluster, request: &Request, target: &Target) -> Result<Answer, Refusal> {
    let Answer::Object(_, list) = read::list(cluster, request, target)? else {
        return Err(Refusal::method_not_allowed());
    };
    for item in json::list(&list, "/items") {
        let name = json::text(item, "/metadata/name").to_owned();
        let namespace = json::text(item, "/metadata/namespace").to_owned();
        delete(cluster, request, &Target { name, namespace, ..target.clone() })?;
    }
    Ok(Answer::Object(200, list))
}
