//! The lines of a configuration with which an operator would use a plugin.

use std::collections::BTreeSet;

use serde_json::Value;

use super::names::ROUTED;
use crate::plugin::{Kind, Manifest};

/// What stands in the configuration already, and where the host listens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExistingConfig {
    /// Targets that there are.
    pub targets: BTreeSet<String>,
    /// Where senders reach the host, such as `127.0.0.1:10000`.
    pub listen: Option<String>,
    /// Whether machines other than this one reach it there.
    pub open: bool,
}

/// What to put into the configuration: the pin, what must be set, secrets and grants; and beside it what else is
/// needed before anything happens: the sender's address and proof, the route, the rule and the gate.
pub fn lines(manifest: &Manifest, sha256: &str, beside: &ExistingConfig) -> String {
    let name = &manifest.name;
    let pin = format!("sha256 = \"{sha256}\"");
    let mut lines = Vec::new();
    match manifest.kind {
        Kind::Source => {
            lines.extend(table(manifest, &format!("plugins.{name}"), Some(pin)));
            lines.push(String::new());
            let listen = beside.listen.as_deref().unwrap_or("HOST:PORT");
            lines.push(format!("# Its senders post to http://{listen}/v1/alerts/{name}"));
            let variable = format!("{name}_TOKEN").to_uppercase().replace('-', "_");
            let (mark, when) = if beside.open {
                ("", "and prove themselves")
            } else {
                ("# ", "and from other machines prove themselves")
            };
            lines.push(format!("# {when}, here with `Authorization: Bearer …`; `tidegate config` prints other ways:"));
            lines.push(format!("{mark}[sources.{name}]"));
            lines.push(format!("{mark}auth = {{ bearer = {{ env = \"{variable}\" }} }}"));
        }
        Kind::Notifier => {
            lines.push(format!("[plugins.{name}]"));
            lines.push(pin);
            lines.push(String::new());
            let target = if beside.targets.contains(ROUTED) { name.as_str() } else { ROUTED };
            let plugin = format!("plugin = \"{name}\"");
            if target == ROUTED {
                lines.push(format!(
                    "# The target `{ROUTED}` is told by the shipped routes; one table for each further target."
                ));
            } else {
                lines.push(format!(
                    "# In a file of [policies] path: route(\"{name}\", #{{ to: [\"{target}\"], and_continue: true }});"
                ));
            }
            lines.extend(table(manifest, &format!("notifiers.{target}"), Some(plugin)));
        }
        Kind::Remediation => {
            lines.extend(table(manifest, &format!("plugins.{name}"), Some(pin)));
            lines.push(String::new());
            lines.push(
                "# In a file of [policies] path, the rule that asks it and the gate for an action of its own:".into(),
            );
            lines.push(format!("#   rule(\"{name}\", #{{ on: #{{ alertname: \"…\" }}, then: plan(\"{name}\") }});"));
            lines.push(format!(
                "#   gate(\"{name}\", #{{ on: #{{ tool: glob(\"{name}.*\") }}, ask: #{{ who: \"anybody\", within: \"30m\", reason: \"…\" }} }});"
            ));
        }
    }
    lines.join("\n")
}

/// A table with its first line of its own, what must be set, secrets and grants.
fn table(manifest: &Manifest, place: &str, first: Option<String>) -> Vec<String> {
    let wanted = manifest.wanted(place);
    let mut wanted = wanted.lines().map(str::to_string);
    let mut lines: Vec<String> = wanted.next().into_iter().chain(first).collect();
    let required = required(manifest);
    if !required.is_empty() {
        let set: Vec<String> = required.iter().map(|(name, sample)| format!("{name} = {sample}")).collect();
        lines.push(format!("settings = {{ {} }}", set.join(", ")));
    }
    lines.extend(wanted);
    lines
}

/// Settings that must be there, each with a value of its type to be replaced.
pub fn required(manifest: &Manifest) -> Vec<(String, String)> {
    let names = manifest.settings.as_ref().and_then(|schema| schema.get("required")).and_then(Value::as_array);
    let names = names.into_iter().flatten().filter_map(Value::as_str);
    names.map(|name| (name.to_string(), sample(property(manifest, name)))).collect()
}

fn property<'a>(manifest: &'a Manifest, name: &str) -> Option<&'a Value> {
    manifest.settings.as_ref()?.get("properties")?.get(name)
}

