//! Keys of groups: readable, and never the same for two groups.

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::domain::{Labels, Severity};

fn alert(source: &str, name: &str, labels: &[(&str, &str)]) -> Alert {
    let labels: Labels = labels.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
    Alert {
        source: source.into(),
        name: name.into(),
        labels,
        severity: Severity::Warning,
        status: Status::Firing,
        annotations: Labels::new(),
        fingerprint: "f".into(),
        starts_at: Some(Timestamp::UNIX_EPOCH),
        ends_at: None,
        link: None,
    }
}

fn by(labels: &[&str]) -> Vec<String> {
    labels.iter().map(|label| label.to_string()).collect()
}

#[test]
fn people_can_read_them() {
    let by = by(&["alertname", "cluster", "namespace"]);
    let plain = alert("alertmanager", "PodStuck", &[("cluster", "prod"), ("namespace", "shop"), ("pod", "web-1")]);
    assert_eq!(group_key(None, &plain, &by), "alertmanager/alertname=PodStuck/cluster=prod/namespace=shop");
    let odd = alert("alertmanager", "磁盘 80%", &[("namespace", "a/b")]);
    assert_eq!(group_key(None, &odd, &by), "alertmanager/alertname=\"磁盘 80%\"/namespace=\"a/b\"");
    assert_eq!(group_key(Some("by-node node=\"n1\"".into()), &plain, &by), "group by-node node=\"n1\"");
}

/// Pairs of alerts of different groups whose labels try to make one key.
#[test]
fn no_label_reaches_into_the_key_of_another_group() {
    let by = by(&["alertname", "cluster", "namespace"]);
    let apart: [(Alert, Alert); 9] = [
        (alert("s", "Odd3", &[("cluster", "c"), ("namespace", "n")]), alert("s", "Odd3/cluster=c/namespace=n", &[])),
        (alert("s", "Odd3", &[("cluster", "c")]), alert("s", "Odd3/cluster=c", &[])),
        (alert("s", "a", &[("cluster", "c/namespace=n")]), alert("s", "a", &[("cluster", "c"), ("namespace", "n")])),
        (alert("s", "a\"/cluster=\"c", &[]), alert("s", "a", &[("cluster", "c")])),
        (alert("s", "\"a\"", &[]), alert("s", "a", &[])),
        (alert("s", "a%2Fb", &[]), alert("s", "a/b", &[])),
        (alert("s", "a\n", &[]), alert("s", "a\\n", &[])),
        (alert("s/alertname=a", "b", &[]), alert("s", "a/alertname=b", &[])),
        (alert("s", "a", &[("cluster", "")]), alert("s", "a/cluster=", &[])),
    ];
    for (one, other) in apart {
        assert_ne!(group_key(None, &one, &by), group_key(None, &other, &by));
    }
    let of_policy = group_key(Some("x alertname=\"a\"".into()), &alert("s", "a", &[]), &by);
    assert_ne!(of_policy, group_key(None, &alert("group x alertname=\"a\"", "a", &[]), &[]));
    assert_ne!(group_key(Some("x".into()), &alert("s", "a", &[]), &by), group_key(None, &alert("x", "a", &[]), &[]));
}

fn taken(alerts: Vec<Alert>) -> CorrelatedBatch {
    let by_subject = |_: &Alert| Group::BySubject;
    correlate(&Index::default(), &HashMap::new(), alerts, &by_subject, Timestamp::UNIX_EPOCH)
}

#[test]
fn what_a_body_says_twice_of_an_alert_is_folded_and_counted() {
    let fires = alert("s", "a", &[("host", "h")]);
    let ended = Alert { status: Status::Resolved, ..fires.clone() };
    let found = taken(vec![fires.clone(), ended.clone(), fires.clone()]);
    assert_eq!((found.folded, found.opened.len(), found.unknown_resolved), (2, 1, 0));
    let found = taken(vec![fires, ended]);
    assert_eq!((found.folded, found.opened.len(), found.unknown_resolved), (1, 0, 1));
}

