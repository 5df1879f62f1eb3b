//! What makes the trouble of two incidents the same one: whom it is about, what was looked at and what that showed,
//! without what differs from one pod or minute to the next.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::{Captures, Regex};
use sha2::{Digest, Sha256};

use super::budget::scope_of;
use crate::domain::incident::Look;
use crate::domain::text::canonical_json;
use crate::domain::{Incident, Subject};
use crate::evidence;

/// What may differ from one pod or minute to the next: times, identifiers, and numbers with or without a unit. The number of an
/// exit code, a signal, a status or a port says what is wrong, and stays; so does that of a member, such as `db-0`, because what
/// helps one member may harm another.
static FLEETING: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let kept = r"(?P<kept>(?i:code|exit\w*|status|signal|http|error|port)[^\w\n]{0,3}\d+)";
    let time = r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?|\d{1,2}:\d\d:\d\d(?:[.,]\d+)?|\d{10,}";
    let id = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{24,}|0x[0-9a-f]+";
    let number = r"(?P<number>x?\d+(?:\.\d+)*(?:(?:ns|us|µs|ms|s|m|h|d|%|[KMGT]i?B?)(?:\d+(?:m|s|ms|h))*)?)";
    Regex::new(&format!("{kept}|{id}|{time}|{number}")).ok()
});

/// What stands beside a number that is part of something else: of an address, a version, a name.
fn belongs(beside: Option<char>) -> bool {
    beside.is_some_and(|c| c.is_alphanumeric() || matches!(c, ':' | '.' | '/' | '@' | '-' | '_' | '#'))
}

/// Labels by which the same trouble of another pod, or as another scrape sees it, differs.
const PASSING: [&str; 9] =
    ["pod", "pod_name", "pod_ip", "pod_uid", "uid", "instance", "id", "prometheus", "prometheus_replica"];

/// The signature of an incident that no model has answered yet; none where nothing was seen that tells it from
/// another one.
pub(super) fn of(incident: &Incident) -> Option<String> {
    let until = incident.model.turns.first().map_or(incident.looks.len(), |turn| turn.after_looks);
    let looks: Vec<&Look> = incident.looks.iter().take(until).filter(|look| evidence::is_evidence(look)).collect();
    if !looks.iter().any(|look| look.ok && look.refused.is_none()) || !incident.counted.is_empty() {
        return None;
    }
    let pods = pods(incident);
    let plain =
        |text: &str| fleeting(&pods.iter().fold(text.to_string(), |text, (pod, owner)| text.replace(pod, owner)));
    let mut lines: BTreeSet<String> = BTreeSet::new();
    for alert in &incident.alerts {
        let subject = Subject::of(alert);
        let about = subject.as_ref().map(|subject| {
            let workload = subject.workload().map(|workload| format!("{} {}", workload.kind, workload.name));
            let place = (&subject.cluster, &subject.namespace);
            format!("{place:?} {}", workload.unwrap_or_else(|| subject.to_string()))
        });
        lines.insert(format!("alert {} {:?}", alert.name, about));
        let lasting = alert.labels.iter().filter(|(name, _)| !PASSING.contains(name));
        lines.extend(lasting.map(|(name, value)| format!("label {name} {}", plain(value))));
        lines.extend(alert.annotations.iter().map(|(name, value)| format!("said {name} {}", plain(value))));
    }
    for look in &looks {
        let arguments = canonical_json(&serde_json::Value::Object(look.call.arguments.clone()));
        lines.insert(format!("look {} {} {}", look.call.tool, look.ok, plain(&arguments)));
        lines.extend(evidence::of(look).lines.iter().map(|line| format!("seen {}", plain(line))));
    }
    let causes = incident.causes().unwrap_or_default();
    lines.extend(
        causes.iter().map(|named| format!("cause {} {}", named.cause.as_str(), plain(&named.objects.join(" ")))),
    );
    let (source, rule) = scope_of(incident);
    let mut hash = Sha256::new();
    [source, rule].into_iter().chain(lines.iter().map(String::as_str)).for_each(|line| {
        hash.update(line.len().to_le_bytes());
        hash.update(line);
    });
    Some(hex::encode(hash.finalize()))
}

/// Pods by their names, longest first, with what they belong to.
fn pods(incident: &Incident) -> Vec<(String, String)> {
    let subjects = incident.alerts.iter().filter_map(Subject::of).filter(|subject| subject.kind == "pod");
    let owned = subjects.filter_map(|pod| Some((pod.name.clone(), pod.workload()?)));
    let owned =
        owned.filter(|(_, workload)| workload.kind != "statefulset").map(|(pod, workload)| (pod, workload.name));
    let known: BTreeMap<String, String> = owned.filter(|(pod, owner)| pod != owner).collect();
    let mut known: Vec<(String, String)> = known.into_iter().collect();
    known.sort_by_key(|(pod, _)| std::cmp::Reverse(pod.len()));
    known
}

