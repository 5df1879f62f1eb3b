//! Secrets: where they come from, and the values that must not be printed.
//!
//! The file only ever says where a secret is. [`Secret`] has no `Debug`, `Display` or `Serialize`,
//! so that no log line and no error can hold one by accident.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

/// Larger files are no secrets but mistakes.
const MAX_FILE: u64 = 64 * 1024;

/// Where a secret is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// In this environment variable.
    Env(String),
    /// In this file, without a trailing line end.
    File(PathBuf),
}

/// A secret value.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    pub fn new(value: String) -> Self {
        Self(value)
    }

    /// The value, for the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl SecretSource {
    /// Fetches the secret now.
    ///
    /// # Errors
    /// A sentence that names the variable or file, never the value.
    pub fn read(&self) -> Result<Secret, String> {
        match self {
            Self::Env(name) => match variable(name) {
                Some(value) if !value.is_empty() => Ok(Secret(value)),
                Some(_) => Err(format!("the environment variable {name} is empty")),
                None => Err(format!("the environment variable {name} is not set")),
            },
            Self::File(path) => read_file(path),
        }
    }

    pub(super) fn resolve_path(&mut self, base: &Path) {
        if let Self::File(path) = self {
            *path = base.join(&*path);
        }
    }
}

fn read_file(path: &Path) -> Result<Secret, String> {
    let name = path.display();
    let size = std::fs::metadata(path).map_err(|e| format!("the secret file {name} cannot be read: {e}"))?.len();
    if size > MAX_FILE {
        return Err(format!("the secret file {name} is larger than {MAX_FILE} bytes"));
    }
    let text = std::fs::read_to_string(path).map_err(|e| format!("the secret file {name} cannot be read: {e}"))?;
    let value = text.strip_suffix('\n').unwrap_or(&text);
    let value = value.strip_suffix('\r').unwrap_or(value);
    if value.is_empty() { Err(format!("the secret file {name} is empty")) } else { Ok(Secret(value.into())) }
}

/// An environment variable; none as well when it is not UTF-8.
#[expect(clippy::disallowed_methods, reason = "the door to the environment of configuration and command line")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

const FORM: &str = "a secret is never written into the configuration: \
                    write { env = \"NAME\" } or { file = \"path\" } instead";

impl<'de> Deserialize<'de> for SecretSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SourceVisitor)
    }
}

struct SourceVisitor;

// Every scalar gets the same answer, because serde's own would repeat the value.
impl<'de> Visitor<'de> for SourceVisitor {
    type Value = SecretSource;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{ env = \"NAME\" } or { file = \"path\" }")
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<SecretSource, E> {
        Err(E::custom(FORM))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<SecretSource, E> {
        Err(E::custom(FORM))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<SecretSource, E> {
        Err(E::custom(FORM))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<SecretSource, E> {
        Err(E::custom(FORM))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SecretSource, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key::<String>()? {
            let source = match key.as_str() {
                "env" => SecretSource::Env(map.next_value()?),
                "file" => SecretSource::File(map.next_value()?),
                // The name is not repeated: in `{ hunter2 = … }` it may be the secret.
                _ => return Err(A::Error::custom(FORM)),
            };
            if found.replace(source).is_some() {
                return Err(A::Error::custom("a secret has one place: either env or file, not both"));
            }
        }
        let empty = |source: &SecretSource| match source {
            SecretSource::Env(name) => name.is_empty(),
            SecretSource::File(path) => path.as_os_str().is_empty(),
        };
        found.filter(|source| !empty(source)).ok_or_else(|| A::Error::custom(FORM))
    }
}
