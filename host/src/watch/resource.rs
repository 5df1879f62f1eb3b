//! What can be watched, and where the API has it.

use serde::Deserialize;

/// What of a cluster is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Resource {
    /// What controllers, scheduler and kubelets tell, as they tell it.
    Events,
    /// Whether nodes are ready, and what they run short of.
    Nodes,
    /// Whether rollouts go on, and replicas are available.
    Deployments,
    /// The same of StatefulSets.
    StatefulSets,
    /// The same of DaemonSets.
    DaemonSets,
    /// Whether jobs have failed or come to their end.
    Jobs,
    /// Whether containers can be started, and keep running.
    Pods,
}

/// One of the ways in which an API shows the same objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApiResource {
    /// Its beginning in paths.
    root: &'static str,
    /// The API group, empty for the core's.
    pub group: &'static str,
    /// The resource.
    pub plural: &'static str,
}

const fn api_resource(root: &'static str, group: &'static str, plural: &'static str) -> ApiResource {
    ApiResource { root, group, plural }
}

const EVENTS: ApiResource = api_resource("/api/v1", "", "events");
const NEW_EVENTS: ApiResource = api_resource("/apis/events.k8s.io/v1", "events.k8s.io", "events");
const NODES: ApiResource = api_resource("/api/v1", "", "nodes");
const DEPLOYMENTS: ApiResource = api_resource("/apis/apps/v1", "apps", "deployments");
const STATEFUL_SETS: ApiResource = api_resource("/apis/apps/v1", "apps", "statefulsets");
const DAEMON_SETS: ApiResource = api_resource("/apis/apps/v1", "apps", "daemonsets");
const JOBS: ApiResource = api_resource("/apis/batch/v1", "batch", "jobs");
const PODS: ApiResource = api_resource("/api/v1", "", "pods");

impl Resource {
    /// All there are.
    pub const ALL: [Self; 7] =
        [Self::Events, Self::Nodes, Self::Deployments, Self::StatefulSets, Self::DaemonSets, Self::Jobs, Self::Pods];

    /// As the configuration names it, and the API.
    pub fn as_str(self) -> &'static str {
        self.usual().plural
    }

    /// The kind of the objects.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Events => "Event",
            Self::Nodes => "Node",
            Self::Deployments => "Deployment",
            Self::StatefulSets => "StatefulSet",
            Self::DaemonSets => "DaemonSet",
            Self::Jobs => "Job",
            Self::Pods => "Pod",
        }
    }

    /// Whether it is watched only while an event rule wants to hear of it.
    pub fn is_by_rules(self) -> bool {
        !matches!(self, Self::Events | Self::Nodes)
    }

    fn usual(self) -> ApiResource {
        match self {
            Self::Events => EVENTS,
            Self::Nodes => NODES,
            Self::Deployments => DEPLOYMENTS,
            Self::StatefulSets => STATEFUL_SETS,
            Self::DaemonSets => DAEMON_SETS,
            Self::Jobs => JOBS,
            Self::Pods => PODS,
        }
    }

    /// The ways to it, the usual one first. Each shows the same objects: one of them is watched.
    pub fn api_resources(self) -> Vec<ApiResource> {
        let other = (self == Self::Events).then_some(NEW_EVENTS);
        std::iter::once(self.usual()).chain(other).collect()
    }

    /// The way of this number; the usual one where there is none.
    pub fn api_resource(self, number: usize) -> ApiResource {
        self.api_resources().get(number).copied().unwrap_or(self.usual())
    }

    /// Whether it can be watched by namespace.
    pub fn is_namespaced(self) -> bool {
        self != Self::Nodes
    }

    /// Objects of one page of a list. A node names every image that it holds, so that it is large, and pods are many.
    pub fn page(self) -> usize {
        match self {
            Self::Events => 500,
            Self::Nodes => 100,
            _ => 250,
        }
    }
}

impl ApiResource {
    /// The path of a list, of one namespace where one is named.
    pub fn path(self, namespace: &str) -> String {
        let Self { root, plural, .. } = self;
        if namespace.is_empty() {
            format!("{root}/{plural}")
        } else {
            format!("{root}/namespaces/{namespace}/{plural}")
        }
    }

    /// The resource as roles name it.
    pub fn in_roles(self) -> String {
        match self.group {
            "" => self.plural.into(),
            group => format!("{}.{group}", self.plural),
        }
    }
}
