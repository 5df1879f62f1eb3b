//! What is read of an object: an event as a whole, and of everything else the few members that say how it stands, so that a
//! page of large objects leaves little in memory.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::resource::Resource;

/// An object as it came.
#[derive(Clone, Debug, PartialEq)]
pub enum Object {
    /// Of kind Event.
    Event(Value),
    /// Of any other.
    State(Box<ObjectState>),
}

impl Object {
    /// Reads one of a kind.
    ///
    /// # Errors
    /// When it is no such object.
    pub fn read(resource: Resource, text: &str) -> Result<Self, serde_json::Error> {
        match resource {
            Resource::Events => serde_json::from_str(text).map(Self::Event),
            _ => serde_json::from_str(text).map(|state| Self::State(Box::new(state))),
        }
    }

    /// Its version; none where it says none.
    pub fn version(&self) -> Option<&str> {
        let version = match self {
            Self::Event(event) => event.pointer("/metadata/resourceVersion").and_then(Value::as_str)?,
            Self::State(state) => state.metadata.resource_version.as_str(),
        };
        (!version.is_empty()).then_some(version)
    }
}

/// What is kept of an object.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct ObjectState {
    /// Which one it is.
    pub metadata: Metadata,
    /// What it is to be.
    #[serde(default)]
    pub spec: Spec,
    /// What it is.
    #[serde(default)]
    pub status: Status,
}

/// Which one it is.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Metadata {
    pub name: String,
    pub namespace: String,
    pub uid: String,
    pub resource_version: String,
    pub generation: i64,
}

/// What it is to be.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Spec {
    pub replicas: Option<i64>,
    pub update_strategy: Option<UpdateStrategy>,
}

/// How pods are exchanged.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UpdateStrategy {
    #[serde(rename = "type")]
    pub kind: String,
    pub rolling_update: Option<RollingUpdate>,
}

/// How many are left as they are.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RollingUpdate {
    pub partition: Option<i64>,
}

/// What it is.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Status {
    pub observed_generation: Option<i64>,
    pub conditions: Option<Vec<Condition>>,
    pub available_replicas: Option<i64>,
    pub ready_replicas: Option<i64>,
    pub updated_replicas: Option<i64>,
    pub current_revision: Option<String>,
    pub update_revision: Option<String>,
    pub desired_number_scheduled: Option<i64>,
    pub updated_number_scheduled: Option<i64>,
    pub number_unavailable: Option<i64>,
    pub container_statuses: Option<Vec<Container>>,
    pub init_container_statuses: Option<Vec<Container>>,
}

/// A condition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Condition {
    #[serde(rename = "type")]
    pub kind: String,
    pub status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_transition_time: Option<String>,
}

/// A container of a pod.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Container {
    pub name: String,
    pub restart_count: i64,
    pub state: Option<ContainerState>,
}

/// What a container does.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ContainerState {
    pub waiting: Option<Waiting>,
}

/// Why it waits.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Waiting {
    pub reason: Option<String>,
    pub message: Option<String>,
}

impl Status {
    /// A condition of this type.
    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        self.conditions.iter().flatten().find(|condition| condition.kind == kind)
    }

    /// All containers of a pod.
    pub fn containers(&self) -> impl Iterator<Item = &Container> {
        self.init_container_statuses.iter().chain(&self.container_statuses).flatten()
    }
}
