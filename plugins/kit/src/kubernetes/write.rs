//! How a Deployment is changed through the server that is there: by a patch, or by writing it as a whole.
//!
//! A server that only writes whole objects does so by server-side apply: what it has set before and is left
//! out now is taken away. So the object is written as it was read, with nothing changed but what is to
//! change, and with its resource version, so that nobody else's change is overwritten: the cluster refuses
//! the write if there was one.

use serde_json::{Map, Value, json};

use super::kind::Kind;
use super::object;
use super::server::Server;
use crate::remediation::Call;

/// The mark that the host puts in the place of secrets. What holds one is not what stands in the cluster.
pub const HIDDEN: &str = "[redacted]";

/// What stands in an object's metadata because somebody wants it there.
const WANTED: [&str; 4] = ["labels", "annotations", "ownerReferences", "finalizers"];

/// Annotations that the cluster and kubectl keep for themselves.
const KEPT_BY_OTHERS: [&str; 2] =
    ["deployment.kubernetes.io/revision", "kubectl.kubernetes.io/last-applied-configuration"];

/// The tool that changes Deployments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Writer {
    /// `kubectl_patch`.
    Patch(String),
    /// `resources_create_or_update`.
    Whole(String),
}

impl Writer {
    /// The one that the server has, a patch first.
    pub fn of(server: &Server) -> Option<Self> {
        let patch = server.tool("kubectl_patch").map(Self::Patch);
        patch.or_else(|| server.tool("resources_create_or_update").map(Self::Whole))
    }

    /// What the server lacks to change a Deployment, as a sentence.
    pub fn missing(server: &Server) -> String {
        Self::lacking(server, Kind::DEPLOYMENT)
    }

    /// What the server lacks to change an object of a kind, as a sentence.
    pub fn lacking(server: &Server, kind: Kind) -> String {
        format!(
            "the MCP server {} offers no tool that changes a {}: it would take kubectl_patch or \
             resources_create_or_update, offered by the server and allowed by the host",
            server.name, kind.name
        )
    }
}

/// Arguments that write a Deployment with its pod template changed, and those that write it as it was.
///
/// # Errors
/// Says why it cannot be written as a whole.
pub fn whole(deployment: &Value, change: impl FnOnce(&mut Value)) -> Result<(String, String), String> {
    changed(Kind::DEPLOYMENT, deployment, |object| {
        if let Some(template) = object.pointer_mut("/spec/template") {
            change(template);
        }
    })
}

/// Arguments that write an object changed, and those that write it as it was.
///
/// # Errors
/// Says why it cannot be written as a whole.
pub fn changed(kind: Kind, read: &Value, change: impl FnOnce(&mut Value)) -> Result<(String, String), String> {
    let version = object::text(read, "/metadata/resourceVersion");
    if version.is_empty() || object::text(read, "/metadata/uid").is_empty() {
        return Err("the server does not tell its resource version, so nobody else's change would be safe".into());
    }
    let before = wanted(kind, read);
    if before.to_string().contains(HIDDEN) {
        return Err("it holds values that are hidden as secrets, so it cannot be written as a whole; move them to \
                    a Secret, or use a server that patches"
            .into());
    }
    let mut after = before.clone();
    if let Some(metadata) = after.pointer_mut("/metadata").and_then(Value::as_object_mut) {
        metadata.insert("resourceVersion".into(), json!(version));
    }
    change(&mut after);
    let arguments = |object: &Value| json!({"resource": object.to_string()}).to_string();
    // Taking it back writes over our own change, which has another version; the uid keeps it to this object.
    Ok((arguments(&after), arguments(&before)))
}

/// What is wanted of an object, without its state and without what others keep in it.
fn wanted(kind: Kind, read: &Value) -> Value {
    let mut metadata = Map::new();
    for key in ["name", "namespace", "uid"] {
        metadata.insert(key.into(), json!(object::text(read, &format!("/metadata/{key}"))));
    }
    for key in WANTED {
        let Some(mut value) = read.pointer(&format!("/metadata/{key}")).cloned() else { continue };
        if let (Some(map), "annotations") = (value.as_object_mut(), key) {
            map.retain(|name, _| !KEPT_BY_OTHERS.contains(&name.as_str()));
        }
        let empty = value.as_object().is_some_and(Map::is_empty) || value.as_array().is_some_and(Vec::is_empty);
        if !empty && !value.is_null() {
            metadata.insert(key.into(), value);
        }
    }
    json!({
        "apiVersion": kind.version,
        "kind": kind.name,
        "metadata": metadata,
        "spec": read.get("spec").cloned().unwrap_or_default(),
    })
}

/// A call that sets fields of `spec`, and the one that takes that back.
#[derive(Clone, Debug)]
pub struct Change {
    /// Changes it.
    pub call: Call,
    /// Changes it back.
    pub back: Call,
}

