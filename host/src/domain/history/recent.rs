//! The incidents to which something may still happen, and those that closed last.

use std::sync::Arc;

use rpds::{HashTrieSetSync, RedBlackTreeMapSync, RedBlackTreeSetSync};

use super::{Incident, Key, Past, hash};

/// Words that are known for being shared; beyond it they are forgotten and found anew.
const WORDS: usize = 4096;

/// Rows that may change, by time and by group. A clone shares everything.
#[derive(Clone, Debug, Default)]
pub(super) struct Recent {
    by_time: RedBlackTreeMapSync<Key, Arc<Past>>,
    by_group: RedBlackTreeSetSync<(u64, Key)>,
    /// Rules and names, each once.
    words: HashTrieSetSync<Arc<str>>,
}

impl Recent {
    /// Puts one in, in place of an earlier form of it.
    #[cfg(test)]
    pub fn put(&mut self, mut past: Past) {
        (past.rule, past.name) = (self.shared(&past.rule), self.shared(&past.name));
        self.insert(past);
    }

    /// Puts an incident in as it stands, in place of an earlier form of it.
    pub fn take_in(&mut self, incident: &Incident) {
        let past = Past::sharing(incident, |word| self.shared(word));
        self.insert(past);
    }

    fn insert(&mut self, past: Past) {
        let (key, group) = (past.key(), hash(&past.group_key));
        match self.by_time.get(&key).map(|known| known.group_key == past.group_key) {
            Some(true) => {}
            Some(false) => {
                self.take(&key);
                self.by_group.insert_mut((group, key));
            }
            None => self.by_group.insert_mut((group, key)),
        }
        self.by_time.insert_mut(key, Arc::new(past));
    }

    fn shared(&mut self, word: &str) -> Arc<str> {
        if let Some(known) = self.words.get(word) {
            return Arc::clone(known);
        }
        if self.words.size() >= WORDS {
            self.words = HashTrieSetSync::default();
        }
        let word: Arc<str> = word.into();
        self.words.insert_mut(Arc::clone(&word));
        word
    }

    /// Takes one out.
    pub fn take(&mut self, key: &Key) -> Option<Arc<Past>> {
        let past = self.by_time.get(key).map(Arc::clone)?;
        self.by_time.remove_mut(key);
        self.by_group.remove_mut(&(hash(&past.group_key), *key));
        Some(past)
    }

    /// The one that was opened first.
    pub fn first(&self) -> Option<Key> {
        self.by_time.first().map(|(key, _)| *key)
    }

    /// Those opened at or after this time.
    pub fn since(&self, since: i64) -> impl Iterator<Item = &Past> {
        self.by_time.range((since, 0)..).map(|(_, past)| past.as_ref())
    }

    /// The same, of one group.
    pub fn of_group(&self, group_key: &str, since: i64) -> impl Iterator<Item = &Past> {
        let group = hash(group_key);
        let range = self.by_group.range((group, (since, 0))..=(group, (i64::MAX, u64::MAX)));
        let rows = range.filter_map(|(_, key)| self.by_time.get(key));
        rows.map(AsRef::as_ref).filter(move |past| *past.group_key == *group_key)
    }
}
