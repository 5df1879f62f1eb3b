//! One object of a listing, whether a server shows it whole or as a row of a table.

use jiff::Timestamp;
use serde_json::Value;

use crate::domain::subject::AffectedObject;
use crate::evidence::{ListedObject, ObjectList, Row, age, list, objects, text};

/// Objects of one listing that are read.
const MOST: usize = 20_000;

/// An object as far as a listing tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Which it is.
    pub object: AffectedObject,
    shown: Form,
}

#[derive(Clone, Debug, PartialEq)]
enum Form {
    Whole(Value),
    Row(Row),
}

/// The objects of a listing of this kind. `namespace` is the one that was asked for, as a table of one does not name it.
///
/// # Errors
/// A sentence where the text is no listing.
pub(crate) fn items(kind: &str, namespace: &str, answer: &str) -> Result<ObjectList<Item>, String> {
    objects(answer, MOST, |shown| Item::of(kind, namespace, shown))
}

impl Item {
    /// An object that was seen whole.
    pub fn whole_of(object: AffectedObject, whole: Value) -> Self {
        Self { object, shown: Form::Whole(whole) }
    }

    fn of(kind: &str, namespace: &str, shown: ListedObject) -> Option<Self> {
        let object = |own: &str, name: &str| {
            let namespace = if own.is_empty() { namespace } else { own };
            (!name.is_empty()).then(|| AffectedObject::new(kind, namespace, name))
        };
        match shown {
            ListedObject::Row(row) => {
                Some(Self { object: object(row.cell("NAMESPACE"), row.cell("NAME"))?, shown: Form::Row(row) })
            }
            ListedObject::Object(mut value) => {
                let own = |pointer: &str| text(&value, pointer);
                if let Some(object) = object(own("/metadata/namespace"), own("/metadata/name")) {
                    if let Some(map) = value.as_object_mut() {
                        // Of the items of a list the API leaves it out.
                        let named = crate::collector::kind_named(kind).unwrap_or(kind);
                        map.entry("kind").or_insert_with(|| named.into());
                    }
                    return Some(Self::whole_of(object, value));
                }
                // A summary that a server makes of it.
                let object = object(own("/namespace"), own("/name"))?;
                Some(Self { object, shown: Form::Row(Row::of("STATUS", own("/status"))) })
            }
        }
    }

    /// The object itself, where it was seen whole.
    pub fn whole(&self) -> Option<&Value> {
        match &self.shown {
            Form::Whole(value) => Some(value),
            Form::Row(_) => None,
        }
    }

    /// A cell of its row; empty where there is none.
    pub fn cell(&self, title: &str) -> &str {
        match &self.shown {
            Form::Row(row) => row.cell(title),
            Form::Whole(_) => "",
        }
    }

    /// Whether its row has no column that tells of its state.
    pub fn is_mute(&self) -> bool {
        let told = ["STATUS", "READY", "COMPLETIONS", "DESIRED", "REQUEST", "USED"];
        matches!(&self.shown, Form::Row(row) if !told.iter().any(|title| row.has(title)))
    }

    /// Ready parts and wanted ones.
    pub fn ready(&self) -> Option<(u64, u64)> {
        let Some(object) = self.whole() else {
            let number = |title: &str| self.cell(title).parse::<u64>().ok();
            if let Some(wanted) = number("DESIRED") {
                return Some((number("READY")?, wanted));
            }
            let cell = [self.cell("READY"), self.cell("STATUS")].into_iter().find(|cell| cell.contains('/'))?;
            let (ready, wanted) = cell.split_whitespace().next()?.split_once('/')?;
            return Some((ready.parse().ok()?, wanted.parse().ok()?));
        };
        let number = |pointer: &str| object.pointer(pointer).and_then(Value::as_u64);
        match self.object.kind.as_str() {
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
        let Some(object) = self.whole() else {
            return self.cell("STATUS").to_string();
        };
        if !text(object, "/metadata/deletionTimestamp").is_empty() {
            return "Terminating".into();
        }
        let condition = |kind: &str| {
            let all = list(object, "/status/conditions");
            all.iter().find(|one| text(one, "/type") == kind).map(|one| text(one, "/status"))
        };
        match self.object.kind.as_str() {
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
        let Some(object) = self.whole() else {
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
        match self.whole() {
            Some(object) => {
                let made: Timestamp = text(object, "/metadata/creationTimestamp").parse().ok()?;
                Some(now.duration_since(made).as_secs())
            }
            None => age(self.cell("AGE")),
        }
    }
}
