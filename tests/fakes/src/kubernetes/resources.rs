//! The kinds that the stand-in knows. Listing a kind here gives it discovery, storage, lists and
//! patches; only Deployments, ReplicaSets and Pods also have controllers.

/// One kind of object and how the API names it.
#[derive(Debug, PartialEq, Eq)]
pub struct Resource {
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The name in paths.
    pub plural: &'static str,
    /// The name on the command line.
    pub singular: &'static str,
    /// The kind in manifests.
    pub kind: &'static str,
    /// Whether objects live in namespaces.
    pub namespaced: bool,
    /// Short names on the command line.
    pub short: &'static [&'static str],
    /// Subresources in discovery.
    pub subresources: &'static [&'static str],
}

impl Resource {
    /// `group/version`, or only the version for the core group.
    pub fn api_version(&self) -> String {
        match self.group {
            "" => "v1".to_owned(),
            group => format!("{group}/v1"),
        }
    }

    /// The name in messages: `deployments.apps`, `pods`.
    pub fn qualified(&self) -> String {
        match self.group {
            "" => self.plural.to_owned(),
            group => format!("{}.{group}", self.plural),
        }
    }
}

/// The resource at `group` and `plural`.
pub fn find(group: &str, plural: &str) -> Option<&'static Resource> {
    let mut all = RESOURCES.iter().copied();
    all.find(|known| known.group == group && known.plural == plural)
}

/// The groups, the core group first.
pub const GROUPS: &[&str] = &["", "apps", "events.k8s.io"];

const fn resource(
    group: &'static str,
    plural: &'static str,
    singular: &'static str,
    kind: &'static str,
    namespaced: bool,
    short: &'static [&'static str],
    subresources: &'static [&'static str],
) -> Resource {
    Resource { group, plural, singular, kind, namespaced, short, subresources }
}

/// Every pod.
pub static PODS: Resource = resource("", "pods", "pod", "Pod", true, &["po"], &["log", "status"]);
/// Every Deployment.
pub static DEPLOYMENTS: Resource =
    resource("apps", "deployments", "deployment", "Deployment", true, &["deploy"], &["scale", "status"]);
/// Every ReplicaSet.
pub static REPLICA_SETS: Resource =
    resource("apps", "replicasets", "replicaset", "ReplicaSet", true, &["rs"], &["scale", "status"]);
/// Every event.
pub static EVENTS: Resource = resource("", "events", "event", "Event", true, &["ev"], &[]);
/// Every namespace.
pub static NAMESPACES: Resource = resource("", "namespaces", "namespace", "Namespace", false, &["ns"], &["status"]);
/// Every node.
pub static NODES: Resource = resource("", "nodes", "node", "Node", false, &["no"], &["status"]);

/// Every resource in the order of discovery.
pub static RESOURCES: &[&Resource] = &[
    &PODS,
    &EVENTS,
    &NAMESPACES,
    &NODES,
    &resource("", "services", "service", "Service", true, &["svc"], &[]),
    &resource("", "configmaps", "configmap", "ConfigMap", true, &["cm"], &[]),
    &resource("", "secrets", "secret", "Secret", true, &[], &[]),
    &resource("", "serviceaccounts", "serviceaccount", "ServiceAccount", true, &["sa"], &[]),
    &resource("", "persistentvolumeclaims", "persistentvolumeclaim", "PersistentVolumeClaim", true, &["pvc"], &[]),
    &DEPLOYMENTS,
    &REPLICA_SETS,
    &resource("apps", "statefulsets", "statefulset", "StatefulSet", true, &["sts"], &["scale"]),
    &resource("apps", "daemonsets", "daemonset", "DaemonSet", true, &["ds"], &[]),
    &resource("events.k8s.io", "events", "event", "Event", true, &["ev"], &[]),
];
