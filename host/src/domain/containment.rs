//! Changes that keep harm away and repair nothing: a node that takes no new pods is as faulty as before.

use serde_json::Value;

use super::call::Call;
use super::reach::values;
use super::text::identifier::split_words;

/// The verb that is said of nodes alone.
const CORDON: &str = "cordon";
/// The verb that is said of queues and connections as well: it needs a node beside it.
const DRAIN: &str = "drain";
/// Words of a tool's name by which its verbs are those of nodes.
const NODES: [&str; 3] = ["node", "nodes", "kubectl"];
/// Arguments that hold a verb.
const NAMED: [&str; 5] = ["operation", "action", "verb", "command", "subcommand"];
/// Levels that are looked through.
const DEEP: usize = 12;

/// Whether a call only contains, as far as its name and arguments say.
pub fn contains(call: &Call) -> bool {
    let bare = call.tool.rsplit('.').next().unwrap_or_default();
    let of_tool = split_words(bare);
    let of_arguments = call.arguments.iter().filter(|(name, _)| NAMED.contains(&name.as_str()));
    let of_arguments = of_arguments.filter_map(|(_, value)| value.as_str()).flat_map(split_words);
    let verbs: Vec<String> = of_tool.into_iter().chain(of_arguments).collect();
    let says = |verb: &str| verbs.iter().any(|word| word == verb);
    says(CORDON)
        || (says(DRAIN) && is_about_nodes(bare, call))
        || call.arguments.values().any(|value| closes(value, DEEP))
}

/// Whether a tool's name, an argument's name or a kind in an argument speaks of nodes.
fn is_about_nodes(bare: &str, call: &Call) -> bool {
    let is_node = |word: &str| NODES.iter().any(|node| word.eq_ignore_ascii_case(node));
    let kind = |text: &str| is_node(text.split(['/', ' ']).next().unwrap_or_default());
    split_words(bare).iter().any(|word| is_node(word))
        || call.arguments.iter().any(|(name, value)| {
            let command = NAMED.contains(&name.as_str());
            let is_said =
                |text: &str| if command { split_words(text).iter().any(|word| is_node(word)) } else { kind(text) };
            let by_name = name.to_ascii_lowercase();
            ["node", "nodes", "nodename", "node_name"].contains(&by_name.as_str())
                || value.as_str().is_some_and(is_said)
        })
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
            ("k.drain", json!({"nodeName": "n3"})),
            ("k.cordonNode", json!({"name": "n3"})),
            ("k.drainNode", json!({"name": "n3"})),
            ("k.DrainNode", json!({"name": "n3"})),
            ("k.kubectl_generic", json!({"command": "drain", "resourceType": "node", "name": "n3"})),
            ("k.run", json!({"command": "kubectl drain n3"})),
            ("k.drain", json!({"name": "node/n3"})),
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
            ("k.uncordonNode", json!({"name": "n3"})),
            ("q.drainQueue", json!({"name": "orders"})),
            ("k.kubectl_patch", json!({"patch": {"spec": {"unschedulable": false}}})),
            ("k.kubectl_delete", json!({"name": "drain", "namespace": "shop"})),
            ("q.queue_drain", json!({"name": "orders"})),
            ("lb.connections_drain", json!({"backend": "web"})),
            ("q.queues", json!({"action": "drain", "name": "orders"})),
            ("k.kubectl_patch", json!({"patch": "the node is unschedulable"})),
        ] {
            assert!(!call(tool, arguments.clone()), "{tool} {arguments}");
        }
    }
}
