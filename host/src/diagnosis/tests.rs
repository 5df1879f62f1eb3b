//! Objects, events and logs as real clusters write them, in the forms of both Kubernetes servers, with the cause
//! that a person would name: `testdata/<case>.yaml`, documents apart by `---`, the wanted cause in the first line.

mod well;
mod words;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::domain::entry::Purpose;
use crate::domain::{Call, Labels, Severity, Status, values};

/// In which form an answer comes.
#[derive(Clone, Copy, Debug)]
enum Server {
    /// JSON, by kubectl.
    Node,
    /// YAML.
    Go,
}

fn look(tool: &str, arguments: Value, text: String) -> Look {
    let call = Call { tool: format!("k.{tool}"), arguments: arguments.as_object().cloned().unwrap() };
    Look { purpose: Purpose::Evidence, call, ok: true, text, at: Timestamp::UNIX_EPOCH, refused: None }
}

fn alert(words: &str) -> Alert {
    let mut labels = BTreeMap::new();
    let (plain, description) = words.split_once(" description=").unwrap_or((words, ""));
    for pair in plain.split_whitespace() {
        let (key, value) = pair.split_once('=').unwrap();
        labels.insert(key.to_string(), value.to_string());
    }
    let name = labels["alertname"].clone();
    let annotations = [("description".to_string(), description.trim_matches('"').to_string())];
    Alert {
        source: "alertmanager".into(),
        name,
        status: Status::Firing,
        severity: Severity::Warning,
        labels: labels.into_iter().collect::<Labels>(),
        annotations: annotations.into_iter().filter(|(_, text)| !text.is_empty()).collect(),
        starts_at: None,
        ends_at: None,
        fingerprint: "f".into(),
        link: None,
    }
}

/// A document as the server would answer it.
fn answered(document: &str, server: Server) -> Look {
    let value = values(document).unwrap_or_else(|| panic!("{document}")).remove(0);
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    if let Some(log) = value.get("log").and_then(Value::as_str) {
        let container = text("/container");
        let arguments =
            json!({"name": text("/name"), "namespace": text("/namespace"), "container": container, "previous": true});
        return look(if matches!(server, Server::Node) { "kubectl_logs" } else { "pods_log" }, arguments, log.into());
    }
    if let Some(events) = value.get("events").and_then(Value::as_array) {
        return match server {
            Server::Node => look("kubectl_get", json!({"resourceType": "events"}), value.to_string()),
            Server::Go => look("events_list", json!({}), go_events(events)),
        };
    }
    let arguments = json!({"resourceType": text("/kind").to_lowercase(), "name": text("/metadata/name")});
    match server {
        Server::Node => look("kubectl_get", arguments, serde_json::to_string_pretty(&value).unwrap()),
        Server::Go => look("resources_get", arguments, document.into()),
    }
}

fn go_events(events: &[Value]) -> String {
    let mut out = String::from("# The following events (YAML format) were found:\n");
    for event in events {
        let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        out.push_str(&format!(
            "- InvolvedObject:\n    Kind: {}\n    Name: {}\n    apiVersion: v1\n  Message: {:?}\n  Namespace: {}\n  \
             Reason: {}\n  Timestamp: 2026-11-21 00:20:55.019334 +0000 UTC\n  Type: {}\n",
            text("/involvedObject/kind"),
            text("/involvedObject/name"),
            text("/message"),
            Some(text("/involvedObject/namespace")).filter(|one| !one.is_empty()).unwrap_or("shop"),
            text("/reason"),
            text("/type"),
        ));
    }
    out
}

/// Each case: its name, the first line and what was seen.
fn cases(server: Server) -> Vec<(String, String, Vec<Alert>, Vec<Look>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/diagnosis/testdata");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.is_file());
    paths.sort();
    let one = |path: std::path::PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        let head = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)).map(str::to_string);
        let body: Vec<&str> = text.lines().filter(|line| !line.starts_with("# ")).collect();
        let body = body.join("\n");
        let documents =
            body.split("\n---\n").flat_map(|part| part.split("---\n")).filter(|part| !part.trim().is_empty());
        let looks = documents.map(|document| answered(document, server)).collect();
        let alerts = head("# alert: ").iter().map(|words| alert(words)).collect();
        (name, head("# want: ").unwrap(), alerts, looks)
    };
    paths.into_iter().map(one).collect()
}

fn shown(found: &[NamedCause]) -> String {
    found.first().map_or("none".into(), |first| format!("{} what={}", first.cause.as_str(), first.what))
}

