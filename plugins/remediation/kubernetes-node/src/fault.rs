//! What a node's conditions say.

use serde_json::Value;
use tidegate_plugin::kubernetes::{object, quote, time};

/// Conditions on which the cluster acts by itself.
const KNOWN: [&str; 5] = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"];

/// The state of a node.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Nothing is wrong with it.
    Whole,
    /// The cluster has seen it and keeps pods from it; the sentence says what.
    Handled(String),
    /// It counts as ready and is not: what its conditions say.
    Faulty(Vec<String>),
}

/// Reads a node. One without conditions has not reported yet.
pub(crate) fn of(node: &Value, now_ms: u64) -> State {
    let conditions = object::list(node, "/status/conditions");
    let words = |condition: &Value| {
        let since = time::millis(object::text(condition, "/lastTransitionTime"));
        let since = since.map(|since| format!(" for {} minutes", now_ms.saturating_sub(since) / 60_000));
        let said = object::text(condition, "/message");
        let said = if said.is_empty() { object::text(condition, "/reason") } else { said };
        format!(
            "{} is {}{}: {}",
            quote::short(object::text(condition, "/type")),
            quote::short(object::text(condition, "/status")),
            since.unwrap_or_default(),
            quote::marked(said)
        )
    };
    let Some(ready) = object::condition(node, "Ready") else {
        return State::Handled("it has not reported its state".into());
    };
    if object::text(ready, "/status") != "True" {
        return State::Handled(words(ready));
    }
    let mut wrong = conditions.iter().filter(|condition| object::text(condition, "/status") == "True");
    let pressure =
        wrong.clone().find(|one| KNOWN.contains(&object::text(one, "/type")) && object::text(one, "/type") != "Ready");
    if let Some(pressure) = pressure {
        return State::Handled(words(pressure));
    }
    let faults: Vec<String> =
        wrong.by_ref().filter(|one| !KNOWN.contains(&object::text(one, "/type"))).map(words).collect();
    if faults.is_empty() { State::Whole } else { State::Faulty(faults) }
}

/// Whether a node takes new pods, as far as somebody decides that.
pub(crate) fn cordoned(node: &Value) -> bool {
    node.pointer("/spec/unschedulable") == Some(&Value::Bool(true))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn state(conditions: Value) -> State {
        of(&json!({"status": {"conditions": conditions}}), 0)
    }

    #[test]
    fn only_what_the_cluster_does_not_act_on_is_a_fault() {
        let ready = json!({"type": "Ready", "status": "True"});
        assert_eq!(state(json!([ready])), State::Whole);
        assert!(matches!(state(json!([])), State::Handled(_)));
        assert!(matches!(state(json!([{"type": "Ready", "status": "Unknown"}])), State::Handled(_)));
        assert!(matches!(state(json!([ready, {"type": "DiskPressure", "status": "True"}])), State::Handled(_)));
        assert_eq!(state(json!([ready, {"type": "KernelDeadlock", "status": "False"}])), State::Whole);
        let State::Faulty(found) =
            state(json!([ready, {"type": "KernelDeadlock", "status": "True", "reason": "Hung"}]))
        else {
            panic!("it is faulty")
        };
        assert_eq!(found, ["KernelDeadlock is True: \"Hung\""]);
    }
}
