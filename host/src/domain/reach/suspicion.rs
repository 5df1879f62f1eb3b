//! What stands in a call's arguments that no gate could rule on: options, command lines, paths of the
//! API and names that are no names.
//!
//! A change with such a value is held back because `*` is added to what it touches. A look is open
//! unless a gate denies it, so here the value itself is the reason to refuse.

use serde_json::Value;

use super::document::{TextForm, looks};
use super::vocabulary::{self, Role};
use super::{DEEPEST, is_cluster};
use crate::domain::call::Call;
use crate::domain::text::letters::is_invisible;

/// Bytes of all arguments of a look; no question about an object is as long.
const LONGEST: usize = 32 << 10;
/// What stands behind `/api/v1/` in the Kubernetes API and nowhere else.
const CORE: [&str; 9] = [
    "namespaces",
    "secrets",
    "configmaps",
    "pods",
    "nodes",
    "serviceaccounts",
    "persistentvolumes",
    "persistentvolumeclaims",
    "watch",
];
/// A value is shown up to this many characters.
const SHOWN: usize = 60;

/// Why a call's arguments cannot be ruled on, as a sentence; none when they can.
pub(in crate::domain) fn find(call: &Call, schema: Option<&Value>) -> Option<String> {
    let properties = schema.and_then(|schema| schema.get("properties")).and_then(Value::as_object);
    let tool = call.tool.split_once('.').map_or(call.tool.as_str(), |(_, tool)| tool);
    let mut search = Search { cluster: is_cluster(tool, properties, &call.arguments), bytes: 0 };
    call.arguments.iter().find_map(|(key, value)| search.argument(key, value, 0))
}

struct Search {
    /// Whether the tool is about objects in a cluster.
    cluster: bool,
    bytes: usize,
}

impl Search {
    fn argument(&mut self, key: &str, value: &Value, depth: usize) -> Option<String> {
        if depth > DEEPEST {
            return Some(format!("the argument {} is nested too deeply to be read", quoted(key)));
        }
        self.bytes += key.len();
        if self.bytes > LONGEST {
            return Some(format!("its arguments are longer than {LONGEST} bytes"));
        }
        let word = vocabulary::plain(key);
        if key.starts_with('-') || key.chars().any(char::is_control) {
            return Some(format!("{} is an option of a command line, not the name of an argument", quoted(key)));
        }
        match value {
            Value::String(text) => self.text(key, &word, text),
            Value::Array(items) => items.iter().find_map(|item| self.argument(key, item, depth + 1)),
            Value::Object(map) => map.iter().find_map(|(key, value)| self.argument(key, value, depth + 1)),
            Value::Null | Value::Bool(_) | Value::Number(_) => None,
        }
    }

    fn text(&mut self, key: &str, word: &str, text: &str) -> Option<String> {
        self.bytes += text.len();
        if self.bytes > LONGEST {
            return Some(format!("its arguments are longer than {LONGEST} bytes"));
        }
        let role = vocabulary::role(word);
        if text.is_empty() || role == Role::Prose {
            return None;
        }
        let wrong = |what: &str| Some(format!("the argument {} is {}, {what}", quoted(key), quoted(text)));
        if is_api_path(text) {
            return wrong("a raw path of the API, which reaches whatever it names");
        }
        if climbs(text) {
            return wrong("a path that leads out of where it begins");
        }
        if !self.cluster {
            // What is searched for may begin with a dash.
            let option = begins_with_option(text) && !vocabulary::searches(word);
            return if option { wrong("an option of a command line, where a value belongs") } else { None };
        }
        match role {
            Role::Manifest if looks(text) != TextForm::Plain => return None,
            Role::Kind if !text.split(',').all(is_kind_and_name) => return wrong("which is no kind of object"),
            Role::Name(_) if !vocabulary::is_name(text) => return wrong("which is no name of an object"),
            Role::Namespace if !vocabulary::is_namespace(text) => return wrong("which is no name of a namespace"),
            _ => {}
        }
        if vocabulary::is_suspicious(text) {
            return wrong("which a command line or an address would take apart");
        }
        None
    }
}

/// `pod`, or `pod/web` as some tools take it.
fn is_kind_and_name(text: &str) -> bool {
    let (kind, name) = text.split_once('/').map_or((text, None), |(kind, name)| (kind, Some(name)));
    vocabulary::is_kind(kind) && name.is_none_or(vocabulary::is_name)
}

fn begins_with_option(text: &str) -> bool {
    let rest = text.trim_start().strip_prefix('-');
    rest.is_some_and(|rest| rest.starts_with(|c: char| c == '-' || c.is_ascii_alphabetic()))
}

fn climbs(text: &str) -> bool {
    let text = decoded(text);
    text.contains('\0') || text.split(['/', '\\']).any(|segment| segment == "..")
}

/// Whether a text holds a path of the Kubernetes API, however it is written.
fn is_api_path(text: &str) -> bool {
    if !text.contains(['/', '%', '\\']) {
        return false;
    }
    let text = decoded(text);
    // Who reads an address drops line breaks, tabs and letters without a shape from it.
    let joined: String = text.chars().filter(|c| !c.is_control() && !is_invisible(*c)).collect();
    names_api_path(&text) || (joined != text && names_api_path(&joined))
}

