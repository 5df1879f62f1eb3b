//! Looks at one cluster through one server.

use serde_json::{Value, json};

use super::kind::Kind;
use super::server::{Dialect, Server};
use super::{object, quote, time, yaml};
use crate::host::{CallError, LookCall, ToolError, unavailable};
use crate::looks::{self, Looks};
use crate::remediation::Call;

/// A cluster.
#[derive(Clone, Copy, Debug)]
pub struct Cluster<'a> {
    /// The looks of this plan.
    pub looks: &'a Looks,
    /// Who reaches it.
    pub server: &'a Server,
}

/// Which objects of a kind are listed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Selection<'a> {
    /// Those of one namespace; none for those of all.
    pub namespace: Option<&'a str>,
    /// A selector of labels.
    pub labels: Option<&'a str>,
    /// A selector of fields.
    pub fields: Option<&'a str>,
}

/// One line of a listing.
#[derive(Debug, PartialEq)]
pub struct Summary {
    /// Empty for a kind that has none.
    pub namespace: String,
    /// The object's name.
    pub name: String,
    /// What the server shows as its state.
    pub status: String,
    /// The newer, the larger; comparable within one listing.
    pub newness: i64,
}

/// Why an object was not seen.
enum Unseen {
    /// It does not exist.
    Missing(String),
    /// It may not be seen, or what was answered is not it.
    Unreadable(String),
    /// No look was left for it.
    UsedUp,
}

