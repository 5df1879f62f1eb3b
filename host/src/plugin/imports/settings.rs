//! `settings`: the plugin's own settings, with placeholders where secrets stand.

use crate::plugin::imports::State;

/// The settings as a JSON object.
pub fn get(state: &State) -> String {
    state.binding.settings.clone()
}
