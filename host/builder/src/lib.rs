//! Builds a Cargo workspace of WASM guests into components.
//!
//! Called by the host's build script for the bundled plugins, and by tests for theirs. A guest is built for `wasm32-unknown-unknown`, so it can import nothing but the
//! plugin contract, and its core module becomes a component in this process, without other tools.
//!
//! Guarantees: the nested `cargo` never uses the target directory of an outer one (that would
//! dead-lock), never inherits its flags, and never changes a lock file.

#[cfg(feature = "foreign")]
mod c;
mod component;
mod environment;
mod error;
mod module;
mod target;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

#[cfg(feature = "foreign")]
pub use c::c_bindings;
pub use component::componentize;
pub use environment::leaks;
pub use error::Error;

/// The compilation target of every guest.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// What to build and where.
pub struct Options<'a> {
    /// The folder that holds the guests' `Cargo.toml` and `Cargo.lock`.
    pub workspace: &'a Path,
    /// Packages that are built together, one `cargo` after the other; none for the whole workspace at once. What is
    /// built together shares the features of its dependencies.
    pub groups: &'a [Vec<String>],
    /// Where the nested `cargo` works. Fixed, and never that of an outer `cargo`.
    pub target_dir: &'a Path,
    /// Where the components go, one `<name>.wasm` each.
    pub out_dir: &'a Path,
    /// The `cargo` to call.
    pub cargo: &'a Path,
    /// The `rustc` that this `cargo` uses.
    pub rustc: &'a Path,
}

/// One finished component.
#[derive(Debug, PartialEq, Eq)]
pub struct Component {
    /// The crate's name with `-` between the words.
    pub name: String,
    /// The file that holds it.
    pub path: PathBuf,
}

/// Builds every guest of the workspace, or of the groups. `say` receives the few lines that a person should see.
pub fn build(options: &Options<'_>, say: &mut dyn FnMut(&str)) -> Result<Vec<Component>, Error> {
    target::ensure(options.rustc, say)?;
    fs::create_dir_all(options.target_dir).map_err(|e| Error::file(options.target_dir, e))?;
    fs::create_dir_all(options.out_dir).map_err(|e| Error::file(options.out_dir, e))?;
    // A debug and a release build of the host may run side by side. Cargo locks its own work; this
    // lock also covers the reading of the modules after it. Closing the file unlocks it.
    let path = options.target_dir.join(".tidegate-builder.lock");
    let lock = File::create(&path).map_err(|e| Error::file(&path, e))?;
    lock.lock().map_err(|e| Error::file(&path, e))?;

    let mut components = Vec::new();
    let whole = [Vec::new()];
    let groups = if options.groups.is_empty() { whole.as_slice() } else { options.groups };
    let built = groups.iter().map(|group| module::build(options, group)).collect::<Result<Vec<_>, _>>()?;
    for module in built.into_iter().flatten() {
        let core = fs::read(&module.path).map_err(|e| Error::file(&module.path, e))?;
        let bytes = componentize(&core).map_err(|reason| Error::Component { name: module.name.clone(), reason })?;
        let path = options.out_dir.join(format!("{}.wasm", module.name));
        write_if_changed(&path, &bytes)?;
        components.push(Component { name: module.name, path });
    }
    components.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(components)
}

/// Keeps the time stamp of an unchanged file, so that whoever embeds it is not built again.
fn write_if_changed(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    fs::write(path, bytes).map_err(|e| Error::file(path, e))
}
