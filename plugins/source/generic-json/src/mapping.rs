//! A mapping: which bodies it is for, where their alerts are, and which of an alert's fields comes from where.

use std::borrow::Cow;

use serde_json::Value;
use tidegate_plugin::json;
use tidegate_plugin::source::{Alert, Decoded, Node, STATE, Status, parse, tags};

use crate::body::Scope;
use crate::condition::Condition;
use crate::field::{Field, Find};
use crate::status::{self, Said};

/// One mapping of the settings.
#[derive(Debug)]
pub(crate) struct Mapping {
    name: String,
    when: Vec<Condition>,
    items: Option<Find>,
    ignore: Vec<Condition>,
    alert_name: Field,
    status: Option<Field>,
    severity: Option<Field>,
    fingerprint: Option<Field>,
    starts: Option<Field>,
    ends: Option<Field>,
    link: Option<Field>,
    labels: Vec<(String, Field)>,
    labels_from: Vec<Find>,
    annotations: Vec<(String, Field)>,
    annotations_from: Vec<Find>,
}

const MEMBERS: [&str; 14] = [
    "when",
    "items",
    "ignore",
    "name",
    "status",
    "severity",
    "fingerprint",
    "starts",
    "ends",
    "link",
    "labels",
    "labels_from",
    "annotations",
    "annotations_from",
];

/// Reads the settings; the error names the setting.
pub(crate) fn read(settings: &str) -> Result<Vec<Mapping>, String> {
    let value = parse(settings)?;
    let mappings = Node::root(&value).get("mappings");
    let mut read: Vec<Mapping> = mappings
        .need_object()?
        .members()
        .map(|(name, setting)| Mapping::read(name, setting))
        .collect::<Result<_, _>>()?;
    if read.is_empty() {
        return Err(mappings.expected("at least one mapping"));
    }
    // Settings have no order: who asks for more goes first, and who asks for nothing last.
    read.sort_by(|one, other| (other.when.len(), &one.name).cmp(&(one.when.len(), &other.name)));
    Ok(read)
}

/// The mapping for a request: the one that the address names, else the first whose conditions hold.
pub(crate) fn choose<'m>(mappings: &'m [Mapping], whole: &Scope<'_>) -> Result<&'m Mapping, String> {
    if let Some(named) = whole.request.parameter("mapping") {
        let known = || mappings.iter().map(|mapping| mapping.name.as_str()).collect::<Vec<_>>().join(", ");
        return mappings.iter().find(|mapping| mapping.name == named).ok_or_else(|| {
            format!("the parameter `mapping` names `{named}`, which is not in the settings; there are {}", known())
        });
    }
    mappings
        .iter()
        .find(|mapping| mapping.when.iter().all(|condition| condition.holds(*whole)))
        .ok_or_else(|| "body: no mapping of the settings has conditions (`when`) that hold for it".into())
}

