//! The lines of a configuration with which an operator would use a plugin.

use serde_json::Value;

use crate::plugin::{Kind, Manifest};

/// What to put into the configuration: the pin, what must be set, secrets and grants.
pub fn lines(manifest: &Manifest, sha256: &str) -> String {
    let wanted = manifest.wanted();
    let (head, rest) = wanted.split_once('\n').unwrap_or((&wanted, ""));
    let mut lines = vec![head.to_string(), format!("sha256 = \"{sha256}\"")];
    let required = required(manifest);
    if !required.is_empty() {
        let set: Vec<String> = required.iter().map(|(name, sample)| format!("{name} = {sample}")).collect();
        lines.push(format!("settings = {{ {} }}", set.join(", ")));
    }
    lines.extend(rest.lines().map(str::to_string));
    if manifest.kind == Kind::Notifier {
        lines.push(String::new());
        lines.push(format!(
            "# Or one table for each target: [notifiers.oncall] plugin = \"{}\", with settings, secrets and grant.",
            manifest.name
        ));
    }
    lines.join("\n")
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

    #[test]
    fn the_lines_are_a_configuration() {
        let manifest = Manifest::parse(
            "name = \"hook\"\nkind = \"notifier\"\nversion = \"1\"\n[[asks.http]]\norigin = \"https://a.example\"\n\
             methods = [\"POST\"]\nsecrets = [\"token\"]\n[settings]\nrequired = [\"url\", \"retries\"]\n\
             [settings.properties.url]\ntype = \"string\"\ndescription = \"Where to.\"\n\
             [settings.properties.retries]\ntype = \"integer\"\ndefault = 3",
        )
        .unwrap();
        let text = lines(&manifest, &"ab".repeat(32));
        let read: toml::Value = toml::from_str(&text).unwrap();
        let table = &read["plugins"]["hook"];
        assert_eq!(table["settings"]["retries"].as_integer(), Some(3));
        assert_eq!(table["grant"][0]["origin"].as_str(), Some("https://a.example"));
        assert_eq!(table["sha256"].as_str(), Some("ab".repeat(32).as_str()));
        assert!(settings(&manifest).contains(&"url (string, required) Where to.".to_string()));
    }
}
