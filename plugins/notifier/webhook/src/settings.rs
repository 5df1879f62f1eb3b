//! The plugin's settings.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::bindings::exports::tidegate::plugin::notifier::CallError;

/// Settings after validation.
#[derive(Debug, PartialEq)]
pub(crate) struct Settings {
    pub url: String,
    pub headers: Vec<(String, String)>,
    /// The secret to sign with.
    pub sign: Option<String>,
    pub timeout_ms: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    url: String,
    #[serde(default)]
    headers: Map<String, Value>,
    #[serde(default)]
    sign: Value,
    timeout_ms: Option<u32>,
}

/// Reads the settings; a mistake in them is the operator's to mend.
pub(crate) fn read(text: &str) -> Result<Settings, CallError> {
    let wrong = |reason: String| CallError::Misconfigured(format!("settings: {reason}"));
    let raw: Raw = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
    if raw.url.trim().is_empty() {
        return Err(wrong("url: expected an address".into()));
    }
    let sign = match raw.sign {
        Value::Null | Value::Bool(false) => None,
        Value::Bool(true) => Some("sign-secret".to_string()),
        Value::String(name) if !name.is_empty() => Some(name),
        _ => return Err(wrong("sign: expected true, false or the name of a secret".into())),
    };
    let mut headers = Vec::new();
    for (name, value) in raw.headers {
        let Value::String(value) = value else {
            return Err(wrong(format!("headers.{name}: expected a string")));
        };
        headers.push((name, value));
    }
    Ok(Settings { url: raw.url, headers, sign, timeout_ms: raw.timeout_ms })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_enough() {
        let settings = read(r#"{"url":"https://x/{{secret:path}}"}"#).unwrap();
        assert_eq!(settings.url, "https://x/{{secret:path}}");
        assert_eq!((settings.sign, settings.headers.len()), (None, 0));
    }

    #[test]
    fn signing_has_two_spellings() {
        let sign = |text: &str| read(text).unwrap().sign;
        assert_eq!(sign(r#"{"url":"u","sign":true}"#).as_deref(), Some("sign-secret"));
        assert_eq!(sign(r#"{"url":"u","sign":"other"}"#).as_deref(), Some("other"));
    }

    #[test]
    fn mistakes_name_their_place() {
        for (text, place) in [
            ("{}", "url"),
            (r#"{"url":""}"#, "url"),
            (r#"{"url":"u","header":{}}"#, "header"),
            (r#"{"url":"u","headers":{"a":1}}"#, "headers.a"),
            (r#"{"url":"u","sign":7}"#, "sign"),
        ] {
            let Err(CallError::Misconfigured(reason)) = read(text) else { panic!("{text} must be refused") };
            assert!(reason.contains(place), "{reason}");
        }
    }
}
