//! Where a field's text comes from: paths, texts with paths in them, headers and parameters, perhaps mapped to other
//! words.

use serde_json::Value;
use serde_json_path::JsonPath;
use tidegate_plugin::json;
use tidegate_plugin::source::Node;
use tidegate_plugin::source::pattern::best;

use crate::body::Scope;

/// A field of a mapping.
#[derive(Debug)]
pub(crate) struct Field {
    /// The first that has a text counts.
    from: Vec<Template>,
    /// What the sender's words stand for; of several patterns the closest counts.
    map: Vec<(String, String)>,
    default: Option<String>,
}

type Template = Vec<Part>;

#[derive(Debug)]
enum Part {
    Text(String),
    Find(Find),
}

/// A place to look at.
#[derive(Debug)]
pub(crate) enum Find {
    Item(JsonPath),
    Body(JsonPath),
    Header(String),
    Query(String),
}

impl Field {
    /// Reads a field of the settings: a text, a list of texts, or an object with `from`, `map` and `default`.
    pub fn read(setting: Node<'_>) -> Result<Self, String> {
        if !setting.is_object() {
            return Ok(Self { from: sources(setting)?, map: Vec::new(), default: None });
        }
        if let Some((key, _)) = setting.members().find(|(key, _)| !["from", "map", "default"].contains(key)) {
            return Err(setting.get(key).expected("from, map or default, and no other member"));
        }
        let map = setting.get("map");
        let map = if map.exists() { map.need_object()?.texts() } else { Vec::new() };
        let from = setting.get("from");
        let default = setting.get("default").text().map(std::borrow::Cow::into_owned);
        if !from.exists() && default.is_none() {
            return Err(from.expected("a path, a text or a list of them"));
        }
        Ok(Self { from: if from.exists() { sources(from)? } else { Vec::new() }, map, default })
    }

    /// The field's text; none where no place has one.
    pub fn text(&self, scope: Scope<'_>) -> Option<String> {
        let found = self.from.iter().find_map(|template| fill(template, scope));
        let Some(found) = found else { return self.default.clone() };
        let mapped = best(&self.map, &found).map(str::to_string);
        mapped.or_else(|| self.default.clone().filter(|_| !self.map.is_empty())).or(Some(found))
    }
}

fn sources(setting: Node<'_>) -> Result<Vec<Template>, String> {
    if setting.is_list() {
        return setting.items().map(template).collect();
    }
    Ok(vec![template(setting)?])
}

/// `header.x-name` and `query.name`, which are places without braces too.
fn is_place(text: &str) -> bool {
    let name = text.strip_prefix("header.").or_else(|| text.strip_prefix("query."));
    name.is_some_and(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'))
}

/// A place alone (`$.a.b`), or a text with `{{ $.a.b }}` in it.
fn template(setting: Node<'_>) -> Result<Template, String> {
    let text = setting.need_text()?;
    let wrong = |reason: String| format!("{}: {reason}", setting.place());
    if text.trim_start().starts_with('$') || is_place(text.trim()) {
        return Ok(vec![Part::Find(Find::read(text.trim()).map_err(wrong)?)]);
    }
    let mut parts = Vec::new();
    let mut rest = text.as_ref();
    while let Some((before, behind)) = rest.split_once("{{") {
        let (inner, after) =
            behind.split_once("}}").ok_or_else(|| wrong("`{{` is opened and never closed with `}}`".into()))?;
        parts.push(Part::Text(before.to_string()));
        parts.push(Part::Find(Find::read(inner.trim()).map_err(wrong)?));
        rest = after;
    }
    parts.push(Part::Text(rest.to_string()));
    parts.retain(|part| !matches!(part, Part::Text(text) if text.is_empty()));
    Ok(parts)
}

/// A text whose places are all empty is none.
fn fill(template: &Template, scope: Scope<'_>) -> Option<String> {
    let mut filled = String::new();
    let (mut places, mut found) = (false, false);
    for part in template {
        match part {
            Part::Text(text) => filled.push_str(text),
            Part::Find(find) => {
                places = true;
                if let Some(text) = find.text(scope) {
                    found = true;
                    filled.push_str(&text);
                }
            }
        }
    }
    Some(filled.trim().to_string()).filter(|filled| (found || !places) && !filled.is_empty())
}

impl Find {
    /// Reads a place: `$.a`, `$$.a`, `header.x`, `query.x`.
    pub fn read(text: &str) -> Result<Self, String> {
        let path =
            |text: &str| JsonPath::parse(text).map_err(|error| format!("`{text}` is no JSONPath (RFC 9535): {error}"));
        if text.starts_with("$$") {
            return Ok(Self::Body(path(text.get(1..).unwrap_or_default())?));
        }
        if text.starts_with('$') {
            return Ok(Self::Item(path(text)?));
        }
        match text.split_once('.') {
            Some(("header", name)) if !name.is_empty() => Ok(Self::Header(name.to_ascii_lowercase())),
            Some(("query", name)) if !name.is_empty() => Ok(Self::Query(name.to_string())),
            _ => Err(format!("expected a path such as `$.a`, `$$.a`, `header.x-name` or `query.name`, found `{text}`")),
        }
    }

    /// All values there.
    pub fn values<'a>(&self, scope: Scope<'a>) -> Vec<&'a Value> {
        match self {
            Self::Item(path) => path.query(scope.item).all(),
            Self::Body(path) => path.query(scope.body).all(),
            Self::Header(_) | Self::Query(_) => Vec::new(),
        }
    }

    /// Whether the list is there of which this takes some: a sender may have nothing to tell.
    pub fn has_list(&self, scope: Scope<'_>) -> bool {
        let (path, value) = match self {
            Self::Item(path) => (path, scope.item),
            Self::Body(path) => (path, scope.body),
            Self::Header(_) | Self::Query(_) => return false,
        };
        let written = path.to_string();
        let list = ["[*]", "[?"].iter().filter_map(|selector| written.rfind(selector)).max();
        let list = list.and_then(|end| JsonPath::parse(written.get(..end)?).ok());
        list.is_some_and(|list| list.query(value).all().into_iter().any(Value::is_array))
    }

    /// The texts there, joined by commas.
    fn text(&self, scope: Scope<'_>) -> Option<String> {
        match self {
            Self::Header(name) => scope.request.header(name).map(str::to_string),
            Self::Query(name) => scope.request.parameter(name).map(str::to_string),
            Self::Item(_) | Self::Body(_) => {
                let text = |value| json::text(&json::Value::from(value)).map(|text| text.trim().to_string());
                let texts: Vec<String> = self.values(scope).into_iter().filter_map(text).collect();
                Some(texts.join(", "))
            }
        }
        .filter(|text| !text.trim().is_empty())
    }
}
