//! Changes that keep harm away and repair nothing: a node that takes no new pods is as faulty as before.

use serde_json::Value;

use super::call::Call;
use super::reach::values;

/// Verbs of such changes.
const VERBS: [&str; 2] = ["cordon", "drain"];
/// Arguments that hold a verb.
const NAMED: [&str; 5] = ["operation", "action", "verb", "command", "subcommand"];
/// Levels that are looked through.
const DEEP: usize = 12;

/// Whether a call only contains, as far as its name and arguments say.
pub fn contains(call: &Call) -> bool {
    let bare = call.tool.rsplit('.').next().unwrap_or_default();
    let named = bare.split(|c: char| !c.is_ascii_alphanumeric()).any(is_verb);
    named || call.arguments.iter().any(|(name, value)| holds_verb(name, value) || closes(value, DEEP))
}

fn is_verb(word: &str) -> bool {
    VERBS.iter().any(|verb| word.eq_ignore_ascii_case(verb))
}

fn holds_verb(name: &str, value: &Value) -> bool {
    NAMED.contains(&name) && value.as_str().is_some_and(|text| text.split_whitespace().any(is_verb))
}

/// Whether something is closed for new pods: a field of a node, a step of a patch, or a text that holds either.
fn closes(value: &Value, deep: usize) -> bool {
    let Some(deep) = deep.checked_sub(1) else { return false };
    match value {
        Value::String(text) if text.contains("unschedulable") => {
            values(text).unwrap_or_default().iter().filter(|value| !value.is_string()).any(|value| closes(value, deep))
        }
        Value::Array(items) => items.iter().any(|item| closes(item, deep)),
        Value::Object(map) => {
            let yes = |name: &str| map.get(name).and_then(Value::as_bool) == Some(true);
            let path = map.get("path").and_then(Value::as_str).unwrap_or_default();
            let step = path.ends_with("/unschedulable") && yes("value");
            yes("unschedulable") || step || map.values().any(|value| closes(value, deep))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_keeps_pods_away_contains_and_what_lets_them_in_does_not() {
        let call = |tool: &str, arguments: Value| {
            let Value::Object(arguments) = arguments else { panic!("an object is needed") };
            contains(&Call { tool: tool.into(), arguments })
        };
        for (tool, arguments) in [
            ("k.node_management", json!({"operation": "cordon", "nodeName": "n3"})),
            ("k.node_management", json!({"operation": "drain", "nodeName": "n3"})),
            ("k.nodes_cordon", json!({"name": "n3"})),
            ("k.kubectl_patch", json!({"patch": {"spec": {"unschedulable": true}}})),
            (
                "k.kubectl_patch",
                json!({"patch": "[{\"op\": \"add\", \"path\": \"/spec/unschedulable\", \"value\": true}]"}),
            ),
            ("k.resources_create_or_update", json!({"resource": "kind: Node\nspec:\n  unschedulable: true\n"})),
        ] {
            assert!(call(tool, arguments.clone()), "{tool} {arguments}");
        }
        for (tool, arguments) in [
            ("k.node_management", json!({"operation": "uncordon", "nodeName": "n3"})),
            ("k.kubectl_patch", json!({"patch": {"spec": {"unschedulable": false}}})),
            ("k.kubectl_delete", json!({"name": "drain", "namespace": "shop"})),
            ("k.kubectl_patch", json!({"patch": "the node is unschedulable"})),
        ] {
            assert!(!call(tool, arguments.clone()), "{tool} {arguments}");
        }
    }
}