/// Sets fields of an object's `spec` through whichever tool there is.
///
/// # Errors
/// Says why that cannot be done.
pub fn set_spec(server: &Server, kind: Kind, read: &Value, fields: &Value) -> Result<Change, String> {
    let writer = Writer::of(server).ok_or_else(|| Writer::lacking(server, kind))?;
    let (tool, arguments, back) = match writer {
        Writer::Patch(tool) => {
            let before = fields.as_object().into_iter().flatten().map(|(field, _)| {
                (field.clone(), read.pointer(&format!("/spec/{field}")).cloned().unwrap_or_default())
            });
            let before = Value::Object(before.collect());
            let patch = |spec: &Value| {
                let mut arguments = json!({"resourceType": kind.singular, "name": object::name(read),
                    "patchType": "merge", "patchData": {"spec": spec}});
                if let (true, Some(map)) = (kind.namespaced, arguments.as_object_mut()) {
                    map.insert("namespace".into(), json!(object::text(read, "/metadata/namespace")));
                }
                arguments.to_string()
            };
            (tool, patch(fields), patch(&before))
        }
        Writer::Whole(tool) => {
            let (arguments, back) = changed(kind, read, |object| {
                if let Some(spec) = object.get_mut("spec") {
                    merge(spec, fields);
                }
            })?;
            (tool, arguments, back)
        }
    };
    Ok(Change { call: Call { tool: tool.clone(), arguments }, back: Call { tool, arguments: back } })
}

/// A JSON merge patch without removals.
fn merge(target: &mut Value, fields: &Value) {
    match (target.as_object_mut(), fields.as_object()) {
        (Some(map), Some(fields)) => {
            for (name, value) in fields {
                merge(map.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        _ => *target = fields.clone(),
    }
}

/// Sets the image of a container in a pod template.
pub fn set_image(template: &mut Value, list: &str, container: &str, image: &str) {
    set_container(template, list, container, &json!({"image": image}));
}

/// Sets fields of a container in a pod template and leaves the others as they are.
pub fn set_container(template: &mut Value, list: &str, container: &str, fields: &Value) {
    let containers = template.pointer_mut(&format!("/spec/{list}")).and_then(Value::as_array_mut);
    containers
        .into_iter()
        .flatten()
        .filter(|one| object::text(one, "/name") == container)
        .for_each(|one| merge(one, fields));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployment(value: &str) -> Value {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "shop", "uid": "u", "resourceVersion": "7", "generation": 3,
                "managedFields": [{}], "labels": {"app": "web"},
                "annotations": {"deployment.kubernetes.io/revision": "2"}},
            "spec": {"replicas": 2, "template": {"spec": {"containers": [
                {"name": "web", "image": "web:1-", "env": [{"name": "A", "value": value}]}]}}},
            "status": {"replicas": 2},
        })
    }

    #[test]
    fn an_object_is_written_as_it_was_read_but_for_the_change() {
        let (after, before) =
            whole(&deployment("a"), |template| set_image(template, "containers", "web", "web:1")).unwrap();
        let read = |arguments: &str| -> Value {
            let arguments: Value = serde_json::from_str(arguments).unwrap();
            serde_json::from_str(arguments["resource"].as_str().unwrap()).unwrap()
        };
        let (mut after, before) = (read(&after), read(&before));
        assert_eq!(
            before["metadata"],
            json!({"name": "web", "namespace": "shop", "uid": "u", "labels": {"app": "web"}})
        );
        assert_eq!(before["spec"], deployment("a")["spec"]);
        assert!(before.get("status").is_none());
        assert_eq!(after["metadata"]["resourceVersion"], "7");
        assert_eq!(after["spec"]["template"]["spec"]["containers"][0]["image"], "web:1");
        set_image(&mut after["spec"]["template"], "containers", "web", "web:1-");
        assert_eq!(after["spec"], before["spec"], "nothing else is changed");
    }

    #[test]
    fn fields_of_a_container_are_set_beside_its_others() {
        let mut template = json!({"spec": {"containers": [{"name": "side"},
            {"name": "web", "resources": {"limits": {"cpu": "1", "memory": "1Gi"}}}]}});
        set_container(&mut template, "containers", "web", &json!({"resources": {"limits": {"memory": "2Gi"}}}));
        let want = json!([{"name": "side"}, {"name": "web", "resources": {"limits": {"cpu": "1", "memory": "2Gi"}}}]);
        assert_eq!(template["spec"]["containers"], want);
    }

    #[test]
    fn what_is_not_seen_whole_is_not_written() {
        assert!(whole(&deployment("[redacted]"), |_| {}).unwrap_err().contains("hidden as secrets"));
        let mut without = deployment("a");
        without["metadata"]["resourceVersion"] = json!("");
        assert!(whole(&without, |_| {}).unwrap_err().contains("resource version"));
    }
}
