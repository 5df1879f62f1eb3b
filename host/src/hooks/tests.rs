//! The seventeen pairs of hook and event, the hooks of the write-up, and those that can never fire.

mod corpus;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use super::*;
use crate::domain::event::{Envelope, Event};
use crate::policy::{Set, test};
use crate::rules::Policies;

/// Imports hooks and loads what was written.
fn imported(yaml: &str) -> (Imported, Set, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let wanted = ImportRequest { into: folder.path().to_path_buf(), ..ImportRequest::default() };
    let imported = import(of(yaml), &wanted).unwrap();
    let set = Set::load(folder.path()).unwrap();
    let report = test::run(&set, &folder.path().join("tests"));
    assert_eq!((report.failed.len(), report.passed), (0, imported.tests), "{:?}", report.failed);
    (imported, set, folder)
}

fn of(yaml: &str) -> ParsedHooks {
    let mut all = ParsedHooks::default();
    read("hooks.yaml", yaml, &mut all);
    all
}

fn hook(spec: &Value) -> String {
    json!({
        "apiVersion": "crd.chenshaowen.com/v1", "kind": "EventHooks",
        "metadata": { "name": "one", "namespace": "ops-system" }, "spec": spec,
    })
    .to_string()
}

fn event(kind: &str, subject: &str, data: Value) -> Event {
    let (subject, cluster) = (subject.to_string(), "kestrel".to_string());
    let time = "2026-11-27T04:30:17.02Z".parse().ok();
    Event::new(Envelope { kind: kind.into(), subject, cluster, data, time, id: "1".into(), ..Envelope::default() })
}

fn samples(name: char) -> Event {
    let report = |host: &str, kind: &str| {
        json!({
            "host": host, "kind": kind, "message": "disk 2 is over the limit", "operator": ">", "status": "alerting",
            "threshold": "84", "type": "TaskRunReport", "value": "91",
        })
    };
    let kube = |kind: &str, reason: &str, message: &str| json!({ "type": kind, "reason": reason, "eventTime": "2026-11-27T12:12:08+08:00", "from": "kubelet", "message": message });
    match name {
        'K' => event(
            "Kube",
            "ops.clusters.kestrel.namespaces.shop.pods.cart-6c9f-m2x8k.events",
            kube("Warning", "BackOff", "container cart keeps leaving, next start in 5m0s"),
        ),
        'N' => event(
            "Kube",
            "ops.clusters.kestrel.nodes.gpu-07.rack3.lan.events",
            kube("Normal", "NodeNotReady", "gpu-07.rack3.lan is not ready any more"),
        ),
        'F' => event(
            "TaskRunReport",
            "ops.clusters.kestrel.namespaces.ops-system.hosts.db-02.findings",
            report("db-02", "alert-hosts-disk-q7w4z"),
        ),
        'T' => event(
            "TaskRunReport",
            "ops.clusters.kestrel.namespaces.ops-system.taskruns.alert-evicted-pods-k2x9z.findings",
            report("", "alert-evicted-pods-k2x9z"),
        ),
        _ => event(
            "Default",
            "ops.notifications.providers.northcloud.channels.webhook.severities.critical",
            json!({
                "channel": "webhook", "message": "volume vol-81 is read-only", "provider": "northcloud", "severity": "critical",
                "title": "storage",
            }),
        ),
    }
}

#[test]
fn the_seventeen_pairs() {
    let pairs = json!([
        [{ "include": ["BackOff"] }, "K", true],
        [{ "include": ["backoff"] }, "K", false],
        [{ "include": ["OOMKilled", "Warning"] }, "K", true],
        [{ "include": ["OOMKilled", "Warning"], "matchMode": "ALL" }, "K", false],
        [{ "include": ["Warning"], "matchMode": "all" }, "K", false],
        [{ "include": ["cart.*leaving"], "matchType": "regex" }, "K", false],
        [{ "include": ["cart.*leaving"], "matchType": "REGEX" }, "K", true],
        [{ "include": ["^reason: BackOff"], "matchType": "REGEX" }, "K", false],
        [{ "include": ["(?m)^reason: BackOff"], "matchType": "REGEX" }, "K", true],
        [{ "include": ["(?=.*cart).*BackOff"], "matchType": "REGEX" }, "K", false],
        [{ "exclude": ["kestrel"] }, "K", false],
        [{ "include": ["BackOff"], "matchType": "EXACT" }, "K", false],
        [{}, "N", false, "ops.clusters.*.nodes.*.events"],
        [{}, "N", true, "OPS.Clusters.*.nodes.>"],
        [{}, "T", false, "ops.clusters.*.namespaces.*.taskruns.alert-evicted-pods.findings"],
        [{ "include": ["alerting", "alert-hosts-disk"], "matchMode": "ALL" }, "F", true],
        [{ "include": ["severity: critical"] }, "M", false],
    ]);
    for (n, pair) in pairs.as_array().unwrap().iter().enumerate() {
        let subject = pair.get(3).and_then(Value::as_str).unwrap_or("ops.>");
        let spec =
            json!({ "type": "webhook", "url": "https://hooks.example/x", "subject": subject, "keywords": pair[0] });
        let (imported, set, _folder) = imported(&hook(&spec));
        let judged =
            set.event(&samples(pair[1].as_str().unwrap().chars().next().unwrap()), jiff::Timestamp::UNIX_EPOCH);
        assert_eq!((judged.faults.len(), !judged.raised.is_empty()), (0, pair[2] == true), "{}: {imported:?}", n + 1);
    }
}

