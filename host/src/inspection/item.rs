//! One object of a listing, whether a server shows it whole or as a row of a table.

use jiff::Timestamp;
use serde_json::Value;

use crate::domain::values;
use crate::evidence::{age, list, rows, text};

/// Objects of one listing that are read.
pub const MOST: usize = 20_000;

/// An object as far as a listing tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// In small letters.
    pub kind: String,
    /// Empty for what belongs to the cluster.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The object, where the listing shows it whole.
    pub whole: Option<Value>,
    /// Columns with their titles, else.
    cells: Vec<(String, String)>,
}

/// The objects of a listing of this kind. `namespace` is the one that was asked for, as a table of one does not name it.
///
/// # Errors
/// A sentence where the text is no listing.
pub fn items(kind: &str, namespace: &str, answer: &str) -> Result<Vec<Item>, String> {
    let start = answer.trim_start();
    if start.starts_with("No resources found") || start.is_empty() {
        return Ok(Vec::new());
    }
    if let Some(rows) = rows(answer, MOST) {
        let item = |cells: Vec<(String, String)>| {
            let cell = |title: &str| field(&cells, title).to_string();
            let own = cell("NAMESPACE");
            let namespace = if own.is_empty() { namespace.to_string() } else { own };
            Item { kind: kind.into(), namespace, name: cell("NAME"), whole: None, cells }
        };
        return Ok(rows.into_iter().map(item).filter(|item| !item.name.is_empty()).collect());
    }
    let Some(documents) = values(answer).filter(|_| start.starts_with(['{', '[', '-', '#', 'a', 'k', 'i'])) else {
        return Err("the answer is neither a table nor a list of objects".into());
    };
    let mut found = Vec::new();
    documents.into_iter().for_each(|document| take(document, kind, namespace, 0, &mut found));
    Ok(found)
}

fn take(value: Value, kind: &str, namespace: &str, depth: usize, found: &mut Vec<Item>) {
    if found.len() >= MOST || depth > 3 {
        return;
    }
    let mut map = match value {
        Value::Array(items) => {
            return items.into_iter().for_each(|item| take(item, kind, namespace, depth + 1, found));
        }
        Value::Object(map) => map,
        _ => return,
    };
    if let Some(items) = map.get_mut("items").filter(|items| items.is_array()).map(Value::take) {
        return take(items, kind, namespace, depth + 1, found);
    }
    let value = Value::Object(map);
    let own = |pointer: &str| text(&value, pointer).to_string();
    let of = |namespace_of: String| if namespace_of.is_empty() { namespace.to_string() } else { namespace_of };
    if !own("/metadata/name").is_empty() {
        let (namespace, name) = (of(own("/metadata/namespace")), own("/metadata/name"));
        let mut value = value;
        if let Some(map) = value.as_object_mut() {
            // Of the items of a list the API leaves it out.
            let named = crate::collector::kind_named(kind).unwrap_or(kind);
            map.entry("kind").or_insert_with(|| named.into());
        }
        found.push(Item { kind: kind.into(), namespace, name, whole: Some(value), cells: Vec::new() });
    } else if !own("/name").is_empty() {
        let cells = vec![("STATUS".to_string(), own("/status"))];
        let (namespace, name) = (of(own("/namespace")), own("/name"));
        found.push(Item { kind: kind.into(), namespace, name, whole: None, cells });
    }
}

fn field<'a>(cells: &'a [(String, String)], title: &str) -> &'a str {
    cells.iter().find(|(known, _)| known == title).map(|(_, text)| text.as_str()).unwrap_or_default()
}

impl Item {
    /// The same, now that the object was seen.
    #[must_use]
    pub fn with(self, whole: Value) -> Self {
        Self { whole: Some(whole), ..self }
    }

    /// A cell of its row; empty where there is none.
    pub fn cell(&self, title: &str) -> &str {
        field(&self.cells, title)
    }

