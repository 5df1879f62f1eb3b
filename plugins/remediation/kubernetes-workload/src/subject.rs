//! What an alert is about, read from its labels.

use crate::bindings::tidegate::plugin::types::Alert;

/// The object that an alert names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    pub namespace: String,
    /// `Pod`, `Deployment`, `StatefulSet` or `DaemonSet`.
    pub kind: &'static str,
    pub name: String,
}

/// Where kube-state-metrics is scraped without `honor_labels`, plain names describe the scraped
/// pod and the object is in `exported_…`; so those come first.
const NAMESPACES: [&str; 5] =
    ["exported_namespace", "namespace", "kubernetes_namespace", "k8s_namespace_name", "k8s.namespace.name"];
const PODS: [&str; 5] = ["exported_pod", "pod", "pod_name", "k8s_pod_name", "k8s.pod.name"];
const WORKLOADS: [(&str, &str); 9] = [
    ("deployment", "Deployment"),
    ("k8s_deployment_name", "Deployment"),
    ("k8s.deployment.name", "Deployment"),
    ("statefulset", "StatefulSet"),
    ("k8s_statefulset_name", "StatefulSet"),
    ("k8s.statefulset.name", "StatefulSet"),
    ("daemonset", "DaemonSet"),
    ("k8s_daemonset_name", "DaemonSet"),
    ("k8s.daemonset.name", "DaemonSet"),
];

/// Reads an alert. A label of a workload says more than that of a pod: in alerts on workloads the
/// pod is often the one that exports the metric. Without a namespace nothing is guessed.
pub(crate) fn of(alert: &Alert) -> Option<Subject> {
    let label = |wanted: &str| {
        let (_, value) = alert.labels.iter().find(|(key, _)| key == wanted)?;
        Some(value.as_str()).filter(|value| is_name(value))
    };
    let first = |names: &[&str]| names.iter().find_map(|name| label(name));
    let namespace = first(&NAMESPACES)?.to_string();
    let workload = WORKLOADS.iter().find_map(|(key, kind)| Some((*kind, label(key)?)));
    let (kind, name) = workload.or_else(|| grouped(&label)).or_else(|| Some(("Pod", first(&PODS)?)))?;
    Some(Subject { namespace, kind, name: name.to_string() })
}

/// `workload` and `workload_type`, as recording rules write them.
fn grouped<'a>(label: &impl Fn(&str) -> Option<&'a str>) -> Option<(&'static str, &'a str)> {
    let kind = match label("workload_type")? {
        "deployment" => "Deployment",
        "statefulset" => "StatefulSet",
        "daemonset" => "DaemonSet",
        _ => return None,
    };
    Some((kind, label("workload")?))
}

/// A name of the API. Anything else could mean something to a command line.
fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    (1..=253).contains(&text.len()) && text.chars().all(plain) && !text.starts_with(['-', '.'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::tidegate::plugin::types::Status;

    fn subject(labels: &[(&str, &str)]) -> Option<(&'static str, String)> {
        let alert = Alert {
            name: "A".into(),
            status: Status::Firing,
            severity: None,
            labels: labels.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect(),
            annotations: vec![],
            starts_at: None,
            ends_at: None,
            fingerprint: None,
            link: None,
            extra: vec![],
        };
        of(&alert).map(|subject| (subject.kind, format!("{}/{}", subject.namespace, subject.name)))
    }

    #[test]
    fn labels_of_common_alerts() {
        for (labels, kind, name) in [
            (vec![("namespace", "default"), ("pod", "web-1")], "Pod", "default/web-1"),
            (
                vec![("namespace", "shop"), ("deployment", "web"), ("pod", "kube-state-metrics-0")],
                "Deployment",
                "shop/web",
            ),
            (
                vec![
                    ("namespace", "monitoring"),
                    ("pod", "ksm-0"),
                    ("exported_namespace", "shop"),
                    ("exported_pod", "web-1"),
                ],
                "Pod",
                "shop/web-1",
            ),
            (vec![("namespace", "db"), ("statefulset", "pg")], "StatefulSet", "db/pg"),
            (vec![("namespace", "a"), ("workload", "b"), ("workload_type", "daemonset")], "DaemonSet", "a/b"),
        ] {
            assert_eq!(subject(&labels), Some((kind, name.to_string())), "{labels:?}");
        }
    }

    #[test]
    fn what_is_no_name_is_no_subject() {
        assert_eq!(subject(&[("pod", "web-1")]), None);
        assert_eq!(subject(&[("namespace", "default"), ("pod", "--all")]), None);
        assert_eq!(subject(&[("namespace", "default"), ("pod", "a b")]), None);
        assert_eq!(subject(&[("namespace", "default"), ("pod", "")]), None);
    }
}
