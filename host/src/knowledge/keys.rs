//! In what incidents are alike, as numbers that can be looked up.

use sha2::{Digest as _, Sha256};

use super::question::Question;
use crate::domain::Incident;
use crate::domain::knowledge::Similarity;

/// The keys of one incident, the most alike first.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// Likeness and key.
    pub all: Vec<(Similarity, i64)>,
}

impl Keys {
    /// The keys of an incident.
    pub fn of(incident: &Incident, question: &Question) -> Self {
        let group = incident.group_key.as_ref();
        let mut all = Vec::new();
        let mut put = |likeness, parts: &[&str]| all.push((likeness, key(parts)));
        for name in &question.names {
            put(Similarity::Same, &["same", name, group]);
        }
        put(Similarity::SameGroup, &["group", group]);
        for name in &question.names {
            for finding in &question.findings {
                put(Similarity::SameFinding, &["finding", name, finding]);
            }
        }
        for name in &question.names {
            put(Similarity::SameAlert, &["alert", name]);
        }
        Self { all }
    }
}

/// The same in every process and version: it stands in the file. The last bit is left to [`classed`].
fn key(parts: &[&str]) -> i64 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part.as_bytes());
    }
    let digest: [u8; 32] = hash.finalize().into();
    let first = digest.first_chunk::<8>().copied().unwrap_or_default();
    i64::from_le_bytes(first) & !1
}

/// The key among those about which somebody did something, or among the others.
pub fn classed(key: i64, useful: bool) -> i64 {
    key & !1 | i64::from(useful)
}

/// The key in both classes.
pub fn both_classes(key: i64) -> [i64; 2] {
    [classed(key, false), classed(key, true)]
}
