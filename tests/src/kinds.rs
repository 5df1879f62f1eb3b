//! Kinds of trouble, one a folder of `tests/data/kinds`: what the cluster holds, the alert about it, and what a host
//! is to make of it. All folders stand in one cluster side by side, each in a namespace of its own name, and one host
//! hears of all of them.

mod checks;
mod orders;
mod run;
mod table;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Deserialize;
use serde_json::{Value, json};
use tidegate_fakes::Scenario;

use crate::rig::ToolServer;

pub use orders::{Order, orders};
pub use run::{Decider, Run, run};
pub use table::{DecisionCounts, named, table};

/// What a folder expects of a host.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// The cause that is named first; none where nothing is to be named.
    pub finding: Option<String>,
    /// What that cause is about.
    pub what: Option<String>,
    /// The rule of the shipped policies that decides.
    pub rule: String,
    /// How it ends under the shipped policies.
    pub outcome: Option<String>,
    /// Where it stands instead, if it has not ended: `awaiting_approval` or `held`.
    pub state: Option<String>,
    /// What the report says.
    #[serde(default)]
    pub says: Vec<String>,
    /// How often the alert comes and goes.
    #[serde(default = "once")]
    pub times: usize,
    /// What to expect instead where the server is mcp-server-kubernetes, which can do more.
    #[serde(default)]
    pub kubectl: Option<Box<Expected>>,
}

impl Expected {
    /// What to expect with this server.
    pub fn with(&self, server: ToolServer) -> &Self {
        self.kubectl.as_deref().filter(|_| server == ToolServer::Kubectl).unwrap_or(self)
    }

    /// Whether it ends; what waits for a person or for time has no findings that stand for good.
    pub fn ends(&self) -> bool {
        self.state.is_none()
    }
}

fn once() -> usize {
    1
}

/// One kind of trouble.
#[derive(Clone, Debug)]
pub struct Kind {
    /// The folder's name, which is the namespace too.
    pub name: String,
    /// What a host is to make of it.
    pub expected: Expected,
    labels: Value,
    annotations: Value,
    folder: PathBuf,
    /// What is put into everything that others write.
    order: Option<Order>,
}

/// All kinds, by name; only those whose name holds the text in `TIDEGATE_KIND`, where it is set.
///
/// # Errors
/// If a file of a folder is missing or cannot be read, with its name.
pub fn all() -> anyhow::Result<Vec<Kind>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/kinds");
    #[expect(clippy::disallowed_methods, reason = "whoever looks for a fault wants to see one kind")]
    let wanted = std::env::var("TIDEGATE_KIND").unwrap_or_default();
    let mut kinds = Vec::new();
    for entry in fs::read_dir(&root).with_context(|| format!("cannot read {}", root.display()))? {
        let folder = entry?.path();
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if folder.is_dir() && name.contains(&wanted) {
            kinds.push(Kind::read(name, folder)?);
        }
    }
    kinds.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(kinds)
}

impl Kind {
    fn read(name: String, folder: PathBuf) -> anyhow::Result<Self> {
        let text = |file: &str| {
            let path = folder.join(file);
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
        };
        let expected = toml::from_str(&text("expected.toml")?).with_context(|| format!("{name}/expected.toml"))?;
        let alert: Value = serde_json::from_str(&text("alert.json")?).with_context(|| format!("{name}/alert.json"))?;
        Ok(Self {
            labels: alert["labels"].clone(),
            annotations: alert["annotations"].clone(),
            name,
            expected,
            folder,
            order: None,
        })
    }

    /// A word that stands in everything that is told of this kind, and nowhere else.
    pub fn mark(&self) -> String {
        format!("[{}]", self.name)
    }

    /// What Alertmanager sends of it: that it fires, or that it has ended.
    pub fn message(&self, firing: bool, begun: &str, ended: &str) -> Value {
        let mut annotations = self.annotations.clone();
        annotations["summary"] = self.mark().into();
        let status = if firing { "firing" } else { "resolved" };
        json!({"version": "4", "status": status, "groupKey": format!("{{}}:{{{}}}", self.name), "alerts": [{
            "status": status, "labels": self.labels, "annotations": annotations, "startsAt": begun,
            "endsAt": if firing { "0001-01-01T00:00:00Z" } else { ended },
            "generatorURL": "", "fingerprint": self.name,
        }]})
    }

    /// What its cluster holds, a document each; what was printed included.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn objects(&self) -> anyhow::Result<Vec<Value>> {
        let text = fs::read_to_string(self.folder.join("objects.yaml"))?;
        let documents = text.split("\n---\n").filter(|document| !document.trim().is_empty());
        let mut all = Vec::new();
        for document in documents {
            let read = tidegate::domain::values(document);
            all.extend(read.with_context(|| format!("{}: this is no YAML:\n{document}", self.name))?);
        }
        if let Some(words) = self.order.as_ref().map(Order::words) {
            all.iter_mut().for_each(|object| orders::say(object, &words));
        }
        Ok(all)
    }

    /// The order that it carries.
    pub fn order(&self) -> Option<&Order> {
        self.order.as_ref()
    }

    /// Whether the alert is about a pod.
    pub fn is_about_a_pod(&self) -> bool {
        self.labels["pod"].is_string()
    }
}

/// A cluster that holds the trouble of all of these.
///
/// # Errors
/// If the objects of a folder cannot be read.
pub fn cluster(kinds: &[Kind]) -> anyhow::Result<Scenario> {
    let mut scenario = Scenario::empty();
    for kind in kinds {
        let words = kind.order.as_ref().map(Order::words);
        let say = |object: &mut Value| {
            if let Some(words) = &words {
                orders::say(object, words);
            }
        };
        scenario = scenario.objects_changed(&kind.folder.join("objects.yaml"), say)?;
    }
    Ok(scenario)
}
