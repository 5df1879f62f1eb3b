//! What a plugin in C is compiled with besides its own code: the contract in C, made by this program.

use std::path::Path;

use crate::plugin::Kind;

/// Where it stands in the plugin's folder.
const FOLDER: &str = "bindings";

/// Writes the contract of the folder's `wit/` in C, unless it is there.
///
/// # Errors
/// A sentence, where the contract cannot be read or the folder cannot be written.
pub(super) fn bindings(folder: &Path, kind: Kind) -> Result<(), String> {
    let out = folder.join(FOLDER);
    if out.join("plugin.h").is_file() {
        return Ok(());
    }
    tidegate_builder::c_bindings(&folder.join("wit"), &format!("{kind}-plugin"), &out)
}
