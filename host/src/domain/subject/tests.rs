//! Whom alerts are about, held against a table: all of kubernetes-mixin and of node-mixin, what people write
//! themselves, and what other senders send.

use std::collections::{BTreeMap, BTreeSet};

use super::correlation::CorrelationKeys;
use super::*;
use crate::domain::{Labels, Severity, Status};

const TABLE: &str = include_str!("testdata/subjects.txt");

pub fn alert(name: &str, labels: &[(&str, &str)]) -> Alert {
    Alert {
        source: "alertmanager".into(),
        name: name.into(),
        status: Status::Firing,
        severity: Severity::Warning,
        labels: labels.iter().copied().collect(),
        annotations: Labels::new(),
        starts_at: None,
        ends_at: None,
        fingerprint: "f".into(),
        link: None,
    }
}

/// What a scrape leaves on each series of a target, as kube-prometheus-stack configures it.
fn target(name: &str) -> Vec<(&'static str, &'static str)> {
    match name {
        "series" => vec![],
        "ksm" => vec![
            ("container", "kube-state-metrics"),
            ("endpoint", "http"),
            ("instance", "10.42.3.19:8080"),
            ("job", "kube-state-metrics"),
            ("namespace", "monitoring"),
            ("pod", "prom-kube-state-metrics-7c8b8bf58c-x4vcd"),
            ("service", "prom-kube-state-metrics"),
        ],
        "kubelet" => vec![
            ("endpoint", "https-metrics"),
            ("instance", "10.0.0.5:10250"),
            ("job", "kubelet"),
            ("metrics_path", "/metrics"),
            ("namespace", "kube-system"),
            ("node", "node-3"),
            ("service", "prom-kubelet"),
        ],
        "node-exporter" => vec![
            ("container", "node-exporter"),
            ("endpoint", "http-metrics"),
            ("instance", "10.0.0.5:9100"),
            ("job", "node-exporter"),
            ("namespace", "monitoring"),
            ("pod", "prom-node-exporter-x4vcd"),
            ("service", "prom-node-exporter"),
        ],
        "apiserver" => vec![
            ("endpoint", "https"),
            ("instance", "10.0.0.2:6443"),
            ("job", "apiserver"),
            ("namespace", "default"),
            ("service", "kubernetes"),
        ],
        "blackbox" => vec![
            ("container", "blackbox-exporter"),
            ("instance", "10.42.3.20:9115"),
            ("job", "blackbox"),
            ("namespace", "monitoring"),
            ("pod", "blackbox-exporter-5d4f8c7b9d-x2k4p"),
            ("service", "blackbox-exporter"),
        ],
        other => panic!("the table names a target that there is not: {other}"),
    }
}

/// The labels that an alert comes to have: its series' own, and the target's; and the same where the target's win.
fn both_ways(target_name: &str, series: &[(&str, &str)]) -> [Labels; 2] {
    let of_target: BTreeMap<&str, &str> = target(target_name).into_iter().collect();
    let mut honoured: BTreeMap<String, String> =
        of_target.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
    let mut renamed = honoured.clone();
    for (key, value) in series {
        honoured.insert(key.to_string(), value.to_string());
        let clashes = of_target.get(key).is_some_and(|target| target != value);
        let name = if clashes { format!("exported_{key}") } else { key.to_string() };
        renamed.insert(name, value.to_string());
    }
    [honoured.into(), renamed.into()]
}

#[test]
fn the_table_of_alerts() {
    let mut wrong = Vec::new();
    let mut names = BTreeSet::new();
    for line in TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let [name, target, series, want] = line.split(" | ").collect::<Vec<_>>()[..] else { panic!("{line}") };
        let series: Vec<(&str, &str)> = series.split(' ').filter_map(|pair| pair.split_once('=')).collect();
        for labels in both_ways(target, &series) {
            let mut alert = alert(name, &[]);
            alert.labels = labels;
            let got = Subject::of(&alert).map_or_else(|| "-".to_string(), |subject| subject.to_string());
            if got != want {
                wrong.push(format!("{name}: {got} instead of {want}, from {:?}", alert.labels));
            }
        }
        names.insert(name);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(names.len() > 85, "the table has shrunk to {} names", names.len());
}

#[test]
fn owners_by_name() {
    for (kind, name, want) in [
        ("pod", "web-85754b9c87-x2k4p", Some(("deployment", "web"))),
        ("pod", "shop-web-85754b9c87-aaaaa", Some(("deployment", "shop-web"))),
        ("pod", "web-6f9c7d5b8-zzbcd", Some(("deployment", "web"))),
        ("pod", "pg-0", Some(("statefulset", "pg"))),
        ("pod", "order-processor-abc-1", Some(("statefulset", "order-processor-abc"))),
        ("pod", "fluentd-x2k4p", Some(("workload", "fluentd"))),
        ("pod", "housekeeping-29386080-x2k4p", Some(("cronjob", "housekeeping"))),
        ("pod", "frontend-service-x2k4p", Some(("workload", "frontend-service"))),
        ("pod", "shop-front", None),
        ("pod", "web", None),
        ("pod", "-x2k4p", None),
        ("job", "housekeeping-29386080", Some(("cronjob", "housekeeping"))),
        ("job", "migrate", None),
        ("replicaset", "web-85754b9c87", Some(("deployment", "web"))),
        ("deployment", "web-85754b9c87", None),
    ] {
        assert_eq!(owner_of(kind, name), want, "{kind} {name}");
    }
}

#[test]
fn a_pod_and_its_workload_are_one_object() {
    let pod = CorrelationKeys::of(&alert("KubePodNotReady", &[("namespace", "shop"), ("pod", "web-85754b9c87-x2k4p")]));
    let whole =
        CorrelationKeys::of(&alert("KubeDeploymentReplicasMismatch", &[("namespace", "shop"), ("deployment", "web")]));
    let other =
        CorrelationKeys::of(&alert("KubeDeploymentReplicasMismatch", &[("namespace", "shop2"), ("deployment", "web")]));
    assert!(pod.object.is_some());
    assert_eq!(pod.object, whole.object);
    assert_ne!(pod.object, other.object);
}

#[test]
fn what_explains_what() {
    let node = CorrelationKeys::of(&alert("KubeNodeNotReady", &[("node", "n3")]));
    let full = CorrelationKeys::of(&alert("NodeFilesystemAlmostOutOfSpace", &[("node", "n3")]));
    let pod = CorrelationKeys::of(&alert("KubePodNotReady", &[("namespace", "s"), ("pod", "pg-0"), ("node", "n3")]));
    let claim = CorrelationKeys::of(&alert(
        "KubePersistentVolumeFillingUp",
        &[("namespace", "s"), ("persistentvolumeclaim", "data-pg-0")],
    ));
    assert_eq!(node.explains, pod.explained_by);
    assert!(full.explains.is_empty(), "a node with a full disk runs its pods");
    assert!(claim.explains.contains(pod.object.as_ref().unwrap()));
}

#[test]
fn the_pods_of_an_exporter_in_two_namespaces_are_two_objects() {
    for pod in ["node-exporter-x7k2p", "blackbox-exporter-5d8f9c7b6d-q2w3e", "pushgateway-0", "order-exporter-0"] {
        let of = |namespace| {
            CorrelationKeys::of(&alert("KubePodNotReady", &[("namespace", namespace), ("pod", pod)])).object
        };
        assert_ne!(of("team-a").unwrap(), of("team-b").unwrap(), "{pod}");
    }
}
