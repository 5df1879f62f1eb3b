//! The arguments of a call, out of a table's text and what is looked at. Labels are text from outside: what
//! could be an option, a path or the end of a quotation fills no argument.

use jiff::SignedDuration;
use serde_json::{Map, Value};

use super::engine::LookTarget;
use super::kinds;
use crate::domain::Alert;
use crate::evidence::{list, text};

/// The arguments with what they stand for; none where something is missing or is not what it should be. A
/// namespace, selector or container that there is none of is left out.
pub(super) fn of(
    template: &Map<String, Value>,
    thing: &LookTarget<'_>,
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
            _ if matches!(form.as_str(), "{namespace}" | "{selector}" | "{container}") => None,
            _ => return None,
        };
    }
    Some(made)
}

/// A text with what it stands for; empty where any of that is missing, none where it is not allowed.
fn filled(form: &str, thing: &LookTarget<'_>, object: Option<&Value>) -> Option<String> {
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
            "container" => named(object.map(container).unwrap_or_default())?,
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

/// The container of a pod that is the least well; empty where it has but one, which needs no name.
pub(super) fn container(pod: &Value) -> &str {
    let of = |at: &'static str| list(pod, at).iter();
    if of("/spec/containers").chain(of("/spec/initContainers")).take(2).count() < 2 {
        return "";
    }
    let ill = |status: &Value| {
        let code = |state: &str| status.pointer(&format!("/{state}/terminated/exitCode")).and_then(Value::as_i64);
        let ready = status.pointer("/ready") == Some(&Value::Bool(true));
        let loops = text(status, "/state/waiting/reason") == "CrashLoopBackOff";
        let failed = loops || code("state").is_some_and(|code| code != 0);
        let before = code("lastState").is_some();
        // An init container that has done its work is no longer anybody's concern.
        let done = code("state") == Some(0);
        (failed, !done && !ready && before, !done && before, !done && !ready)
    };
    let well = (false, false, false, false);
    let statuses = of("/status/initContainerStatuses").chain(of("/status/containerStatuses"));
    // Of several the first.
    let worst = statuses.rev().max_by_key(|status| ill(status)).filter(|status| ill(status) > well);
    let first = || of("/spec/containers").next().map(|one| text(one, "/name")).unwrap_or_default();
    let usual = text(pod, "/metadata/annotations/kubectl.kubernetes.io~1default-container");
    worst.map(|status| text(status, "/name")).unwrap_or_else(|| if usual.is_empty() { first() } else { usual })
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
