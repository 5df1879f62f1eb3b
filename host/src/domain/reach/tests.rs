//! What is found in arguments, and what counts as everything.

use serde_json::{Value, json};

use super::super::action::Risk;
use super::super::catalogue::{Catalogue, Tool};
use super::*;

fn touches(arguments: Value) -> Target {
    let properties = json!({"namespace": {}, "name": {}, "resourceType": {}, "manifest": {}, "labelSelector": {}});
    let tool = Tool {
        name: "k.patch".into(),
        description: String::new(),
        schema: json!({"properties": properties, "additionalProperties": true}),
        risk: Risk::High,
        repeatable: false,
        undo: None,
        own: false,
    };
    let catalogue = Catalogue { tools: [(tool.name.clone(), tool)].into(), ..Catalogue::default() };
    let Value::Object(arguments) = arguments else { panic!("an object is needed") };
    catalogue.touches(&Call { tool: "k.patch".into(), arguments })
}

fn namespaces(arguments: Value) -> Vec<String> {
    touches(arguments).namespaces
}

#[test]
fn every_place_that_names_a_namespace_counts() {
    let target = touches(json!({
        "namespace": "shop", "resourceType": "Deployments", "name": "web",
        "patchData": {"metadata": {"namespace": "kube-system"}, "spec": {"containers": [{"name": "x"}]}},
    }));
    assert_eq!(target.namespaces, ["kube-system", "shop"]);
    assert_eq!(target.kinds, ["deployment"]);
    assert_eq!(target.names, ["web"]);
    for more in [
        json!({"patchData": [{"op": "replace", "path": "/metadata/namespace", "value": "kube-system"}]}),
        json!({"patchData": "[{\"op\":\"add\",\"path\":\"/metadata\",\"value\":{\"namespace\":\"kube-system\"}}]"}),
        json!({"manifest": "kind: Pod\nmetadata:\n  name: a\n  namespace: kube-system\n"}),
        json!({"manifest": "{kind: Pod, metadata: {name: a, \"n\\u0061mespace\": kube-system}}"}),
        json!({"manifest": "kind: Pod\nmetadata: {namespace: shop}\n---\nkind: Pod\nmetadata: {namespace: kube-system}"}),
        json!({"roleBinding": {"subjects": [{"kind": "ServiceAccount", "name": "a", "namespace": "kube-system"}]}}),
        json!({"TargetNamespace": ["shop", "kube-system"]}),
        json!({"path": "/api/v1/namespaces/kube-system/pods/a"}),
    ] {
        let mut arguments = json!({"namespace": "shop", "name": "web"});
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(namespaces(arguments), ["kube-system", "shop"], "{more}");
    }
}

#[test]
fn missing_and_wide_namespaces_are_said() {
    assert_eq!(namespaces(json!({"name": "web"})), ["default"]);
    assert_eq!(namespaces(json!({"name": "web", "namespace": null})), ["default"]);
    assert_eq!(
        namespaces(json!({"name": "web", "Namespace": "shop"})),
        ["default", "shop"],
        "the tool does not read it"
    );
    assert_eq!(namespaces(json!({"allNamespaces": true})), ["*"]);
    assert_eq!(touches(json!({"labelSelector": "a=b"})).names, ["*"]);
    assert_eq!(touches(json!({"namespace": "shop", "resourceType": "pods"})).names, ["*"]);
    let homeless = json!({"manifest": "kind: Pod\nmetadata: {name: a}"});
    assert_eq!(namespaces(homeless), ["default"]);
    let two =
        json!({"manifest": "kind: Pod\nmetadata: {name: a, namespace: shop}\n---\nkind: Pod\nmetadata: {name: b}"});
    assert_eq!(namespaces(two), ["default", "shop"]);
}

