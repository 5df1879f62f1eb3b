//! Whether `[settings]` of `plugin.toml` is the JSON Schema of the struct that reads them.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::is_updating;

/// Compares the section with the schema of `T`; `UPDATE_EXPECT=1` writes it. It must be the manifest's
/// last section.
///
/// # Panics
/// When they differ.
pub fn settings<T: JsonSchema>(folder: &str) {
    let path = Path::new(folder).join("plugin.toml");
    let manifest = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let wanted = schema::<T>();
    if is_updating() {
        let before = manifest.split("\n[settings").next().unwrap_or_default().trim_end();
        fs::write(&path, format!("{before}\n\n{}", written(&wanted))).unwrap();
        return;
    }
    let manifest: toml::Table = manifest.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let found = manifest.get("settings").map_or(Value::Null, |settings| json!(settings));
    assert_eq!(found, wanted, "{}: [settings] is not what the struct reads; UPDATE_EXPECT=1 writes it", path.display());
}

fn schema<T: JsonSchema>() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    tidy(&mut schema);
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("description");
    }
    schema
}

/// Without what TOML cannot say or nobody needs: names of Rust types, widths of numbers, null.
fn tidy(value: &mut Value) {
    match value {
        Value::Object(members) => {
            // Of a schema; a setting may well be called `title`.
            if !members.contains_key("properties") || members.contains_key("type") {
                members.remove("title");
            }
            if members.get("format").and_then(Value::as_str).is_some_and(|format| format.starts_with(['u', 'i'])) {
                members.remove("format");
            }
            if let Some(Value::Array(types)) = members.get_mut("type") {
                types.retain(|of| of != "null");
                if let [one] = types.as_slice() {
                    let one = one.clone();
                    members.insert("type".into(), one);
                }
            }
            members.retain(|_, value| !value.is_null());
            if let Some(text) = members.get_mut("description")
                && let Some(line) = text.as_str().map(|text| text.replace('\n', " "))
            {
                *text = json!(line);
            }
            members.values_mut().for_each(tidy);
            // Of the Rust type of an item; what the list is for stands beside it.
            if let Some(Value::Object(items)) = members.get_mut("items") {
                items.remove("description");
            }
        }
        Value::Array(items) => {
            items.retain(|item| !item.is_null());
            items.iter_mut().for_each(tidy);
        }
        _ => {}
    }
}

/// One section for the object and one for each setting.
fn written(schema: &Value) -> String {
    let mut out = String::from("[settings]\n");
    let members = schema.as_object().cloned().unwrap_or_default();
    let (mut properties, mut own) = (Map::new(), Map::new());
    for (key, value) in members {
        match value {
            Value::Object(members) if key == "properties" => properties = members,
            value => drop(own.insert(key, value)),
        }
    }
    let lines = |out: &mut String, members: &Map<String, Value>| {
        for (key, value) in members {
            writeln!(out, "{key} = {}", inline(value)).unwrap();
        }
    };
    lines(&mut out, &own);
    for (name, property) in &properties {
        writeln!(out, "\n[settings.properties.{name}]").unwrap();
        lines(&mut out, property.as_object().unwrap());
    }
    out
}

fn inline(value: &Value) -> String {
    match value {
        Value::Object(members) if members.is_empty() => "{}".into(),
        Value::Object(members) => {
            let members = members.iter().map(|(key, value)| format!("{} = {}", key_of(key), inline(value)));
            format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        // With every digit kept, as a source asks for, a number is a structure to another format.
        Value::Number(number) => number.to_string(),
        other => toml::Value::try_from(other).unwrap().to_string(),
    }
}

fn key_of(key: &str) -> String {
    let bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    if bare { key.to_string() } else { json!(key).to_string() }
}
