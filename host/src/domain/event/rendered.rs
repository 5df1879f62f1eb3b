//! An event as the hooks of ops read it: one line a field, which is what their keywords are held against.
//!
//! The lines are those of ops-server, odd ones included: cluster, namespace and object stand as its reader takes them off
//! the subject, every line ends in a space, and what it has no form for is its data as JSON. Times are shown in the zone in
//! which they were written, because the zone of its reader is unknown.

use std::fmt::Write;

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimeParser;
use serde_json::Value;

use super::Event;

/// Its lines.
pub fn rendered(event: &Event) -> String {
    let data = &event.said.data;
    let mut lines = Lines(String::new());
    match event.said.kind.as_str() {
        "Kube" => kube(event, &mut lines),
        "Host" => {
            lines.cluster(event);
            lines.text("address", data.get("address"));
            for (label, path) in [
                ("hostname", "/status/hostname"),
                ("diskUsagePercent", "/status/diskUsagePercent"),
                ("heartStatus", "/status/heartStatus"),
            ] {
                lines.text(label, data.pointer(path));
            }
        }
        "Cluster" => {
            lines.cluster(event);
            lines.text("server", data.get("server"));
            lines.text("version", data.pointer("/status/version"));
            let days = data.pointer("/status/certNotAfterDays").and_then(Value::as_i64).unwrap_or(0);
            lines.line("certNotAfterDays", &days.to_string());
            lines.text("heartStatus", data.pointer("/status/heartStatus"));
        }
        "TaskRunReport" => {
            lines.cluster(event);
            for label in ["host", "kind", "threshold", "operator", "value", "status", "message"] {
                lines.text(label, data.get(label));
            }
            lines.line("time", &event.said.time.map(of_utc).unwrap_or_default());
        }
        "Webhook" => lines.0.push_str(data.get("content").and_then(Value::as_str).unwrap_or_default()),
        // What came as a text, and not as JSON, is itself.
        _ => match data {
            Value::String(text) => lines.0.push_str(text),
            Value::Null => {}
            other => lines.0 = other.to_string(),
        },
    }
    lines.0
}

fn kube(event: &Event, lines: &mut Lines) {
    let data = &event.said.data;
    let subject = event.said.subject.strip_prefix("ops.").unwrap_or(&event.said.subject);
    let parts: Vec<&str> = subject.strip_suffix(".event").unwrap_or(subject).split('.').collect();
    let mut at = 0;
    while let (Some(part), Some(first)) = (parts.get(at), parts.get(at + 1)) {
        if !part.ends_with('s') {
            at += 1;
            continue;
        }
        // A name goes on to the next word that looks like a kind.
        let rest = parts.iter().skip(at + 2).take_while(|part| !part.ends_with('s'));
        let value = rest.fold((*first).to_string(), |value, part| format!("{value}.{part}"));
        lines.line(part.trim_end_matches('s'), &value);
        at += 2 + value.matches('.').count() - first.matches('.').count();
    }
    lines.text("type", data.get("type"));
    lines.line("reason", event.reason().unwrap_or_default());
    let written = data.get("eventTime").and_then(Value::as_str).and_then(as_written);
    lines.line("timestamp", &written.or_else(|| event.occurred().map(of_utc)).unwrap_or_default());
    let from = ["/from", "/reportingController", "/reportingComponent", "/source/component"];
    lines.text("from", from.iter().find_map(|path| data.pointer(path).filter(|value| value.is_string())));
    lines.line("message", event.message().unwrap_or_default());
}

