//! Where plugins come from: bundled with the host, or a folder each beside others.

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

use super::error::Problem;
use super::manifest::Manifest;
use super::pins::{Pin, Pins};
use crate::regular_file;

/// A plugin inside the host's binary: name, `plugin.toml`, component.
pub type Bundled = (&'static str, &'static str, &'static [u8]);

/// A plugin before it is compiled.
#[derive(Clone, Debug)]
pub(super) struct Package {
    pub manifest: Manifest,
    /// The folder; none when bundled.
    pub folder: Option<PathBuf>,
    /// The digest that was installed; none where nothing was noted.
    pub pin: Option<Pin>,
    component: Component,
}

#[derive(Clone, Debug)]
enum Component {
    Bytes(&'static [u8]),
    File(PathBuf),
}

impl Package {
    /// The component's bytes. The error is a sentence.
    pub fn component(&self) -> Result<Cow<'static, [u8]>, String> {
        match &self.component {
            Component::Bytes(bytes) => Ok(Cow::Borrowed(bytes)),
            Component::File(path) => match regular_file::read(path, regular_file::COMPONENT) {
                Ok(bytes) => Ok(Cow::Owned(bytes)),
                Err(error) => {
                    let build = self.manifest.build.as_ref().map(|build| build.command.as_str());
                    let hint = build.map(|command| format!("; it is built by `{command}`"));
                    Err(format!("{} cannot be read: {error}{}", path.display(), hint.unwrap_or_default()))
                }
            },
        }
    }
}

/// Finds all plugins. A plugin of the folder takes the place of a bundled one of the same name.
pub(super) fn find(bundled: &[Bundled], folder: Option<&Path>, problems: &mut Vec<Problem>) -> Vec<Package> {
    let mut packages = Vec::new();
    for (name, manifest, bytes) in bundled {
        match Manifest::parse(manifest) {
            Ok(manifest) => {
                packages.push(Package { manifest, folder: None, pin: None, component: Component::Bytes(bytes) })
            }
            Err(problem) => problems.push(Problem::new(*name, problem)),
        }
    }
    for package in folder.into_iter().flat_map(|folder| in_folder(folder, problems)) {
        packages.retain(|other| other.manifest.name != package.manifest.name);
        packages.push(package);
    }
    packages.sort_by(|a, b| a.manifest.name.cmp(&b.manifest.name));
    packages
}

fn in_folder(folder: &Path, problems: &mut Vec<Problem>) -> Vec<Package> {
    if folder.join("plugin.toml").is_file() {
        let opened = open(folder).map_err(|problem| Problem::new(folder.display().to_string(), problem));
        return opened.map_err(|problem| problems.push(problem)).into_iter().collect();
    }
    let pins = match Pins::read(folder) {
        Ok(pins) => pins,
        Err(problem) => {
            problems.push(Problem::new("plugins", problem));
            return vec![];
        }
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            problems.push(Problem::new("plugins", format!("{}: {error}", folder.display())));
            return vec![];
        }
    };
    let mut packages = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.join("plugin.toml").is_file() {
            match open(&path) {
                Ok(package) => {
                    let pin = pins.of(&package.manifest.name).cloned();
                    packages.push(Package { pin, ..package });
                }
                Err(problem) => problems.push(Problem::new(path.display().to_string(), problem)),
            }
        }
    }
    packages
}

/// Reads a plugin of the folder once more, as it stands there now. The error is a sentence.
pub(super) fn reread(folder: &Path, before: &Package) -> Result<Package, String> {
    let own = before.folder.as_deref().unwrap_or(folder);
    let package = open(own)?;
    if package.manifest.name != before.manifest.name {
        let (now, was) = (package.manifest.name, &before.manifest.name);
        return Err(format!("plugin.toml: the name is `{now}` now and was `{was}`: that takes a restart"));
    }
    // The folder of a single plugin has no pins beside it.
    let pin = if own == folder { None } else { Pins::read(folder)?.of(&package.manifest.name).cloned() };
    Ok(Package { pin, ..package })
}

/// Reads the plugin of one folder. The error is a sentence.
fn open(folder: &Path) -> Result<Package, String> {
    let text = regular_file::read_text(&folder.join("plugin.toml"), regular_file::TEXT)
        .map_err(|error| format!("plugin.toml: {error}"))?;
    let manifest = Manifest::parse(&text)?;
    if folder.file_name().is_some_and(|name| name != manifest.name.as_str()) {
        return Err(format!("plugin.toml: name `{}` must be the folder's name", manifest.name));
    }
    let component = Component::File(folder.join(manifest.component_file()));
    Ok(Package { manifest, folder: Some(folder.to_path_buf()), pin: None, component })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_replaces_what_is_bundled_and_strangers_are_passed_over() {
        let folder = std::env::temp_dir().join(format!("tidegate-packages-{}", std::process::id()));
        for (name, manifest) in [
            ("demo", "name = \"demo\"\nkind = \"source\"\nversion = \"2\""),
            ("misnamed", "name = \"other\"\nkind = \"source\"\nversion = \"1\""),
        ] {
            fs::create_dir_all(folder.join(name)).unwrap();
            fs::write(folder.join(name).join("plugin.toml"), manifest).unwrap();
        }
        fs::create_dir_all(folder.join("no-plugin")).unwrap();
        let bundled: [Bundled; 2] = [
            ("demo", "name = \"demo\"\nkind = \"source\"\nversion = \"1\"", b""),
            ("kept", "name = \"kept\"\nkind = \"source\"\nversion = \"1\"", b"x"),
        ];
        let mut problems = Vec::new();
        let found = find(&bundled, Some(&folder), &mut problems);
        let labels: Vec<String> = found.iter().map(|package| package.manifest.label()).collect();
        assert_eq!(labels, ["demo 2", "kept 1"]);
        assert_eq!(problems.len(), 1);
        assert!(problems[0].text.contains("folder's name"), "{}", problems[0]);
        assert!(found[0].component().unwrap_err().contains("demo.wasm cannot be read"));
        std::os::unix::fs::symlink("/dev/zero", folder.join("demo/demo.wasm")).unwrap();
        let refused = found[0].component().unwrap_err();
        assert!(refused.contains("demo.wasm cannot be read: it is not a regular file"), "{refused}");
        fs::remove_dir_all(folder).unwrap();
    }
}
