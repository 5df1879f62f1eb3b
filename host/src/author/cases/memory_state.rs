//! What a plugin has kept before a case, and keeps after it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::ports::PluginState;

/// The values of the one plugin that a case is of.
#[derive(Default)]
pub(super) struct MemoryState(Mutex<BTreeMap<String, String>>);

impl MemoryState {
    pub(super) fn new(values: BTreeMap<String, String>) -> Self {
        Self(Mutex::new(values))
    }

    /// Those under keys that the plugin can use: the host keeps its own beside them under the empty one.
    pub(super) fn values(&self) -> BTreeMap<String, String> {
        let values = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        values.into_iter().filter(|(key, _)| !key.is_empty()).collect()
    }
}

impl PluginState for MemoryState {
    fn get(&self, _plugin: &str, key: &str) -> Result<Option<String>, String> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned())
    }

    fn set(&self, _plugin: &str, key: &str, value: &str) -> Result<(), String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_string(), value.to_string());
        Ok(())
    }
}
