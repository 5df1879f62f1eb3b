//! Puts secrets where a plugin wrote `{{secret:name}}`, and takes them out of what comes back.
//!
//! A plugin never holds a value: it writes the placeholder, and everything that it can read
//! afterwards has been scrubbed of the values in the forms in which a server may reflect them.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use crate::secret::Secret;

const OPEN: &str = "{{secret:";
const CLOSE: &str = "}}";

/// Where a placeholder stands, which decides how the value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceholderContext {
    /// As it is: a URL, a header, text.
    Plain,
    /// Inside a JSON string.
    Json,
    /// Inside a form.
    Form,
}

/// Why placeholders are not replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlaceholderError {
    /// The secret of this name has no value.
    Unknown(String),
    /// The text would be longer than was allowed: a short placeholder may stand for a long value, many times.
    TooLong,
}

/// Secrets by name.
#[derive(Clone, Default)]
pub struct Secrets(BTreeMap<String, Secret>);

impl Secrets {
    /// Takes resolved secrets.
    pub fn new(secrets: BTreeMap<String, Secret>) -> Self {
        Self(secrets)
    }

    /// Replaces every placeholder in a text that has at most so many bytes then.
    pub fn expand(&self, text: &str, place: PlaceholderContext, most: usize) -> Result<String, PlaceholderError> {
        let mut out = String::with_capacity(text.len().min(most));
        let mut rest = text;
        while let Some((before, name, after)) = next(rest) {
            out.push_str(before);
            let value = self.0.get(name).ok_or_else(|| PlaceholderError::Unknown(name.to_string()))?.expose();
            match place {
                PlaceholderContext::Plain => out.push_str(value),
                PlaceholderContext::Json => out.push_str(&json(value)),
                PlaceholderContext::Form => out.push_str(&percent(value)),
            }
            rest = after;
            if out.len() > most {
                return Err(PlaceholderError::TooLong);
            }
        }
        out.push_str(rest);
        if out.len() > most { Err(PlaceholderError::TooLong) } else { Ok(out) }
    }

    /// Replaces every value by its placeholder, in the forms in which it may come back. `extra`
    /// are further texts that hold a value.
    pub fn scrub(&self, text: &str, extra: &[String]) -> String {
        let mut needles: Vec<(String, String)> = Vec::new();
        for (name, secret) in &self.0 {
            let value = secret.expose();
            let placeholder = format!("{OPEN}{name}{CLOSE}");
            for form in [
                value.to_string(),
                json(value),
                percent(value),
                percent(value).to_lowercase(),
                percent(value).replace("%20", "+"),
                STANDARD.encode(value),
                STANDARD_NO_PAD.encode(value),
                URL_SAFE.encode(value),
                URL_SAFE_NO_PAD.encode(value),
                hex::encode(value),
            ] {
                needles.push((form, placeholder.clone()));
            }
        }
        needles.extend(extra.iter().map(|text| (text.clone(), format!("{OPEN}…{CLOSE}"))));
        // The longest first, so that no form is left over when a shorter one is part of it.
        needles.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then(a.0.cmp(&b.0)));
        needles.dedup_by(|a, b| a.0 == b.0);
        let mut text = text.to_string();
        for (needle, placeholder) in needles.iter().filter(|(needle, _)| !needle.is_empty()) {
            if text.contains(needle.as_str()) {
                text = text.replace(needle.as_str(), placeholder);
            }
        }
        text
    }
}

/// The names of all placeholders in a text, each once.
pub fn names(text: &str) -> Vec<String> {
    let mut names = BTreeSet::new();
    let mut rest = text;
    while let Some((_, name, after)) = next(rest) {
        names.insert(name);
        rest = after;
    }
    names.into_iter().map(str::to_string).collect()
}

/// Whether a text begins with a placeholder.
pub fn starts_with_secret(text: &str) -> bool {
    next(text.trim_start()).is_some_and(|(before, ..)| before.is_empty())
}

/// What stands before the first placeholder, its name, and what stands after it.
fn next(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once(OPEN)?;
    let (name, after) = rest.split_once(CLOSE)?;
    Some((before, name, after))
}

fn json(value: &str) -> String {
    let quoted = serde_json::Value::from(value).to_string();
    quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default().to_string()
}

fn percent(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> Secrets {
        Secrets::new(
            [("token", "t0p/s\"cret+1"), ("key", "abcd")]
                .map(|(name, value)| (name.to_string(), Secret::new(value)))
                .into(),
        )
    }

    #[test]
    fn placeholders_become_values_in_the_form_that_the_place_needs() {
        let text = "a={{secret:token}}&b={{secret:key}}";
        assert_eq!(names(text), ["key", "token"]);
        assert_eq!(secrets().expand(text, PlaceholderContext::Plain, 100).unwrap(), "a=t0p/s\"cret+1&b=abcd");
        assert_eq!(secrets().expand(text, PlaceholderContext::Json, 100).unwrap(), "a=t0p/s\\\"cret+1&b=abcd");
        assert_eq!(secrets().expand(text, PlaceholderContext::Form, 100).unwrap(), "a=t0p%2Fs%22cret%2B1&b=abcd");
        assert_eq!(
            secrets().expand("{{secret:other}}", PlaceholderContext::Plain, 100).unwrap_err(),
            PlaceholderError::Unknown("other".into())
        );
        assert_eq!(secrets().expand("{{secret:open", PlaceholderContext::Plain, 100).unwrap(), "{{secret:open");
    }

    #[test]
    fn many_short_placeholders_make_no_long_text() {
        let text = "{{secret:token}}".repeat(1_000);
        assert_eq!(secrets().expand(&text, PlaceholderContext::Plain, 11_999), Err(PlaceholderError::TooLong));
        assert_eq!(secrets().expand(&text, PlaceholderContext::Plain, 12_000).unwrap().len(), 12_000);
        assert_eq!(secrets().expand("plain", PlaceholderContext::Plain, 4), Err(PlaceholderError::TooLong));
    }

    #[test]
    fn a_value_is_never_expanded_twice() {
        let nested = Secrets::new(
            [("a", "{{secret:b}}"), ("b", "value-of-b")]
                .map(|(name, value)| (name.to_string(), Secret::new(value)))
                .into(),
        );
        assert_eq!(nested.expand("{{secret:a}}", PlaceholderContext::Plain, 100).unwrap(), "{{secret:b}}");
    }

    #[test]
    fn reflected_values_are_taken_out_in_every_form() {
        let secrets = secrets();
        let value = "t0p/s\"cret+1";
        let basic = STANDARD.encode(format!("user:{value}"));
        for form in [
            value.to_string(),
            json(value),
            percent(value),
            percent(value).to_lowercase(),
            STANDARD.encode(value),
            URL_SAFE_NO_PAD.encode(value),
            hex::encode(value),
            basic.clone(),
        ] {
            let scrubbed = secrets.scrub(&format!("<{form}>"), std::slice::from_ref(&basic));
            assert!(!scrubbed.contains(&form), "{scrubbed}");
            assert!(scrubbed.starts_with("<{{secret:") && scrubbed.ends_with("}}>"), "{scrubbed}");
        }
        assert_eq!(secrets.scrub("nothing here", &[]), "nothing here");
    }
}
