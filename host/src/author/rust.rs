//! What is special about a plugin in Rust: names that Cargo cannot use, and where Cargo leaves its module.

use std::path::PathBuf;
use std::process::Command;

use serde::Deserialize;

/// Crates that a plugin in Rust is linked with; another one of the same name could not stand beside them.
const TAKEN: [&str; 9] =
    ["alloc", "core", "proc-macro", "serde", "serde-json", "std", "test", "tidegate-plugin", "wit-bindgen"];

/// Refuses names that are those of crates which the plugin needs.
pub(super) fn check_name(name: &str) -> Result<(), String> {
    if TAKEN.contains(&name.replace('_', "-").as_str()) {
        return Err(format!(
            "the name `{name}` is that of a crate that a plugin in Rust is built with: choose another"
        ));
    }
    Ok(())
}

/// The kit that the scaffold stands on.
pub(super) fn kit() -> Vec<(String, Vec<u8>)> {
    Vec::new()
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    target_directory: PathBuf,
}

#[derive(Deserialize)]
struct Package {
    manifest_path: PathBuf,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    crate_types: Vec<String>,
}

/// The module that Cargo builds of this package in release mode, wherever its target folder is. None when
/// the folder holds no such package.
pub(super) fn module(folder: &std::path::Path) -> Option<PathBuf> {
    let manifest = folder.join("Cargo.toml");
    if !manifest.is_file() {
        return None;
    }
    let mut command = Command::new("cargo");
    command.args(["metadata", "--no-deps", "--format-version=1", "--offline"]).current_dir(folder);
    let output = command.output().ok().filter(|output| output.status.success())?;
    let metadata: Metadata = serde_json::from_slice(&output.stdout).ok()?;
    let manifest = manifest.canonicalize().ok()?;
    let own = |package: &&Package| package.manifest_path.canonicalize().is_ok_and(|path| path == manifest);
    let targets = metadata.packages.iter().find(own).into_iter().flat_map(|package| &package.targets);
    let library = targets.into_iter().find(|target| target.crate_types.iter().any(|kind| kind == "cdylib"))?;
    let file = format!("{}.wasm", library.name.replace('-', "_"));
    Some(metadata.target_directory.join(tidegate_builder::TARGET).join("release").join(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_cannot_have_the_name_of_what_it_is_built_with() {
        assert!(check_name("pager").is_ok());
        for name in ["std", "serde_json", "serde-json", "tidegate-plugin"] {
            assert!(check_name(name).unwrap_err().contains("choose another"));
        }
    }
}
