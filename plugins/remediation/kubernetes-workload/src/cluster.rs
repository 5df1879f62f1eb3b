//! Looks at one cluster through one server.

use serde_json::{Map, Value, json};

use crate::bindings::exports::tidegate::plugin::remediation::CallError;
use crate::bindings::tidegate::plugin::tools::{LookCall, ToolError};
use crate::bindings::tidegate::plugin::types::Retry;
use crate::budget;
use crate::object;
use crate::quote;
use crate::server::{Dialect, Server};
use crate::time;
use crate::workload;
use crate::yaml;
use crate::{Tools, finding};

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
    /// The newer, the larger; comparable within one listing.
    pub newness: i64,
}

impl Cluster<'_> {
    /// The server's tool that shows an object, and its arguments.
    pub fn how_to_get(&self, kind: &str, namespace: &str, name: &str) -> (&'static str, Value) {
        match (self.server.dialect, kind) {
            (Dialect::Kubectl, _) => (
                "kubectl_get",
                json!({"resourceType": kind.to_lowercase(), "name": name, "namespace": namespace, "output": "json"}),
            ),
            (Dialect::Native, "Pod") => ("pods_get", json!({"name": name, "namespace": namespace})),
            (Dialect::Native, _) => {
                let version = if kind == "PersistentVolumeClaim" { "v1" } else { "apps/v1" };
                ("resources_get", json!({"apiVersion": version, "kind": kind, "name": name, "namespace": namespace}))
            }
        }
    }

    /// Looks at objects (kind, namespace, name) in one go that [`Cluster::get`] will be asked for.
    pub fn look_ahead<'n>(&self, objects: impl IntoIterator<Item = (&'n str, &'n str, &'n str)>) {
        let calls = objects.into_iter().filter_map(|(kind, namespace, name)| {
            let (tool, arguments) = self.how_to_get(kind, namespace, name);
            Some(LookCall { name: self.server.tool(tool)?, arguments: arguments.to_string() })
        });
        self.tools.look_ahead(calls.collect());
    }

    /// An object, or none if it does not exist or may not be seen. Why it was not seen is told as a finding:
    /// whoever saw nothing must not read as if there were nothing to repair.
    pub fn get(&self, kind: &str, namespace: &str, name: &str) -> Result<Option<Value>, CallError> {
        let (tool, arguments) = self.how_to_get(kind, namespace, name);
        let text = match self.attempt(tool, &arguments)? {
            Ok(text) => text,
            Err(reason) => {
                // A pod that is gone is nothing new: its workload is looked at in its place. What else is
                // asked for without being there, its asker tells.
                let told = !is_missing(&reason)
                    || matches!(kind, "Deployment" | "StatefulSet" | "DaemonSet")
                    || (kind == "Pod" && workload::deployment_of(name).is_none());
                if told && reason != budget::USED_UP {
                    self.unread(kind, namespace, name, &quote::short(&reason));
                }
                return Ok(None);
            }
        };
        let object = match self.server.dialect {
            Dialect::Kubectl => serde_json::from_str(&text).ok(),
            Dialect::Native => yaml::read(&text),
        };
        // A text that was cut, or an object of another name, is no ground to act on.
        let whole = object.is_some();
        let object = object.filter(|object| object::name(object) == name);
        if object.is_none() {
            let what = if whole { "the answer is not this object" } else { "the answer is not a whole object" };
            let reason = format!("{what} ({} bytes): {}", text.len(), quote::marked(&text));
            self.unread(kind, namespace, name, &reason);
        }
        Ok(object)
    }

    fn unread(&self, kind: &str, namespace: &str, name: &str, reason: &str) {
        let kind = kind.to_lowercase();
        let text = format!("could not read {kind} {namespace}/{name}: {reason}");
        self.tools.found(finding(format!("{kind}/{namespace}/{name}"), text, vec![]));
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

    /// The ReplicaSets that a selector matches.
    pub fn replica_sets(&self, namespace: &str, selector: Option<&str>) -> Result<Vec<Summary>, CallError> {
        match self.server.dialect {
            Dialect::Kubectl => self.list("replicasets", namespace, selector),
            Dialect::Native => {
                let sets = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "namespace": namespace});
                let text = self.look("resources_list", &with_selector(sets, selector))?;
                Ok(text.map(|text| table(&text)).unwrap_or_default())
            }
        }
    }

    /// Messages of the warnings about an object.
    pub fn warnings(&self, namespace: &str, name: &str) -> Result<Vec<String>, CallError> {
        let about = format!("involvedObject.name={name}");
        let (tool, arguments, [kind, message]) = match self.server.dialect {
            Dialect::Native => {
                ("events_list", json!({"namespace": namespace, "fieldSelector": about}), ["/Type", "/Message"])
            }
            Dialect::Kubectl => (
                "kubectl_get",
                json!({"resourceType": "events", "namespace": namespace, "fieldSelector": about}),
                ["/type", "/message"],
            ),
        };
        let text = self.look(tool, &arguments)?.unwrap_or_default();
        let value = match self.server.dialect {
            Dialect::Native => yaml::read(&text).map(|events| json!({"events": events})),
            Dialect::Kubectl => serde_json::from_str(&text).ok(),
        };
        let value = value.unwrap_or_default();
        let warnings = object::list(&value, "/events").iter().filter(|event| object::text(event, kind) == "Warning");
        Ok(warnings.map(|event| object::text(event, message).to_string()).collect())
    }

    fn list(&self, kind: &str, namespace: &str, selector: Option<&str>) -> Result<Vec<Summary>, CallError> {
        let arguments = with_selector(json!({"resourceType": kind, "namespace": namespace}), selector);
        let text = self.look("kubectl_get", &arguments)?.unwrap_or_default();
        let value: Value = serde_json::from_str(&text).unwrap_or_default();
        let items = object::list(&value, "/items").iter().map(|item| Summary {
            name: object::text(item, "/name").to_string(),
            status: object::text(item, "/status").to_string(),
            newness: time::millis(object::text(item, "/createdAt"))
                .and_then(|ms| i64::try_from(ms).ok())
                .unwrap_or(i64::MIN),
        });
        Ok(items.collect())
    }

    /// A look that may find nothing. What the server refuses for this one object is passed over, so
    /// that the rest of the incident is still seen; a server that is away ends the plan.
    fn look(&self, tool: &str, arguments: &Value) -> Result<Option<String>, CallError> {
        Ok(self.attempt(tool, arguments)?.ok())
    }

    /// The same, or why there is nothing.
    fn attempt(&self, tool: &str, arguments: &Value) -> Result<Result<String, String>, CallError> {
        let Some(name) = self.server.tool(tool) else {
            let reason = format!("the server {} does not offer {tool}", self.server.name);
            self.tools.note(&reason);
            return Ok(Err(reason));
        };
        match self.tools.look(&name, &arguments.to_string()) {
            Ok(text) => Ok(Ok(text)),
            Err(ToolError::Failed(reason)) => {
                if !is_missing(&reason) {
                    self.tools.note(&format!("{name} failed: {}", quote::short(&reason)));
                }
                Ok(Err(reason))
            }
            Err(ToolError::Denied(reason)) => Err(CallError::Misconfigured(reason)),
            Err(ToolError::Unavailable(reason)) => Err(CallError::Unavailable(Retry { reason, after_ms: None })),
        }
    }
}

