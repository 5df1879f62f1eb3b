//! Alerts and findings, in the form in which scripts of ops report theirs.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Announcement, TEXT};
use crate::domain::Alert;
use crate::domain::alert::Status;
use crate::domain::control::Control;
use crate::domain::event::ObjectRef;
use crate::domain::inspection::Finding;
use crate::domain::job::JobEvent;
use crate::domain::subject::Subject;
use crate::domain::text::truncate;

/// The kind of a report of a script in ops.
pub(super) const REPORT: &str = "TaskRunReport";

/// What is told of what the host itself does: what a run of an inspection has found anew.
pub(super) fn of_control(at: Timestamp, control: &Control) -> Vec<Announcement> {
    let Control::Inspection(event) = control else { return Vec::new() };
    let JobEvent::Ended { job, end, .. } = event.as_ref() else { return Vec::new() };
    end.new.iter().map(|finding| of_finding(at, job, finding)).collect()
}

fn of_finding(at: Timestamp, inspection: &str, finding: &Finding) -> Announcement {
    let Finding { kind, namespace, name, severity, what, more, .. } = finding;
    let object =
        ObjectRef { cluster: String::new(), namespace: namespace.clone(), kind: kind.clone(), name: name.clone() };
    let more = if *more > 0 { format!(" and {more} more") } else { String::new() };
    let place = if namespace.is_empty() { name.clone() } else { format!("{namespace}/{name}") };
    let data = json!({
        "host": if kind == "node" { name } else { "" },
        "kind": what.name(),
        "status": "alerting",
        "message": format!("{}: {kind} {place}{more}", what.name()),
        "severity": severity.as_str(),
        "inspection": inspection,
        "finding": finding,
    });
    Announcement::new(REPORT, at, object, "findings", data)
}

/// An alert in the form in which scripts of ops report one: all members are texts.
pub(super) fn of_alert(id: &str, at: Timestamp, alert: &Alert) -> Announcement {
    let annotation = |name: &str| truncate(alert.annotations.get(name).unwrap_or_default(), TEXT);
    let subject = annotation("event_subject");
    let cluster = alert.labels.get("cluster").unwrap_or_default();
    let (mut object, _) = ObjectRef::read(&subject, cluster, &Value::Null);
    if object.kind.is_empty()
        && let Some(of) = Subject::of(alert)
    {
        object.kind = of.kind.into();
        (object.name, object.namespace) = (of.name, of.namespace.unwrap_or_default());
    }
    object.cluster = cluster.to_string();
    let host = alert.labels.get("host").or_else(|| alert.labels.get("node")).unwrap_or(&object.name);
    let data = json!({
        "host": host,
        "kind": alert.name,
        "threshold": annotation("threshold"),
        "operator": annotation("operator"),
        "value": annotation("value"),
        "status": if alert.status == Status::Firing { "alerting" } else { "normal" },
        "message": annotation("summary"),
        "cluster": cluster,
        "severity": alert.severity.as_str(),
        "incident": id,
    });
    Announcement::new(REPORT, at, object, "alerts", data)
}
