//! The kinds that the stand-in knows. Listing a kind here gives it discovery, storage, lists and
//! patches; only Deployments, ReplicaSets and Pods also have controllers.

/// One kind of object and how the API names it.
#[derive(Debug, PartialEq, Eq)]
pub struct Resource {
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The version in which the group offers it.
    pub version: &'static str,
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
            "" => self.version.to_owned(),
            group => format!("{group}/{}", self.version),
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

/// The resource of this plural, of whichever group; events are the core's.
pub fn named(plural: &str) -> Option<&'static Resource> {
    RESOURCES.iter().copied().find(|known| known.plural == plural)
}

/// The resource that objects of this `apiVersion` and kind belong to.
pub fn of_kind(api_version: &str, kind: &str) -> Option<&'static Resource> {
    let mut all = RESOURCES.iter().copied();
    all.find(|known| known.kind == kind && known.api_version() == api_version)
}

/// The groups with the version that each offers, the core group first. There is none for metrics: nobody has
/// installed a server of them.
pub const GROUPS: &[(&str, &str)] = &[
    ("", "v1"),
    ("apps", "v1"),
    ("events.k8s.io", "v1"),
    ("autoscaling", "v2"),
    ("batch", "v1"),
    ("cert-manager.io", "v1"),
    ("acme.cert-manager.io", "v1"),
    ("discovery.k8s.io", "v1"),
    ("networking.k8s.io", "v1"),
    ("policy", "v1"),
    ("storage.k8s.io", "v1"),
];

const fn resource(
    group: &'static str,
    plural: &'static str,
    singular: &'static str,
    kind: &'static str,
    namespaced: bool,
    short: &'static [&'static str],
    subresources: &'static [&'static str],
) -> Resource {
    Resource { group, version: "v1", plural, singular, kind, namespaced, short, subresources }
}

/// A resource without subresources.
const fn plain(
    group: &'static str,
    names: [&'static str; 3],
    namespaced: bool,
    short: &'static [&'static str],
) -> Resource {
    let [plural, singular, kind] = names;
    resource(group, plural, singular, kind, namespaced, short, &[])
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
    &plain("", ["persistentvolumes", "persistentvolume", "PersistentVolume"], false, &["pv"]),
    &plain("", ["resourcequotas", "resourcequota", "ResourceQuota"], true, &["quota"]),
    &plain("", ["limitranges", "limitrange", "LimitRange"], true, &["limits"]),
    &plain("", ["endpoints", "endpoints", "Endpoints"], true, &["ep"]),
    &Resource {
        version: "v2",
        ..plain(
            "autoscaling",
            ["horizontalpodautoscalers", "horizontalpodautoscaler", "HorizontalPodAutoscaler"],
            true,
            &["hpa"],
        )
    },
    &plain("batch", ["jobs", "job", "Job"], true, &[]),
    &plain("batch", ["cronjobs", "cronjob", "CronJob"], true, &["cj"]),
    &plain("cert-manager.io", ["certificates", "certificate", "Certificate"], true, &["cert", "certs"]),
    &plain(
        "cert-manager.io",
        ["certificaterequests", "certificaterequest", "CertificateRequest"],
        true,
        &["cr", "crs"],
    ),
    &plain("cert-manager.io", ["issuers", "issuer", "Issuer"], true, &[]),
    &plain("cert-manager.io", ["clusterissuers", "clusterissuer", "ClusterIssuer"], false, &[]),
    &plain("acme.cert-manager.io", ["orders", "order", "Order"], true, &[]),
    &plain("acme.cert-manager.io", ["challenges", "challenge", "Challenge"], true, &[]),
    &plain("discovery.k8s.io", ["endpointslices", "endpointslice", "EndpointSlice"], true, &[]),
    &plain("networking.k8s.io", ["networkpolicies", "networkpolicy", "NetworkPolicy"], true, &["netpol"]),
    &plain("networking.k8s.io", ["ingresses", "ingress", "Ingress"], true, &["ing"]),
    &plain("policy", ["poddisruptionbudgets", "poddisruptionbudget", "PodDisruptionBudget"], true, &["pdb"]),
    &plain("storage.k8s.io", ["storageclasses", "storageclass", "StorageClass"], false, &["sc"]),
];
