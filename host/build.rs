//! Puts the bundled plugins into the binary.
//!
//! Writes `OUT_DIR/bundled.rs`, an expression of the type `&[(&str, &str, &[u8])]`: name, text of
//! `plugin.toml` and component of each plugin under `plugins/`, ordered by name. Without the
//! guests' compilation target, `TIDEGATE_PREBUILT_PLUGINS` may name a folder with `<name>.wasm`
//! files; `plugins/README.md` says more.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

const PREBUILT: &str = "TIDEGATE_PREBUILT_PLUGINS";
const KINDS: [&str; 3] = ["source", "notifier", "remediation"];

fn main() {
    if let Err(error) = run() {
        // Cargo shows what a failed build script wrote here.
        eprintln!("{error}");
        std::process::exit(1);
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let workspace = root.join("plugins");
    let out = variable("OUT_DIR").ok_or("OUT_DIR is not set")?;
    let plugins = plugins(&workspace)?;
    watch(&root, &plugins);

    let components = match variable(PREBUILT) {
        Some(folder) => {
            println!("cargo::rerun-if-changed={}", folder.display());
            folder
        }
        None => {
            let built = out.join("plugins");
            build(&workspace, &groups(&plugins), &target_dir(&out)?, &built)?;
            built
        }
    };
    fs::write(out.join("bundled.rs"), bundled(&plugins, &components)?)?;
    Ok(())
}

struct Plugin {
    name: String,
    folder: PathBuf,
}

/// Every folder that holds a `plugin.toml`, by name.
fn plugins(workspace: &Path) -> Result<Vec<Plugin>, Box<dyn Error>> {
    let mut plugins = Vec::new();
    for kind in KINDS {
        for entry in fs::read_dir(workspace.join(kind))? {
            let entry = entry?;
            if entry.path().join("plugin.toml").is_file() {
                let name = entry.file_name().to_string_lossy().into_owned();
                plugins.push(Plugin { name, folder: entry.path() });
            }
        }
    }
    plugins.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(plugins)
}

/// Names what the components depend on. Not whole folders: a guest's own `target` stands among
/// them, and a changed README or test case changes no component.
fn watch(root: &Path, plugins: &[Plugin]) {
    println!("cargo::rerun-if-env-changed={PREBUILT}");
    let workspace = root.join("plugins");
    // What is embedded beside the components: a file that is new there makes the program new.
    println!("cargo::rerun-if-changed={}", root.join("host/scaffold").display());
    let kit = ["kit/Cargo.toml", "kit/src"].map(|name| workspace.join(name));
    let shared = [workspace.join("Cargo.toml"), workspace.join("Cargo.lock"), root.join("wit/v0.1")];
    let shared = shared.into_iter().chain(kit);
    let own =
        plugins.iter().flat_map(|plugin| ["Cargo.toml", "plugin.toml", "src"].map(|name| plugin.folder.join(name)));
    for path in shared.chain(own) {
        println!("cargo::rerun-if-changed={}", path.display());
    }
}

/// One directory for the guests whatever the host's profile is. It is a sibling of the profiles'
/// directories: inside one, each profile would build the guests anew, and in the outer `cargo`'s own
/// directory the two would wait for each other's lock for ever.
fn target_dir(out: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let build = out.ancestors().find(|path| path.file_name().is_some_and(|name| name == "build"));
    let profiles = build.and_then(Path::parent).and_then(Path::parent);
    let profiles = profiles.ok_or_else(|| format!("{} is in no target directory", out.display()))?;
    Ok(profiles.join("plugins"))
}

/// The plugins by kind: a component has one world, and what is built together shares the kit's features, of
/// which each brings the world of its kind.
fn groups(plugins: &[Plugin]) -> Vec<Vec<String>> {
    let of = |kind: &str| {
        let own = plugins.iter().filter(|plugin| plugin.folder.parent().is_some_and(|parent| parent.ends_with(kind)));
        own.map(|plugin| plugin.name.clone()).collect()
    };
    KINDS.map(of).to_vec()
}

fn build(workspace: &Path, groups: &[Vec<String>], target_dir: &Path, out_dir: &Path) -> Result<(), Box<dyn Error>> {
    let cargo = variable("CARGO").unwrap_or_else(|| "cargo".into());
    let rustc = variable("RUSTC").unwrap_or_else(|| "rustc".into());
    let options = tidegate_builder::Options { workspace, groups, target_dir, out_dir, cargo: &cargo, rustc: &rustc };
    let built = tidegate_builder::build(&options, &mut |line| println!("cargo::warning={line}"));
    built.map(|_| ()).map_err(|error| match error {
        tidegate_builder::Error::Target { .. } => format!("{error}\n(the folder's name goes into {PREBUILT})").into(),
        other => other.into(),
    })
}

/// The text of `bundled.rs`. Paths are absolute, because `include!` moves where relative ones start.
fn bundled(plugins: &[Plugin], components: &Path) -> Result<String, Box<dyn Error>> {
    let components = components.canonicalize().map_err(|e| format!("{}: {e}", components.display()))?;
    let mut text = String::from("&[\n");
    for Plugin { name, folder } in plugins {
        let component = components.join(format!("{name}.wasm"));
        if !component.is_file() {
            return Err(format!("{name} has a plugin.toml but no {}", component.display()).into());
        }
        let manifest = folder.join("plugin.toml");
        writeln!(text, "    ({name:?}, include_str!({manifest:?}), include_bytes!({component:?}).as_slice()),")?;
    }
    text.push_str("]\n");
    Ok(text)
}

#[expect(clippy::disallowed_methods, reason = "a build script is configured by variables alone")]
fn variable(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}