/// `2026-11-27T12:12:08+08:00` as `2026-11-27 12:12:08`.
fn as_written(text: &str) -> Option<String> {
    // It must be a time; which one it is in another zone does not matter.
    text.parse::<Timestamp>().ok()?;
    let written = DateTimeParser::new().parse_datetime(text.trim_end_matches(['Z', 'z'])).ok()?;
    Some(written.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

fn of_utc(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

struct Lines(String);

impl Lines {
    fn line(&mut self, label: &str, value: &str) {
        if !value.is_empty() {
            let _ = writeln!(self.0, "{label}: {value} ");
        }
    }

    /// A member that is a text; ops leaves out what is anything else.
    fn text(&mut self, label: &str, value: Option<&Value>) {
        self.line(label, value.and_then(Value::as_str).unwrap_or_default());
    }

    fn cluster(&mut self, event: &Event) {
        let own = event.text("cluster");
        self.line("cluster", own.unwrap_or(&event.said.cluster));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::event::Envelope;

    fn shown(kind: &str, subject: &str, data: Value) -> String {
        let time = "2026-11-27T04:30:17.02Z".parse().ok();
        let said = Envelope {
            kind: kind.into(),
            subject: subject.into(),
            cluster: "kestrel".into(),
            data,
            time,
            ..Envelope::default()
        };
        rendered(&Event::new(said))
    }

    #[test]
    fn an_event_of_a_pod_as_ops_shows_it() {
        let data = json!({
            "type": "Warning", "reason": "BackOff", "eventTime": "2026-11-27T12:12:08+08:00", "from": "kubelet",
            "message": "container cart keeps leaving, next start in 5m0s",
        });
        let text = shown("Kube", "ops.clusters.kestrel.namespaces.shop.pods.cart-6c9f-m2x8k.events", data.clone());
        assert_eq!(
            text,
            "cluster: kestrel \nnamespace: shop \npod: cart-6c9f-m2x8k \ntype: Warning \nreason: BackOff \n\
             timestamp: 2026-11-27 12:12:08 \nfrom: kubelet \nmessage: container cart keeps leaving, next start in 5m0s \n"
        );
        let singular = shown("Kube", "ops.clusters.kestrel.namespaces.shop.pods.cart-6c9f-m2x8k.event", data);
        assert_eq!(text, singular);
    }

    #[test]
    fn names_and_kinds_come_out_as_oddly_as_there() {
        let node = |name: &str| shown("Kube", &format!("ops.clusters.k.nodes.{name}.events"), json!({ "reason": "R" }));
        assert!(node("gpu-07.rack3.lan").contains("\nnode: gpu-07.rack3.lan \nreason: R \n"));
        assert!(node("db.paris.lan").contains("\nnode: db \npari: lan \n"));
        assert!(node("atlas").contains("\nnode: atlas \n"));
        let ingress = shown("Kube", "ops.clusters.k.namespaces.a.ingresss.web.events", json!({}));
        assert!(ingress.contains("\ningre: web \n"), "{ingress}");
    }

    #[test]
    fn every_other_type_has_its_own_form_or_is_its_data() {
        let report = json!({
            "host": "db-02", "kind": "alert-hosts-disk-q7w4z", "message": "disk 2 is over the limit", "operator": ">",
            "status": "alerting", "threshold": "84", "value": 91,
        });
        let text = shown("TaskRunReport", "ops.clusters.kestrel.namespaces.ops-system.hosts.db-02.findings", report);
        assert_eq!(
            text,
            "cluster: kestrel \nhost: db-02 \nkind: alert-hosts-disk-q7w4z \nthreshold: 84 \noperator: > \n\
             status: alerting \nmessage: disk 2 is over the limit \ntime: 2026-11-27 04:30:17 \n"
        );
        let host = json!({ "address": "192.0.2.12", "status": { "hostname": "db-02", "heartStatus": "Failed", "cpuLoad1": "1" } });
        assert_eq!(
            shown("Host", "x", host),
            "cluster: kestrel \naddress: 192.0.2.12 \nhostname: db-02 \nheartStatus: Failed \n"
        );
        let cluster = json!({ "server": "https://192.0.2.40:6443", "status": { "certNotAfterDays": 22 } });
        assert!(shown("Cluster", "x", cluster).ends_with("certNotAfterDays: 22 \n"));
        assert_eq!(shown("Webhook", "x", json!({ "content": "as it is", "source": "s" })), "as it is");
        assert_eq!(shown("Default", "x", json!({ "severity": "critical" })), r#"{"severity":"critical"}"#);
        assert_eq!(
            (shown("Default", "x", json!("text")), shown("Kube", "", Value::Null).contains("reason")),
            ("text".into(), false)
        );
    }
}