fn fleeting(text: &str) -> String {
    let replaced = |found: &Captures<'_>| {
        let part = found.name("number").is_some_and(|number| {
            let before = text.get(..number.start()).and_then(|text| text.chars().next_back());
            let mut after = text.get(number.end()..).unwrap_or_default().chars();
            let next = after.next();
            let sentence_ends = next == Some('.') && !after.next().is_some_and(char::is_alphanumeric);
            belongs(before) || belongs(next) && !sentence_ends
        });
        if part || found.name("kept").is_some() {
            found.get(0).map_or("", |whole| whole.as_str()).to_string()
        } else {
            "#".to_string()
        }
    };
    FLEETING.as_ref().map_or_else(|| text.to_string(), |fleeting| fleeting.replace_all(text, replaced).into_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::entry::Purpose;
    use crate::model::tests::{alert, call, happen, incident, looked};

    fn seen(pod: &str, text: &str) -> Option<String> {
        let mut incident = incident(vec![alert(pod)]);
        let get = call("kubernetes.kubectl_describe", json!({"resourceType": "pod", "name": pod}));
        happen(&mut incident, looked(Purpose::Evidence, get, &text.replace("POD", pod)));
        of(&incident)
    }

    #[test]
    fn another_pod_of_a_workload_with_the_same_trouble_is_the_same() {
        let (first, second) = ("web-7d9f8c6b5d-x2x4z", "web-7d9f8c6b5d-9kkqp");
        let text = "POD 0/1 CrashLoopBackOff 17 restarts in 12m\nLast State: Terminated, exit code 1";
        let one = seen(first, text);
        assert!(one.is_some());
        assert_eq!(one, seen(second, &text.replace("17", "3").replace("12m", "2h")));
        assert_ne!(one, seen(first, &text.replace("exit code 1", "exit code 137")), "the code says what is wrong");
        assert_ne!(one, seen(first, &text.replace("CrashLoop", "ImagePull")));
        assert_ne!(one, seen("api-7d9f8c6b5d-x2x4z", text), "of another workload it is another one");
    }

    #[test]
    fn what_says_where_and_which_is_not_taken_for_what_passes() {
        for (one, other) in [
            ("dial tcp 10.0.0.5:5432: connection refused", "dial tcp 10.0.0.5:6379: connection refused"),
            ("dial tcp 10.0.0.5:5432: connection refused", "dial tcp 10.0.0.9:5432: connection refused"),
            ("image shop/app:1.2", "image shop/app:1.3"),
            ("listens on port 8080", "listens on port 8081"),
            ("replica db-1 lags", "replica db-2 lags"),
            ("answered 402 (HTTP 402)", "answered 500 (HTTP 500)"),
        ] {
            assert_ne!(fleeting(one), fleeting(other), "{one}");
        }
        for (one, other) in [
            ("17 restarts in 12m.", "3 restarts in 2h5m."),
            ("2026-11-28T07:00:00Z slow", "2026-11-28 08:01:02.5+01:00 slow"),
            ("Back-off 4s (x3 over 10s)", "Back-off 9s (x17 over 3m)"),
            ("the disk is at 91%", "the disk is at 97.5%"),
            ("took=12ms", "took=340ms"),
            ("uses 512Mi of 1Gi", "uses 700Mi of 2Gi"),
            ("[1763000000] object 0x7ffe12", "[1763000099] object 0x7ffa99"),
        ] {
            assert_eq!(fleeting(one), fleeting(other), "{one}");
        }
    }

    #[test]
    fn what_the_alert_says_makes_it_another_trouble() {
        let told = |summary: &str, container: &str| {
            let mut alert = alert("web-7d9f8c6b5d-x2x4z");
            alert.annotations.insert("summary", summary);
            alert.labels.insert("container", container);
            let mut incident = incident(vec![alert]);
            happen(&mut incident, looked(Purpose::Evidence, call("k.get", json!({})), "0/1 CrashLoopBackOff"));
            of(&incident).unwrap()
        };
        let one = told("orders wait for 3 s", "worker");
        assert_eq!(one, told("orders wait for 9 s", "worker"));
        assert_ne!(one, told("payments are refused with 402", "worker"));
        assert_ne!(one, told("orders wait for 3 s", "frontend"));
    }

    #[test]
    fn where_nothing_was_seen_nothing_is_the_same() {
        let mut incident = incident(vec![alert("web")]);
        assert_eq!(of(&incident), None);
        let refused = crate::domain::Fact::Looked {
            purpose: Purpose::Evidence,
            call: call("k.get", json!({})),
            ok: false,
            text: "no".into(),
            took_ms: 1,
            refused: Some("g".into()),
        };
        happen(&mut incident, refused);
        assert_eq!(of(&incident), None);
    }
}