#[test]
fn what_nobody_can_tell_is_everything() {
    for arguments in [
        json!({"namespace": ["shop", 7]}),
        json!({"namespace": ""}),
        json!({"namespace": true}),
        json!({"namespace": " shop"}),
        json!({"namespace": "Shop"}),
        json!({"namespace": "shop", "name": "--all"}),
        json!({"namespace": "shop", "name": "kube-system/a"}),
        json!({"namespace": "shop", "resourceType": "pods -n kube-system", "name": "a"}),
        json!({"namespace": "shop", "name": "a", "timeout": "5s --all-namespaces"}),
        json!({"namespace": "shop", "resourceType": "node", "name": "a"}),
        json!({"namespace": "shop", "manifest": "kind: Pod\nmetadata: {namespace: shop\n"}),
        json!({"namespace": "shop", "manifest": "a: &x {namespace: shop}\nmetadata: *x"}),
        json!({"namespace": "shop", "manifest": "kind: Pod\nmetadata: {namespace: !!binary c2hvcA==}"}),
        json!({"namespace": "shop", "manifest": "kind: Pod\n#\u{2028}metadata: {namespace: kube-system}"}),
        json!({"namespace": "shop", "manifest": "{\"kind\":\"Pod\",\"kind\":\"Pod\"}"}),
        json!({"namespace": "shop", "name": "a", "filename": "https://evil.example/x.yaml"}),
        json!({"namespace": "shop", "name": "a", "context": "prod"}),
    ] {
        let found = namespaces(arguments.clone());
        assert!(found.contains(&"*".to_string()), "{arguments}: {found:?}");
    }
}

#[test]
fn what_leads_elsewhere_is_named_and_is_everything() {
    for (more, want) in [
        (json!({"context": "prod"}), "context"),
        (json!({"project": "root:prod"}), "project"),
        (json!({"kubeConfigContent": "x"}), "kubeConfigContent"),
        (json!({"settings": {"kube_context": "prod"}}), "kube_context"),
        (json!({"settings": {"deep": [{"cluster": "prod"}]}}), "cluster"),
        (json!({"settings": "{\"context\": \"prod\"}"}), "context"),
        (json!({"settings": "context: prod\n"}), "context"),
        (json!({"settings": [{"name": "context", "value": "prod"}]}), "context"),
        (json!({"settings": {"headers": {"Impersonate-User": "admin"}}}), "Impersonate-User"),
        (json!({"settings": {"clusters": [], "users": []}}), "kubeconfig"),
        (json!({"values": {"kubeconfig": "x"}}), "kubeconfig"),
        (json!({"manifest": "apiVersion: v1\nclusters: []\ncontexts: []\ncurrent-context: prod\n"}), "kubeconfig"),
    ] {
        let mut arguments = json!({"namespace": "shop", "name": "web"});
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let target = touches(arguments);
        assert!(target.elsewhere.iter().any(|name| name == want), "{more}: {target:?}");
        assert!([&target.namespaces, &target.names].iter().all(|all| all.contains(&"*".to_string())), "{more}");
    }
}

#[test]
fn the_words_of_objects_and_what_is_left_empty_lead_nowhere() {
    for more in [
        json!({"context": "", "kubeconfig": null, "cluster": false, "settings": {"server": ""}}),
        json!({"patchData": {"spec": {"template": {"spec": {
            "volumes": [{"nfs": {"server": "10.0.0.1", "path": "/"}}], "securityContext": {"runAsUser": 5},
        }}}}}),
        json!({"patchData": {"spec": {"clusterName": "a", "project": "b"}}}),
        json!({"manifest": "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\nspec: {context: a, hosts: [b]}"}),
        json!({"env": [{"name": "PORT", "value": "8080"}]}),
    ] {
        let mut arguments = json!({"namespace": "shop", "name": "web"});
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let target = touches(arguments);
        assert_eq!((target.elsewhere, target.namespaces), (vec![], vec!["shop".to_string()]), "{more}");
    }
}

/// A tool that is not about a cluster may take a project or a server; a context is one everywhere.
#[test]
fn words_of_clusters_are_plain_words_elsewhere() {
    let target = |properties: Value, arguments: Value| {
        let name = "issues.search".to_string();
        let tool = Tool { schema: json!({"properties": properties}), ..ticket(&name) };
        let catalogue = Catalogue { tools: [(name.clone(), tool)].into(), ..Catalogue::default() };
        let Value::Object(arguments) = arguments else { panic!("an object is needed") };
        catalogue.touches(&Call { tool: name, arguments }).elsewhere
    };
    let issues = json!({"project": {}, "server": {}, "context": {}});
    assert!(target(issues.clone(), json!({"project": "SHOP", "server": "jira"})).is_empty());
    assert_eq!(target(issues.clone(), json!({"context": "prod"})), ["context"]);
    assert_eq!(target(issues, json!({"kubeServer": "prod"})), ["kubeServer"]);
    assert_eq!(target(json!({"project": {}}), json!({"project": "SHOP", "never-heard-of": 1})), ["never-heard-of"]);
    assert!(target(json!({"project": {}}), json!({"never-heard-of": ""})).is_empty());
    // Nobody knows what it is about.
    assert_eq!(target(Value::Null, json!({"project": "prod"})), ["project"]);
    assert!(target(Value::Null, json!({"replicas": 3})).is_empty());
}