#[test]
fn what_a_person_would_name_is_named_whichever_server_answered() {
    let mut wrong = Vec::new();
    let mut named = std::collections::BTreeSet::new();
    for server in [Server::Node, Server::Go] {
        for (name, want, alerts, looks) in cases(server) {
            let found = causes(&alerts, &looks);
            let got = shown(&found);
            if got != want {
                wrong.push(format!("{name} ({server:?}): wanted {want}\n    got {got}\n    {found:?}"));
            }
            named.extend(found.first().map(|one| one.cause));
            for one in &found {
                let sized = one.evidence.len() <= LINES && one.objects.len() <= OBJECTS && one.said.len() < 1000;
                assert!(sized && !one.objects.iter().any(String::is_empty), "{name}: {one:?}");
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(named.len() >= 45, "{} kinds of causes are told apart: {named:?}", named.len());
}

#[test]
fn what_explains_comes_before_what_follows() {
    let all: Vec<Look> = cases(Server::Go)
        .into_iter()
        .filter(|(name, ..)| matches!(name.as_str(), "quota" | "rollout_stuck"))
        .flat_map(|(.., looks)| looks)
        .collect();
    let found = causes(&[], &all);
    assert_eq!(found[0].cause, Cause::QuotaExceeded, "{found:?}");
    let stuck = found.iter().find(|one| one.cause == Cause::RolloutStuck).unwrap();
    assert!(stuck.confidence <= 40, "{stuck:?}");
}

#[test]
fn the_same_trouble_of_several_pods_is_one_cause() {
    let of = |name: &str| {
        let pod = json!({"kind": "Pod", "metadata": {"name": name, "namespace": "shop"},
            "spec": {"containers": [{"name": "web", "image": "web:1-"}]}, "status": {"phase": "Pending",
            "containerStatuses": [{"name": "web", "ready": false, "state": {"waiting": {"reason": "ImagePullBackOff"}}}]}});
        look("pods_get", json!({}), pod.to_string())
    };
    let events = look(
        "kubectl_get",
        json!({"resourceType": "events"}),
        json!({"events": [{"type": "Warning", "reason": "Failed", "message": "Failed to pull image \"web:1-\": not found",
            "involvedObject": {"kind": "Pod", "name": "web-a"}}]})
        .to_string(),
    );
    let found = causes(&[], &[of("web-a"), events]);
    assert_eq!((shown(&found).as_str(), found.len()), ("image-tag-missing what=web:1-", 1));
    let many: Vec<Look> = ["a", "b", "c", "d", "e", "a"].iter().map(|name| of(&format!("web-{name}"))).collect();
    let found = causes(&[], &many);
    assert_eq!((found.len(), found[0].objects.len(), found[0].more), (1, 3, 2), "{found:?}");
}

/// A list of events is in the order in which things happened first; the scheduler counts its own in a series.
#[test]
fn what_a_scheduler_says_now_counts_and_not_what_it_said_before() {
    let pod = json!({"kind": "Pod", "metadata": {"name": "web-0", "namespace": "shop"}, "status": {"phase": "Pending"},
        "spec": {"containers": [{"name": "web"}]}});
    let event = |message: &str, first: &str, series: Value| {
        json!({"type": "Warning", "reason": "FailedScheduling", "message": message, "eventTime": first,
            "lastTimestamp": null, "series": series, "reportingComponent": "default-scheduler",
            "involvedObject": {"kind": "Pod", "name": "web-0", "namespace": "shop"}})
    };
    let events = json!({"events": [
        event("0/3 nodes are available: 3 node(s) had untolerated taint {dedicated: db}.", "2026-11-21T00:10:00.000000Z",
            json!({"count": 9, "lastObservedTime": "2026-11-21T00:29:00.000000Z"})),
        event("0/3 nodes are available: 3 Insufficient cpu.", "2026-11-21T00:20:00.000000Z", Value::Null),
    ]});
    let looks = [look("pods_get", json!({}), pod.to_string()), look("kubectl_get", json!({}), events.to_string())];
    assert_eq!(shown(&causes([], &looks)), "taint-not-tolerated what=dedicated: db");
}

/// Every answer that stands as an example of what is cut out, those included that are broken or cut off.
#[test]
fn no_answer_is_too_odd() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/evidence/testdata");
    let mut looks = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "answer") {
            let case = fs::read_to_string(&path).unwrap();
            let (call, text) = case.split_once('\n').unwrap();
            let call: Call = serde_json::from_str(call).unwrap();
            looks.push(Look { call, text: text.into(), ..look("x", json!({}), String::new()) });
        }
    }
    let odd = [
        "[".repeat(100_000),
        "{\"a\":".repeat(50_000),
        "Name:".repeat(10_000),
        "告".repeat(400_000),
        format!("{{\"items\":[{}]}}", vec!["{\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\"}}"; 20_000].join(",")),
        format!("[{}]", vec!["{\"involvedObject\":{},\"reason\":\"Unhealthy\"}"; 20_000].join(",")),
        json!({"kind": "Pod", "metadata": 7, "status": {"containerStatuses": {"a": 1}, "conditions": [1, null, "x"]}})
            .to_string(),
        json!({"kind": "HorizontalPodAutoscaler", "metadata": {"name": ["x"]}, "spec": {"maxReplicas": 1e300}})
            .to_string(),
    ];
    looks.extend(odd.into_iter().map(|text| look("kubectl_get", json!({"resourceType": "pod"}), text)));
    let cut: Vec<Look> = looks
        .iter()
        .flat_map(|one| {
            (1..4).map(|part| {
                let at = one.text.floor_char_boundary(one.text.len() / 4 * part);
                Look { text: one.text[..at].to_string(), ..one.clone() }
            })
        })
        .collect();
    for one in looks.iter().chain(&cut) {
        assert!(causes(&[], [one]).len() <= CAUSES);
    }
    let all = causes(&[], &looks);
    assert!(all.len() <= CAUSES && all.iter().all(|one| !format!("{one:?}").contains("managedFields")));
}

#[test]
fn every_cause_stands_in_the_manual() {
    let manual = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies/README.md")).unwrap();
    let missing: Vec<&str> =
        Cause::NAMES.iter().copied().filter(|name| !manual.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(Cause::ALL.iter().all(|cause| Cause::of(cause.as_str()) == Some(*cause)));
}
