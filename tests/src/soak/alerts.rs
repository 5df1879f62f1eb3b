//! Alerts as their senders word them.

use jiff::Timestamp;
use serde_json::{Value, json};

/// Who sends it, and over which path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// Alertmanager, over the short path.
    Alertmanager,
    /// Alertmanager, over the path of its source.
    AlertmanagerByName,
    /// Grafana.
    Grafana,
}

impl Sender {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Alertmanager, Self::AlertmanagerByName, Self::Grafana];

    /// Where it posts to.
    pub fn path(self) -> &'static str {
        match self {
            Self::Alertmanager => "/alert",
            Self::AlertmanagerByName => "/v1/alerts/alertmanager",
            Self::Grafana => "/v1/alerts/grafana",
        }
    }

    /// One request.
    pub fn body(self, alerts: &[Alert]) -> Value {
        let status = if alerts.iter().any(|alert| alert.ends.is_none()) { "firing" } else { "resolved" };
        let each: Vec<Value> = alerts.iter().map(|alert| self.alert(alert)).collect();
        let mut body = json!({
            "receiver": "tidegate", "status": status, "alerts": each, "groupLabels": {}, "commonLabels": {},
            "commonAnnotations": {}, "externalURL": "http://sender.example/", "groupKey": "{}", "truncatedAlerts": 0,
        });
        body["version"] = json!(if self == Self::Grafana { "1" } else { "4" });
        if self == Self::Grafana {
            body["orgId"] = json!(1);
            body["title"] = json!("an alert");
            body["state"] = json!("alerting");
            body["message"] = json!("an alert");
        }
        body
    }

    fn alert(self, alert: &Alert) -> Value {
        let never = "0001-01-01T00:00:00Z".to_string();
        json!({
            "status": if alert.ends.is_none() { "firing" } else { "resolved" },
            "labels": {
                "alertname": alert.name, "cluster": "eu-1", "namespace": alert.token, "service": "shop",
                "pod": alert.pod, "severity": alert.severity, "job": "kube-state-metrics",
            },
            "annotations": { "summary": format!("{} of {} is not as it should be", alert.name, alert.pod) },
            "startsAt": alert.starts.to_string(),
            "endsAt": alert.ends.map_or(never, |ends| ends.to_string()),
            "generatorURL": "http://prometheus.example/graph?g0.expr=up",
            "fingerprint": alert.fingerprint(),
        })
    }
}

/// One alert. Its token is its namespace, and so its group.
#[derive(Clone, Debug)]
pub struct Alert {
    /// Which rule it is meant for.
    pub name: &'static str,
    /// What names the whole story of which it is a part.
    pub token: String,
    /// What tells the alerts of one group apart.
    pub pod: String,
    /// How bad.
    pub severity: &'static str,
    /// Since when it fires.
    pub starts: Timestamp,
    /// When it resolved.
    pub ends: Option<Timestamp>,
}

impl Alert {
    /// One that fires since now.
    pub fn firing(name: &'static str, token: &str) -> Self {
        let severity = if name == "Outage" { "critical" } else { "warning" };
        let (token, pod) = (token.to_string(), "shop-7d9f8b6c5-0".to_string());
        Self { name, token, pod, severity, starts: Timestamp::now(), ends: None }
    }

    /// The same, resolved now.
    pub fn resolved(&self) -> Self {
        Self { ends: Some(Timestamp::now()), ..self.clone() }
    }

    /// Of all that makes an alert one and the same; the severity is no part of it.
    fn fingerprint(&self) -> String {
        use std::hash::{DefaultHasher, Hash as _, Hasher as _};
        let mut hasher = DefaultHasher::new();
        (self.name, &self.token, &self.pod).hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    }
}
