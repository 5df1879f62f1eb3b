//! Reads the plugin's settings into a struct.

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::host::{self, CallError};

/// The settings of this call. A mistake in them is the operator's to mend, and the error names its place.
pub fn read<T: DeserializeOwned>() -> Result<T, CallError> {
    parse(&host::settings())
}

/// Settings from a text.
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T, CallError> {
    let value: Value = serde_json::from_str(text).map_err(|error| wrong("", error))?;
    serde_path_to_error::deserialize(value).map_err(|error| {
        let place = error.path().to_string();
        wrong(if place == "." { "" } else { &place }, error.into_inner())
    })
}

/// The error of a setting; `place` is its name.
pub fn wrong(place: &str, reason: impl std::fmt::Display) -> CallError {
    let colon = if place.is_empty() { "" } else { ": " };
    CallError::Misconfigured(format!("settings: {place}{colon}{reason}"))
}

/// A text that is written into markup or an address, and so must be nothing but what it is meant to be. `refusal` stands
/// behind one that is something else, such as `is no user id`.
///
/// # Errors
/// Where it is no text, or `fits` does not hold.
pub fn checked<'de, D: Deserializer<'de>>(
    deserializer: D,
    fits: impl FnOnce(&str) -> bool,
    refusal: &str,
) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if fits(&text) { Ok(text) } else { Err(D::Error::custom(format!("{text:?} {refusal}"))) }
}

/// Whether something is done with a secret: `true` for the usual one, a string for one of another name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SecretChoice {
    /// It is not done.
    #[default]
    None,
    /// With the usual secret.
    Usual,
    /// With the secret of this name.
    Named(String),
}

impl SecretChoice {
    /// The name of the secret, if it is done.
    pub fn name<'a>(&'a self, usual: &'a str) -> Option<&'a str> {
        match self {
            Self::None => None,
            Self::Usual => Some(usual),
            Self::Named(name) => Some(name),
        }
    }
}

impl<'de> Deserialize<'de> for SecretChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Null | Value::Bool(false) => Ok(Self::None),
            Value::Bool(true) => Ok(Self::Usual),
            Value::String(name) if !name.is_empty() => Ok(Self::Named(name)),
            _ => Err(D::Error::custom("expected true, false or the name of a secret")),
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod schema {
    use std::borrow::Cow;

    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

    use super::SecretChoice;

    impl JsonSchema for SecretChoice {
        fn inline_schema() -> bool {
            true
        }
        fn schema_name() -> Cow<'static, str> {
            "SecretChoice".into()
        }
        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({"type": ["boolean", "string"], "default": false})
        }
    }

    #[cfg(feature = "notifier")]
    impl JsonSchema for crate::notifier::MentionOn {
        fn inline_schema() -> bool {
            true
        }
        fn schema_name() -> Cow<'static, str> {
            "MentionOn".into()
        }
        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({"type": "string", "enum": ["approval", "report", "resolved"]})
        }
    }

    impl JsonSchema for crate::http::Template {
        fn inline_schema() -> bool {
            true
        }
        fn schema_name() -> Cow<'static, str> {
            "Template".into()
        }
        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({"type": "string"})
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only what is refused matters")]
    struct Settings {
        url: String,
        #[serde(default)]
        sign: SecretChoice,
        #[serde(default)]
        mentions: Vec<String>,
    }

    #[test]
    fn mistakes_name_their_place() {
        for (text, want) in [
            ("{}", "settings: missing field `url`"),
            (r#"{"url":"u","header":{}}"#, "settings: header: unknown field `header`"),
            (r#"{"url":[]}"#, "settings: url: invalid type: sequence, expected a string"),
            (r#"{"url":"u","sign":7}"#, "settings: sign: expected true, false or the name of a secret"),
            (r#"{"url":"u","mentions":["a",{}]}"#, "settings: mentions[1]: invalid type: map, expected a string"),
            ("[", "settings: EOF while parsing"),
        ] {
            let Err(CallError::Misconfigured(reason)) = parse::<Settings>(text) else {
                panic!("{text} must be refused")
            };
            assert!(reason.starts_with(want), "{reason}");
        }
    }

    #[test]
    fn a_secret_has_three_spellings() {
        let sign = |text: &str| parse::<Settings>(text).unwrap().sign;
        assert_eq!(sign(r#"{"url":"u"}"#).name("sign-secret"), None);
        assert_eq!(sign(r#"{"url":"u","sign":true}"#).name("sign-secret"), Some("sign-secret"));
        assert_eq!(sign(r#"{"url":"u","sign":"other"}"#).name("sign-secret"), Some("other"));
    }
}
