//! What a wrong call of a tool could cost.

use std::collections::BTreeMap;

use rmcp::model::ToolAnnotations;

use super::{glob, known};
use crate::domain::Risk;
use crate::domain::text::identifier::split_words;

/// Risk and whether a repeat is harmless.
///
/// What a server says of its own tools is believed only as far as it makes them dangerous, but for
/// `readOnlyHint`, without which nothing could be looked at. A known tool has the risk that is
/// known, and the operator's word comes last and only upwards.
pub(super) fn of(
    server: &str,
    identity: &str,
    tool: &str,
    hints: Option<&ToolAnnotations>,
    raise: &[(String, Risk)],
) -> (Risk, bool) {
    let read_only = hints.and_then(|hints| hints.read_only_hint);
    let said = by_hints(tool, hints);
    let (base, repeatable) = match known::risk(identity, tool) {
        // The table is of one version; a server that has changed its mind is believed.
        Some((Risk::Read, _)) if read_only == Some(false) => said,
        Some(known) => known,
        None => said,
    };
    let full = format!("{server}.{tool}");
    let risk = raise
        .iter()
        .filter(|(pattern, _)| glob::covers(pattern, &full))
        .fold(base, |risk, (_, least)| risk.max(*least));
    (risk, repeatable)
}

/// The least risk of a tool by the operator's patterns over `server.tool` and `plugin.action`.
pub fn least_risk(patterns: &BTreeMap<String, Risk>, tool: &str) -> Risk {
    let covering = patterns.iter().filter(|(pattern, _)| glob::covers(pattern, tool));
    covering.fold(Risk::Read, |risk, (_, least)| risk.max(*least))
}

/// The same for annotations as a server lists them, for tests of the whole.
pub fn assess(server: &str, identity: &str, tool: &str, annotations: &serde_json::Value) -> (Risk, bool) {
    let hints: Option<ToolAnnotations> = serde_json::from_value(annotations.clone()).unwrap_or_default();
    of(server, identity, tool, hints.as_ref(), &[])
}

fn by_hints(tool: &str, hints: Option<&ToolAnnotations>) -> (Risk, bool) {
    let Some(hints) = hints else {
        return (Risk::Irreversible, false);
    };
    match (hints.read_only_hint, hints.destructive_hint) {
        // A name that says the opposite is believed more.
        (Some(true), _) if sounds_like_a_change(tool) => (Risk::High, false),
        (Some(true), _) => (Risk::Read, true),
        (_, Some(false)) => (Risk::High, hints.idempotent_hint == Some(true)),
        (Some(false), None) | (_, Some(true)) => (Risk::High, false),
        // A title alone says nothing about effects.
        (None, None) => (Risk::Irreversible, false),
    }
}

/// Words for what changes something, unless the name begins with one for looking.
const CHANGES: [&str; 44] = [
    "add",
    "apply",
    "cleanup",
    "clear",
    "cordon",
    "create",
    "delete",
    "deploy",
    "destroy",
    "disable",
    "drain",
    "drop",
    "edit",
    "enable",
    "evict",
    "exec",
    "execute",
    "install",
    "kill",
    "modify",
    "patch",
    "post",
    "prune",
    "purge",
    "push",
    "put",
    "reboot",
    "remove",
    "replace",
    "reset",
    "restart",
    "revoke",
    "rollback",
    "run",
    "scale",
    "shell",
    "shutdown",
    "stop",
    "terminate",
    "uncordon",
    "uninstall",
    "update",
    "upgrade",
    "write",
];
const LOOKS: [&str; 14] = [
    "check", "count", "describe", "explain", "fetch", "find", "get", "list", "query", "read", "search", "show", "view",
    "watch",
];

fn sounds_like_a_change(tool: &str) -> bool {
    let words = split_words(tool);
    let looks = words.first().is_some_and(|first| LOOKS.contains(&first.as_str()));
    !looks && words.iter().any(|word| CHANGES.contains(&word.as_str()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn hints(value: Value) -> Option<ToolAnnotations> {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn hints_of_unknown_servers() {
        for (value, want) in [
            (Value::Null, (Risk::Irreversible, false)),
            (json!({"title": "x"}), (Risk::Irreversible, false)),
            (json!({"readOnlyHint": true}), (Risk::Read, true)),
            (json!({"readOnlyHint": false}), (Risk::High, false)),
            (json!({"destructiveHint": true, "idempotentHint": true}), (Risk::High, false)),
            (json!({"readOnlyHint": false, "destructiveHint": false}), (Risk::High, false)),
            (json!({"destructiveHint": false, "idempotentHint": true}), (Risk::High, true)),
        ] {
            assert_eq!(of("s", "some", "t", hints(value.clone()).as_ref(), &[]), want, "{value}");
        }
    }

    #[test]
    fn a_name_that_says_the_opposite_is_believed_more() {
        let reads = hints(json!({"readOnlyHint": true}));
        for (tool, want) in [
            ("delete_everything", Risk::High),
            ("podsEvict", Risk::High),
            ("run-shell", Risk::High),
            ("get_last_run", Risk::Read),
            ("pods_list", Risk::Read),
            ("updates", Risk::Read),
        ] {
            assert_eq!(of("s", "some", tool, reads.as_ref(), &[]).0, want, "{tool}");
        }
    }

    #[test]
    fn known_tools_and_the_operators_word() {
        let reads = hints(json!({"readOnlyHint": true}));
        let of = |tool: &str, raise: &[(String, Risk)]| of("k", "kubernetes", tool, reads.as_ref(), raise).0;
        assert_eq!(of("kubectl_context", &[]), Risk::High, "whatever its hint says");
        assert_eq!(of("node_management", &[]), Risk::Irreversible);
        assert_eq!(of("kubectl_get", &[]), Risk::Read);
        let raise = [("k.kubectl_*".to_string(), Risk::High), ("k.node*".to_string(), Risk::Low)];
        assert_eq!(of("kubectl_get", &raise), Risk::High);
        assert_eq!(of("node_management", &raise), Risk::Irreversible, "never lowered");
    }
}
