//! What an alert is about as its own name tells.

use super::kinds::{CLUSTERS, HOST, POD};
use super::read::{SubjectLabels, split_port};

/// What the name of an alert tells of its subject.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SubjectHint {
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
const NAMED: [(&str, SubjectHint); 28] = [
    ("KubeAPIDown", SubjectHint::Component("kube-apiserver")),
    ("KubeAPIErrorBudgetBurn", SubjectHint::Component("kube-apiserver")),
    ("KubeAPITerminatedRequests", SubjectHint::Component("kube-apiserver")),
    ("KubeClientCertificateExpiration", SubjectHint::Component("kube-apiserver")),
    ("KubeClientErrors", SubjectHint::Component("kube-apiserver")),
    ("KubeControllerManagerDown", SubjectHint::Component("kube-controller-manager")),
    ("KubeSchedulerDown", SubjectHint::Component("kube-scheduler")),
    ("KubeProxyDown", SubjectHint::Component("kube-proxy")),
    ("KubeletDown", SubjectHint::Component("kubelet")),
    ("KubeStateMetricsListErrors", SubjectHint::Component("kube-state-metrics")),
    ("KubeStateMetricsWatchErrors", SubjectHint::Component("kube-state-metrics")),
    ("KubeStateMetricsShardingMismatch", SubjectHint::Component("kube-state-metrics")),
    ("KubeStateMetricsShardsMissing", SubjectHint::Component("kube-state-metrics")),
    ("CoreDNSDown", SubjectHint::Component("coredns")),
    ("KubeDNSDown", SubjectHint::Component("coredns")),
    ("Watchdog", SubjectHint::Component("alerting")),
    ("InfoInhibitor", SubjectHint::Component("alerting")),
    ("KubeVersionMismatch", SubjectHint::Cluster),
    ("KubeCPUOvercommit", SubjectHint::Cluster),
    ("KubeMemoryOvercommit", SubjectHint::Cluster),
    ("KubeCPUQuotaOvercommit", SubjectHint::Cluster),
    ("KubeMemoryQuotaOvercommit", SubjectHint::Cluster),
    ("KubeAggregatedAPIErrors", SubjectHint::ApiService),
    ("KubeAggregatedAPIDown", SubjectHint::ApiService),
    ("TargetDown", SubjectHint::Target),
    ("InstanceDown", SubjectHint::Target),
    ("PrometheusTargetMissing", SubjectHint::Target),
    ("CPUThrottlingHigh", SubjectHint::Kinds(&[POD])),
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

impl SubjectHint {
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
pub(super) fn aimed(aim: &SubjectHint, read: &SubjectLabels<'_>) -> Option<(&'static str, String)> {
    match aim {
        SubjectHint::Kinds(["certificate", ..]) => {
            let named = || read.plain(&["exported_name", "name"]).map(|name| ("certificate", name.to_string()));
            read.of_kinds(&["certificate"]).or_else(named)
        }
        SubjectHint::Kinds(["node", ..]) => machine(read),
        SubjectHint::Kinds(kinds) => read.of_kinds(kinds).or_else(|| {
            // It can be about its exporter's pod only where it names no other object.
            let alone = kinds.contains(&POD) && !read.is_relabelled() && read.most_telling().is_none_or(is_place);
            if alone { read.of_target(&[POD]) } else { None }
        }),
        SubjectHint::Target => match read.job() {
            Some("kubelet" | "cadvisor") => machine(read),
            _ => read.of_target(&[POD, "service", "node", HOST]),
        }
        .or_else(|| Some(("component", read.job()?.to_string()))),
        SubjectHint::Component(name) => Some(("component", (*name).to_string())),
        SubjectHint::Cluster => Some(("cluster", read.plain(&CLUSTERS)?.to_string())),
        SubjectHint::ApiService => Some(("apiservice", read.plain(&["exported_name", "name"])?.to_string())),
        SubjectHint::Open => None,
    }
}

/// Where something runs rather than what it is.
fn is_place((kind, _): (&'static str, String)) -> bool {
    matches!(kind, "node" | HOST | "service")
}

/// A machine under the best of its names: that of its node, or its address without the exporter's port.
fn machine(read: &SubjectLabels<'_>) -> Option<(&'static str, String)> {
    if let Some(node) = read.of_kinds(&["node"]) {
        return Some(node);
    }
    let (kind, name) = read.of_kinds(&[HOST])?;
    Some((kind, split_port(&name).0.to_string()))
}
