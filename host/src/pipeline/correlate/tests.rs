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