fn ticket(name: &str) -> Tool {
    Tool {
        name: name.into(),
        description: String::new(),
        schema: Value::Null,
        risk: Risk::Low,
        repeatable: false,
        undo: None,
        own: false,
    }
}

#[test]
fn kinds_have_one_spelling() {
    for (text, want) in [
        ("po", vec!["pod"]),
        ("netpol", vec!["networkpolicy"]),
        ("NetworkPolicies", vec!["networkpolicy"]),
        ("ingresses.networking.k8s.io", vec!["ingress"]),
        ("deployments.v1.apps", vec!["deployment"]),
        ("services.serving.knative.dev", vec!["service", "service.serving.knative.dev"]),
        ("certificates.cert-manager.io", vec!["certificate"]),
        ("SecretList", vec!["secret"]),
        ("pod,secret", vec!["pod", "secret"]),
        ("all", vec!["*", "all"]),
    ] {
        assert_eq!(touches(json!({"namespace": "shop", "resourceType": text, "name": "a"})).kinds, want, "{text}");
    }
}

#[test]
fn other_tools_are_left_alone() {
    let tool = Tool {
        name: "tickets.create".into(),
        description: String::new(),
        schema: json!({"properties": {"title": {}, "name": {}, "text": {}}}),
        risk: Risk::Low,
        repeatable: false,
        undo: None,
        own: false,
    };
    let catalogue = Catalogue { tools: [(tool.name.clone(), tool)].into(), ..Catalogue::default() };
    let Value::Object(arguments) = json!({
        "title": "pod web -n shop: failed", "name": "Certificate expires", "text": "namespace: kube-system\nkind: [",
    }) else {
        panic!("an object is needed")
    };
    let target = catalogue.touches(&Call { tool: "tickets.create".into(), arguments });
    assert_eq!(
        target,
        Target { server: "tickets".into(), names: vec!["Certificate expires".into()], ..Target::default() }
    );
}

#[test]
fn what_may_touch_the_same_thing_overlaps_both_ways() {
    let one = |kind: &str, name: &str, namespace: &str| {
        touches(json!({"resourceType": kind, "name": name, "namespace": namespace}))
    };
    let web = one("deployment", "web", "shop");
    let other_server = Target { server: "other".into(), ..web.clone() };
    for (other, overlaps) in [
        (one("deploy", "web", "shop"), true),
        (one("deployment", "api", "shop"), false),
        (one("deployment", "web", "lab"), false),
        (one("statefulset", "web", "shop"), false),
        (touches(json!({"resourceType": "deployments", "namespace": "shop"})), true),
        (touches(json!({"resourceType": "deployments", "namespace": "shop", "labelSelector": "a=b"})), true),
        (touches(json!({"resourceType": "deployments", "allNamespaces": true})), true),
        (touches(json!({"resourceType": "pods", "allNamespaces": true})), false),
        (touches(json!({"resourceType": "all", "namespace": "shop"})), true),
        (touches(json!({"resourceType": "deployment,pod", "name": "web", "namespace": "shop"})), true),
        (touches(json!({"manifest": "kind: Deployment\nmetadata: {name: web, namespace: shop"})), true),
        (Target { names: Vec::new(), ..web.clone() }, true),
        (Target { kinds: vec!["namespace".into()], names: vec!["shop".into()], ..web.clone() }, true),
        (Target { kinds: vec!["namespace".into()], namespaces: vec!["lab".into()], ..web.clone() }, false),
        (other_server, false),
        (web.clone(), true),
    ] {
        assert_eq!(web.overlaps(&other), overlaps, "{web} {other}");
        assert_eq!(other.overlaps(&web), overlaps, "{other} {web}");
    }
}

#[test]
fn a_kind_that_is_left_open_may_be_any() {
    assert_eq!(touches(json!({"namespace": "shop", "name": "web"})).kinds, ["*"]);
    assert_eq!(touches(json!({"namespace": "shop", "name": "web", "resourceType": "List"})).kinds, ["*"]);
    assert_eq!(touches(json!({"namespace": "shop", "name": "web", "resourceType": "pod"})).kinds, ["pod"]);
    assert_eq!(touches(json!({"manifest": "kind: Pod\nmetadata: {name: a, namespace: shop}"})).kinds, ["pod"]);
}

