//! What a silence matches; cases and renderings are run by the macro.

use tidegate_plugin::golden;

use super::*;

fn message(labels: &[Value]) -> Notification {
    let alert = |labels: &Value| json!({"name": labels["alertname"].as_str().unwrap_or("x"), "status": "firing", "labels": labels, "annotations": {}});
    let alerts: Vec<Value> = labels.iter().map(alert).collect();
    golden::notification(&json!({"alerts": alerts, "now-ms": 0}))
}

#[test]
fn a_silence_matches_what_the_alerts_have_in_common_and_never_everything() {
    let names = |labels: &[Value]| {
        let matchers = matchers(&message(labels))?;
        let names = matchers.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_string());
        Some(names.collect::<Vec<_>>())
    };
    let alert =
        |name: &str, pod: &str| json!({"alertname": name, "pod": pod, "namespace": "shop", "severity": "warning"});
    assert_eq!(names(&[alert("A", "1")]).unwrap(), ["alertname", "pod", "namespace"]);
    assert_eq!(names(&[alert("A", "1"), alert("A", "2")]).unwrap(), ["alertname", "namespace"]);
    assert_eq!(names(&[alert("A", "1"), alert("B", "1")]), None, "alerts of several names");
    assert_eq!(names(&[json!({"alertname": "A"})]), None, "a name alone is that of any namespace");
    assert_eq!(names(&[json!({"alertname": "A", "severity": "warning"})]), None);
    assert_eq!(names(&[]), None);
}
