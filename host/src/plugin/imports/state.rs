//! `state`: small values, private to the plugin and kept across restarts, below a quota.
//!
//! The quota is enforced with an index of sizes, kept beside the values under the empty key, which
//! no plugin can use.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::plugin::imports::Binding;
use crate::ports::PluginState;

/// Bytes of all keys and values of one plugin or target.
const QUOTA: usize = 64 << 10;

/// Where the sizes are kept.
const INDEX: &str = "";

/// Why a value was not read or written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateError {
    /// All values together would be larger than allowed.
    QuotaExceeded,
    /// Anything else.
    Other(String),
}

/// The value of a key.
pub async fn get(binding: &Binding, key: String) -> Result<Option<String>, StateError> {
    usable(&key)?;
    blocking(binding, move |store, plugin| store.get(plugin, &key).map_err(StateError::Other)).await
}

/// Sets the value of a key.
pub async fn set(binding: &Binding, key: String, value: String) -> Result<(), StateError> {
    usable(&key)?;
    if key.len() + value.len() > QUOTA {
        return Err(StateError::QuotaExceeded);
    }
    // Two calls at the same time must not each see the quota without the other's value.
    let _held = binding.state_lock.lock().await;
    blocking(binding, move |store, plugin| {
        let index = store.get(plugin, INDEX).map_err(StateError::Other)?;
        let mut sizes: BTreeMap<String, usize> =
            index.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let size = key.len() + value.len();
        let known = sizes.insert(key.clone(), size) == Some(size);
        if sizes.values().sum::<usize>() > QUOTA {
            return Err(StateError::QuotaExceeded);
        }
        if !known {
            // First, so that a crash in between counts a value that is not there rather than
            // missing one that is.
            let text = serde_json::to_string(&sizes).map_err(|e| StateError::Other(e.to_string()))?;
            store.set(plugin, INDEX, &text).map_err(StateError::Other)?;
        }
        store.set(plugin, &key, &value).map_err(StateError::Other)
    })
    .await
}

fn usable(key: &str) -> Result<(), StateError> {
    if key == INDEX { Err(StateError::Other("a key must not be empty".into())) } else { Ok(()) }
}

/// Storage may wait for a disk, which must not hold up other calls.
async fn blocking<T: Send + 'static>(
    binding: &Binding,
    work: impl FnOnce(&dyn PluginState, &str) -> Result<T, StateError> + Send + 'static,
) -> Result<T, StateError> {
    let store = Arc::clone(&binding.outside.state);
    let plugin = binding.state_key.clone();
    tokio::task::spawn_blocking(move || work(store.as_ref(), &plugin))
        .await
        .unwrap_or_else(|error| Err(StateError::Other(error.to_string())))
}
