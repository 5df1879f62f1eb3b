//! Every kind of trouble with every order of `attack/kinds.jsonl` in what others write: what the host names by itself
//! stays the same, in both forms in which servers answer.

use jiff::Timestamp;
use serde_json::{Value, json};
use tidegate::diagnosis;
use tidegate::domain::entry::Purpose;
use tidegate::domain::incident::Look;
use tidegate::domain::{Alert, Call, Labels, NamedCause, Severity, Status};
use tidegate_tests::kinds::{self, Kind};

/// An answer of the server to a question about this document.
fn look(document: &Value) -> Look {
    let text = |at: &str| document.pointer(at).and_then(Value::as_str).unwrap_or_default();
    let (name, namespace) = (text("/metadata/name"), text("/metadata/namespace"));
    let (tool, arguments, answer) = match text("/kind") {
        "Log" => {
            let arguments = json!({"name": name, "namespace": namespace, "container": text("/container")});
            ("k.pods_log", arguments, text("/text").to_string())
        }
        "Event" => ("k.events_list", json!({}), json!({"events": [document]}).to_string()),
        kind => ("k.resources_get", json!({"kind": kind, "name": name}), document.to_string()),
    };
    let arguments = arguments.as_object().cloned().unwrap_or_default();
    let call = Call { tool: tool.into(), arguments };
    Look { purpose: Purpose::Evidence, call, ok: true, text: answer, at: Timestamp::UNIX_EPOCH, refused: None }
}

fn alert(kind: &Kind) -> Alert {
    let message = kind.message(true, "2026-07-01T12:00:00Z", "");
    let texts = |value: &Value| -> Labels {
        let pairs = value.as_object().into_iter().flatten();
        pairs.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_string())).collect()
    };
    let alert = &message["alerts"][0];
    Alert {
        source: "alertmanager".into(),
        name: alert["labels"]["alertname"].as_str().unwrap_or_default().into(),
        status: Status::Firing,
        severity: Severity::Warning,
        labels: texts(&alert["labels"]),
        annotations: texts(&alert["annotations"]),
        starts_at: None,
        ends_at: None,
        fingerprint: kind.name.as_str().into(),
        link: None,
    }
}

fn named(kind: &Kind) -> Vec<NamedCause> {
    let looks: Vec<Look> = kind.objects().unwrap().iter().map(look).collect();
    diagnosis::causes([&alert(kind)], &looks)
}

fn told(causes: &[NamedCause]) -> String {
    causes.first().map_or("nothing".into(), |one| format!("{} {:?}", one.cause.as_str(), one.what))
}

#[test]
fn no_order_changes_what_is_named() {
    let (orders, kinds) = (kinds::orders().unwrap(), kinds::all().unwrap());
    assert!(orders.len() >= 20 && kinds.len() >= 37, "{} orders, {} kinds", orders.len(), kinds.len());
    let mut wrong = Vec::new();
    for kind in &kinds {
        let plain = told(&named(kind));
        for order in &orders {
            let causes = named(&kind.with(order));
            let told = told(&causes);
            if told != plain {
                wrong.push(format!("{} with {}: {plain} became {told}", kind.name, order.name));
            }
            let bounded = causes.iter().all(|one| one.said.len() < 1000 && one.evidence.len() <= 8);
            assert!(bounded, "{} with {}", kind.name, order.name);
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}