#[test]
fn odd_keywords_do_what_they_do_in_ops() {
    let webhook =
        || event("Webhook", "ops.clusters.kestrel.namespaces.shop.webhooks.w.events", json!({ "content": "as it is" }));
    let odd_node = || {
        let data = json!({ "type": "Normal", "reason": "NodeNotReady", "message": "gone" });
        event("Kube", "ops.clusters.k.nodes.db.paris.lan.events", data)
    };
    let silent = || event("Webhook", "ops.clusters.k.namespaces.shop.webhooks.w.events", json!({ "content": "" }));
    let cases: [(Value, Event, bool); 26] = [
        (json!({ "include": [""] }), samples('K'), true),
        (json!({ "include": [""], "matchType": "EXACT" }), samples('K'), false),
        (json!({ "include": [""], "matchType": "REGEX" }), samples('K'), true),
        (json!({ "include": ["as it is"], "matchType": "EXACT" }), webhook(), true),
        (json!({ "exclude": ["as it is"], "matchType": "EXACT" }), webhook(), false),
        (json!({ "exclude": ["as it"], "matchType": "EXACT" }), webhook(), true),
        // An event without a text has an empty one.
        (json!({ "include": [""], "matchType": "EXACT" }), silent(), true),
        (json!({ "exclude": [""], "matchType": "EXACT" }), silent(), false),
        (json!({ "include": [""] }), silent(), true),
        (json!({ "include": ["x"] }), silent(), false),
        (json!({ "exclude": ["x"] }), silent(), true),
        // One matchType for both, and what excludes wins.
        (json!({ "include": ["BackOff"], "exclude": ["cart.*leaving"] }), samples('K'), true),
        (json!({ "include": ["BackOff"], "exclude": ["cart.*leaving"], "matchType": "REGEX" }), samples('K'), false),
        (
            json!({ "include": ["BackOff", "Warning"], "exclude": ["nothing", "kestrel"], "matchMode": "ALL" }),
            samples('K'),
            false,
        ),
        // Without include the mode does not matter.
        (json!({ "exclude": ["nothing"], "matchMode": "all" }), samples('K'), true),
        (json!({ "matchMode": "NONE" }), samples('K'), true),
        (json!({ "exclude": ["(?=x)"], "matchType": "REGEX" }), samples('K'), true),
        (json!({ "include": ["(?=x)", "BackOff"], "matchType": "REGEX" }), samples('K'), true),
        (json!({ "include": ["(?=x)", "BackOff"], "matchType": "REGEX", "matchMode": "ALL" }), samples('K'), false),
        // Lines end in a space, and a pattern reaches across them.
        (json!({ "include": ["reason: BackOff \ntimestamp"] }), samples('K'), true),
        (json!({ "include": ["Warning.*BackOff"], "matchType": "REGEX" }), samples('K'), true),
        (json!({ "include": ["(?m)Warning.*BackOff"], "matchType": "REGEX" }), samples('K'), false),
        (json!({ "include": ["5m0s \n$"], "matchType": "REGEX" }), samples('K'), true),
        (json!({ "include": ["2026-11-27 12:12:08"] }), samples('K'), true),
        (json!({ "include": ["pari: lan"] }), odd_node(), true),
        (json!({ "include": ["\"severity\":\"critical\""] }), samples('M'), true),
    ];
    for (keywords, event, wanted) in cases {
        let spec =
            json!({ "type": "webhook", "url": "https://hooks.example/x", "subject": "ops.>", "keywords": keywords });
        let (imported, set, _folder) = imported(&hook(&spec));
        assert_eq!(!raised(&set, &event).is_empty(), wanted, "{keywords}: {imported:?}");
    }
}

/// Those of the write-up, with addresses that are some.
const FOUR: &str = r#"
apiVersion: crd.chenshaowen.com/v1
kind: EventHooks
metadata: { name: nodes-p0, namespace: ops-system }
spec:
  keywords: { exclude: [cn-beijing], include: [NodeNotReady, NodeReady] }
  subject: ops.clusters.*.nodes.*.events
  type: xiezuo
  url: https://chat.example/woa/api/v1/webhook/send?key=very-secret
