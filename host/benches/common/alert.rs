//! What the benches decide about.

use tidegate::domain::{Alert, Fact, Labels, Severity, Status};

/// An alert about a pod in the namespace `shop`.
pub fn alert(name: &str, pod: &str) -> Alert {
    let labels = [("alertname", name), ("namespace", "shop"), ("pod", pod), ("severity", "warning"), ("cluster", "a")];
    Alert {
        source: "alertmanager".into(),
        name: name.into(),
        status: Status::Firing,
        severity: Severity::Warning,
        labels: labels.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect::<Labels>(),
        annotations: Labels::new(),
        starts_at: None,
        ends_at: None,
        fingerprint: format!("{name}/{pod}"),
        link: None,
    }
}

/// The entry that opens an incident with it alone.
pub fn opened(alert: Alert) -> Fact {
    Fact::Opened { group_key: alert.fingerprint.clone(), source: "alertmanager".into(), alerts: vec![alert] }
}