impl Cluster<'_> {
    /// The server's tool that shows an object, and its arguments.
    fn how_to_get(&self, kind: Kind, namespace: &str, name: &str) -> (&'static str, Value) {
        match self.server.dialect {
            Dialect::Kubectl => {
                let arguments = json!({"resourceType": kind.singular, "name": name, "output": "json"});
                ("kubectl_get", within(arguments, kind, Some(namespace)))
            }
            Dialect::Native if kind == Kind::POD => ("pods_get", json!({"name": name, "namespace": namespace})),
            Dialect::Native => {
                let arguments = json!({"apiVersion": kind.version, "kind": kind.name, "name": name});
                ("resources_get", within(arguments, kind, Some(namespace)))
            }
        }
    }

    /// The call that shows an object, if the server has the tool for it: for a verification.
    pub fn call_to_get(&self, kind: Kind, namespace: &str, name: &str) -> Option<Call> {
        let (tool, arguments) = self.how_to_get(kind, namespace, name);
        Some(Call { tool: self.server.tool(tool)?, arguments: arguments.to_string() })
    }

    /// Looks at objects (kind, namespace, name) in one go that [`Cluster::get`] will be asked for.
    pub fn look_ahead<'n>(&self, objects: impl IntoIterator<Item = (Kind, &'n str, &'n str)>) {
        let calls = objects.into_iter().filter_map(|(kind, namespace, name)| {
            let (tool, arguments) = self.how_to_get(kind, namespace, name);
            Some(LookCall { name: self.server.tool(tool)?, arguments: arguments.to_string() })
        });
        self.looks.look_ahead(calls.collect());
    }

    /// An object, or none if it does not exist or may not be seen. Why it may not be seen is told as a finding:
    /// whoever saw nothing must not read as if there were nothing to repair. That it does not exist, its asker
    /// tells; see [`Cluster::need`].
    pub fn get(&self, kind: Kind, namespace: &str, name: &str) -> Result<Option<Value>, CallError> {
        Ok(match self.seen(kind, namespace, name)? {
            Ok(object) => Some(object),
            Err(Unseen::Unreadable(reason)) => self.unread(kind, namespace, name, &reason),
            Err(Unseen::Missing(_) | Unseen::UsedUp) => None,
        })
    }

    /// The same for an object that ought to be there: that it is not, is told as well.
    pub fn need(&self, kind: Kind, namespace: &str, name: &str) -> Result<Option<Value>, CallError> {
        Ok(match self.seen(kind, namespace, name)? {
            Ok(object) => Some(object),
            Err(Unseen::Unreadable(reason) | Unseen::Missing(reason)) => self.unread(kind, namespace, name, &reason),
            Err(Unseen::UsedUp) => None,
        })
    }

    fn seen(&self, kind: Kind, namespace: &str, name: &str) -> Result<Result<Value, Unseen>, CallError> {
        let (tool, arguments) = self.how_to_get(kind, namespace, name);
        let text = match self.attempt(tool, &arguments)? {
            Ok(text) => text,
            Err(reason) if reason == looks::USED_UP => return Ok(Err(Unseen::UsedUp)),
            Err(reason) if is_missing(&reason) => return Ok(Err(Unseen::Missing(quote::short(&reason)))),
            Err(reason) => return Ok(Err(Unseen::Unreadable(quote::short(&reason)))),
        };
        let object = match self.server.dialect {
            Dialect::Kubectl => serde_json::from_str(&text).ok(),
            Dialect::Native => yaml::read(&text),
        };
        // A text that was cut, or an object of another name, is no ground to act on.
        let what = if object.is_some() { "the answer is not this object" } else { "the answer is not a whole object" };
        Ok(object
            .filter(|object| object::name(object) == name)
            .ok_or_else(|| Unseen::Unreadable(format!("{what} ({} bytes): {}", text.len(), quote::marked(&text)))))
    }

    fn unread(&self, kind: Kind, namespace: &str, name: &str, reason: &str) -> Option<Value> {
        let words = if kind.namespaced { format!("{namespace}/{name}") } else { name.to_string() };
        let text = format!("could not read {} {words}: {reason}", kind.singular);
        self.looks.found(kind.target(namespace, name), text, vec![]);
        None
    }

    /// The objects that a selection matches, as the server sums them up. What cannot be listed is no object.
    pub fn list(&self, kind: Kind, which: Selection<'_>) -> Result<Vec<Summary>, CallError> {
        Ok(self.listed(kind, which)?.unwrap_or_default())
    }

    /// The same; none where the listing could not be read, which is not the same as that there are no objects.
    pub fn listed(&self, kind: Kind, which: Selection<'_>) -> Result<Option<Vec<Summary>>, CallError> {
        let (tool, arguments) = match (self.server.dialect, which.namespace) {
            (Dialect::Kubectl, None) if kind.namespaced => {
                ("kubectl_get", json!({"resourceType": kind.plural, "allNamespaces": true}))
            }
            (Dialect::Kubectl, namespace) => {
                ("kubectl_get", within(json!({"resourceType": kind.plural}), kind, namespace))
            }
            (Dialect::Native, Some(namespace)) if kind == Kind::POD => {
                ("pods_list_in_namespace", json!({"namespace": namespace}))
            }
            (Dialect::Native, None) if kind == Kind::POD => ("pods_list", json!({})),
            (Dialect::Native, namespace) => {
                ("resources_list", within(json!({"apiVersion": kind.version, "kind": kind.name}), kind, namespace))
            }
        };
        let text = self.look(tool, &selecting(arguments, which))?;
        Ok(text.and_then(|text| match self.server.dialect {
            Dialect::Kubectl => summaries(&text),
            Dialect::Native => table(&text),
        }))
    }

    /// The objects that a selection matches, whole; none where the server shows no whole lists, or not all of this one.
    pub fn objects(&self, kind: Kind, which: Selection<'_>) -> Result<Option<Vec<Value>>, CallError> {
        if self.server.dialect != Dialect::Kubectl {
            return Ok(None);
        }
        let arguments = json!({"resourceType": kind.plural, "output": "yaml"});
        let arguments = match which.namespace {
            None if kind.namespaced => {
                json!({"resourceType": kind.plural, "output": "yaml", "allNamespaces": true})
            }
            namespace => within(arguments, kind, namespace),
        };
        let text = self.look("kubectl_get", &selecting(arguments, which))?;
        let list = text.and_then(|text| yaml::read(&text)).filter(|list| object::text(list, "/kind") == "List");
        Ok(list.and_then(|list| list.pointer("/items").and_then(Value::as_array).cloned()))
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

    /// A look that may find nothing. What the server refuses for this one object is passed over, so
    /// that the rest of the incident is still seen; a server that is away ends the plan.
    fn look(&self, tool: &str, arguments: &Value) -> Result<Option<String>, CallError> {
        Ok(self.attempt(tool, arguments)?.ok())
    }

    /// The same, or why there is nothing.
    fn attempt(&self, tool: &str, arguments: &Value) -> Result<Result<String, String>, CallError> {
        let Some(name) = self.server.tool(tool) else {
            let reason = format!("the server {} does not offer {tool}", self.server.name);
            self.looks.note(&reason);
            return Ok(Err(reason));
        };
        match self.looks.look(&name, &arguments.to_string()) {
            Ok(text) => Ok(Ok(text)),
            Err(ToolError::Failed(reason)) => {
                if !is_missing(&reason) {
                    self.looks.note(&format!("{name} failed: {}", quote::short(&reason)));
                }
                Ok(Err(reason))
            }
            Err(ToolError::Denied(reason)) => Err(CallError::Misconfigured(reason)),
            Err(ToolError::Unavailable(reason)) => Err(unavailable(reason, None)),
        }
    }
}