---
apiVersion: v1
kind: List
items:
  - apiVersion: crd.chenshaowen.com/v1
    kind: EventHooks
    metadata: { name: custom-disable, namespace: ops-system }
    spec:
      additional: 'action: cordon-node'
      keywords: { include: [10005] }
      subject: ops.clusters.*.nodes.*.events
      type: webhook
      url: http://10.0.0.7:8080/trigger/action?key=
  - { apiVersion: v1, kind: ConfigMap, metadata: { name: other } }
---
apiVersion: crd.chenshaowen.com/v1
kind: EventHooks
metadata: { name: convert-clusters-pods-events-to-alerts, namespace: ops-system }
spec:
  keywords:
    include: [".*(BackOff|OOMKilled|Evicted|NetworkNotReady|Unhealthy|Error|Failed|ImagePullBackOff).*"]
    matchMode: ALL
    matchType: REGEX
  subject: ops.clusters.*.namespaces.*.pods.*.events
  type: event
  url: ops.clusters.*.namespaces.*.pods.*.alerts
---
apiVersion: crd.chenshaowen.com/v1
kind: EventHooks
metadata: { name: post-cluster-pod-ops-agent, namespace: ops-system }
spec:
  additional: clusterpodevents
  keywords:
    include: [".*(kube-apiserver-|kube-controller-manager-|etcd-|calico-).*"]
    matchMode: ANY
    matchType: REGEX
  subject: ops.clusters.*.namespaces.*.pods.*.alerts
  type: webhook
  url: http://analysis.example/api/push
"#;

fn raised(set: &Set, event: &Event) -> Vec<String> {
    set.event(event, jiff::Timestamp::UNIX_EPOCH).raised.into_iter().map(|raised| raised.rule).collect()
}

