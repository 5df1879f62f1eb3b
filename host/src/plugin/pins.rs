//! Which components were installed: `pins.toml` in the plugins' folder, by name.
//!
//! `tidegate plugin install` writes it, and a plugin whose component has another digest than its pin is not
//! loaded. A plugin without a pin is. Who can write the folder can write this file too: a digest in the
//! configuration (`[plugins.NAME] sha256`) holds against them and goes before it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::regular_file;

/// The file's name.
pub const FILE: &str = "pins.toml";

const HEAD: &str = "# Written by `tidegate plugin install`. A plugin of this folder whose component has another digest is not\n\
                    # loaded: install it anew, or put the component back.\n";

/// What was installed under one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// The version that its manifest named.
    pub version: String,
    /// The component's digest in hex.
    pub sha256: String,
}

/// The pins of a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pins {
    path: PathBuf,
    pins: BTreeMap<String, Pin>,
}

impl Pins {
    /// Reads a folder's pins; there may be none.
    ///
    /// # Errors
    /// A sentence, where the file is there and cannot be read.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let path = folder.join(FILE);
        let at = |error: String| {
            let path = path.display();
            format!("{path} cannot be read, so that no plugin of the folder can be trusted: {error}; mend or remove it")
        };
        let pins = match regular_file::read_text(&path, regular_file::TEXT) {
            Ok(text) => toml::from_str(&text).map_err(|error| at(error.to_string().trim().to_string()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(at(error.to_string())),
        };
        Ok(Self { path, pins })
    }

    /// The digest that a plugin's component must have.
    pub fn of(&self, plugin: &str) -> Option<&Pin> {
        self.pins.get(plugin)
    }

    /// Pins a plugin, and writes the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn pin(&mut self, plugin: &str, pin: Pin) -> io::Result<()> {
        self.pins.insert(plugin.to_string(), pin);
        let text = toml::to_string(&self.pins).map_err(io::Error::other)?;
        // Beside and renamed, so that a host that starts now reads a whole file.
        let beside = self.path.with_extension("toml.new");
        fs::write(&beside, format!("{HEAD}\n{text}"))?;
        fs::rename(&beside, &self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_kept_and_what_cannot_be_read_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let mut pins = Pins::read(folder.path()).unwrap();
        assert_eq!(pins.of("pager"), None);
        let pin = |digest: &str| Pin { version: "0.1.0".into(), sha256: digest.into() };
        pins.pin("pager", pin("aa")).unwrap();
        pins.pin("other", pin("bb")).unwrap();
        pins.pin("pager", pin("cc")).unwrap();
        let again = Pins::read(folder.path()).unwrap();
        assert_eq!((again.of("pager"), again.of("other")), (Some(&pin("cc")), Some(&pin("bb"))));
        fs::write(folder.path().join(FILE), "[pager]\nsha = 1").unwrap();
        let error = Pins::read(folder.path()).unwrap_err();
        assert!(error.contains("pins.toml cannot be read") && error.contains("sha"), "{error}");
    }
}
