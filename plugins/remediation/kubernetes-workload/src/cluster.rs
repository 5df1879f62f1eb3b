//! Looks at one cluster through one server.

use serde_json::{Map, Value, json};

use crate::Tools;
use crate::bindings::exports::tidegate::plugin::remediation::CallError;
use crate::bindings::tidegate::plugin::tools::ToolError;
use crate::bindings::tidegate::plugin::types::Retry;
use crate::object;
use crate::quote;
use crate::server::{Dialect, Server};
use crate::yaml;

/// A cluster.
#[derive(Clone, Copy)]
pub(crate) struct Cluster<'a> {
    pub tools: &'a dyn Tools,
    pub server: &'a Server,
}

/// One line of a listing.
#[derive(Debug, PartialEq)]
pub(crate) struct Summary {
    pub name: String,
    pub status: String,
    /// Empty where the server does not say.
    pub created: String,
}

impl Cluster<'_> {
    /// An object, or none if it does not exist or may not be seen.
    pub fn get(&self, kind: &str, namespace: &str, name: &str) -> Result<Option<Value>, CallError> {
        let (tool, arguments) = match (self.server.dialect, kind) {
            (Dialect::Kubectl, _) => (
                "kubectl_get",
                json!({"resourceType": kind.to_lowercase(), "name": name, "namespace": namespace, "output": "json"}),
            ),
            (Dialect::Native, "Pod") => ("pods_get", json!({"name": name, "namespace": namespace})),
            (Dialect::Native, _) => {
                ("resources_get", json!({"apiVersion": "apps/v1", "kind": kind, "name": name, "namespace": namespace}))
            }
        };
        let Some(text) = self.look(tool, &arguments)? else {
            return Ok(None);
        };
        let object = match self.server.dialect {
            Dialect::Kubectl => serde_json::from_str(&text).ok(),
            Dialect::Native => yaml::read(&text),
        };
        // A text that was cut, or an object of another name, is no ground to act on.
        let object = object.filter(|object| object::name(object) == name);
        if object.is_none() {
            self.tools.note(&format!("{tool} of {kind} {namespace}/{name} is not readable"));
        }
        Ok(object)
    }

    /// The pods that a selector matches.
    pub fn pods(&self, namespace: &str, selector: Option<&str>) -> Result<Vec<Summary>, CallError> {
        match self.server.dialect {
            Dialect::Kubectl => self.list("pods", namespace, selector),
            Dialect::Native => {
                let arguments = with_selector(json!({"namespace": namespace}), selector);
                let text = self.look("pods_list_in_namespace", &arguments)?;
                Ok(text.map(|text| table(&text)).unwrap_or_default())
            }
        }
    }

    /// The ReplicaSets that a selector matches. The other dialect cannot use them for anything.
    pub fn replica_sets(&self, namespace: &str, selector: Option<&str>) -> Result<Vec<Summary>, CallError> {
        match self.server.dialect {
            Dialect::Kubectl => self.list("replicasets", namespace, selector),
            Dialect::Native => Ok(Vec::new()),
        }
    }

    /// Messages of the warnings about an object.
    pub fn warnings(&self, namespace: &str, name: &str) -> Result<Vec<String>, CallError> {
        if self.server.dialect == Dialect::Native {
            return Ok(Vec::new());
        }
        let arguments = json!({
            "resourceType": "events",
            "namespace": namespace,
            "fieldSelector": format!("involvedObject.name={name}"),
        });
        let text = self.look("kubectl_get", &arguments)?.unwrap_or_default();
        let value: Value = serde_json::from_str(&text).unwrap_or_default();
        let events = object::list(&value, "/events").iter();
        let warnings = events.filter(|event| object::text(event, "/type") == "Warning");
        Ok(warnings.map(|event| object::text(event, "/message").to_string()).collect())
    }

    fn list(&self, kind: &str, namespace: &str, selector: Option<&str>) -> Result<Vec<Summary>, CallError> {
        let arguments = with_selector(json!({"resourceType": kind, "namespace": namespace}), selector);
        let text = self.look("kubectl_get", &arguments)?.unwrap_or_default();
        let value: Value = serde_json::from_str(&text).unwrap_or_default();
        let items = object::list(&value, "/items").iter().map(|item| Summary {
            name: object::text(item, "/name").to_string(),
            status: object::text(item, "/status").to_string(),
            created: object::text(item, "/createdAt").to_string(),
        });
        Ok(items.collect())
    }

    /// A look that may find nothing. What the server refuses for this one object is passed over, so
    /// that the rest of the incident is still seen; a server that is away ends the plan.
    fn look(&self, tool: &str, arguments: &Value) -> Result<Option<String>, CallError> {
        let name = format!("{}.{tool}", self.server.name);
        match self.tools.look(&name, &arguments.to_string()) {
            Ok(text) => Ok(Some(text)),
            Err(ToolError::Failed(reason)) => {
                if !reason.to_lowercase().contains("not found") {
                    self.tools.note(&format!("{name} failed: {}", quote::short(&reason)));
                }
                Ok(None)
            }
            Err(ToolError::Denied(reason)) => Err(CallError::Misconfigured(reason)),
            Err(ToolError::Unavailable(reason)) => Err(CallError::Unavailable(Retry { reason, after_ms: None })),
        }
    }
}

fn with_selector(mut arguments: Value, selector: Option<&str>) -> Value {
    if let (Some(map), Some(selector)) = (arguments.as_object_mut(), selector) {
        Map::insert(map, "labelSelector".into(), json!(selector));
    }
    arguments
}

/// Columns of a table stand under the words of its first line.
fn table(text: &str) -> Vec<Summary> {
    let mut lines = text.lines();
    let header = lines.next().unwrap_or_default();
    // NAMESPACE starts with NAME too; the column is the word that stands alone.
    let (Some(name), Some(status)) = (header.find(" NAME ").map(|at| at + 1), header.find("STATUS")) else {
        return Vec::new();
    };
    let cell = |line: &str, at: usize| line.get(at..)?.split_whitespace().next().map(str::to_string);
    let rows = lines.filter_map(|line| {
        Some(Summary { name: cell(line, name)?, status: cell(line, status)?, created: String::new() })
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_read_by_their_header() {
        let text = "NAMESPACE   APIVERSION   KIND   NAME          READY   STATUS         RESTARTS\n\
                    default     v1           Pod    web-6cb-b5nn8 0/1     ErrImagePull   0\n";
        let want = Summary { name: "web-6cb-b5nn8".into(), status: "ErrImagePull".into(), created: String::new() };
        assert_eq!(table(text), [want]);
        assert!(table("No resources found").is_empty());
    }
}