impl Mapping {
    fn read(name: &str, setting: Node<'_>) -> Result<Self, String> {
        let setting = setting.need_object()?;
        if let Some((key, _)) = setting.members().find(|(key, _)| !MEMBERS.contains(key)) {
            return Err(format!(
                "{}: there is no such setting; there are {}",
                setting.get(key).place(),
                MEMBERS.join(", ")
            ));
        }
        let field = |name| {
            let field = setting.get(name);
            if field.exists() { Field::read(field).map(Some) } else { Ok(None) }
        };
        let fields = |name| {
            let fields = setting.get(name);
            if !fields.exists() {
                return Ok(Vec::new());
            }
            fields
                .need_object()?
                .members()
                .map(|(key, field)| Ok((key.to_string(), Field::read(field)?)))
                .collect::<Result<Vec<_>, String>>()
        };
        let find = |setting: Node<'_>| {
            let text = setting.need_text()?;
            Find::read(text.trim()).map_err(|reason| format!("{}: {reason}", setting.place()))
        };
        let finds = |name| {
            let setting = setting.get(name);
            match setting.value() {
                None => Ok(Vec::new()),
                Some(_) if setting.is_list() => setting.items().map(find).collect::<Result<Vec<_>, String>>(),
                Some(_) => Ok(vec![find(setting)?]),
            }
        };
        let items = setting.get("items");
        Ok(Self {
            name: name.to_string(),
            when: Condition::list(setting.get("when"))?,
            items: if items.exists() { Some(find(items)?) } else { None },
            ignore: Condition::list(setting.get("ignore"))?,
            alert_name: Field::read(setting.get("name"))?,
            status: field("status")?,
            severity: field("severity")?,
            fingerprint: field("fingerprint")?,
            starts: field("starts")?,
            ends: field("ends")?,
            link: field("link")?,
            labels: fields("labels")?,
            labels_from: finds("labels_from")?,
            annotations: fields("annotations")?,
            annotations_from: finds("annotations_from")?,
        })
    }

    /// Decodes a request.
    pub fn decode(&self, whole: &Scope<'_>) -> Result<Decoded, String> {
        let Some(items) = &self.items else {
            return Ok(self.alert(*whole)?.into());
        };
        let mut decoded = Decoded::nothing();
        let found = items.values(*whole);
        if found.is_empty() && !items.has_list(*whole) {
            let name = &self.name;
            decoded.leave_out(
                "",
                format!("nothing is where the mapping `{name}` looks for alerts (mappings.{name}.items)"),
            );
        }
        // Who names the list means what is in it.
        let found = found.into_iter().flat_map(|value| match value {
            Value::Array(items) => items.iter().collect(),
            other => vec![other],
        });
        for (i, item) in found.enumerate() {
            match self.alert(Scope { item, ..*whole }) {
                Ok(alert) => decoded.alerts.extend(alert),
                Err(reason) => decoded.leave_out("", format!("item {}: {reason}", i + 1)),
            }
        }
        Ok(decoded)
    }

    fn alert(&self, scope: Scope<'_>) -> Result<Option<Alert>, String> {
        if self.ignore.iter().any(|condition| condition.holds(scope)) {
            return Ok(None);
        }
        let text = |field: &Option<Field>| field.as_ref().and_then(|field| field.text(scope)).map(Cow::Owned);
        let name = self.alert_name.text(scope).ok_or_else(|| {
            format!(
                "nothing is where the mapping `{}` looks for the alert's name (mappings.{}.name)",
                self.name, self.name
            )
        })?;
        let word = text(&self.status);
        let (status, state) = match word.as_deref().map(status::read) {
            None => (Status::Firing, None),
            Some(Said::Is(status)) => (status, None),
            Some(Said::State(state)) => (Status::Firing, Some(state)),
            Some(Said::Ignored) => return Ok(None),
            // A word that is missing in the map costs no alert.
            Some(Said::Unknown) => (Status::Firing, None),
        };
        let unknown = word.filter(|word| matches!(status::read(word), Said::Unknown));
        let mut alert = Alert::firing(name).status(status).severity(text(&self.severity));
        for (key, field) in &self.labels {
            alert = alert.label(key, field.text(scope).map(Cow::Owned));
        }
        for (key, field) in &self.annotations {
            alert = alert.annotation(key, field.text(scope).map(Cow::Owned));
        }
        let all = |finds: &[Find]| finds.iter().flat_map(|find| find.values(scope)).flat_map(pairs).collect::<Vec<_>>();
        // Two mappings of this source may count from 1.
        let own = text(&self.fingerprint).map(|own| Cow::Owned(format!("{}/{own}", self.name)));
        Ok(Some(
            alert
                .labels(all(&self.labels_from))
                .annotations(all(&self.annotations_from))
                .annotation("status_raw", unknown)
                .annotation(STATE, state.map(Into::into))
                .starts(text(&self.starts))
                .ends(text(&self.ends))
                .fingerprint(own)
                .link(text(&self.link)),
        ))
    }
}

/// Pairs of an object, of a list of `{"name": …, "value": …}` or `{"key": …, "value": …}`, or of `key:value` texts.
fn pairs(value: &Value) -> Vec<(String, String)> {
    let own = json::Value::from(value);
    let node = Node::root(&own);
    match value {
        Value::Object(_) => {
            let name = node.first(&["key", "name"]).filter(|_| node.get("value").exists());
            match (name, node.get("value").text()) {
                (Some(name), Some(value)) => vec![(name.into_owned(), value.into_owned())],
                _ => node.flat("."),
            }
        }
        Value::Array(items) if items.iter().any(|item| !item.is_string()) => items.iter().flat_map(pairs).collect(),
        _ => tags::split(tags::of(node)).0,
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_mistake_in_the_settings_names_its_place() {
        for (settings, want) in [
            (r#"{"mappings":{"a":{"name":"$.a","lables":{}}}}"#, "mappings.a.lables: there is no such setting"),
            (r#"{"mappings":{"a":7}}"#, "mappings.a: expected an object, found 7"),
            (r#"{"mappings":{"a":{"name":{"form":"$.a"}}}}"#, "mappings.a.name.form: expected from, map or default"),
            (r#"{"mappings":{"a":{"name":{"map":{}}}}}"#, "mappings.a.name.from: expected a path"),
            (r#"{"mappings":{"a":{"name":"$.a","items":"alerts"}}}"#, "mappings.a.items: expected a path such as"),
            (
                r#"{"mappings":{"a":{"name":"$.a","ignore":[{"value":"$.b","is":"x","then":1}]}}}"#,
                "mappings.a.ignore[0].then: expected value",
            ),
            (
                r#"{"mappings":{"a":{"name":"$.a","labels":{"x":"{{ host }}"}}}}"#,
                "mappings.a.labels.x: expected a path such as",
            ),
            (r#"{"mappings":{"a":{}}}"#, "mappings.a.name: expected a text, found nothing"),
            ("{}", "mappings: expected an object, found nothing"),
        ] {
            let refused = read(settings).unwrap_err();
            assert!(refused.starts_with(want), "{refused}");
        }
    }
}
