//! The arguments of a call, out of a table's text and what is looked at. Labels are text from outside: what
//! could be an option, a path or the end of a quotation fills no argument.

use jiff::SignedDuration;
use serde_json::{Map, Value};

use super::engine::Thing;
use super::kinds;
use crate::domain::Alert;

/// The arguments with what they stand for; none where something is missing or is not what it should be. A
/// namespace or selector that there is none of is left out.
pub(super) fn of(
    template: &Map<String, Value>,
    thing: &Thing<'_>,
    object: Option<&Value>,
) -> Option<Map<String, Value>> {
    let mut made = Map::new();
    for (key, value) in template {
        let Value::String(form) = value else {
            made.insert(key.clone(), value.clone());
            continue;
        };
        match filled(form, thing, object)? {
            text if !text.is_empty() => made.insert(key.clone(), text.into()),
            _ if matches!(form.as_str(), "{namespace}" | "{selector}") => None,
            _ => return None,
        };
    }
    Some(made)
}

/// A text with what it stands for; empty where any of that is missing, none where it is not allowed.
fn filled(form: &str, thing: &Thing<'_>, object: Option<&Value>) -> Option<String> {
    let mut out = String::new();
    let mut rest = form;
    while let Some((before, behind)) = rest.split_once('{') {
        let Some((key, after)) = behind.split_once('}') else { break };
        out.push_str(before);
        let value = match key {
            "kind" => thing.kind.clone(),
            "Kind" => kinds::of(&thing.kind).map(|(_, kind)| kind.to_string())?,
            "apiVersion" => thing.api.clone().or_else(|| kinds::of(&thing.kind).map(|(api, _)| api.to_string()))?,
            "name" => named(&thing.name)?,
            "namespace" => named(&thing.namespace)?,
            "selector" => object.map(selector).unwrap_or_default(),
            "alertname" => plain(&thing.alert.name)?,
            "expression" => expression(thing.alert).unwrap_or_default(),
            "time" => moved(thing.alert, 0),
            "before" => moved(thing.alert, -30),
            "after" => moved(thing.alert, 15),
            label => plain(thing.alert.labels.get(label.strip_prefix("label.")?).unwrap_or_default())?,
        };
        if value.is_empty() {
            return Some(value);
        }
        out.push_str(&value);
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

/// A text that is a name, or empty.
pub(super) fn named(text: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-');
    let ends = |c: Option<char>| c.is_none_or(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let good = text.len() <= 253 && text.chars().all(plain) && ends(text.chars().next()) && ends(text.chars().last());
    (good && !text.contains("..")).then(|| text.to_string())
}

/// A text of an alert that may stand within an argument.
fn plain(text: &str) -> Option<String> {
    let plain = text.chars().all(|c| c.is_alphanumeric() || " ._:/@-".contains(c));
    (plain && text.len() <= 253 && !text.starts_with('-') && !text.contains("://")).then(|| text.to_string())
}

/// The expression of an alert's rule, as its link holds it.
fn expression(alert: &Alert) -> Option<String> {
    let (_, query) = alert.link.as_deref()?.split_once('?')?;
    let query = query.split('#').next().unwrap_or_default();
    let (_, found) = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "g0.expr" || key == "expr")?;
    let plain = found.len() <= 4096 && !found.chars().any(|c| c.is_control() && c != '\n');
    plain.then(|| found.into_owned())
}

fn moved(alert: &Alert, minutes: i64) -> String {
    let at = alert.starts_at.and_then(|at| at.checked_add(SignedDuration::from_mins(minutes)).ok());
    at.map(|at| at.to_string()).unwrap_or_default()
}

/// What chooses the pods of an object: `app=web,tier=front`.
pub(super) fn selector(object: &Value) -> String {
    let labels = object.pointer("/spec/selector/matchLabels").or_else(|| object.pointer("/spec/selector"));
    let labels = labels.and_then(Value::as_object).into_iter().flatten();
    let label = |(key, value): (&String, &Value)| {
        let value = value.as_str()?;
        let plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c));
        (plain(key) && plain(value)).then(|| format!("{key}={value}"))
    };
    labels.filter_map(label).take(10).collect::<Vec<_>>().join(",")
}
