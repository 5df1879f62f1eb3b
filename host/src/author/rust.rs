//! What is special about a plugin in Rust: names that Cargo cannot use, and where Cargo leaves its module.

use std::path::PathBuf;
use std::process::Command;

use include_dir::{Dir, include_dir};
use serde::Deserialize;
use toml::{Table, Value};

use super::scaffold::collect;

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

static KIT: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../plugins/kit");

/// The workspace that the kit stands in here.
const WORKSPACE: &str = include_str!("../../../plugins/Cargo.toml");

/// The versions with which the bundled plugins are built and tested.
const LOCK: &str = include_str!("../../../plugins/Cargo.lock");

/// Where the contract lies as seen from the kit, here and in a plugin's folder.
const CONTRACT: (&str, &str) = ("../../wit/v0.1", "../wit");

const DEPENDENCIES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// The kit that a plugin in Rust stands on, fit for a folder that stands alone.
pub(super) fn kit() -> Result<Vec<(String, Vec<u8>)>, String> {
    let mut files = Vec::new();
    collect(&KIT, KIT.path(), "kit/", &mut files);
    for (name, contents) in &mut files {
        let Ok(text) = std::str::from_utf8(contents) else { continue };
        *contents = match name.as_str() {
            "kit/Cargo.toml" => alone(text, WORKSPACE)?.into_bytes(),
            _ => text.replace(CONTRACT.0, CONTRACT.1).into_bytes(),
        };
    }
    // Cargo drops from it what the plugin does not need.
    files.push(("Cargo.lock".into(), LOCK.as_bytes().to_vec()));
    Ok(files)
}

/// A package's manifest without what it takes from its workspace.
fn alone(package: &str, workspace: &str) -> Result<String, String> {
    let read = |text: &str| toml::from_str::<Table>(text).map_err(|error| format!("the kit: {error}"));
    let (mut package, workspace) = (read(package)?, read(workspace)?);
    let shared = |section: &str| workspace.get("workspace").and_then(|value| value.get(section)).cloned();
    package.remove("lints");
    let (fields, dependencies) = (shared("package"), shared("dependencies"));
    fill(&mut package, "package", fields.as_ref())?;
    for section in DEPENDENCIES {
        fill(&mut package, section, dependencies.as_ref())?;
    }
    let targets = package.get_mut("target").and_then(Value::as_table_mut);
    for (_, target) in targets.into_iter().flatten() {
        let Some(target) = target.as_table_mut() else { continue };
        for section in DEPENDENCIES {
            fill(target, section, dependencies.as_ref())?;
        }
    }
    toml::to_string(&package).map_err(|error| format!("the kit: {error}"))
}

/// Fills the entries of a section with what they take from the workspace.
fn fill(table: &mut Table, section: &str, given: Option<&Value>) -> Result<(), String> {
    let entries = table.get_mut(section).and_then(Value::as_table_mut);
    for (name, entry) in entries.into_iter().flatten() {
        let given = given.and_then(|given| given.get(name));
        *entry = taken(entry, given).ok_or_else(|| format!("the kit: {section}.{name} is nowhere"))?;
    }
    Ok(())
}

/// An entry with what it takes from the workspace.
fn taken(entry: &Value, given: Option<&Value>) -> Option<Value> {
    let Some(own) = entry.as_table().filter(|own| own.get("workspace") == Some(&Value::Boolean(true))) else {
        return Some(entry.clone());
    };
    let mut own = own.clone();
    own.remove("workspace");
    match given? {
        value if own.is_empty() => Some(value.clone()),
        Value::String(version) => {
            own.insert("version".into(), Value::String(version.clone()));
            Some(Value::Table(own))
        }
        Value::Table(given) => {
            let mut merged = given.clone();
            for (key, value) in own {
                match (merged.get_mut(&key), value) {
                    (Some(Value::Array(list)), Value::Array(more)) => list.extend(more),
                    (_, value) => {
                        merged.insert(key, value);
                    }
                }
            }
            Some(Value::Table(merged))
        }
        _ => None,
    }
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
    fn the_kit_needs_nothing_around_it() {
        let files = kit().unwrap();
        let text = |name: &str| {
            let (_, contents) = files.iter().find(|(known, _)| known == name).unwrap();
            String::from_utf8(contents.clone()).unwrap()
        };
        assert!(!text("kit/Cargo.toml").contains("workspace"), "{}", text("kit/Cargo.toml"));
        assert!(text("kit/Cargo.toml").contains("wit-bindgen"));
        let outside = files.iter().filter(|(name, _)| name != "Cargo.lock");
        for (name, contents) in outside {
            assert!(!String::from_utf8_lossy(contents).contains("\"../../wit"), "{name} leads out of the folder");
        }
    }

    #[test]
    fn what_a_workspace_gives_is_merged() {
        let package = "[package]\nname = \"a\"\nedition.workspace = true\n[dependencies]\n\
                       b = { workspace = true, features = [\"y\"], optional = true }\nc.workspace = true\nd = \"3\"\n\
                       [target.'cfg(unix)'.dependencies]\nc.workspace = true";
        let workspace = "[workspace.package]\nedition = \"2024\"\n[workspace.dependencies]\n\
                         b = { version = \"1\", features = [\"x\"] }\nc = \"2\"";
        let alone: Table = toml::from_str(&alone(package, workspace).unwrap()).unwrap();
        assert_eq!(alone["package"]["edition"].as_str(), Some("2024"));
        assert_eq!(alone["dependencies"]["b"]["features"].as_array().unwrap().len(), 2);
        assert_eq!(alone["dependencies"]["b"]["optional"].as_bool(), Some(true));
        assert_eq!(alone["dependencies"]["c"].as_str(), Some("2"));
        assert_eq!(alone["target"]["cfg(unix)"]["dependencies"]["c"].as_str(), Some("2"));
        assert!(super::alone("[dependencies]\ne.workspace = true", workspace).unwrap_err().contains("dependencies.e"));
    }

    #[test]
    fn a_plugin_cannot_have_the_name_of_what_it_is_built_with() {
        assert!(check_name("pager").is_ok());
        for name in ["std", "serde_json", "serde-json", "tidegate-plugin"] {
            assert!(check_name(name).unwrap_err().contains("choose another"));
        }
    }
}
