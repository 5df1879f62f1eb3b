//! Table tests for what was imported: an event that a hook hears, and one that it does not.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::condition::Condition;
use super::policy::ConvertedHook;
use super::subject;
use crate::policy::{Set, test};

#[derive(Serialize)]
struct Document<'a> {
    case: &'a [Value],
}

/// Cases for these hooks, as a file of tests; and the rules for which no event was found that they hear.
pub(super) fn of<'a>(set: &Set, hooks: impl Iterator<Item = &'a ConvertedHook>) -> (String, Vec<String>) {
    let (mut cases, mut untested) = (Vec::new(), Vec::new());
    for one in hooks.filter(|one| one.fires()) {
        for (rule, patterns, condition, _) in one.rules() {
            let pattern = patterns.first();
            let heard = events(pattern.map_or("", String::as_str), condition);
            let heard: Vec<Value> = heard
                .into_iter()
                .map(|event| case(&format!("{rule} hears it"), event, json!({ "rule": rule })))
                .collect();
            match heard.into_iter().find(|case| passes(set, case)) {
                Some(heard) => {
                    let unheard = unheard(set, &rule, &heard, condition);
                    cases.push(heard);
                    cases.extend(unheard);
                }
                None => untested.push(rule),
            }
        }
    }
    (if cases.is_empty() { String::new() } else { shown(&cases) }, untested)
}

fn case(name: &str, event: Value, want: Value) -> Value {
    json!({ "name": name, "event": event, "want": want })
}

fn shown(cases: &[Value]) -> String {
    toml::to_string(&Document { case: cases }).unwrap_or_default()
}

fn passes(set: &Set, case: &Value) -> bool {
    let report = test::run_texts(set, vec![("case".into(), Ok(shown(std::slice::from_ref(case))))]);
    report.failed.is_empty() && report.passed == 1
}

/// Events that may be heard: of Kubernetes first, else such as are shown as they are.
fn events(pattern: &str, condition: &Condition) -> Vec<Value> {
    let subject = subject::example(pattern);
    let empty = [String::new()];
    let samples = if condition.samples.is_empty() { &empty } else { condition.samples.as_slice() };
    let kube = samples.iter().map(|sample| kube(&subject, sample));
    let whole =
        samples.iter().map(|sample| json!({ "subject": subject, "type": "Webhook", "data": { "content": sample } }));
    kube.chain(whole).collect()
}

fn kube(subject: &str, message: &str) -> Value {
    let mut data = Map::from_iter([("type".to_string(), json!("Warning")), ("reason".to_string(), json!("Imported"))]);
    if !message.is_empty() {
        data.insert("message".into(), json!(message));
    }
    json!({ "subject": subject, "data": data })
}

/// The same event with what a hook must not hear, or without what it wants; as far as such an event is found.
fn unheard(set: &Set, rule: &str, heard: &Value, condition: &Condition) -> Vec<Value> {
    let subject = heard.pointer("/event/subject").and_then(Value::as_str).unwrap_or_default();
    let message = ["/event/data/message", "/event/data/content"].iter().find_map(|path| heard.pointer(path)?.as_str());
    let want = || json!({ "silent": [rule] });
    let mut all = Vec::new();
    if let Some(forbidden) = condition.forbidden.first() {
        let event = kube(subject, &format!("{} {forbidden}", message.unwrap_or_default()));
        all.push(case(&format!("{rule} does not hear what it excludes"), event, want()));
    }
    if condition.samples.iter().any(|sample| !sample.is_empty()) {
        all.push(case(&format!("{rule} does not hear anything else"), kube(subject, "-"), want()));
    }
    let elsewhere = kube("elsewhere", message.unwrap_or_default());
    all.push(case(&format!("{rule} listens on its subject alone"), elsewhere, want()));
    all.retain(|case| passes(set, case));
    all
}
