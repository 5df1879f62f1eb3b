//! The plugin that a command's argument means: a folder with `plugin.toml`, or the WASM file in one.

use std::path::{Path, PathBuf};

use super::stale;
use crate::plugin::Manifest;
use crate::regular_file;

/// A plugin on disk.
#[derive(Clone, Debug, PartialEq)]
pub struct PluginFolder {
    /// Its folder, absolute.
    pub folder: PathBuf,
    /// What it says about itself; none for a WASM file that stands alone.
    pub manifest: Option<Manifest>,
    /// The file that holds the component, whether or not it is there.
    pub component: PathBuf,
}

impl PluginFolder {
    /// Finds the plugin of a folder or file.
    ///
    /// # Errors
    /// A sentence that says what is not there, or what is wrong with the manifest.
    pub fn at(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        let absolute = path.canonicalize().map_err(|error| format!("{shown} cannot be read: {error}"))?;
        if absolute.is_dir() {
            let manifest = manifest(&absolute, path)?;
            let component = absolute.join(manifest.component_file());
            return Ok(Self { folder: absolute, manifest: Some(manifest), component });
        }
        let folder = absolute.parent().map(Path::to_path_buf).unwrap_or_default();
        let manifest = if folder.join("plugin.toml").is_file() {
            let manifest = manifest(&folder, path.parent().unwrap_or(path))?;
            // Beside the manifest of another file it stands alone.
            Some(manifest).filter(|manifest| absolute == folder.join(manifest.component_file()))
        } else {
            None
        };
        Ok(Self { folder, manifest, component: absolute })
    }

    /// The manifest and the folder.
    ///
    /// # Errors
    /// A sentence, for a WASM file that stands alone.
    pub fn whole(&self) -> Result<&Manifest, String> {
        self.manifest.as_ref().ok_or_else(|| {
            format!("{} has no plugin.toml beside it that names it: name a plugin's folder", self.component.display())
        })
    }

    /// A sentence, where something was changed since the component was built.
    pub fn stale(&self) -> Option<String> {
        let newer = stale::newer(self)?;
        Some(format!(
            "{} is older than {}: build it with `tidegate plugin build {}`",
            self.component.display(),
            newer.display(),
            self.folder.display()
        ))
    }

    /// The component's bytes, of the sources as they are.
    ///
    /// # Errors
    /// A sentence that says how it is made.
    pub fn current(&self) -> Result<Vec<u8>, String> {
        let bytes = self.bytes()?;
        self.stale().map_or(Ok(bytes), Err)
    }

    /// The component's bytes.
    ///
    /// # Errors
    /// A sentence that says how it is made.
    pub fn bytes(&self) -> Result<Vec<u8>, String> {
        regular_file::read(&self.component, regular_file::COMPONENT).map_err(|error| {
            let hint = if self.manifest.as_ref().is_some_and(|manifest| manifest.build.is_some()) {
                format!(": build it first with `tidegate plugin build {}`", self.folder.display())
            } else {
                String::new()
            };
            format!("{} cannot be read ({error}){hint}", self.component.display())
        })
    }
}

fn manifest(folder: &Path, shown: &Path) -> Result<Manifest, String> {
    let path = folder.join("plugin.toml");
    if !path.is_file() {
        return Err(format!(
            "{} is no plugin: it holds no plugin.toml; `tidegate plugin new` begins one",
            shown.display()
        ));
    }
    let text =
        regular_file::read_text(&path, regular_file::TEXT).map_err(|error| format!("{}: {error}", path.display()))?;
    let manifest = Manifest::parse(&text).map_err(|problem| format!("{}: {problem}", folder.display()))?;
    if folder.file_name().is_some_and(|name| name != manifest.name.as_str()) {
        return Err(format!(
            "{}: plugin.toml says name `{}`, and the folder must have the same name: rename one of them",
            folder.display(),
            manifest.name
        ));
    }
    Ok(manifest)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_folder_a_file_in_it_and_a_file_alone() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().canonicalize().unwrap().join("pager");
        fs::create_dir(&folder).unwrap();
        assert!(PluginFolder::at(&folder).unwrap_err().contains("plugin new"));
        fs::write(folder.join("plugin.toml"), "name = \"pager\"\nkind = \"source\"\nversion = \"1\"").unwrap();
        let found = PluginFolder::at(&folder).unwrap();
        assert_eq!(found.component, folder.join("pager.wasm"));
        assert!(found.bytes().unwrap_err().contains("pager.wasm cannot be read"));
        fs::write(folder.join("pager.wasm"), "x").unwrap();
        assert_eq!(PluginFolder::at(&folder.join("pager.wasm")).unwrap(), found);
        fs::write(folder.join("other.wasm"), "x").unwrap();
        let alone = PluginFolder::at(&folder.join("other.wasm")).unwrap();
        assert!(alone.whole().unwrap_err().contains("plugin's folder"));
        let renamed = folder.with_file_name("renamed");
        fs::rename(&folder, &renamed).unwrap();
        assert!(PluginFolder::at(&renamed).unwrap_err().contains("same name"));
        assert!(PluginFolder::at(&folder).unwrap_err().contains("cannot be read"));
    }
}