fn sample(property: Option<&Value>) -> String {
    if let Some(default) = property.and_then(|property| property.get("default")) {
        return default.to_string();
    }
    let kind = property.and_then(|property| property.get("type")).and_then(Value::as_str);
    match kind {
        Some("boolean") => "false".into(),
        Some("integer" | "number") => "1".into(),
        Some("array") => "[]".into(),
        Some("object") => "{}".into(),
        _ => "\"…\"".into(),
    }
}

/// What each setting is, one line each.
pub fn settings(manifest: &Manifest) -> Vec<String> {
    let properties = manifest.settings.as_ref().and_then(|schema| schema.get("properties")).and_then(Value::as_object);
    let required = required(manifest);
    let one = |(name, property): (&String, &Value)| {
        let kind = match property.get("type") {
            Some(Value::String(kind)) => kind.clone(),
            Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
            _ => "any".into(),
        };
        let must = if required.iter().any(|(known, _)| known == name) { ", required" } else { "" };
        let text = property.get("description").and_then(Value::as_str).unwrap_or_default();
        format!("{name} ({kind}{must}) {text}").trim_end().to_string()
    };
    properties.into_iter().flatten().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(kind: &str, more: &str) -> Manifest {
        Manifest::parse(&format!("name = \"hook\"\nkind = \"{kind}\"\nversion = \"1\"\n{more}")).unwrap()
    }

    fn read(text: &str) -> toml::Value {
        toml::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    const CHAT: &str = "[[asks.http]]\norigin = \"https://a.example\"\nmethods = [\"POST\"]\nsecrets = [\"token\"]\n\
         [settings]\nrequired = [\"url\", \"retries\"]\n\
         [settings.properties.url]\ntype = \"string\"\ndescription = \"Where to.\"\n\
         [settings.properties.retries]\ntype = \"integer\"\ndefault = 3";

    #[test]
    fn a_notifier_becomes_the_target_that_the_shipped_routes_name() {
        let chat = manifest("notifier", CHAT);
        let text = lines(&chat, &"ab".repeat(32), &ExistingConfig::default());
        let all = read(&text);
        assert_eq!(all["plugins"]["hook"]["sha256"].as_str(), Some("ab".repeat(32).as_str()));
        let target = &all["notifiers"]["default"];
        assert_eq!(target["plugin"].as_str(), Some("hook"));
        assert_eq!(target["settings"]["retries"].as_integer(), Some(3));
        assert_eq!(target["grant"][0]["origin"].as_str(), Some("https://a.example"));
        assert_eq!(target["secrets"]["token"]["env"].as_str(), Some("HOOK_TOKEN"));
        assert!(settings(&chat).contains(&"url (string, required) Where to.".to_string()));
        let beside = ExistingConfig { targets: ["default".to_string()].into(), ..ExistingConfig::default() };
        let text = lines(&chat, "ab", &beside);
        assert_eq!(read(&text)["notifiers"]["hook"]["plugin"].as_str(), Some("hook"));
        assert!(text.contains("route(\"hook\", #{ to: [\"hook\"]"), "{text}");
    }

    #[test]
    fn a_source_is_told_with_its_address_and_proof() {
        let beside = |open| ExistingConfig { listen: Some("0.0.0.0:10000".into()), open, ..ExistingConfig::default() };
        let text = lines(&manifest("source", ""), "ab", &beside(true));
        assert!(text.contains("http://0.0.0.0:10000/v1/alerts/hook"), "{text}");
        assert_eq!(read(&text)["sources"]["hook"]["auth"]["bearer"]["env"].as_str(), Some("HOOK_TOKEN"));
        let text = lines(&manifest("source", ""), "ab", &beside(false));
        assert!(read(&text).get("sources").is_none() && text.contains("# [sources.hook]"), "{text}");
    }

    #[test]
    fn a_remediation_is_told_with_its_rule_and_gate() {
        let text = lines(&manifest("remediation", ""), "ab", &ExistingConfig::default());
        assert!(text.contains("plan(\"hook\")") && text.contains("tool: glob(\"hook.*\")"), "{text}");
        assert_eq!(read(&text)["plugins"]["hook"]["sha256"].as_str(), Some("ab"));
    }
}
