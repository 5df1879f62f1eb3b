//! Text with places for secrets.

use std::ops::Add;

use serde::{Deserialize, Deserializer};

/// A secret of the host's configuration. The plugin never sees its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The secret of this name, which the manifest must ask for.
    pub fn named(name: &str) -> Self {
        Self(name.to_string())
    }

    /// What the host replaces by the value: for the signer's key and message.
    pub fn placeholder(&self) -> String {
        format!("{{{{secret:{}}}}}", self.0)
    }
}

/// Text for a URL, a header or a place in a body. Only what was made of a [`Secret`] or stands in the
/// plugin's settings as `{{secret:name}}` is filled in by the host; any other text, whatever it holds, is not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Secret(Secret),
}

/// Where a text is written to decides how a brace is.
#[derive(Clone, Copy)]
pub(super) enum Place {
    Url,
    Header,
    Json,
    Form,
}

impl Template {
    /// Reads a setting: what looks like a place for a secret is one, because the operator wrote it.
    pub fn of_setting(text: &str) -> Self {
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some((before, name, behind)) = next_secret(rest) {
            parts.push(Part::Text(before.to_string()));
            parts.push(Part::Secret(Secret::named(name)));
            rest = behind;
        }
        parts.push(Part::Text(rest.to_string()));
        parts.retain(|part| !matches!(part, Part::Text(text) if text.is_empty()));
        Self { parts }
    }

    /// The default of an address that is a secret as a whole: `{{secret:webhook-url}}`.
    pub fn webhook_url() -> Self {
        Secret::named("webhook-url").into()
    }

    /// Whether a secret stands in it.
    pub fn holds_secret(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Secret(_)))
    }

    /// Whether nothing stands in it.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// As it is, where every text in it is the plugin's own.
    pub(super) fn plain(&self) -> String {
        let part = |part: &Part| match part {
            Part::Secret(secret) => secret.placeholder(),
            Part::Text(text) => text.clone(),
        };
        self.parts.iter().map(part).collect()
    }

    /// Whether a text in it, or two side by side, would be taken for a place for a secret.
    pub(super) fn pretends(&self) -> bool {
        let text = |part: &Part| match part {
            Part::Secret(_) => "\0".to_string(),
            Part::Text(text) => text.clone(),
        };
        self.parts.iter().map(text).collect::<String>().contains("{{")
    }

    /// As it goes to the host.
    pub(super) fn written(&self, place: Place) -> String {
        let mut out = String::new();
        for (at, part) in self.parts.iter().enumerate() {
            match part {
                Part::Secret(secret) => out.push_str(&secret.placeholder()),
                Part::Text(text) => {
                    let mut braces = place.without_pairs(text);
                    // The brace of a text and those of the place behind it are three.
                    if matches!(self.parts.get(at + 1), Some(Part::Secret(_))) && braces.ends_with('{') {
                        braces.pop();
                        braces.push_str(place.brace());
                    }
                    out.push_str(&braces);
                }
            }
        }
        out
    }
}

/// The text in front of the first place for a secret, its name, and what stands behind.
fn next_secret(text: &str) -> Option<(&str, &str, &str)> {
    let (before, from) = text.split_once("{{secret:")?;
    let (name, behind) = from.split_once("}}")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (!name.is_empty() && name.chars().all(plain)).then_some((before, name, behind))
}

impl Place {
    /// Text in which no two braces stand side by side.
    pub(super) fn without_pairs(self, text: &str) -> String {
        match self {
            Self::Form => super::request::encoded(text),
            // To a JSON reader the escape is the same text.
            Self::Json => quoted(text).replace("{{", "{\\u007b"),
            Self::Url => text.replace("{{", "%7B%7B"),
            Self::Header => text.replace("{{", "{ {").replace("{{", "{ {"),
        }
    }

    fn brace(self) -> &'static str {
        match self {
            Self::Json => "\\u007b",
            Self::Url | Self::Form => "%7B",
            Self::Header => "{ ",
        }
    }
}

/// The inside of a JSON string.
fn quoted(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.get(1..quoted.len() - 1).unwrap_or_default().to_string()
}

/// Only settings are read so: `{{secret:name}}` in them is a place for a secret.
impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::of_setting(&text))
    }
}

impl From<&str> for Template {
    /// Text, and no place for a secret in it.
    fn from(text: &str) -> Self {
        let parts = if text.is_empty() { vec![] } else { vec![Part::Text(text.to_string())] };
        Self { parts }
    }
}

impl From<Secret> for Template {
    fn from(secret: Secret) -> Self {
        Self { parts: vec![Part::Secret(secret)] }
    }
}

impl From<&Template> for Template {
    fn from(template: &Template) -> Self {
        template.clone()
    }
}

impl<T: Into<Template>> Add<T> for Template {
    type Output = Self;

    fn add(mut self, more: T) -> Self {
        for part in more.into().parts {
            match (self.parts.last_mut(), part) {
                (Some(Part::Text(before)), Part::Text(text)) => before.push_str(&text),
                (_, part) => self.parts.push(part),
            }
        }
        self
    }
}