#[test]
fn one_fingerprint_with_two_sets_of_labels_names_two_alerts() {
    let (one, other) = (alert("s", "a", &[("url", "pay")]), alert("s", "a", &[("url", "shop")]));
    let gone = Alert { status: Status::Resolved, ..other.clone() };
    for batch in [vec![one.clone(), other.clone()], vec![other, one.clone()]] {
        let found = taken(batch);
        let [(_, alerts)] = &found.opened[..] else { panic!("{found:?}") };
        assert_eq!((alerts.len(), found.folded), (2, 0));
        assert_ne!(alerts[0].fingerprint, alerts[1].fingerprint);
    }
    let found = taken(vec![one, gone]);
    assert_eq!((found.opened.len(), found.unknown_resolved, found.folded), (1, 1, 0));
}

#[test]
fn each_of_two_alerts_with_one_fingerprint_is_known_again() {
    let (one, other) = (alert("s", "a", &[("url", "pay")]), alert("s", "a", &[("url", "shop")]));
    let first = taken(vec![one.clone(), other.clone()]);
    let (group_key, alerts) = first.opened[0].clone();
    let fact = crate::domain::Fact::Opened { group_key, source: "s".into(), alerts };
    let entry = crate::domain::Entry { at: Timestamp::UNIX_EPOCH, fact };
    let incident = Incident::open(IncidentId("i1".into()), &entry).unwrap();
    let mut index = Index::default();
    index.insert(&incident);
    let live = HashMap::from([(incident.id.clone(), Arc::new(incident))]);
    let by_subject = |_: &Alert| Group::BySubject;
    for batch in [vec![one.clone()], vec![other.clone()], vec![other.clone(), one.clone()]] {
        let many = batch.len() as u64;
        let found = correlate(&index, &live, batch, &by_subject, Timestamp::UNIX_EPOCH);
        assert_eq!(found.repeats.values().sum::<u64>(), many, "{found:?}");
    }
}

#[test]
fn alerts_about_one_workload_are_one_group_and_about_many_too() {
    let pod = |workload: &str| {
        alert("s", "KubePodNotReady", &[("namespace", "shop"), ("pod", &format!("{workload}-85754b9c87-x2k4p"))])
    };
    let whole = |workload: &str| {
        alert("s", "KubeDeploymentReplicasMismatch", &[("namespace", "shop"), ("deployment", workload)])
    };
    let batch = |workloads: &[&str]| -> Vec<Alert> {
        let all = workloads.iter().flat_map(|workload| [pod(workload), whole(workload)]);
        all.enumerate().map(|(n, alert)| Alert { fingerprint: n.to_string(), ..alert }).collect()
    };
    let keys = |workloads: &[&str]| -> Vec<String> {
        taken(batch(workloads)).opened.into_iter().map(|(key, _)| key).collect()
    };
    assert_eq!(keys(&["web"]), ["s/namespace=shop/workload=web"]);
    assert_eq!(keys(&["web", "cart"]), ["s/namespace=shop/workload=cart", "s/namespace=shop/workload=web"]);
    assert_eq!(keys(&["web", "cart", "pay", "mail"]).len(), 1, "what befalls all of a namespace is one trouble");
    let exported = [("namespace", "monitoring"), ("exported_namespace", "shop"), ("queue", "mail")];
    let found = taken(vec![alert("s", "QueueLong", &exported)]);
    assert_eq!(found.opened[0].0, "s/alertname=QueueLong/namespace=shop");
}

fn hostile() -> impl Strategy<Value = String> {
    let piece =
        prop::sample::select(vec!["a", "b", "/", "=", "\"", "\\", "%", " ", "\n", "\u{200b}", "cluster", "group "]);
    prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn equal_keys_mean_equal_groups(parts in prop::array::uniform8(prop::option::of(hostile()))) {
        let [s1, n1, c1, m1, s2, n2, c2, m2] = parts;
        let make = |source: &Option<String>, name: &Option<String>, cluster: &Option<String>, namespace: &Option<String>| {
            let mut made = alert(source.as_deref().unwrap_or("s"), name.as_deref().unwrap_or("n"), &[]);
            for (key, value) in [("cluster", cluster), ("namespace", namespace)] {
                made.labels.extend(value.clone().map(|value| (key.to_string(), value)));
            }
            made
        };
        let (one, other) = (make(&s1, &n1, &c1, &m1), make(&s2, &n2, &c2, &m2));
        let by = by(&["alertname", "cluster", "namespace"]);
        let group = |alert: &Alert| (alert.source.clone(), alert.name.clone(), alert.labels.clone());
        prop_assert_eq!(group_key(None, &one, &by) == group_key(None, &other, &by), group(&one) == group(&other));
    }
}
