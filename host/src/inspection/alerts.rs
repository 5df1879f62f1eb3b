//! Findings and runs as alerts, which go the way of all others.

use std::collections::HashSet;

use jiff::Timestamp;

use crate::domain::inspection::{Coverage, DIGEST, FINDING, Finding, Problem, REPORT, Run, SOURCE, TrackedFinding};
use crate::domain::subject::AffectedObject;
use crate::domain::subject::correlation::{CorrelationKey, CorrelationKeys};
use crate::domain::{Alert, Clusters, Incident, Labels, Severity, Status};
use crate::evidence::short;

/// The labels that name an object, as other senders write them.
pub fn labels(cluster: &str, object: &AffectedObject) -> Labels {
    let AffectedObject { kind, namespace, name } = object;
    let key = if kind == "job" { "job_name" } else { kind.as_str() };
    let mut labels = Labels::new();
    labels.insert("cluster", cluster);
    if !namespace.is_empty() {
        labels.insert("namespace", namespace.as_str());
    }
    match kind.as_str() {
        "" => {}
        "namespace" => labels.insert("namespace", name.as_str()),
        _ => labels.insert(key, name.as_str()),
    };
    labels
}

/// A finding as an alert; it is the same one as long as the finding is known again.
pub fn finding(
    inspection: &str,
    clusters: &Clusters,
    standing: &TrackedFinding,
    ended: Option<Timestamp>,
    said: &str,
) -> Alert {
    let Finding { server, severity, what, .. } = &standing.finding;
    let mut labels = labels(clusters.label(server), &standing.finding.object());
    labels.insert("alertname", FINDING);
    labels.insert("finding", what.name());
    labels.insert("inspection", inspection);
    labels.insert("severity", severity.as_str());
    let mut annotations = Labels::new();
    annotations.insert("summary", said);
    if let Problem::Cause(named) = what {
        annotations.insert("evidence", named.evidence.join("\n").as_str());
    }
    Alert {
        source: SOURCE.into(),
        name: FINDING.into(),
        status: if ended.is_some() { Status::Resolved } else { Status::Firing },
        severity: *severity,
        labels,
        annotations,
        starts_at: Some(standing.since),
        ends_at: ended,
        fingerprint: short(&format!("{inspection} {}", standing.finding.key())),
        link: None,
    }
}

/// The alerts about findings of an inspection that fire.
pub fn firing<'a>(inspection: &str, live: impl IntoIterator<Item = &'a Incident>) -> impl Iterator<Item = &'a Alert> {
    let own = live.into_iter().filter(|incident| *incident.source == *SOURCE && incident.closed.is_none());
    let is_own = move |alert: &&Alert| alert.name == FINDING && alert.labels.get("inspection") == Some(inspection);
    own.flat_map(Incident::firing).filter(is_own)
}

/// The same alert, resolved.
pub fn resolved(alert: &Alert, at: Timestamp) -> Alert {
    Alert { status: Status::Resolved, ends_at: Some(at), ..alert.clone() }
}

/// A run as an alert: people are told of it as of any other.
pub fn report(run: &Run, title: &str, digest: &str) -> Alert {
    let worst = run.findings().map(|one| one.finding.severity).max().unwrap_or(Severity::Info);
    // Who sees nothing does not know that nothing is wrong.
    let worst = if run.sight() == Coverage::None { worst.max(Severity::Warning) } else { worst };
    let changed = if run.new.is_empty() && run.gone.is_empty() { "false" } else { "true" };
    let found = if run.found() { "true" } else { "false" };
    let pairs = [
        ("alertname", REPORT),
        ("inspection", run.inspection.as_str()),
        ("severity", worst.as_str()),
        ("changed", changed),
        ("found", found),
        ("seen", run.sight().as_str()),
    ];
    let mut labels: Labels = pairs.into_iter().collect();
    // Each run is told of by itself.
    labels.insert("run", run.at.to_string().as_str());
    let mut annotations = Labels::new();
    annotations.insert("summary", title);
    annotations.insert(DIGEST, digest);
    Alert {
        source: SOURCE.into(),
        name: REPORT.into(),
        status: Status::Firing,
        severity: worst,
        labels,
        annotations,
        starts_at: Some(run.at),
        ends_at: None,
        fingerprint: format!("{} {}", run.inspection, run.at),
        link: None,
    }
}

/// The objects about which alerts of others are being handled.
pub struct HandledObjects(HashSet<CorrelationKey>);

impl HandledObjects {
    /// Those of the incidents that are open.
    pub fn of<'a>(live: impl IntoIterator<Item = &'a Incident>) -> Self {
        let others = live.into_iter().filter(|incident| *incident.source != *SOURCE && incident.closed.is_none());
        Self(others.flat_map(|incident| incident.firing().take(32)).filter_map(tie).collect())
    }

    /// Whether an alert is about one of them.
    pub fn has(&self, alert: &Alert) -> bool {
        tie(alert).is_some_and(|own| self.0.contains(&own))
    }
}

/// The object of an alert. Clusters are called by whoever sends; an MCP server may have another name for the same one.
fn tie(alert: &Alert) -> Option<CorrelationKey> {
    CorrelationKeys::of(alert).object.map(|tie| CorrelationKey { cluster: String::new(), ..tie })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Entry, Fact, IncidentId, NamedCause};

    fn standing() -> TrackedFinding {
        let named = NamedCause::new(crate::domain::Cause::CrashLoop, "pod shop/web-6cb6599c5b-q48qx", 90);
        let finding = Finding {
            server: "kubernetes".into(),
            kind: "pod".into(),
            namespace: "shop".into(),
            name: "web-6cb6599c5b-q48qx".into(),
            owner: "web".into(),
            more: 0,
            severity: Severity::Error,
            what: Problem::Cause(named),
        };
        TrackedFinding { since: Timestamp::UNIX_EPOCH, finding }
    }

    #[test]
    fn a_finding_is_the_same_alert_until_it_is_gone() {
        let first = finding("daily", &Clusters::default(), &standing(), None, "it crashes");
        assert_eq!((first.status, &first.labels["finding"]), (Status::Firing, "crash-loop"));
        let mut later = standing();
        later.finding.name = "web-6cb6599c5b-b5nn8".into();
        let gone = finding("daily", &Clusters::default(), &later, Some(Timestamp::UNIX_EPOCH), "");
        assert_eq!((gone.status, gone.identity()), (Status::Resolved, first.identity()));
        assert_ne!(finding("weekly", &Clusters::default(), &later, None, "").identity(), first.identity());
    }

    #[test]
    fn what_somebody_else_has_told_of_is_not_told_again() {
        let own = finding("daily", &Clusters::default(), &standing(), None, "");
        let incident = |alert: Alert| {
            let fact = Fact::Opened { group_key: "g".into(), source: alert.source.clone(), alerts: vec![alert] };
            Incident::open(IncidentId("i-1".into()), &Entry { at: Timestamp::UNIX_EPOCH, fact }).unwrap()
        };
        let mut other = own.clone();
        other.source = "alertmanager".into();
        other.name = "KubePodCrashLooping".into();
        other.labels = [("namespace", "shop"), ("pod", "web-6cb6599c5b-b5nn8")].into_iter().collect();
        let handled = |alert: &Alert| HandledObjects::of([&incident(alert.clone())]).has(&own);
        assert!(handled(&other));
        assert!(!handled(&own), "its own does not count");
        other.labels.insert("namespace", "bank");
        assert!(!handled(&other));
    }
}
