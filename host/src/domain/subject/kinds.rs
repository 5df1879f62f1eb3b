//! Labels that name an object, the most telling first.

/// A virtual or real machine, or whatever else an address stands for.
pub const HOST: &str = "host";

/// A pod.
pub const POD: &str = "pod";

/// A label and the kind of what it names.
#[derive(Debug)]
pub(super) struct Row {
    pub label: &'static str,
    pub kind: &'static str,
    /// Prometheus puts it on every series for the target that was asked.
    pub of_target: bool,
}

const fn own(label: &'static str, kind: &'static str) -> Row {
    Row { label, kind, of_target: false }
}

const fn target(label: &'static str, kind: &'static str) -> Row {
    Row { label, kind, of_target: true }
}

/// What owns others comes after what is owned where an alert names both on purpose: a Job that failed
/// matters and not its CronJob; but pods come after their workloads, because the pod is often the exporter's.
pub(super) const ROWS: [Row; 55] = [
    own("job_name", "job"),
    own("k8s_job_name", "job"),
    own("k8s.job.name", "job"),
    own("horizontalpodautoscaler", "horizontalpodautoscaler"),
    own("hpa", "horizontalpodautoscaler"),
    own("poddisruptionbudget", "poddisruptionbudget"),
    own("resourcequota", "resourcequota"),
    own("persistentvolumeclaim", "persistentvolumeclaim"),
    own("persistentvolume", "persistentvolume"),
    own("volumename", "persistentvolume"),
    own("certificate", "certificate"),
    own("certificaterequest", "certificaterequest"),
    own("ingress", "ingress"),
    own("networkpolicy", "networkpolicy"),
    own("configmap", "configmap"),
    own("customresource_name", "customresource"),
    own("statefulset", "statefulset"),
    own("k8s_statefulset_name", "statefulset"),
    own("k8s.statefulset.name", "statefulset"),
    own("daemonset", "daemonset"),
    own("k8s_daemonset_name", "daemonset"),
    own("k8s.daemonset.name", "daemonset"),
    own("deployment", "deployment"),
    own("k8s_deployment_name", "deployment"),
    own("k8s.deployment.name", "deployment"),
    own("replicaset", "replicaset"),
    own("k8s_replicaset_name", "replicaset"),
    own("replicationcontroller", "replicationcontroller"),
    own("cronjob", "cronjob"),
    own("k8s_cronjob_name", "cronjob"),
    target("pod", POD),
    own("pod_name", POD),
    own("kubernetes_pod_name", POD),
    own("k8s_pod_name", POD),
    own("k8s.pod.name", POD),
    own("target", "endpoint"),
    target("node", "node"),
    own("nodename", "node"),
    own("node_name", "node"),
    own("kubernetes_node", "node"),
    own("k8s_node_name", "node"),
    own("k8s.node.name", "node"),
    own("queue", "queue"),
    own("topic", "topic"),
    own("datname", "database"),
    target("service", "service"),
    own("service_name", "service"),
    own("service.name", "service"),
    own("host", HOST),
    own("hostname", HOST),
    own("host_name", HOST),
    own("host.name", HOST),
    target("instance", HOST),
    own("url", "endpoint"),
    own("domain", "endpoint"),
];

/// Labels that name a namespace.
pub(super) const NAMESPACES: [&str; 4] =
    ["namespace", "kubernetes_namespace", "k8s_namespace_name", "k8s.namespace.name"];

/// Labels that name a cluster.
pub(super) const CLUSTERS: [&str; 4] = ["cluster", "cluster_name", "k8s_cluster_name", "k8s.cluster.name"];

/// Kinds whose objects stand in a namespace.
pub(super) fn has_namespace(kind: &str) -> bool {
    !matches!(
        kind,
        "node" | HOST | "persistentvolume" | "cluster" | "namespace" | "component" | "apiservice" | "endpoint"
    )
}
