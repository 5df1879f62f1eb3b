//! When tokens were last used, to the minute: kept in memory, and now and then in a file beside the accounts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use super::file;
use crate::regular_file;

/// The times by the ids of tokens.
#[derive(Debug)]
pub struct LastUsed {
    path: PathBuf,
    times: Mutex<(BTreeMap<String, Timestamp>, bool)>,
}

impl LastUsed {
    /// What is known beside a file of accounts. What cannot be read is not known.
    pub fn beside(accounts: &Path) -> Self {
        let path = accounts.with_extension("used.json");
        let text = regular_file::read_text(&path, regular_file::TEXT).unwrap_or_default();
        Self { path, times: Mutex::new((serde_json::from_str(&text).unwrap_or_default(), false)) }
    }

    /// A token is used.
    pub fn note(&self, id: &str, now: Timestamp) {
        let minute = Timestamp::from_second(now.as_second() / 60 * 60).unwrap_or(now);
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        if times.0.get(id) != Some(&minute) {
            times.0.insert(id.to_string(), minute);
            times.1 = true;
        }
    }

    /// When a token was last used.
    pub fn at(&self, id: &str) -> Option<Timestamp> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner).0.get(id).copied()
    }

    /// Writes what has changed, of tokens that there still are.
    ///
    /// # Errors
    /// When it cannot be written: a sentence.
    pub fn save(&self, there_is: impl Fn(&str) -> bool) -> Result<(), String> {
        let times = {
            let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
            if !std::mem::take(&mut times.1) {
                return Ok(());
            }
            times.0.retain(|id, _| there_is(id));
            times.0.clone()
        };
        file::replace(&self.path, &times).inspect_err(|_| {
            // It is tried again.
            self.times.lock().unwrap_or_else(PoisonError::into_inner).1 = true;
        })
    }
}
