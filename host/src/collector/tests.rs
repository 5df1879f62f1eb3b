//! From an alert to the calls, round by round, as either Kubernetes server answers.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::domain::entry::Purpose;
use crate::domain::incident::Look;
use crate::domain::{
    Call, Catalogue, Clusters, Entry, Fact, Incident, IncidentId, Labels, Risk, Severity, Status, Tool,
};

fn shipped() -> Tables {
    let mut tables = Tables::default();
    tables.add(include_str!("../../../policies/collectors/kubernetes.toml")).unwrap();
    assert_eq!(tables.problems(), Vec::<String>::new());
    tables
}

fn catalogue(tools: &[&str]) -> Catalogue {
    let tool = |name: &&str| {
        let (name, schema) = (name.to_string(), json!({}));
        (
            name.clone(),
            Tool {
                name,
                description: String::new(),
                schema,
                risk: Risk::Read,
                repeatable: true,
                undo: None,
                own: false,
            },
        )
    };
    Catalogue { tools: tools.iter().map(tool).collect::<BTreeMap<_, _>>(), ..Catalogue::default() }
}

const NODE: [&str; 2] = ["k.kubectl_get", "k.kubectl_logs"];
const GO: [&str; 5] = ["g.pods_get", "g.resources_get", "g.resources_list", "g.events_list", "g.pods_log"];

fn incident(labels: &[(&str, &str)]) -> Incident {
    let labels: Labels = labels.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
    let alert = crate::domain::Alert {
        source: "alertmanager".into(),
        name: labels.get("alertname").unwrap_or("KubePodNotReady").into(),
        status: Status::Firing,
        severity: Severity::Warning,
        labels,
        annotations: Labels::default(),
        starts_at: Some("2026-07-01T12:00:00Z".parse().unwrap()),
        ends_at: None,
        fingerprint: "f".into(),
        link: Some("http://prometheus.example.com/graph?g0.expr=rate%28errors%5B5m%5D%29+%3E+1&g0.tab=1".into()),
    };
    let fact = Fact::Opened { group_key: "g".into(), source: "alertmanager".into(), alerts: vec![alert] };
    Incident::open(IncidentId("i1".into()), &Entry { at: Timestamp::UNIX_EPOCH, fact }).unwrap()
}

fn answer(incident: &mut Incident, call: &Call, value: &Value) {
    let (call, text) = (call.clone(), value.to_string());
    incident.looks.push(Look {
        purpose: Purpose::Evidence,
        call,
        ok: true,
        text,
        at: Timestamp::UNIX_EPOCH,
        refused: None,
    });
}

fn written(calls: &[Call]) -> Vec<String> {
    calls.iter().map(|call| format!("{} {}", call.tool, Value::Object(call.arguments.clone()))).collect()
}