fn names_api_path(text: &str) -> bool {
    text.split(|c: char| c.is_whitespace() || matches!(c, '=' | ',' | '"' | '\'')).any(|word| {
        let segments: Vec<&str> = word.split(['/', '\\', '?', '#']).filter(|part| !matches!(*part, "" | ".")).collect();
        let digit = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
        // Other services have an `/api/v1/events` as well.
        let listed = |kind: &str| CORE.contains(&kind) || !word.contains("://") && vocabulary::builtin(kind).is_some();
        segments.windows(3).any(|three| match three {
            ["api", "v1", kind] => listed(kind),
            ["apis", _, version] => version.strip_prefix('v').is_some_and(digit),
            _ => false,
        }) || matches!(segments.as_slice(), ["api" | "apis"] | ["api", "v1"]) && word.starts_with('/')
    })
}

/// Lower case, and without percent signs for letters, also where those were written so again.
fn decoded(text: &str) -> String {
    let mut text = text.to_lowercase();
    for _ in 0..3 {
        let next = once_decoded(&text);
        if next == text {
            break;
        }
        text = next.to_lowercase();
    }
    text
}

fn once_decoded(text: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let code = after.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(u8::is_ascii);
        match code {
            Some(code) => {
                out.push(char::from(code));
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                out.push('%');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("{shown:?}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(tool: &str, arguments: Value) -> bool {
        let Value::Object(arguments) = arguments else { panic!("an object is needed") };
        find(&Call { tool: tool.into(), arguments }, None).is_some()
    }

    #[test]
    fn options_paths_and_no_names_are_found() {
        let deep = (0..60).fold(json!("x"), |inner, _| json!([inner]));
        for arguments in [
            json!({"resourceType": "--raw=/api/v1/secrets"}),
            json!({"resourceType": "pods", "name": "secret/db"}),
            json!({"resourceType": "pods", "name": "--all-namespaces"}),
            json!({"resourceType": "pods", "namespace": "-A"}),
            json!({"resourceType": "pods", "output": "json --raw=/x"}),
            json!({"resourceType": "pods,--raw=/x"}),
            json!({"resourceType": "pods", "labelSelector": "app=web\n-A"}),
            json!({"resourceType": ["pods", "-A"]}),
            json!({"resourceType": "pods", "options": {"more": ["-A"]}}),
            json!({"namespace": "shop", "--raw": "x"}),
            json!({"namespace": "shop", "path": "/api/v1/namespaces/shop/secrets/db"}),
            json!({"namespace": "shop", "path": "//API/v1/%73ecrets"}),
            json!({"namespace": "shop", "path": "%252fapis%252fapps/v1/deployments"}),
            json!({"namespace": "shop", "deep": deep}),
            json!({"namespace": "shop", "output": "x".repeat(LONGEST)}),
        ] {
            assert!(refused("k.get", arguments.clone()), "{arguments}");
        }
        for arguments in [
            json!({"host": "-oProxyCommand=id"}),
            json!({"file": "../../etc/passwd"}),
            json!({"file": "..%2f..%2fetc/passwd"}),
            json!({"url": "https://10.0.0.1:6443/api/v1/namespaces/shop/secrets"}),
            json!({"url": "https://10.0.0.1:6443/api/v1/sec\trets"}),
            json!({"url": "https://10.0.0.1:6443/api/v1/\u{200b}secrets"}),
        ] {
            assert!(refused("files.read", arguments.clone()), "{arguments}");
        }
    }

    #[test]
    fn a_tool_that_is_about_nodes_or_pods_by_its_name_takes_names_of_them_only() {
        for name in ["node-1/proxy/run/kube-system/p/c", "node-1?x=y", "node 1", "node-1#"] {
            assert!(refused("k.nodes_stats_summary", json!({"name": name})), "{name}");
            assert!(refused("k.pods_top", json!({"name": name})), "{name}");
            assert!(!refused("builds.job_get", json!({"name": name})), "{name}");
        }
        assert!(!refused("k.nodes_stats_summary", json!({"name": "ip-10-0-0-1.eu-west-1.compute.internal"})));
    }

    #[test]
    fn questions_as_tools_are_asked_pass() {
        for arguments in [
            json!({"resourceType": "pods", "namespace": "shop", "labelSelector": "app in (web, api),tier!=x,!canary"}),
            json!({"resourceType": "events", "namespace": "shop", "fieldSelector": "involvedObject.name=web-1,type!=Normal"}),
            json!({"resourceType": "pods", "output": "jsonpath={range .items[*]}{.metadata.name}{\"\\n\"}{end}"}),
            json!({"resourceType": "pods", "sortBy": ".metadata.creationTimestamp", "name": ""}),
            json!({"resourceType": "pod/web-1", "namespace": "shop", "tail": -1, "since": "1h", "sinceTime": "2026-01-01T00:00:00+01:00"}),
            json!({"resourceType": "deployments.v1.apps,services", "namespace": "shop"}),
            json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "name": "system:node", "namespace": "shop"}),
            json!({"name": "node-1.example", "query": "kubelet", "tailLines": 100}),
        ] {
            assert!(!refused("k.nodes_get", arguments.clone()), "{arguments}");
        }
        for arguments in [
            json!({"query": "-level:debug AND \"a -b\""}),
            json!({"query": "sum(rate(http_requests_total{job=\"api\"}[5m])) -foo"}),
            json!({"url": "http://prometheus:9090/api/v1/query?query=up"}),
            json!({"title": "--help"}),
        ] {
            assert!(!refused("metrics.ask", arguments.clone()), "{arguments}");
        }
    }
}
