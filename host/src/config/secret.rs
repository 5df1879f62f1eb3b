//! References to secrets in the file. The file only ever says where a secret is.

use std::fmt;
use std::path::Path;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::secret::SecretSource;

/// `{ env = "NAME" }` or `{ file = "path" }`; anything else is answered with that form and never
/// repeated, because it may be the secret itself.
pub struct Reference(pub SecretSource);

/// A secret, or several of which each is good, while a sender changes from one to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secrets {
    /// The one that is used to send.
    pub first: SecretSource,
    /// What is accepted besides.
    pub others: Vec<SecretSource>,
}

impl Secrets {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &SecretSource> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// Makes their files relative to the directory of the configuration.
    pub(super) fn resolve_paths(&mut self, base: &Path) {
        std::iter::once(&mut self.first).chain(&mut self.others).for_each(|source| resolve_path(source, base));
    }
}

impl From<SecretSource> for Secrets {
    fn from(first: SecretSource) -> Self {
        Self { first, others: Vec::new() }
    }
}

/// A reference, or a list of them.
pub struct References(pub Secrets);

/// So many secrets may be good at a time: each costs a computation over every body.
const MOST: usize = 8;

impl<'de> Deserialize<'de> for References {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReferenceVisitor { most: MOST }).map(Self)
    }
}

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
        deserializer.deserialize_any(ReferenceVisitor { most: 1 }).map(|secrets| Self(secrets.first))
    }
}

/// Reads one secret, or where several may be named a list of them. Every value of another kind gets the same answer,
/// because serde's own would repeat it.
struct ReferenceVisitor {
    most: usize,
}

impl<'de> Visitor<'de> for ReferenceVisitor {
    type Value = Secrets;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{ env = \"NAME\" } or { file = \"path\" }")
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Secrets, E> {
        Err(E::custom(FORM))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Secrets, E> {
        Err(E::custom(FORM))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Secrets, E> {
        Err(E::custom(FORM))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Secrets, E> {
        Err(E::custom(FORM))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Secrets, A::Error> {
        if self.most == 1 {
            return Err(A::Error::custom("one secret is named here, and not a list"));
        }
        let none = || A::Error::custom("a list of secrets names at least one");
        let mut secrets = Secrets::from(list.next_element::<Reference>()?.ok_or_else(none)?.0);
        while let Some(Reference(next)) = list.next_element()? {
            if secrets.others.len() + 1 >= self.most {
                return Err(A::Error::custom(format_args!("at most {MOST} secrets can be good at a time")));
            }
            secrets.others.push(next);
        }
        Ok(secrets)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Secrets, A::Error> {
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
        found.filter(|source| !empty(source)).map(Secrets::from).ok_or_else(|| A::Error::custom(FORM))
    }
}