    /// Whether its row has no column that tells of its state.
    pub fn is_mute(&self) -> bool {
        let told = ["STATUS", "READY", "COMPLETIONS", "DESIRED", "REQUEST", "USED"];
        self.whole.is_none() && !told.iter().any(|title| self.cells.iter().any(|(known, _)| known == title))
    }

    /// Ready parts and wanted ones.
    pub fn ready(&self) -> Option<(u64, u64)> {
        let Some(object) = &self.whole else {
            let number = |title: &str| self.cell(title).parse::<u64>().ok();
            if let Some(wanted) = number("DESIRED") {
                return Some((number("READY")?, wanted));
            }
            let cell = [self.cell("READY"), self.cell("STATUS")].into_iter().find(|cell| cell.contains('/'))?;
            let (ready, wanted) = cell.split_whitespace().next()?.split_once('/')?;
            return Some((ready.parse().ok()?, wanted.parse().ok()?));
        };
        let number = |pointer: &str| object.pointer(pointer).and_then(Value::as_u64);
        match self.kind.as_str() {
            "pod" => {
                let all = list(object, "/status/containerStatuses");
                let ready = all.iter().filter(|one| one.get("ready") == Some(&Value::Bool(true))).count();
                let wanted = list(object, "/spec/containers").len().max(all.len());
                Some((ready as u64, wanted as u64))
            }
            "deployment" | "statefulset" => {
                Some((number("/status/readyReplicas").unwrap_or(0), number("/spec/replicas").unwrap_or(1)))
            }
            "daemonset" => Some((number("/status/numberReady")?, number("/status/desiredNumberScheduled")?)),
            _ => None,
        }
    }

    /// Its state in the cluster's words; empty where it has none.
    pub fn status(&self) -> String {
        let Some(object) = &self.whole else {
            return self.cell("STATUS").to_string();
        };
        if !text(object, "/metadata/deletionTimestamp").is_empty() {
            return "Terminating".into();
        }
        let condition = |kind: &str| {
            let all = list(object, "/status/conditions");
            all.iter().find(|one| text(one, "/type") == kind).map(|one| text(one, "/status"))
        };
        match self.kind.as_str() {
            "pod" => {
                let all = list(object, "/status/containerStatuses").iter();
                let waits = all.map(|one| text(one, "/state/waiting/reason")).find(|reason| !reason.is_empty());
                let reason = text(object, "/status/reason");
                let phase = text(object, "/status/phase");
                waits.unwrap_or(if reason.is_empty() { phase } else { reason }).to_string()
            }
            "node" => if condition("Ready") == Some("True") { "Ready" } else { "NotReady" }.to_string(),
            "job" if condition("Failed") == Some("True") => "Failed".into(),
            "job" if condition("Complete") == Some("True") => "Complete".into(),
            _ => text(object, "/status/phase").to_string(),
        }
    }

    /// How often its containers began anew, and how many seconds ago the last did.
    pub fn restarts(&self, now: Timestamp) -> Option<(u64, i64)> {
        let Some(object) = &self.whole else {
            // `5 (3h ago)`.
            let cell = self.cell("RESTARTS");
            let times = cell.split_whitespace().next()?.parse().ok()?;
            let ago = cell.split_once('(')?.1.split_once(" ago")?.0;
            return Some((times, age(ago)?));
        };
        let all = list(object, "/status/containerStatuses");
        let times = all.iter().filter_map(|one| one.get("restartCount")?.as_u64()).fold(0, u64::saturating_add);
        let ended = all.iter().map(|one| text(one, "/lastState/terminated/finishedAt")).max()?;
        let at: Timestamp = ended.parse().ok()?;
        Some((times, now.duration_since(at).as_secs()))
    }

    /// Seconds since it was made; none where the listing does not say.
    pub fn age(&self, now: Timestamp) -> Option<i64> {
        match &self.whole {
            Some(object) => {
                let made: Timestamp = text(object, "/metadata/creationTimestamp").parse().ok()?;
                Some(now.duration_since(made).as_secs())
            }
            None => age(self.cell("AGE")),
        }
    }
}
