//! Arguments that nobody could rule on.
//!
//! The gate reads from the arguments what a call touches. An argument that points elsewhere, to
//! another cluster of the same server or to a file on the server's machine, would be a way around
//! it. Such arguments are neither offered nor taken.

use serde_json::{Map, Value};

use crate::domain::leads_elsewhere;

/// Names of arguments, in lower case, and why they are refused.
const REFUSED: [(&str, &str); 6] = [
    ("patchfile", "nobody can see what the file holds; pass the patch itself"),
    ("filename", "nobody can see what the file holds; pass the manifest itself"),
    ("manifestfile", "nobody can see what the file holds; pass the manifest itself"),
    ("valuesfile", "nobody can see what the file holds; pass the values themselves"),
    ("fromfile", "nobody can see what the file holds; pass the values themselves"),
    ("fromenvfile", "nobody can see what the file holds; pass the values themselves"),
];

/// Whatever the spelling: `kube_context`, `kubeconfigContent`, `asUser`, `impersonateGroup`.
const ANOTHER: &str = "it names another cluster or identity; configure one server for each cluster";

fn refused(name: &str) -> Option<&'static str> {
    if leads_elsewhere(name) {
        return Some(ANOTHER);
    }
    let name = name.replace(['_', '-'], "").to_ascii_lowercase();
    REFUSED.iter().find(|(refused, _)| *refused == name).map(|(_, why)| *why)
}

/// Why a call cannot be taken; none when it can.
pub(super) fn refusal(arguments: &Map<String, Value>) -> Option<String> {
    let empty = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    };
    arguments
        .iter()
        .filter(|(_, value)| !empty(value))
        .find_map(|(name, _)| refused(name).map(|why| format!("the argument {name} is refused: {why}")))
}

/// The schema without such arguments.
pub(super) fn offered(mut schema: Value) -> Value {
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.retain(|name, _| refused(name).is_none());
    }
    if let Some(Value::Array(required)) = schema.get_mut("required") {
        // What nobody may give, nobody is asked for.
        required.retain(|name| name.as_str().is_none_or(|name| refused(name).is_none()));
    }
    schema
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arguments_that_point_elsewhere_are_neither_offered_nor_taken() {
        let map = |value: Value| value.as_object().cloned().unwrap();
        assert_eq!(refusal(&map(json!({"name": "web", "context": "", "patchFile": null}))), None);
        assert!(refusal(&map(json!({"context": "prod"}))).unwrap().contains("one server for each cluster"));
        for name in ["kubeContext", "kube_context", "kubeconfig-content", "asUser", "impersonate_group", "apiServer"] {
            assert!(refusal(&map(json!({ name: "prod" }))).is_some(), "{name}");
        }
        assert_eq!(refusal(&map(json!({"securityContext": {"runAsNonRoot": true}, "cluster": "own"}))), None);
        assert!(refusal(&map(json!({"patch_file": "/tmp/x"}))).is_some());
        let schema = offered(json!({"properties": {"name": {}, "context": {}}, "required": ["context", "name"]}));
        assert_eq!(schema, json!({"properties": {"name": {}}, "required": ["name"]}));
    }
}
