//! The four ways to patch an object. Guarantees what repairs depend on: a strategic patch merges
//! containers by name and keeps what it does not mention; a patch that cannot be applied changes nothing.

mod operations;

use serde_json::Value;

use super::status::Refusal;

/// Applies `body` to `object`, in the way that the content type names.
pub fn apply(object: &Value, content_type: &str, body: &[u8]) -> Result<Value, Refusal> {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    let mut patched = object.clone();
    match kind {
        "application/strategic-merge-patch+json" => strategic(&mut patched, &parse_json(body)?),
        "application/merge-patch+json" => merge(&mut patched, &parse_json(body)?),
        "application/json-patch+json" => operations::apply(&mut patched, &parse_json(body)?)?,
        "application/apply-patch+yaml" => strategic(&mut patched, &parse_yaml(body)?),
        other => return Err(Refusal::unsupported_media_type(other)),
    }
    Ok(patched)
}

/// Reads a JSON body.
pub fn parse_json(body: &[u8]) -> Result<Value, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::bad_request(format!("error decoding JSON: {error}")))
}

/// Reads a YAML body, of which JSON is a part.
pub fn parse_yaml(body: &[u8]) -> Result<Value, Refusal> {
    let text = String::from_utf8_lossy(body);
    serde_saphyr::from_str(&text).map_err(|error| Refusal::bad_request(format!("error decoding YAML: {error}")))
}

/// RFC 7386: null removes, objects merge, everything else replaces.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(members) = patch else {
        *target = patch.clone();
        return;
    };
    let object = super::json::object(target);
    for (name, value) in members {
        match value {
            Value::Null => {
                object.remove(name);
            }
            value => merge(object.entry(name.clone()).or_insert(Value::Null), value),
        }
    }
}

/// The member that identifies the elements of a list, by the name of the list.
fn merge_key(list: &str) -> Option<&'static str> {
    match list {
        "containers" | "initContainers" | "ephemeralContainers" | "volumes" | "env" | "imagePullSecrets" => {
            Some("name")
        }
        "ports" => Some("containerPort"),
        "volumeMounts" => Some("mountPath"),
        "conditions" => Some("type"),
        "ownerReferences" => Some("uid"),
        _ => None,
    }
}

fn strategic(target: &mut Value, patch: &Value) {
    let Value::Object(members) = patch else {
        *target = patch.clone();
        return;
    };
    let directive = members.get("$patch").and_then(Value::as_str);
    if directive == Some("replace") {
        *target = Value::Null;
    }
    let object = super::json::object(target);
    if let Some(Value::Array(kept)) = members.get("$retainKeys") {
        object.retain(|name, _| kept.iter().any(|keep| keep.as_str() == Some(name)));
    }
    for (name, value) in members {
        match value {
            // Directives steer the merge; the order of elements is of no consequence here.
            _ if name.starts_with('$') => {}
            Value::Null => {
                object.remove(name);
            }
            Value::Object(inner) if inner.get("$patch").and_then(Value::as_str) == Some("delete") => {
                object.remove(name);
            }
            Value::Array(elements) => match merge_key(name) {
                Some(key) => merge_list(object.entry(name.clone()).or_insert(Value::Null), key, elements),
                None => {
                    object.insert(name.clone(), value.clone());
                }
            },
            value => strategic(object.entry(name.clone()).or_insert(Value::Null), value),
        }
    }
}

fn merge_list(target: &mut Value, key: &str, elements: &[Value]) {
    if !target.is_array() {
        *target = Value::Array(Vec::new());
    }
    let Value::Array(list) = target else { return };
    let directive = |element: &Value| {
        let found = element.get("$patch").and_then(Value::as_str);
        found.map(str::to_owned)
    };
    if elements.iter().any(|element| directive(element).as_deref() == Some("replace")) {
        list.clear();
    }
    for element in elements {
        let place = list.iter().position(|known| known.get(key).is_some() && known.get(key) == element.get(key));
        match (directive(element).as_deref(), place) {
            (Some("replace"), _) => {}
            (Some("delete"), Some(place)) => {
                list.remove(place);
            }
            (Some("delete"), None) => {}
            (_, Some(place)) => {
                if let Some(known) = list.get_mut(place) {
                    strategic(known, element);
                }
            }
            (_, None) => {
                let mut added = Value::Null;
                strategic(&mut added, element);
                list.push(added);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const STRATEGIC: &str = "application/strategic-merge-patch+json";

    fn patched(object: &Value, kind: &str, patch: &Value) -> Value {
        apply(object, kind, patch.to_string().as_bytes()).expect("the patch applies")
    }

    #[test]
    fn a_strategic_patch_merges_containers_by_name() {
        let object = json!({ "containers": [{ "name": "a", "image": "a:1", "ports": [{ "containerPort": 80 }] }, { "name": "b", "image": "b:1" }] });
        let patch = json!({ "containers": [{ "name": "a", "image": "a:2" }, { "name": "c", "image": "c:1" }], "$setElementOrder/containers": [] });
        let want = json!({ "containers": [{ "name": "a", "image": "a:2", "ports": [{ "containerPort": 80 }] }, { "name": "b", "image": "b:1" }, { "name": "c", "image": "c:1" }] });
        assert_eq!(patched(&object, STRATEGIC, &patch), want);
    }

    #[test]
    fn a_strategic_patch_obeys_directives() {
        let object = json!({ "env": [{ "name": "A", "value": "1" }, { "name": "B", "value": "2" }], "strategy": { "type": "RollingUpdate", "rollingUpdate": {} } });
        let patch = json!({ "env": [{ "name": "A", "$patch": "delete" }], "strategy": { "$retainKeys": ["type"], "type": "Recreate" } });
        let want = json!({ "env": [{ "name": "B", "value": "2" }], "strategy": { "type": "Recreate" } });
        assert_eq!(patched(&object, STRATEGIC, &patch), want);
    }

    #[test]
    fn a_merge_patch_replaces_lists_and_removes_nulls() {
        let object = json!({ "list": [1, 2], "gone": true, "kept": { "a": 1 } });
        let patch = json!({ "list": [3], "gone": null, "kept": { "b": 2 } });
        let want = json!({ "list": [3], "kept": { "a": 1, "b": 2 } });
        assert_eq!(patched(&object, "application/merge-patch+json", &patch), want);
    }

    #[test]
    fn an_unknown_patch_type_is_refused() {
        let refusal = apply(&json!({}), "application/json", b"{}").expect_err("not a patch type");
        assert_eq!(refusal.code, 415);
    }
}
