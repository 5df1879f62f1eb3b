//! What can be watched, and where the API has it.

use serde::Deserialize;

/// What of a cluster is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// What controllers, scheduler and kubelets tell, as they tell it.
    Events,
    /// Whether nodes are ready, and what they run short of.
    Nodes,
}

/// One of the ways in which an API shows the same objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// Its beginning in paths.
    root: &'static str,
    /// The API group, empty for the core's.
    pub group: &'static str,
    /// The resource.
    pub plural: &'static str,
}

const EVENTS: Way = Way { root: "/api/v1", group: "", plural: "events" };
const NEW_EVENTS: Way = Way { root: "/apis/events.k8s.io/v1", group: "events.k8s.io", plural: "events" };
const NODES: Way = Way { root: "/api/v1", group: "", plural: "nodes" };

impl What {
    /// All there are.
    pub const ALL: [Self; 2] = [Self::Events, Self::Nodes];

    /// As the configuration names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Nodes => "nodes",
        }
    }

    /// The ways to it, the usual one first. Each shows the same objects: one of them is watched.
    pub fn ways(self) -> &'static [Way] {
        match self {
            Self::Events => &[EVENTS, NEW_EVENTS],
            Self::Nodes => &[NODES],
        }
    }

    /// The way of this number; the usual one where there is none.
    pub fn way(self, number: usize) -> Way {
        let usual = if self == Self::Events { EVENTS } else { NODES };
        self.ways().get(number).copied().unwrap_or(usual)
    }

    /// Whether it can be watched by namespace.
    pub fn is_namespaced(self) -> bool {
        self == Self::Events
    }

    /// Objects of one page of a list. A node names every image that it holds, so that it is large.
    pub fn page(self) -> usize {
        match self {
            Self::Events => 500,
            Self::Nodes => 100,
        }
    }
}

impl Way {
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