#[test]
fn a_pod_leads_to_its_log_and_to_what_makes_it() {
    for tools in [&NODE[..], &GO[..]] {
        let (tables, catalogue) = (shipped(), catalogue(tools));
        let mut incident = incident(&[("alertname", "KubePodCrashLooping"), ("namespace", "shop"), ("pod", "web-1")]);
        let first = required_calls(&tables, &incident, &catalogue);
        assert_eq!(first.len(), 2, "the pod and its events: {:?}", written(&first));
        answer(
            &mut incident,
            &first[0],
            &json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "web-1", "namespace": "shop",
                "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-a"}]},
                "status": {"containerStatuses": [{"name": "web", "ready": false,
                    "lastState": {"terminated": {"exitCode": 1}}}]}}),
        );
        let second = required_calls(&tables, &incident, &catalogue);
        assert_eq!(second[..2], first[..], "what was wanted stays wanted");
        let new = written(&second[2..]).join("\n");
        assert_eq!(second.len(), 6, "{new}");
        assert!(new.contains("\"previous\":true") && new.contains("web-a"), "{new}");
        let set = second.iter().find(|call| written(std::slice::from_ref(call))[0].contains("web-a")).unwrap().clone();
        answer(
            &mut incident,
            &set,
            &json!({"kind": "ReplicaSet", "metadata": {"name": "web-a", "namespace": "shop",
                "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}]}}),
        );
        let third = written(&required_calls(&tables, &incident, &catalogue)[6..]).join("\n");
        assert!(third.contains("\"name\":\"web\""), "{third}");
    }
}

#[test]
fn what_is_listed_is_looked_at_itself_the_worst_first() {
    let (tables, catalogue) = (shipped(), catalogue(&NODE));
    let labels = [("alertname", "KubeDeploymentReplicasMismatch"), ("namespace", "shop"), ("deployment", "web")];
    let mut incident = incident(&labels);
    let first = required_calls(&tables, &incident, &catalogue);
    answer(
        &mut incident,
        &first[0],
        &json!({"kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"selector": {"matchLabels": {"app": "web"}}}}),
    );
    let second = required_calls(&tables, &incident, &catalogue);
    let list =
        second.iter().find(|call| call.arguments.get("labelSelector") == Some(&json!("app=web"))).unwrap().clone();
    let row = |name: &str, status: &str| json!({"name": name, "namespace": "shop", "kind": "Pod", "status": status});
    answer(
        &mut incident,
        &list,
        &json!({"items": [row("a", "Running"), row("z", "Pending"), row("y", "Error"), row("b", "Running")]}),
    );
    let named: Vec<String> = required_calls(&tables, &incident, &catalogue)
        .iter()
        .filter(|call| call.arguments.get("resourceType") == Some(&json!("pod")))
        .filter_map(|call| call.arguments.get("name").and_then(Value::as_str).map(str::to_string))
        .collect();
    assert_eq!(named, ["y", "z"]);
}

#[test]
fn what_is_no_name_makes_no_call() {
    let (tables, catalogue) = (shipped(), catalogue(&NODE));
    for pod in ["--all-namespaces", "secret/db", "web-1 -A", "a/../b", "Web", "-x"] {
        let incident = incident(&[("alertname", "KubePodNotReady"), ("namespace", "shop"), ("pod", pod)]);
        assert_eq!(written(&required_calls(&tables, &incident, &catalogue)), Vec::<String>::new(), "{pod}");
    }
    // What an object says about its owner is followed only to kinds that show no secrets.
    let mut incident = incident(&[("alertname", "KubePodNotReady"), ("namespace", "shop"), ("pod", "web-1")]);
    let first = required_calls(&tables, &incident, &catalogue);
    let owners = json!([{"kind": "Secret", "name": "db"}, {"kind": "ReplicaSet", "name": "../../secrets/db"}]);
    answer(
        &mut incident,
        &first[0],
        &json!({"kind": "Pod", "metadata": {"name": "web-1", "namespace": "shop", "ownerReferences": owners},
            "status": {"containerStatuses": [{"ready": false}]}}),
    );
    let all = written(&required_calls(&tables, &incident, &catalogue)).join("\n");
    assert!(!all.to_lowercase().contains("secret"), "{all}");
}

#[test]
fn a_team_adds_a_server_without_code() {
    let mut tables = Tables::default();
    let text = r#"
        [[look]]
        name = "metric"
        by = [{ tool = "execute_range_query", arguments = { query = "{expression}", start = "{before}", end = "{after}", step = "1m" } }]
        [[collector]]
        name = "metric"
        of = ["alert"]
        alertname = ["Checkout.*"]
        look = ["metric"]
    "#;
    tables.add(text).unwrap();
    let catalogue = catalogue(&["prometheus.execute_range_query", "k.kubectl_get"]);
    let calls = required_calls(&tables, &incident(&[("alertname", "CheckoutErrorRate")]), &catalogue);
    let want = r#"prometheus.execute_range_query {"end":"2026-07-01T12:15:00Z","query":"rate(errors[5m]) > 1","start":"2026-07-01T11:30:00Z","step":"1m"}"#;
    assert_eq!(written(&calls), [want]);
    assert!(required_calls(&tables, &incident(&[("alertname", "Other")]), &catalogue).is_empty());
}

#[test]
fn what_is_wrong_with_a_table_is_said() {
    let mut tables = Tables::default();
    let wrong = tables.add("[[collector]]\nname = \"x\"\nof = []\nalertname = [\"(\"]\nlook = [\"nowhere\"]\nthen = [{ list = \"Pods\" }, {}]");
    let wrong = wrong.unwrap_err().join("\n");
    for part in
        ["`of` names no kind", "`alertname`", "the kind `Pods` is not known", "needs `look`, `follow` or `list`"]
    {
        assert!(wrong.contains(part), "{part}: {wrong}");
    }
    let problems = tables.problems().join("\n");
    assert!(problems.contains("`nowhere`") && problems.contains("`list`"), "{problems}");
    assert!(tables.add("[[collector]]\nnmae = \"x\"").unwrap_err()[0].contains("nmae"));
}

#[test]
fn a_cluster_is_looked_at_with_its_own_tools_alone() {
    let (tables, incident) = (shipped(), |cluster: &str| {
        incident(&[("alertname", "KubePodNotReady"), ("namespace", "shop"), ("pod", "web-1"), ("cluster", cluster)])
    });
    let (own, other) = (["k".to_string()], ["g".to_string()]);
    let tools: Vec<&str> = NODE.into_iter().chain(GO).collect();
    let clusters = Clusters::new([("kestrel", own.as_slice()), ("osprey", other.as_slice())]);
    let catalogue = Catalogue { clusters, ..catalogue(&tools) };
    let servers = |cluster: &str| {
        let calls = required_calls(&tables, &incident(cluster), &catalogue);
        calls
            .iter()
            .map(|call| call.tool.split('.').next().unwrap_or_default().to_string())
            .collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(servers("kestrel").into_iter().collect::<Vec<_>>(), ["k"]);
    assert_eq!(servers("Osprey").into_iter().collect::<Vec<_>>(), ["g"]);
    assert!(servers("").is_empty() && servers("heron").is_empty());
}