#[test]
fn options_and_documents_that_lead_elsewhere_are_named() {
    for (more, want) in [
        (json!({"args": ["--context", "prod"]}), "context"),
        (json!({"flags": "--context=prod"}), "context"),
        (json!({"extra": ["-v", "--kubeconfig=/x"]}), "kubeconfig"),
        (json!({"options": "--server https://x"}), "server"),
        (json!({"manifest": "context: prod\n---\nkind: Pod"}), "context"),
        (json!({"ctx": "prod"}), "ctx"),
        (json!({"vcluster": "prod"}), "vcluster"),
        (json!({"logicalClusterName": "prod"}), "logicalClusterName"),
        (json!({"api_url": "https://x"}), "api_url"),
        (json!({"c\u{43e}ntext": "prod"}), "c\u{43e}ntext"),
    ] {
        let mut arguments = json!({"namespace": "shop", "resourceType": "pod", "name": "web"});
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert!(touches(arguments).elsewhere.iter().any(|name| name == want), "{more}");
    }
}

fn of_tool(tool: &str, own: bool, arguments: Value) -> Target {
    let Value::Object(arguments) = arguments else { panic!("an object is needed") };
    let properties: serde_json::Map<_, _> = arguments.keys().map(|key| (key.clone(), json!({}))).collect();
    let known = Tool { name: tool.into(), schema: json!({"properties": properties}), own, ..ticket(tool) };
    let catalogue = Catalogue { tools: [(known.name.clone(), known)].into(), ..Catalogue::default() };
    catalogue.touches(&Call { tool: tool.into(), arguments })
}

#[test]
fn what_is_no_cluster_has_objects_too() {
    for (arguments, want) in [
        (json!({"host": "db-1", "mode": "fast"}), &["db-1"][..]),
        (json!({"hostname": " db-1 "}), &["db-1"]),
        (json!({"application": "web", "project": "shop", "revision": "abc"}), &["web"]),
        (json!({"repository": "a/b", "run": 7, "attempt": 2}), &["a/b"]),
        (json!({"instance_ids": ["i-1", "i-2"]}), &["i-1", "i-2"]),
        (json!({"id": 4711}), &["4711"]),
        // What is empty or strange may be anything.
        (json!({"target": ""}), &["*"]),
        (json!({"target": {"a": 1}}), &["*"]),
        // What tells one attempt from another is no object.
        (json!({"run_id": 7, "revision": "abc", "mode": "fast", "reason": "x"}), &[]),
        (json!({}), &[]),
    ] {
        assert_eq!(of_tool("fixer.act", true, arguments.clone()).names, want, "{arguments}");
    }
}

#[test]
fn a_plugins_own_actions_concern_objects_and_not_the_plugin() {
    let own = |plugin: &str, arguments: Value| of_tool(&format!("{plugin}.restart"), true, arguments);
    let (web, api) = (own("jsfix", json!({"app": "web"})), own("jsfix", json!({"app": "api"})));
    assert!(!web.overlaps(&api), "two objects share no cooldown");
    assert!(web.overlaps(&own("jsfix", json!({"app": "web", "revision": "2"}))), "and one object has one");
    assert!(web.overlaps(&own("jsfix", json!({"mode": "fast"}))), "where none is named it may be any");
    for (other, same) in [
        (own("runbook", json!({"target": "web"})), true),
        (own("runbook", json!({"target": "api"})), false),
        // Another plugin that names none is not known to reach it.
        (own("runbook", json!({"mode": "fast"})), false),
        (of_tool("machines.reboot", false, json!({"host": "web"})), true),
        (of_tool("k.restart", false, json!({"namespace": "shop", "resourceType": "deployment", "name": "web"})), true),
        (of_tool("k.restart", false, json!({"namespace": "shop", "resourceType": "deployment", "name": "api"})), false),
        (of_tool("k.restart", false, json!({"namespace": "shop", "resourceType": "deployment"})), false),
    ] {
        assert_eq!((web.overlaps(&other), other.overlaps(&web)), (same, same), "{other}");
    }
    let in_shop = own("jsfix", json!({"namespace": "shop", "resourceType": "deployment", "name": "web"}));
    let there = |namespace: &str, kind: &str| {
        of_tool("k.restart", false, json!({"namespace": namespace, "resourceType": kind, "name": "web"}))
    };
    assert!(in_shop.overlaps(&there("shop", "deployment")));
    assert!(!in_shop.overlaps(&there("lab", "deployment")) && !in_shop.overlaps(&there("shop", "statefulset")));
    // Two servers that are no plugins stand for two clusters.
    assert!(!there("shop", "deployment").overlaps(&of_tool("other.restart", false, json!({"name": "web"}))));
}
