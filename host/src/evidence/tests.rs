//! Answers of both Kubernetes servers, and answers in the shape of real clusters, with what is cut out of
//! them: `testdata/<case>.answer` is a call on one line and its answer below, `<case>.cut` the excerpt. What a case says is looked at by eye before it is taken.

use std::fs;
use std::path::Path;

use jiff::Timestamp;
use serde_json::json;

use super::*;

fn look(call: &str, text: &str) -> Look {
    let call: Call = serde_json::from_str(call).unwrap();
    let (purpose, text) = (Purpose::Evidence, text.to_string());
    Look { purpose, call, ok: true, text, at: Timestamp::UNIX_EPOCH, refused: None }
}

#[test]
fn answers_are_cut_as_a_person_would() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/evidence/testdata");
    let mut cases = 0;
    let mut wrong = Vec::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|end| end != "answer") {
            continue;
        }
        let case = fs::read_to_string(&path).unwrap();
        let (call, text) = case.split_once('\n').unwrap();
        let look = look(call, text);
        let found = format!("{}\n", of(&look).text());
        let wanted = path.with_extension("cut");
        if std::env::vars_os().any(|(name, _)| name == "UPDATE_EXPECT") {
            fs::write(&wanted, &found).unwrap();
        }
        if fs::read_to_string(&wanted).unwrap_or_default() != found {
            wrong.push(format!("{}:\n{found}", path.display()));
        }
        assert!(found.len() < 20_000 && found.lines().count() <= LINES + 1, "{found}");
        for head in ["managedFields", "last-applied-configuration", "resourceVersion"] {
            assert!(!found.contains(head), "{found}");
        }
        cases += 1;
    }
    assert!(cases > 20 && wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn revisions_are_held_against_each_other() {
    let set = |revision: &str, image: &str, hash: &str| {
        let text = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {
            "name": format!("web-{hash}"), "namespace": "shop",
            "annotations": {"deployment.kubernetes.io/revision": revision},
            "ownerReferences": [{"kind": "Deployment", "name": "web", "controller": true}]},
            "spec": {"template": {"metadata": {"labels": {"app": "web", "pod-template-hash": hash}},
                "spec": {"containers": [{"name": "web", "image": image}]}}}});
        look(r#"{"tool":"k.kubectl_get","arguments":{}}"#, &text.to_string())
    };
    let looks = [set("2", "web:2", "b"), set("10", "web:3", "c"), set("1", "web:1", "a")];
    let revised = between_revisions(&looks);
    assert_eq!((revised[0].object.as_str(), revised[0].older, revised[0].newer), ("deployment shop/web", 2, 10));
    let lines: Vec<String> = revised[0].changes.iter().map(Change::line).collect();
    assert_eq!(lines, ["spec.containers[web].image: \"web:2\" → \"web:3\""]);
    assert!(between_revisions(&looks[..1]).is_empty());
}

#[test]
fn a_write_is_held_against_what_was_seen() {
    let object = |image: &str, version: &str| {
        json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "shop", "resourceVersion": version, "generation": 4},
            "spec": {"replicas": 2, "template": {"spec": {"containers": [{"name": "web", "image": image}]}}},
            "status": {"replicas": 2}})
    };
    let seen = look(r#"{"tool":"k.resources_get","arguments":{}}"#, &object("web:1-", "7").to_string());
    let write = |object: &serde_json::Value| Call {
        tool: "k.resources_create_or_update".into(),
        arguments: json!({"resource": object.to_string()}).as_object().cloned().unwrap(),
    };
    let found = written(&write(&object("web:1", "7")), [&seen].into_iter());
    let Some(ObjectWrite::Changes(changes)) = found else { panic!("{found:?}") };
    let lines: Vec<String> = changes.iter().map(Change::line).collect();
    assert_eq!(lines, ["spec.template.spec.containers[web].image: \"web:1-\" → \"web:1\""]);
    let mut other = object("web:1", "7");
    other["metadata"]["name"] = json!("api");
    assert_eq!(written(&write(&other), [&seen].into_iter()), Some(ObjectWrite::Unknown));
    assert_eq!(written(&seen.call, [&seen].into_iter()), None);
}

#[test]
fn a_description_is_of_the_kind_that_was_asked_for_however_it_was_written() {
    for (asked, kind) in [
        ("Pod", "pod"),
        ("pods/web-1", "pod"),
        ("svc", "service"),
        ("ingresses", "ingress"),
        ("networkpolicies.networking.k8s.io", "networkpolicy"),
        ("cj", "cronjob"),
        ("Redis", "redis"),
        ("redis.db.example.com", "redis"),
    ] {
        let arguments = json!({"resourceType": asked}).as_object().cloned().unwrap();
        let call = Call { tool: "k.kubectl_describe".into(), arguments };
        let found = excerpt(&call, "Name:       web-1\nNamespace:  shop\n");
        assert_eq!(found.lines, [format!("{kind} shop/web-1")], "{asked}");
    }
}

#[test]
fn no_text_is_too_odd() {
    let call: Call =
        serde_json::from_str(r#"{"tool":"k.kubectl_describe","arguments":{"resourceType":"pod"}}"#).unwrap();
    let odd = [
        String::new(),
        "\u{0}\u{202e}\u{7}".into(),
        "[".repeat(100_000),
        "{\"a\":".repeat(50_000),
        "Name:".repeat(10_000),
        format!("Name:  x\nEvents:\n{}", "  a  b  c\n".repeat(30_000)),
        format!("A  B\n{}", "é\t\u{301} x\n".repeat(10_000)),
        "告".repeat(400_000),
        format!("{{\"items\":[{}]}}", vec!["{\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\"}}"; 20_000].join(",")),
        format!("[{}]", vec!["{\"involvedObject\":{},\"reason\":\"x\"}"; 20_000].join(",")),
    ];
    for text in odd {
        let found = excerpt(&call, &text);
        assert!(found.lines.len() <= LINES && found.text().len() < 80_000);
        assert!(found.lines.iter().all(|line| !line.chars().any(char::is_control)), "{found:?}");
    }
}
