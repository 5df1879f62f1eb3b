//! What clusters, registries and programs say, in as many ways as are known, each with its cause:
//! `testdata/words/<family>.txt`, a line each, the cause before the words. Both servers tell the same.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{Server, alert, answered};
use crate::diagnosis::causes;
use crate::domain::NamedCause;
use crate::domain::incident::Look;

const IMAGE: &str = "registry.example.com/shop/web:2.4.1";
const POD: &str = "web-7f9c6d5b8-x2k4p";

/// The lines of a family: the cause and the words.
fn lines(family: &str) -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/diagnosis/testdata/words/{family}.txt"));
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    let own = |line: &str| {
        let (cause, words) = line.split_once(" | ").unwrap_or_else(|| panic!("{line}"));
        (cause.to_string(), words.replace("IMAGE", IMAGE))
    };
    lines.map(own).collect()
}

fn pod(container: Value, more: Value) -> Value {
    let mut status = json!({"phase": "Pending", "containerStatuses": [container]});
    for (key, value) in more.as_object().unwrap() {
        status[key] = value.clone();
    }
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": POD, "namespace": "shop"},
        "spec": {"nodeName": "n1", "containers": [{"name": "web", "image": IMAGE,
            "readinessProbe": {}, "livenessProbe": {}, "startupProbe": {}}]}, "status": status})
}

fn waiting(reason: &str, message: &str) -> Value {
    json!({"name": "web", "image": IMAGE, "ready": false, "restartCount": 0,
        "state": {"waiting": {"reason": reason, "message": message}}})
}

fn events(kind: &str, name: &str, reason: &str, message: &str) -> Value {
    let warns = if matches!(reason, "ExternalProvisioning" | "WaitForFirstConsumer" | "FailedBinding") {
        "Normal"
    } else {
        "Warning"
    };
    json!({"events": [{"type": warns, "reason": reason, "message": message, "count": 3,
        "involvedObject": {"kind": kind, "name": name, "namespace": "shop"}}]})
}

/// What is seen where a cluster says this.
fn scene(family: &str, words: &str) -> Vec<Value> {
    let reasoned = || words.split_once(": ").unwrap();
    match family {
        "image" => {
            let said = format!("Failed to pull image \"{IMAGE}\": {words}");
            let waits = waiting("ImagePullBackOff", &format!("Back-off pulling image \"{IMAGE}\""));
            vec![pod(waits, json!({})), events("Pod", POD, "Failed", &said)]
        }
        "scheduling" => {
            let condition =
                json!({"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": words});
            let mut pod = pod(json!({}), json!({"conditions": [condition], "containerStatuses": []}));
            pod["spec"].as_object_mut().unwrap().remove("nodeName");
            vec![pod, events("Pod", POD, "FailedScheduling", words)]
        }
        "admission" => {
            let set = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "spec": {"replicas": 2},
                "metadata": {"name": "web-7f9c6d5b8", "namespace": "shop"}, "status": {"replicas": 0}});
            vec![set, events("ReplicaSet", "web-7f9c6d5b8", "FailedCreate", &format!("Error creating: {words}"))]
        }
        "container" => {
            let (reason, message) = reasoned();
            vec![pod(waiting(reason, message), json!({}))]
        }
        "pod_event" => {
            let (reason, message) = reasoned();
            vec![pod(waiting("ContainerCreating", ""), json!({})), events("Pod", POD, reason, message)]
        }
        "log" => {
            let status = json!({"name": "web", "image": IMAGE, "ready": false, "restartCount": 6,
                "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}}});
            let log = json!({"log": format!("starting\n{words}\n"), "name": POD, "namespace": "shop"});
            vec![pod(status, json!({"phase": "Running"})), log]
        }
        "claim" => {
            let (reason, message) = reasoned();
            let class = if reason == "FailedBinding" { json!({}) } else { json!({"storageClassName": "fast"}) };
            let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "spec": class,
                "metadata": {"name": "data-db-0", "namespace": "shop"}, "status": {"phase": "Pending"}});
            vec![claim, events("PersistentVolumeClaim", "data-db-0", reason, message)]
        }
        "probe" => {
            let status = json!({"name": "web", "image": IMAGE, "ready": false, "restartCount": 0,
                "state": {"running": {"startedAt": "2026-11-21T00:00:00Z"}}});
            vec![pod(status, json!({"phase": "Running"})), events("Pod", POD, "Unhealthy", words)]
        }
        "node" => {
            let (head, message) = reasoned();
            let [kind, status, reason] = head.split(' ').collect::<Vec<_>>().try_into().unwrap();
            let condition = json!({"type": kind, "status": status, "reason": reason, "message": message});
            vec![
                json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}, "status": {"conditions": [condition]}}),
            ]
        }
        other => panic!("{other}"),
    }
}

