//! What an alert is about as its own name tells.

use super::kinds::{CLUSTERS, HOST, POD};
use super::read::{Read, split_port};

/// What the name of an alert tells of its subject.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Aim {
    /// An object of one of these kinds, the likeliest first.
    Kinds(&'static [&'static str]),
    /// The target that Prometheus asks, an exporter or not.
    Target,
    /// A part of the cluster that labels do not name, or name badly.
    Component(&'static str),
    /// The cluster as a whole.
    Cluster,
    /// A service of the aggregation layer, which the label `name` names.
    ApiService,
    /// Nothing: labels decide.
    Open,
}

/// Alerts whose subject is not what their labels suggest.
const NAMED: [(&str, Aim); 28] = [
    ("KubeAPIDown", Aim::Component("kube-apiserver")),
    ("KubeAPIErrorBudgetBurn", Aim::Component("kube-apiserver")),
    ("KubeAPITerminatedRequests", Aim::Component("kube-apiserver")),
    ("KubeClientCertificateExpiration", Aim::Component("kube-apiserver")),
    ("KubeClientErrors", Aim::Component("kube-apiserver")),
    ("KubeControllerManagerDown", Aim::Component("kube-controller-manager")),
    ("KubeSchedulerDown", Aim::Component("kube-scheduler")),
    ("KubeProxyDown", Aim::Component("kube-proxy")),
    ("KubeletDown", Aim::Component("kubelet")),
    ("KubeStateMetricsListErrors", Aim::Component("kube-state-metrics")),
    ("KubeStateMetricsWatchErrors", Aim::Component("kube-state-metrics")),
    ("KubeStateMetricsShardingMismatch", Aim::Component("kube-state-metrics")),
    ("KubeStateMetricsShardsMissing", Aim::Component("kube-state-metrics")),
    ("CoreDNSDown", Aim::Component("coredns")),
    ("KubeDNSDown", Aim::Component("coredns")),
    ("Watchdog", Aim::Component("alerting")),
    ("InfoInhibitor", Aim::Component("alerting")),
    ("KubeVersionMismatch", Aim::Cluster),
    ("KubeCPUOvercommit", Aim::Cluster),
    ("KubeMemoryOvercommit", Aim::Cluster),
    ("KubeCPUQuotaOvercommit", Aim::Cluster),
    ("KubeMemoryQuotaOvercommit", Aim::Cluster),
    ("KubeAggregatedAPIErrors", Aim::ApiService),
    ("KubeAggregatedAPIDown", Aim::ApiService),
    ("TargetDown", Aim::Target),
    ("InstanceDown", Aim::Target),
    ("PrometheusTargetMissing", Aim::Target),
    ("CPUThrottlingHigh", Aim::Kinds(&[POD])),
];

/// Beginnings of names, without `Kube` or `Kubernetes` before them, that name a kind.
const BEGINNINGS: [(&str, &[&str]); 28] = [
    ("PodDisruptionBudget", &["poddisruptionbudget"]),
    ("Pdb", &["poddisruptionbudget"]),
    ("Pod", &[POD]),
    ("Container", &[POD]),
    ("Deployment", &["deployment"]),
    ("StatefulSet", &["statefulset"]),
    ("Statefulset", &["statefulset"]),
    ("DaemonSet", &["daemonset"]),
    ("Daemonset", &["daemonset"]),
    ("ReplicaSet", &["replicaset"]),
    ("Replicaset", &["replicaset"]),
    ("Job", &["job"]),
    ("CronJob", &["cronjob", "job"]),
    ("Cronjob", &["cronjob", "job"]),
    ("Hpa", &["horizontalpodautoscaler"]),
    ("HPA", &["horizontalpodautoscaler"]),
    ("HorizontalPodAutoscaler", &["horizontalpodautoscaler"]),
    ("Quota", &["resourcequota"]),
    ("ResourceQuota", &["resourcequota"]),
    ("PersistentVolumeClaim", &["persistentvolumeclaim", "persistentvolume"]),
    ("PersistentVolume", &["persistentvolumeclaim", "persistentvolume"]),
    ("PersistentVolumeclaim", &["persistentvolumeclaim", "persistentvolume"]),
    ("Ingress", &["ingress"]),
    ("Node", &["node", HOST]),
    ("Kubelet", &["node", HOST]),
    ("Host", &["node", HOST]),
    ("CertManager", &["certificate"]),
    ("Certificate", &["certificate"]),
];

impl Aim {
    pub fn of(name: &str) -> Self {
        if let Some((_, aim)) = NAMED.iter().find(|(known, _)| *known == name) {
            return aim.copy();
        }
        if name.ends_with("InstanceUnreachable") || name.ends_with("ExporterDown") || name.ends_with("TargetDown") {
            return Self::Target;
        }
        let bare = ["Kubernetes", "Kube"].iter().find_map(|before| name.strip_prefix(before)).unwrap_or(name);
        // `Kubelet` begins like `Kube`.
        for text in [name, bare] {
            let is = |(beginning, _): &&(&str, &'static [&'static str])| {
                let rest = text.strip_prefix(*beginning);
                rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_lowercase()))
            };
            if let Some((_, kinds)) = BEGINNINGS.iter().find(is) {
                return Self::Kinds(kinds);
            }
        }
        Self::Open
    }

    fn copy(&self) -> Self {
        match self {
            Self::Kinds(kinds) => Self::Kinds(kinds),
            Self::Target => Self::Target,
            Self::Component(name) => Self::Component(name),
            Self::Cluster => Self::Cluster,
            Self::ApiService => Self::ApiService,
            Self::Open => Self::Open,
        }
    }
}

/// What a name aims at, if the labels name it.
pub(super) fn aimed(aim: &Aim, read: &Read<'_>) -> Option<(&'static str, String)> {
    match aim {
        Aim::Kinds(["certificate", ..]) => {
            let named = || read.plain(&["exported_name", "name"]).map(|name| ("certificate", name.to_string()));
            read.of_kinds(&["certificate"]).or_else(named)
        }
        Aim::Kinds(["node", ..]) => machine(read),
        Aim::Kinds(kinds) => read.of_kinds(kinds).or_else(|| {
            // It can be about its exporter's pod only where it names no other object.
            let alone = kinds.contains(&POD) && !read.is_relabelled() && read.most_telling().is_none_or(is_place);
            if alone { read.of_target(&[POD]) } else { None }
        }),
        Aim::Target => match read.job() {
            Some("kubelet" | "cadvisor") => machine(read),
            _ => read.of_target(&[POD, "service", "node", HOST]),
        }
        .or_else(|| Some(("component", read.job()?.to_string()))),
        Aim::Component(name) => Some(("component", (*name).to_string())),
        Aim::Cluster => Some(("cluster", read.plain(&CLUSTERS)?.to_string())),
        Aim::ApiService => Some(("apiservice", read.plain(&["exported_name", "name"])?.to_string())),
        Aim::Open => None,
    }
}

/// Where something runs rather than what it is.
fn is_place((kind, _): (&'static str, String)) -> bool {
    matches!(kind, "node" | HOST | "service")
}

/// A machine under the best of its names: that of its node, or its address without the exporter's port.
fn machine(read: &Read<'_>) -> Option<(&'static str, String)> {
    if let Some(node) = read.of_kinds(&["node"]) {
        return Some(node);
    }
    let (kind, name) = read.of_kinds(&[HOST])?;
    Some((kind, split_port(&name).0.to_string()))
}
