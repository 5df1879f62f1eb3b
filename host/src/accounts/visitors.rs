//! Who was here and when, to the minute: kept in memory, and now and then in a file beside the accounts. So whom a provider or a
//! proxy names is known as well.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::file;
use crate::domain::{Proof, Proven};
use crate::regular_file;

/// People that are remembered; whoever was not here for longest is forgotten.
const MOST: usize = 2_000;

/// What is remembered of somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visitor {
    /// What they were called.
    pub name: String,
    /// How their name was proven.
    pub way: String,
    /// Whether somebody else says who they are: a provider or a proxy.
    pub outside: bool,
    /// Their groups, as others say them.
    pub groups: BTreeSet<String>,
    /// When they were here last.
    pub at: Timestamp,
}

/// Everybody who was here, by who they are.
#[derive(Debug)]
pub struct Visitors {
    path: PathBuf,
    all: Mutex<(BTreeMap<String, Visitor>, bool)>,
}

impl Visitors {
    /// What is known beside a file of accounts. What cannot be read is not known.
    pub fn beside(accounts: &Path) -> Self {
        let path = accounts.with_extension("seen.json");
        let text = regular_file::read_text(&path, regular_file::TEXT).unwrap_or_default();
        Self { path, all: Mutex::new((serde_json::from_str(&text).unwrap_or_default(), false)) }
    }

    /// Somebody is here.
    pub fn note(&self, person: &Proven, now: Timestamp) {
        let at = Timestamp::from_second(now.as_second() / 60 * 60).unwrap_or(now);
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let id = person.id();
        if all.0.get(&id).is_some_and(|seen| seen.at == at) {
            return;
        }
        if all.0.len() >= MOST && !all.0.contains_key(&id) {
            let oldest = all.0.iter().min_by_key(|(_, seen)| seen.at).map(|(id, _)| id.clone());
            oldest.map(|id| all.0.remove(&id));
        }
        let outside = matches!(person.proof(), Proof::Oidc { .. } | Proof::Proxy);
        let groups = if outside { person.groups().clone() } else { BTreeSet::new() };
        let (name, way) = (person.name().to_string(), person.proof().as_str().to_string());
        all.0.insert(id, Visitor { name, way, outside, groups, at });
        all.1 = true;
    }

    /// Everybody.
    pub fn all(&self) -> BTreeMap<String, Visitor> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// Writes what has changed.
    ///
    /// # Errors
    /// When it cannot be written: a sentence.
    pub fn save(&self) -> Result<(), String> {
        let all = {
            let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
            if !std::mem::take(&mut all.1) {
                return Ok(());
            }
            all.0.clone()
        };
        file::replace(&self.path, &all).inspect_err(|_| {
            // It is tried again.
            self.all.lock().unwrap_or_else(PoisonError::into_inner).1 = true;
        })
    }
}