fn is_missing(reason: &str) -> bool {
    let reason = reason.to_lowercase();
    reason.contains("not found") || reason.contains("notfound")
}

/// With the namespace, where the kind has one.
fn within(mut arguments: Value, kind: Kind, namespace: Option<&str>) -> Value {
    if let (Some(map), Some(namespace), true) = (arguments.as_object_mut(), namespace, kind.namespaced) {
        map.insert("namespace".into(), json!(namespace));
    }
    arguments
}

fn selecting(mut arguments: Value, which: Selection<'_>) -> Value {
    if let Some(map) = arguments.as_object_mut() {
        for (key, selector) in [("labelSelector", which.labels), ("fieldSelector", which.fields)] {
            map.extend(selector.map(|selector| (key.to_string(), json!(selector))));
        }
    }
    arguments
}

/// A listing of kubectl's server.
fn summaries(text: &str) -> Option<Vec<Summary>> {
    let value: Value = serde_json::from_str(text).ok()?;
    let items = value.pointer("/items")?.as_array()?.iter().map(|item| Summary {
        namespace: object::text(item, "/namespace").to_string(),
        name: object::text(item, "/name").to_string(),
        status: object::text(item, "/status").to_string(),
        newness: time::millis(object::text(item, "/createdAt"))
            .and_then(|ms| i64::try_from(ms).ok())
            .unwrap_or(i64::MIN),
    });
    Some(items.collect())
}

/// Columns of a table stand under the words of its first line; a column that is not there is empty. Where there are
/// no objects there may be no table either.
fn table(text: &str) -> Option<Vec<Summary>> {
    let mut lines = text.lines();
    let header = lines.next().unwrap_or_default();
    if header.trim().is_empty() || header.starts_with("No resources found") {
        return Some(Vec::new());
    }
    // NAMESPACE starts with NAME too; the column is the word that stands alone.
    let name = header.find(" NAME ").map(|at| at + 1)?;
    let namespaced = header.starts_with("NAMESPACE");
    let (status, age) = (header.find("STATUS"), header.find(" AGE").map(|at| at + 1));
    let cell = |line: &str, at: usize| line.get(at..)?.split_whitespace().next().map(str::to_string);
    let rows = lines.filter_map(|line| {
        Some(Summary {
            namespace: cell(line, 0).filter(|_| namespaced).unwrap_or_default(),
            name: cell(line, name)?,
            status: status.and_then(|at| cell(line, at)).unwrap_or_default(),
            newness: age.and_then(|at| cell(line, at)).and_then(|age| time::age(&age)).map_or(i64::MIN, |age| -age),
        })
    });
    Some(rows.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_read_by_their_header() {
        let text = "NAMESPACE   APIVERSION   KIND   NAME          READY   STATUS         RESTARTS   AGE\n\
                    default     v1           Pod    web-6cb-b5nn8 0/1     ErrImagePull   0          3m5s\n";
        let want = Summary {
            namespace: "default".into(),
            name: "web-6cb-b5nn8".into(),
            status: "ErrImagePull".into(),
            newness: -185,
        };
        assert_eq!(table(text), Some(vec![want]));
        let sets = "NAMESPACE   APIVERSION   KIND         NAME      DESIRED   CURRENT   READY   AGE   LABELS\n\
                    shop        apps/v1      ReplicaSet   web-old   1         1         1       2d    app=web\n";
        let want =
            Summary { namespace: "shop".into(), name: "web-old".into(), status: String::new(), newness: -172_800 };
        assert_eq!(table(sets), Some(vec![want]));
    }

    #[test]
    fn a_listing_that_cannot_be_read_is_not_an_empty_one() {
        assert_eq!(table("No resources found"), Some(vec![]));
        assert_eq!(table(""), Some(vec![]));
        assert_eq!(table("Error: forbidden"), None);
        assert_eq!(summaries(r#"{"items":[]}"#), Some(vec![]));
        assert_eq!(summaries(r#"{"error":"x"}"#), None);
        assert_eq!(summaries("{"), None);
    }
}
