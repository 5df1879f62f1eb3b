//! `state`: small values, private to the plugin and kept across restarts, below a quota.
//!
//! The quota is enforced with an index of sizes, kept beside the values under the empty key, which
//! no plugin can use. Calls that only look may write, within the same quota: it is the plugin's own
//! memory, and changes nothing elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::plugin::authority::Authority;
use crate::plugin::error::Cause;
use crate::plugin::imports::{Binding, State};
use crate::plugin::limiter::Halt;
use crate::ports::PluginState;

/// Bytes of all keys and values of one plugin or target.
const QUOTA: usize = 64 << 10;

/// Bytes that a key costs besides itself and its value, so that a plugin has few of them: the index is read and written
/// as a whole.
const OVERHEAD: usize = 32;

/// Reads and writes of one call. They wait for a disk, on threads whose time is not the plugin's.
const USES: u32 = 256;

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

/// What is kept beside the values.
#[derive(Default, Serialize, Deserialize)]
struct Index {
    /// Bytes of each key and its value.
    sizes: BTreeMap<String, usize>,
    /// Keys that were last written by a call that only looks.
    #[serde(default)]
    unruled: BTreeSet<String>,
}

/// Counts a read or write. The error ends the call.
pub fn count(state: &mut State) -> Result<(), Halt> {
    state.state_uses = state.state_uses.saturating_add(1);
    if state.state_uses > USES { Err(Halt(Cause::State(USES))) } else { Ok(()) }
}

/// The value of a key. For a call that acts there is nothing under a key that was last written by one
/// that only looks: what reaches an action has been ruled on, and its plugin's notes have not.
pub async fn get(binding: &Binding, authority: Authority, key: String) -> Result<Option<String>, StateError> {
    usable(&key)?;
    blocking(binding, move |store, plugin| {
        if authority.acts() && index(store, plugin)?.unruled.contains(&key) {
            return Ok(None);
        }
        store.get(plugin, &key).map_err(StateError::Other)
    })
    .await
}

/// Sets the value of a key.
pub async fn set(binding: &Binding, authority: Authority, key: String, value: String) -> Result<(), StateError> {
    usable(&key)?;
    if key.len() + value.len() > QUOTA {
        return Err(StateError::QuotaExceeded);
    }
    blocking(binding, move |store, plugin| {
        let mut index = index(store, plugin)?;
        let size = key.len() + value.len();
        let before = index.sizes.insert(key.clone(), size);
        let known = before == Some(size);
        // What grows nothing is taken however much is stored.
        let grows = before.is_none_or(|before| size > before);
        if grows && index.sizes.values().map(|size| size + OVERHEAD).sum::<usize>() > QUOTA {
            return Err(StateError::QuotaExceeded);
        }
        let write = |index: &Index| {
            let text = serde_json::to_string(index).map_err(|e| StateError::Other(e.to_string()))?;
            store.set(plugin, INDEX, &text).map_err(StateError::Other)
        };
        // First, so that a crash in between counts a value that is not there rather than missing one
        // that is, and never takes a note for something that an action has written.
        let marked = !authority.acts() && index.unruled.insert(key.clone());
        if !known || marked {
            write(&index)?;
        }
        store.set(plugin, &key, &value).map_err(StateError::Other)?;
        if authority.acts() && index.unruled.remove(&key) {
            write(&index)?;
        }
        Ok(())
    })
    .await
}

fn index(store: &dyn PluginState, plugin: &str) -> Result<Index, StateError> {
    let text = store.get(plugin, INDEX).map_err(StateError::Other)?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}

fn usable(key: &str) -> Result<(), StateError> {
    if key == INDEX { Err(StateError::Other("a key must not be empty".into())) } else { Ok(()) }
}

/// Storage may wait for a disk, which must not hold up other calls. Two uses at the same time must not each see the quota
/// without the other's value: the lock is held by the work itself, which goes on when the call that began it has ended.
async fn blocking<T: Send + 'static>(
    binding: &Binding,
    work: impl FnOnce(&dyn PluginState, &str) -> Result<T, StateError> + Send + 'static,
) -> Result<T, StateError> {
    let store = Arc::clone(&binding.outside.state);
    let plugin = binding.state_key.clone();
    let held = Arc::clone(&binding.state_lock).lock_owned().await;
    tokio::task::spawn_blocking(move || {
        let _held = held;
        work(store.as_ref(), &plugin)
    })
    .await
    .unwrap_or_else(|error| Err(StateError::Other(error.to_string())))
}