#[test]
fn the_four_of_the_write_up() {
    let (imported, set, folder) = imported(FOUR);
    assert!(imported.hooks.iter().all(|hook| hook.never.is_empty()), "{imported:?}");
    assert_eq!(imported.skipped.len(), 1, "{imported:?}");
    let node = |reason: &str, message: &str, cluster: &str| {
        event(
            "Kube",
            &format!("ops.clusters.{cluster}.nodes.n1.events"),
            json!({ "reason": reason, "message": message }),
        )
    };
    assert_eq!(raised(&set, &node("NodeNotReady", "", "kestrel")), ["hook-nodes-p0"]);
    assert_eq!(raised(&set, &node("NodeNotReady", "", "cn-beijing")), [""; 0]);
    assert_eq!(raised(&set, &node("NodeNotReady", "code 10005", "k")), ["hook-nodes-p0", "hook-custom-disable"]);
    let pod = |name: &str, tail: &str| {
        let subject = format!("ops.clusters.k.namespaces.kube-system.pods.{name}.{tail}");
        event("Kube", &subject, json!({ "reason": "BackOff", "message": "it keeps leaving" }))
    };
    // What the one sends on, the other hears at its origin.
    let forwarded = |event: &Event| {
        let judged = set.event(event, jiff::Timestamp::UNIX_EPOCH);
        judged.forward.iter().map(|(subject, _)| event.forwarded(subject).subject).collect::<Vec<_>>()
    };
    let after = "hook-post-cluster-pod-ops-agent/after-1";
    assert_eq!(raised(&set, &pod("web-1", "events")), [""; 0]);
    assert_eq!(forwarded(&pod("web-1", "events")), ["ops.clusters.k.namespaces.kube-system.pods.web-1.alerts"]);
    assert_eq!(raised(&set, &pod("etcd-a", "events")), [after]);
    assert_eq!(forwarded(&pod("etcd-a", "events")).len(), 1);
    assert_eq!(raised(&set, &pod("etcd-a", "alerts")), ["hook-post-cluster-pod-ops-agent"]);
    assert!(imported.notes.iter().any(|note| note.contains("publish = { prefix = \"ops\" }")), "{imported:?}");
    let text = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let notifiers = text("notifiers.toml");
    assert!(!notifiers.contains("very-secret") && notifiers.contains("xiezuo"), "{notifiers}");
    assert!(notifiers.contains("private = true"), "{notifiers}");
    assert_eq!(text("secrets/nodes-p0"), "https://chat.example/woa/api/v1/webhook/send?key=very-secret");
    let mode = fs::metadata(folder.path().join("secrets/nodes-p0")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let config =
        crate::config::Config::parse(notifiers, Some(&folder.path().join("tidegate.toml")), &Default::default());
    let config = config.unwrap();
    assert_eq!(config.notifiers.len(), 3, "{:?}", config.notifiers.keys());
    // A second time nothing gives way, unless it is an import's own.
    let wanted = |force| ImportRequest { into: folder.path().to_path_buf(), force, ..ImportRequest::default() };
    assert!(import(of(FOUR), &wanted(false)).unwrap_err().contains("there already"));
    let again = import(of(FOUR), &wanted(true)).unwrap();
    assert!(again.is_whole() && again.removed.is_empty(), "{again:?}");
}

#[test]
fn nothing_is_written_through_a_link() {
    let link = std::os::unix::fs::symlink::<std::path::PathBuf, std::path::PathBuf>;
    for name in ["secrets", "tests", "secrets/nodes-p0", "12-hooks.rhai", ".imported-eventhooks.json"] {
        let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
        link(other.path().join("there"), folder.path().join(name)).unwrap();
        fs::create_dir_all(other.path().join("there")).unwrap();
        let wanted = ImportRequest { into: folder.path().to_path_buf(), force: true, ..ImportRequest::default() };
        let refused = import(of(FOUR), &wanted).unwrap_err();
        assert!(refused.contains(name) && refused.contains("is a link"), "{refused}");
        assert_eq!(fs::read_dir(other.path().join("there")).unwrap().count(), 0, "{name}");
        assert!(!folder.path().join("notifiers.toml").exists(), "{name}");
    }
}

#[test]
fn whom_routes_tell_besides_is_foretold() {
    let folder = tempfile::tempdir().unwrap();
    let notes = |targets: &str, routed: &str| {
        let targets =
            crate::config::Config::parse(targets.into(), None, &Default::default()).unwrap().notifiers.clone();
        let taken = ExistingNames { targets, routed: [routed.to_string()].into(), ..ExistingNames::default() };
        let wanted =
            ImportRequest { into: folder.path().to_path_buf(), force: true, taken, ..ImportRequest::default() };
        import(of(FOUR), &wanted).unwrap().notes.join("\n")
    };
    assert!(notes("", "default").contains("wants that as well"), "{}", notes("", "default"));
    assert!(notes("", "default").contains("[notifiers.default]"));
    assert!(!notes("[notifiers.default]\nplugin = 'webhook'", "default").contains("as well, for what"));
    assert!(!notes("", "nodes-p0").contains("as well, for what"), "the hook's own");
}

#[test]
fn they_stand_beside_the_shipped_rules() {
    let (_, _, folder) = imported(FOUR);
    let shipped = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies");
    for part in ["", "lib", "tests", "collectors"] {
        fs::create_dir_all(folder.path().join(part)).unwrap();
        for entry in fs::read_dir(shipped.join(part)).unwrap().flatten().filter(|entry| entry.path().is_file()) {
            fs::copy(entry.path(), folder.path().join(part).join(entry.file_name())).unwrap();
        }
    }
    let set = Set::load(folder.path()).unwrap();
    let report = test::run(&set, &folder.path().join("tests"));
    assert_eq!(report.failed, [], "{} passed", report.passed);
    let down = event("Kube", "ops.clusters.k.nodes.n1.events", json!({ "reason": "NodeNotReady" }));
    assert_eq!(raised(&set, &down), ["hook-nodes-p0", "node-is-not-ready"]);
}

#[test]
fn what_can_never_fire_says_why() {
    let never = |spec: Value| {
        let (imported, ..) = imported(&hook(&spec));
        imported.hooks[0].never.join(" ")
    };
    let url = "https://hooks.example/x";
    for (spec, part) in [
        (json!({ "type": "webhook", "url": url }), "subject is empty"),
        (json!({ "type": "slack", "url": url, "subject": "ops.>" }), "none of webhook"),
        (json!({ "type": "webhook", "url": url, "subject": "ops.pods.web-*.events" }), "stand alone"),
        (
            json!({ "type": "webhook", "url": url, "subject": "ops.>", "keywords": { "include": ["a"], "matchMode": "Any" } }),
            "neither ANY nor ALL",
        ),
        (
            json!({ "type": "webhook", "url": url, "subject": "ops.>", "keywords": { "include": ["(?=a)"], "matchType": "REGEX" } }),
            "none of its include",
        ),
        (json!({ "type": "webhook", "subject": "ops.>" }), "no url"),
        (
            json!({ "type": "webhook", "url": url, "subject": "ops.>", "keywords": { "exclude": [""] } }),
            "empty keyword",
        ),
    ] {
        let said = never(spec.clone());
        assert!(said.contains(part), "{spec}: {said}");
    }
    let round = json!({ "type": "event", "url": "ops.copy", "subject": "ops.>" });
    let (imported, ..) = imported(&hook(&round));
    assert!(imported.hooks[0].notes.iter().any(|note| note.contains("goes round for ever")), "{imported:?}");
}
