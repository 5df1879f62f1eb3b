//! Values that must not be seen, and where they come from.
//!
//! [`Secret`] has neither `Debug` nor `Display` nor `Serialize`: it cannot reach a log, an error or
//! the journal by accident. The configuration names sources, never values.

use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;

use crate::environment::Environment;
use crate::redact::known;

/// The shortest value that is taken. Shorter ones could not be kept out of texts without wrecking
/// them, and would not be secrets for long.
pub const SHORTEST: usize = 3;

/// A secret value.
#[derive(Clone)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Takes a value.
    pub fn new(value: impl Into<Arc<str>>) -> Self {
        Self(value.into())
    }

    /// The value. Whoever calls this is responsible for where it goes.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Where a secret comes from: `{ env = "NAME" }` or `{ file = "/path" }`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "RawSource")]
pub enum SecretSource {
    /// A variable of the environment.
    Env(String),
    /// A file; one line break at its end is dropped.
    File(PathBuf),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSource {
    env: Option<String>,
    file: Option<PathBuf>,
}

impl TryFrom<RawSource> for SecretSource {
    type Error = &'static str;

    fn try_from(raw: RawSource) -> Result<Self, Self::Error> {
        match (raw.env, raw.file) {
            (Some(name), None) => Ok(Self::Env(name)),
            (None, Some(path)) => Ok(Self::File(path)),
            _ => Err("a secret is either { env = \"NAME\" } or { file = \"/path\" }"),
        }
    }
}

/// Why a secret has no value. An operator must act; a retry does not help.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The variable is not set.
    #[error("the environment variable {0} is not set")]
    NoVariable(String),
    /// The file cannot be read.
    #[error("{path} cannot be read: {reason}")]
    NoFile {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        reason: String,
    },
    /// The value is no secret.
    #[error("its value has fewer than {SHORTEST} bytes")]
    TooShort,
}

impl SecretSource {
    /// Reads the value. From then on it is taken out of every text that is redacted, and of the log.
    pub fn resolve(&self, environment: &dyn Environment) -> Result<Secret, SecretError> {
        let value = match self {
            Self::Env(name) => environment
                .get(name)
                .filter(|value| !value.is_empty())
                .ok_or_else(|| SecretError::NoVariable(name.clone()))?,
            Self::File(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|error| SecretError::NoFile { path: path.clone(), reason: error.to_string() })?;
                let line = text.strip_suffix('\n').unwrap_or(&text);
                line.strip_suffix('\r').unwrap_or(line).to_string()
            }
        };
        if value.len() < SHORTEST {
            return Err(SecretError::TooShort);
        }
        known::remember(&value);
        Ok(Secret::new(value))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn source(toml: &str) -> Result<SecretSource, toml::de::Error> {
        #[derive(Deserialize)]
        struct Holder {
            s: SecretSource,
        }
        toml::from_str::<Holder>(&format!("s = {toml}")).map(|holder| holder.s)
    }

    #[test]
    fn a_source_is_a_variable_or_a_file_and_never_a_value() {
        assert_eq!(source(r#"{ env = "X" }"#).unwrap(), SecretSource::Env("X".into()));
        assert!(source(r#""the value itself""#).is_err());
        assert!(source(r#"{ env = "X", file = "/y" }"#).is_err());
        assert!(source("{ }").is_err());
    }

    #[test]
    fn values_come_from_where_the_source_says() {
        let environment: BTreeMap<String, String> =
            [("X", "from-env"), ("EMPTY", ""), ("TINY", "ab")].map(|(k, v)| (k.to_string(), v.to_string())).into();
        let read = |name: &str| SecretSource::Env(name.into()).resolve(&environment);
        assert_eq!(read("X").ok().unwrap().expose(), "from-env");
        assert_eq!(read("EMPTY").err(), Some(SecretError::NoVariable("EMPTY".into())));
        assert_eq!(read("TINY").err(), Some(SecretError::TooShort));

        let file = tempfile_with("from-file\n");
        let secret = SecretSource::File(file.clone()).resolve(&environment).ok().unwrap();
        assert_eq!(secret.expose(), "from-file");
        std::fs::remove_file(file).unwrap();
    }

    fn tempfile_with(text: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("tidegate-secret-{}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        path
    }
}