fn is_missing(reason: &str) -> bool {
    let reason = reason.to_lowercase();
    reason.contains("not found") || reason.contains("notfound")
}

fn with_selector(mut arguments: Value, selector: Option<&str>) -> Value {
    if let (Some(map), Some(selector)) = (arguments.as_object_mut(), selector) {
        Map::insert(map, "labelSelector".into(), json!(selector));
    }
    arguments
}

/// Columns of a table stand under the words of its first line; a column that is not there is empty.
fn table(text: &str) -> Vec<Summary> {
    let mut lines = text.lines();
    let header = lines.next().unwrap_or_default();
    // NAMESPACE starts with NAME too; the column is the word that stands alone.
    let Some(name) = header.find(" NAME ").map(|at| at + 1) else {
        return Vec::new();
    };
    let (status, age) = (header.find("STATUS"), header.find(" AGE").map(|at| at + 1));
    let cell = |line: &str, at: usize| line.get(at..)?.split_whitespace().next().map(str::to_string);
    let rows = lines.filter_map(|line| {
        Some(Summary {
            name: cell(line, name)?,
            status: status.and_then(|at| cell(line, at)).unwrap_or_default(),
            newness: age.and_then(|at| cell(line, at)).and_then(|age| time::age(&age)).map_or(i64::MIN, |age| -age),
        })
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_read_by_their_header() {
        let text = "NAMESPACE   APIVERSION   KIND   NAME          READY   STATUS         RESTARTS   AGE\n\
                    default     v1           Pod    web-6cb-b5nn8 0/1     ErrImagePull   0          3m5s\n";
        let want = Summary { name: "web-6cb-b5nn8".into(), status: "ErrImagePull".into(), newness: -185 };
        assert_eq!(table(text), [want]);
        let sets = "NAMESPACE   APIVERSION   KIND         NAME      DESIRED   CURRENT   READY   AGE   LABELS\n\
                    shop        apps/v1      ReplicaSet   web-old   1         1         1       2d    app=web\n";
        let want = Summary { name: "web-old".into(), status: String::new(), newness: -172_800 };
        assert_eq!(table(sets), [want]);
        assert!(table("No resources found").is_empty());
    }
}
