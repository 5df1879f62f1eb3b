//! Puts a plugin into an operator's folder and pins its digest there. The operator's configuration is never
//! written: what it must say is told.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::folder::PluginFolder;
use super::names;
use crate::plugin::Kind;
use crate::plugin::examine::examine;
use crate::plugin::pins::{Pin, Pins};

/// A plugin that was put into a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// Where it is now.
    pub folder: PathBuf,
    /// Its digest in hex.
    pub sha256: String,
    /// What was there before; none for a first installation.
    pub replaced: Option<Pin>,
}

/// Where a plugin is installed, and over what.
#[derive(Clone, Copy, Debug)]
pub struct Destination<'a> {
    /// The folder that the configuration names.
    pub plugins: &'a Path,
    /// Where that which is compiled to look at the plugin is kept.
    pub cache: Option<&'a Path>,
    /// The plugins inside the host, whose names are taken.
    pub bundled: &'a [(String, Kind)],
    /// Whether it is meant to take the place of a bundled one.
    pub replace: bool,
}

/// Installs a plugin.
///
/// # Errors
/// A sentence: what is wrong with the plugin or the folder. Nothing was changed then, unless the disk refused in
/// the middle.
pub fn install(found: &PluginFolder, into: Destination<'_>) -> Result<Installed, String> {
    let Destination { plugins, cache, bundled, replace } = into;
    let manifest = found.whole()?;
    names::check(&manifest.name, manifest.kind, bundled, replace)?;
    let bytes = found.bytes()?;
    let examined = examine(&bytes, Some(manifest.kind), cache)?;
    if !examined.problems.is_empty() {
        return Err(format!("{} would not be loaded: {}", manifest.label(), examined.problems.join("; ")));
    }
    if plugins.join("plugin.toml").is_file() {
        return Err(format!(
            "{} is the folder of a single plugin; name the folder above it as [plugins] path to install more",
            plugins.display()
        ));
    }
    let at = |path: &Path, error: io::Error| format!("{} cannot be written: {error}", path.display());
    fs::create_dir_all(plugins).map_err(|error| at(plugins, error))?;
    let mut pins = Pins::read(plugins)?;
    let folder = plugins.join(&manifest.name);
    if folder.canonicalize().is_ok_and(|there| there == found.folder) {
        return Err(format!("{} is in the configured folder already", folder.display()));
    }
    let replaced = pins.of(&manifest.name).cloned();
    fs::create_dir_all(&folder).map_err(|error| at(&folder, error))?;
    let manifest_text = fs::read(found.folder.join("plugin.toml")).map_err(|error| at(&found.folder, error))?;
    // The pin goes first: whoever loads the plugin before the component has followed refuses it.
    let pin = Pin { version: manifest.version.clone(), sha256: examined.sha256.clone() };
    pins.pin(&manifest.name, pin).map_err(|error| at(plugins, error))?;
    for (name, bytes) in [(manifest.component_file(), &bytes), ("plugin.toml".to_string(), &manifest_text)] {
        let path = folder.join(&name);
        put(&path, bytes).map_err(|error| at(&path, error))?;
    }
    if let Ok(readme) = fs::read(found.folder.join("README.md")) {
        let path = folder.join("README.md");
        put(&path, &readme).map_err(|error| at(&path, error))?;
    }
    Ok(Installed { folder, sha256: examined.sha256, replaced })
}

/// Writes beside and renames, so that nobody loads half a file.
fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(&beside, bytes)?;
    fs::rename(&beside, path)
}