fn named(family: &str, words: &str, server: Server) -> Vec<NamedCause> {
    let looks: Vec<Look> =
        scene(family, words).iter().map(|document| answered(&document.to_string(), server)).collect();
    let alert = alert(&format!("alertname=KubePodNotReady namespace=shop pod={POD}"));
    causes([&alert], &looks)
}

#[test]
fn whatever_words_are_used_the_cause_is_the_same() {
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for family in ["image", "scheduling", "admission", "container", "pod_event", "log", "claim", "probe", "node"] {
        let lines = lines(family);
        assert!(lines.len() >= 8, "{family}");
        for (want, words) in lines {
            for server in [Server::Node, Server::Go] {
                tried += 1;
                let found = named(family, &words, server);
                let got = found.first().map_or("none", |first| first.cause.as_str());
                if got != want {
                    wrong.push(format!("{family} ({server:?}): {words}\n    wanted {want}, got {got} {found:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
}

/// The name of an image, a claim or a volume is no word about what went wrong.
#[test]
fn names_are_not_taken_for_words() {
    for image in ["registry.example.com/shop/timeout-service:1", "x509-proxy:unauthorized", "toomanyrequests/notfound"]
    {
        let said = format!("Failed to pull image \"{image}\": something new");
        let mut pod = pod(waiting("ImagePullBackOff", ""), json!({}));
        pod["spec"]["containers"][0]["image"] = image.into();
        let looks = [pod, events("Pod", POD, "Failed", &said)].map(|one| answered(&one.to_string(), Server::Node));
        let found = causes([], &looks);
        assert_eq!(found[0].cause.as_str(), "image-not-pulled", "{found:?}");
        assert_eq!(found[0].what, image);
    }
}

/// Two containers, of which the second one fails: the log that is read is its own.
#[test]
fn a_log_belongs_to_its_container() {
    let status = |name: &str, well: bool| {
        let state = if well { json!({"running": {}}) } else { json!({"waiting": {"reason": "CrashLoopBackOff"}}) };
        let last = if well { json!({}) } else { json!({"terminated": {"exitCode": 1, "reason": "Error"}}) };
        json!({"name": name, "ready": well, "restartCount": if well { 0 } else { 5 }, "state": state, "lastState": last})
    };
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": POD, "namespace": "shop"},
        "spec": {"containers": [{"name": "proxy"}, {"name": "web"}]},
        "status": {"phase": "Running", "containerStatuses": [status("proxy", true), status("web", false)]}});
    let log = |container: &str, text: &str| {
        let arguments = json!({"name": POD, "namespace": "shop", "container": container, "previous": true});
        super::look("pods_log", arguments, text.into())
    };
    let seen = answered(&pod.to_string(), Server::Go);
    let own = [
        seen.clone(),
        log("web", "KeyError: 'DB_HOST'"),
        log("proxy", "dial tcp: lookup db on 10.0.0.1:53: no such host"),
    ];
    assert_eq!(causes([], &own)[0].cause.as_str(), "environment-variable-missing");
    let other = [seen, log("", "KeyError: 'DB_HOST'")];
    assert_eq!(causes([], &other)[0].cause.as_str(), "crash-loop", "of the first container, which runs");
}
