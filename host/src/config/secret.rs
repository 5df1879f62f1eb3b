//! References to secrets in the file. The file only ever says where a secret is.

use std::fmt;
use std::path::Path;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

use crate::secret::SecretSource;

/// `{ env = "NAME" }` or `{ file = "path" }`; anything else is answered with that form and never
/// repeated, because it may be the secret itself.
pub struct Reference(pub SecretSource);

/// Makes a secret's file relative to the directory of the configuration.
pub fn resolve_path(source: &mut SecretSource, base: &Path) {
    if let SecretSource::File(path) = source {
        *path = base.join(&*path);
    }
}

const FORM: &str = "a secret is never written into the configuration: \
                    write { env = \"NAME\" } or { file = \"path\" } instead";

impl<'de> Deserialize<'de> for Reference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReferenceVisitor).map(Self)
    }
}

struct ReferenceVisitor;

// Every scalar gets the same answer, because serde's own would repeat the value.
impl<'de> Visitor<'de> for ReferenceVisitor {
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
