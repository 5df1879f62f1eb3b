//! What authors of plugins need: a folder to begin with, a build, tests through the real host, a look at
//! what came of it, one call by hand, and the way into an operator's host.
//!
//! Everything here works without configuration and without a running host. What a plugin does here it
//! does within the sandbox, the grants and the limits that it would have in a host; only the network and
//! the tool servers are played from files.
//!
//! - `scaffold`, `rust`, `c`: the folder of a new plugin; `names`: which name it cannot have
//! - `toolchain`, `build`: from source to component; `stale`: whether that has been done since the last change
//! - `cases`: `testdata/` through the host, and one call by hand
//! - `send`: a message really sent
//! - `difference`: how what came differs from what was expected
//! - `configuration`, `install`: into an operator's folder

pub mod build;
mod c;
pub mod cases;
pub mod configuration;
pub mod difference;

mod folder;
pub mod install;
pub mod names;
mod rust;
pub mod scaffold;
pub mod send;
mod stale;
mod toolchain;

use std::path::PathBuf;

pub use folder::PluginFolder;

use crate::environment::Environment;

/// Where compiled components are kept between commands: the user's own cache. None where there is no home.
pub fn cache_folder(environment: &dyn Environment) -> Option<PathBuf> {
    let set = |name: &str| environment.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let caches = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")))?;
    Some(caches.join("tidegate").join("plugins"))
}
