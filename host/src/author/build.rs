//! Builds a plugin: the manifest's own command, then the component where the host looks for it.

use std::fs;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use sha2::{Digest, Sha256};

use super::folder::PluginFolder;
use super::scaffold::Language;
use super::{c, rust, toolchain};
use crate::environment::Environment;
use crate::plugin::examine::is_core_module;

/// How a component begins.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// A component that was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// The file that holds it.
    pub path: PathBuf,
    /// Its bytes.
    pub size: usize,
    /// Its digest in hex.
    pub sha256: String,
}

/// Runs the manifest's build command in the plugin's folder and puts the component beside the manifest.
/// `say` hears each line of the command.
///
/// # Errors
/// Sentences: what of the toolchain is missing and how it is installed, how the command failed, or where the
/// module was looked for.
pub fn build(found: &PluginFolder, environment: &dyn Environment, say: &dyn Fn(&str)) -> Result<Built, String> {
    let manifest = found.whole()?;
    let command = manifest.build.as_ref().map(|build| build.command.as_str()).ok_or_else(|| {
        format!(
            "{}/plugin.toml has no [build] command; add one that leaves {} in this folder, such as\n[build]\n\
             command = \"cargo build --release --target {}\"",
            found.folder.display(),
            manifest.component_file(),
            tidegate_builder::TARGET
        )
    })?;
    let language = toolchain::language(&found.folder);
    let missing = language.map(|language| toolchain::missing(language, &found.folder, environment)).unwrap_or_default();
    if !missing.is_empty() {
        let lines: Vec<String> = missing
            .iter()
            .map(|missing| format!("{} is missing; install it:\n  {}", missing.what, missing.install))
            .collect();
        return Err(lines.join("\n"));
    }
    if language == Some(Language::C) {
        c::bindings(&found.folder, manifest.kind)?;
    }
    say(&format!("{}: {command}", found.folder.display()));
    run(command, &found.folder, say)?;
    finish(found, say)
}

/// Takes the module to where the host looks for it, as a component.
fn finish(found: &PluginFolder, say: &dyn Fn(&str)) -> Result<Built, String> {
    let built = rust::module(&found.folder).filter(|module| module.is_file());
    let from = built.as_deref().unwrap_or(&found.component);
    let bytes = fs::read(from).map_err(|error| {
        format!(
            "the build command succeeded, and {} is not there ({error}): let the command write it there",
            from.display()
        )
    })?;
    let component = if is_core_module(&bytes) {
        let wrapped = tidegate_builder::componentize(&bytes);
        wrapped.map_err(|error| format!("{} cannot be made a component: {error}", from.display()))?
    } else if bytes.starts_with(COMPONENT) {
        bytes
    } else {
        return Err(format!("{} is no WASM file", from.display()));
    };
    let path = found.component.clone();
    let changed = !fs::read(&path).is_ok_and(|old| old == component);
    // Also where nothing has changed: the file's time says of which sources it is.
    fs::write(&path, &component).map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
    if changed {
        say(&format!("wrote {}", path.display()));
    }
    Ok(Built { size: component.len(), sha256: hex::encode(Sha256::digest(&component)), path })
}

/// Runs a shell command to its end, and hands on what it says line by line.
fn run(command: &str, folder: &Path, say: &dyn Fn(&str)) -> Result<(), String> {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command).current_dir(folder);
    shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = shell.spawn().map_err(|error| format!("`sh` cannot be started: {error}"))?;
    let (sender, lines) = mpsc::channel::<String>();
    let streams: [Option<Box<dyn Read + Send>>; 2] = [
        child.stdout.take().map(|stream| Box::new(stream) as Box<dyn Read + Send>),
        child.stderr.take().map(|stream| Box::new(stream) as Box<dyn Read + Send>),
    ];
    for stream in streams.into_iter().flatten() {
        let sender = sender.clone();
        thread::spawn(move || {
            for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                let sent = sender.send(String::from_utf8_lossy(&line).trim_end().to_string());
                if sent.is_err() {
                    break;
                }
            }
        });
    }
    drop(sender);
    lines.iter().for_each(|line| say(&line));
    let status = child.wait().map_err(|error| format!("`{command}` cannot be waited for: {error}"))?;
    if status.success() {
        return Ok(());
    }
    Err(format!("the build command failed ({status}): `{command}` in {}; what it said stands above", folder.display()))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    use super::*;

    fn plugin(command: &str) -> (tempfile::TempDir, PluginFolder) {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("pager");
        fs::create_dir(&folder).unwrap();
        let manifest = format!("name = \"pager\"\nkind = \"source\"\nversion = \"1\"\n{command}");
        fs::write(folder.join("plugin.toml"), manifest).unwrap();
        let found = PluginFolder::at(&folder).unwrap();
        (parent, found)
    }

    fn attempt(command: &str) -> (Result<Built, String>, Vec<String>) {
        let (_parent, found) = plugin(command);
        let said = RefCell::new(Vec::new());
        let built = build(&found, &BTreeMap::<String, String>::new(), &|line| said.borrow_mut().push(line.to_string()));
        (built, said.into_inner())
    }

    #[test]
    fn the_command_runs_in_the_folder_and_its_lines_are_heard() {
        // The smallest component: magic, version, layer.
        let (built, said) = attempt(
            "[build]\ncommand = \"echo one; echo two >&2; printf '\\\\0asm\\\\15\\\\0\\\\1\\\\0' > pager.wasm\"",
        );
        assert_eq!(built.unwrap().size, 8);
        assert!(said.iter().any(|line| line == "one") && said.iter().any(|line| line == "two"), "{said:?}");
    }

    #[test]
    fn every_way_to_fail_says_what_to_do() {
        for (command, want) in [
            ("", "no [build] command"),
            ("[build]\ncommand = \"echo broken; exit 3\"", "exit status: 3"),
            ("[build]\ncommand = \"true\"", "let the command write it there"),
            ("[build]\ncommand = \"echo text > pager.wasm\"", "no WASM file"),
            ("[build]\ncommand = \"printf '\\\\0asm\\\\1\\\\0\\\\0\\\\0' > pager.wasm\"", "pager.wasm"),
        ] {
            let (built, _) = attempt(command);
            match built {
                Err(error) => assert!(error.contains(want), "{command}: {error}"),
                // An empty module is a component without exports; `check` says what it lacks.
                Ok(built) => assert!(built.path.ends_with(want), "{command}"),
            }
        }
    }
}
