//! The nested `cargo`: from a workspace to core modules.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Error, Options, TARGET, environment};

/// One core module as `cargo` left it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Module {
    pub name: String,
    pub path: PathBuf,
}

/// Builds guests in release, exactly as the workspace's lock file says: these packages, or all where none is named.
pub(crate) fn build(options: &Options<'_>, packages: &[String]) -> Result<Vec<Module>, Error> {
    let mut command = Command::new(options.cargo);
    environment::clean(&mut command);
    let output = command
        .current_dir(options.workspace)
        .args(["build", "--release", "--locked", "--target", TARGET])
        .args(["--message-format", "json-render-diagnostics", "--color", "never"])
        .arg("--target-dir")
        .arg(options.target_dir)
        .args(packages.iter().flat_map(|package| ["--package", package]))
        .env("RUSTC", options.rustc)
        .env("CARGO_ENCODED_RUSTFLAGS", flags(options.workspace))
        .stdin(Stdio::null())
        .output()
        .map_err(|e| Error::start(options.cargo, e))?;
    if !output.status.success() {
        let output = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(Error::Cargo { workspace: options.workspace.into(), output });
    }
    Ok(modules(&String::from_utf8_lossy(&output.stdout)))
}

/// Flags of our own, which also keep those of a user's Cargo configuration away: linker choices
/// made for the host are errors here. Panic messages hold source paths; without the builder's own
/// folders in them a component's bytes do not depend on where it was built.
fn flags(workspace: &Path) -> String {
    let mut flags = vec![format!("--remap-path-prefix={}=plugins", workspace.display())];
    let variable = |wanted: &str| std::env::vars_os().find(|(name, _)| name == wanted);
    let home = variable("CARGO_HOME").map(|(_, value)| PathBuf::from(value));
    let user = variable("HOME").map(|(_, value)| PathBuf::from(value).join(".cargo"));
    if let Some(home) = home.or(user) {
        flags.push(format!("--remap-path-prefix={}=cargo", home.display()));
    }
    flags.join("\x1f")
}

/// The modules that `cargo` reports, built now or earlier. Its messages are one JSON object per
/// line; a module is the only file in them whose name ends so.
fn modules(messages: &str) -> Vec<Module> {
    let artifacts = messages.lines().filter(|line| line.contains(r#""compiler-artifact""#));
    let strings = artifacts.flat_map(|line| line.split('"'));
    let mut modules: Vec<_> = strings
        .filter(|text| text.ends_with(".wasm"))
        .filter_map(|text| {
            let path = PathBuf::from(text.replace(r"\\", r"\"));
            let name = path.file_stem()?.to_str()?.replace('_', "-");
            Some(Module { name, path })
        })
        .collect();
    modules.sort_by(|a, b| a.name.cmp(&b.name));
    modules.dedup();
    modules
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_read_from_the_messages() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"serde"},"filenames":["/t/libserde.rlib"]}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"a_b"},"filenames":["/t/release/a_b.wasm"]}"#,
            "\n",
            r#"{"reason":"compiler-message","message":"see x.wasm"}"#,
            "\n",
            r#"{"reason":"build-finished","success":true}"#,
        );
        let want = Module { name: "a-b".into(), path: "/t/release/a_b.wasm".into() };
        assert_eq!(modules(messages), [want]);
    }

    #[test]
    fn paths_of_the_builder_are_taken_out() {
        let flags = flags(Path::new("/home/me/plugins"));
        assert!(flags.starts_with("--remap-path-prefix=/home/me/plugins=plugins"));
    }
}
