//! The tools that exist right now and what the host knows of each.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::action::{Call, Risk, Target};

/// Something that can be called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// `server.tool` or `plugin.action`.
    pub name: String,
    /// For people and models.
    pub description: String,
    /// JSON Schema of the arguments.
    pub schema: Value,
    /// What a wrong call could cost, after the operator's overrides.
    pub risk: Risk,
    /// A repeat with the same arguments changes nothing more.
    pub repeatable: bool,
}

/// All tools, by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Catalogue {
    /// The tools.
    pub tools: BTreeMap<String, Tool>,
}

impl Catalogue {
    /// The tool of this name.
    pub fn get(&self, name: &str) -> Option<&Tool> {
        self.tools.get(name)
    }

    /// The risk of a call; a tool that is not known counts as irreversible.
    pub fn risk(&self, name: &str) -> Risk {
        self.get(name).map_or(Risk::Irreversible, |tool| tool.risk)
    }

    /// Reads from the arguments what a call touches.
    pub fn touches(&self, call: &Call) -> Target {
        let server = call.tool.split('.').next().unwrap_or_default().to_string();
        let mut target = Target { server, ..Target::default() };
        collect(&call.arguments, &mut target);
        if flag(&call.arguments, &["allNamespaces", "all_namespaces"]) {
            target.namespaces.push("*".into());
        }
        if target.namespaces.is_empty() && self.takes(&call.tool, "namespace") {
            // The Kubernetes tools fall back to the namespace of this name.
            target.namespaces.push("default".into());
        }
        let by_selector = ["labelSelector", "fieldSelector", "selector", "label_selector"]
            .iter()
            .any(|key| call.arguments.contains_key(*key));
        if by_selector || flag(&call.arguments, &["all"]) {
            target.names.push("*".into());
        }
        for list in [&mut target.namespaces, &mut target.kinds, &mut target.names] {
            list.sort();
            list.dedup();
        }
        target
    }

    fn takes(&self, tool: &str, property: &str) -> bool {
        self.get(tool)
            .and_then(|tool| tool.schema.get("properties"))
            .is_some_and(|properties| properties.get(property).is_some())
    }
}

/// Argument names that say a namespace, a kind or an object's name, wherever they stand.
const NAMESPACE: [&str; 2] = ["namespace", "ns"];
const KIND: [&str; 3] = ["kind", "resourceType", "resource_type"];
const NAME: [&str; 2] = ["name", "pod"];

fn collect(arguments: &Map<String, Value>, target: &mut Target) {
    for (key, value) in arguments {
        let top = |names: &[&str]| names.iter().any(|name| key.eq_ignore_ascii_case(name));
        if let Some(text) = value.as_str() {
            if top(&NAMESPACE) {
                target.namespaces.push(text.to_string());
            } else if top(&KIND) {
                target.kinds.push(singular(text));
            } else if top(&NAME) {
                target.names.push(text.to_string());
            }
        }
        nested(value, target);
    }
}

/// Inside a manifest or a patch only `metadata` names another object or namespace; a container's
/// `name` does not.
fn nested(value: &Value, target: &mut Target) {
    match value {
        Value::Object(map) => {
            if let Some(Value::Object(metadata)) = map.get("metadata") {
                for (key, list) in [("namespace", 0), ("name", 1)] {
                    if let Some(text) = metadata.get(key).and_then(Value::as_str) {
                        let list = if list == 0 { &mut target.namespaces } else { &mut target.names };
                        list.push(text.to_string());
                    }
                }
            }
            if let Some(kind) = map.get("kind").and_then(Value::as_str) {
                target.kinds.push(singular(kind));
            }
            map.values().for_each(|value| nested(value, target));
        }
        Value::Array(items) => items.iter().for_each(|item| nested(item, target)),
        Value::String(text) if text.trim_start().starts_with(['{', '[']) => {
            if let Ok(value) = serde_json::from_str::<Value>(text) {
                nested(&value, target);
            }
        }
        _ => {}
    }
}

fn flag(arguments: &Map<String, Value>, names: &[&str]) -> bool {
    names.iter().any(|name| arguments.get(*name) == Some(&Value::Bool(true)))
}

/// `Deployments`, `deployment.apps` and `deploy` are one kind.
fn singular(kind: &str) -> String {
    let kind = kind.to_lowercase();
    let kind = kind.split('.').next().unwrap_or_default();
    let known = match kind {
        "po" => "pod",
        "deploy" => "deployment",
        "rs" => "replicaset",
        "sts" => "statefulset",
        "ds" => "daemonset",
        "ns" => "namespace",
        "no" => "node",
        "svc" => "service",
        "cm" => "configmap",
        other => other.strip_suffix('s').filter(|_| !other.ends_with("ss")).unwrap_or(other),
    };
    known.to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn touches(arguments: Value) -> Target {
        let tool = Tool {
            name: "k.patch".into(),
            description: String::new(),
            schema: json!({"properties": {"namespace": {}}}),
            risk: Risk::High,
            repeatable: false,
        };
        let catalogue = Catalogue { tools: [(tool.name.clone(), tool)].into() };
        let Value::Object(arguments) = arguments else { panic!("an object is needed") };
        catalogue.touches(&Call { tool: "k.patch".into(), arguments })
    }

    #[test]
    fn every_place_that_names_a_namespace_counts() {
        let target = touches(json!({
            "namespace": "shop", "resourceType": "Deployments", "name": "web",
            "patchData": {"metadata": {"namespace": "kube-system"}, "spec": {"containers": [{"name": "x"}]}},
        }));
        assert_eq!(target.namespaces, ["kube-system", "shop"]);
        assert_eq!(target.kinds, ["deployment"]);
        assert_eq!(target.names, ["web"]);
    }

    #[test]
    fn missing_and_wide_namespaces_are_said() {
        assert_eq!(touches(json!({"name": "web"})).namespaces, ["default"]);
        assert_eq!(touches(json!({"allNamespaces": true})).namespaces, ["*"]);
        assert_eq!(touches(json!({"labelSelector": "a=b"})).names, ["*"]);
        let text = touches(json!({"manifest": "{\"kind\":\"Pod\",\"metadata\":{\"namespace\":\"kube-system\"}}"}));
        assert_eq!(text.namespaces, ["kube-system"]);
        assert_eq!(text.kinds, ["pod"]);
    }
}
