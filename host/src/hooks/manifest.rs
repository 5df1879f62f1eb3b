//! The mark of an import: which files it has written, and what stood in them. By that a later import knows what is its own to
//! write over or to remove, and what a person has written or changed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::regular_file;

/// Its name in the folder.
pub(super) const NAME: &str = ".imported-eventhooks.json";
/// The file of policies.
pub(super) const POLICIES: &str = "12-hooks";

/// Files by their path in the folder, each with the digests of what an import has put there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// Which command has made it.
    #[serde(default)]
    made_by: String,
    files: BTreeMap<String, BTreeSet<String>>,
}

/// How a file stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileState {
    /// There is none.
    Nothing,
    /// As an import has left it.
    Ours,
    /// Somebody else has written or changed it, or nobody can say.
    Theirs,
}

/// Whether a file of policies is one that an import writes.
pub(super) fn is_own(file: &str) -> bool {
    file.strip_suffix(".rhai") == Some(POLICIES)
}

impl Manifest {
    /// That of a folder; an empty one where there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of(folder: &Path) -> Result<Self, String> {
        let path = folder.join(NAME);
        if path.symlink_metadata().is_err() {
            return Ok(Self::default());
        }
        let wrong = |error: &dyn std::fmt::Display| {
            format!(
                "{} cannot be read, and without it nobody knows which files are an import's own: {error}",
                path.display()
            )
        };
        let text = regular_file::read_text(&path, regular_file::TEXT).map_err(|error| wrong(&error))?;
        let mut own: Self = serde_json::from_str(&text).map_err(|error| wrong(&error))?;
        own.files.retain(|name, _| is_within(name));
        Ok(own)
    }

    /// How a file of the folder stands.
    pub fn found(&self, folder: &Path, name: &str) -> FileState {
        let path = folder.join(name);
        if path.symlink_metadata().is_err() {
            return FileState::Nothing;
        }
        // What was put beside it may have been put in its place.
        let beside = format!("{name}.new");
        let known = |digest: &String| {
            [name, &beside].iter().any(|name| self.files.get(*name).is_some_and(|all| all.contains(digest)))
        };
        let is = regular_file::read_text(&path, regular_file::TEXT).ok().map(|text| digest(&text));
        if is.is_some_and(|is| known(&is)) { FileState::Ours } else { FileState::Theirs }
    }

    /// Takes in that a file is to hold this, or may hold it besides.
    pub fn adds(&mut self, name: &str, text: &str) {
        self.files.entry(name.to_string()).or_default().insert(digest(text));
    }

    /// The files.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// As a text.
    pub fn text(&self) -> String {
        let own = Self { made_by: "tidegate import eventhooks".into(), files: self.files.clone() };
        serde_json::to_string_pretty(&own).unwrap_or_default() + "\n"
    }
}

/// Whether a path leads out of no folder, and to no manifest.
fn is_within(name: &str) -> bool {
    let path = Path::new(name);
    name != NAME && path.components().count() > 0 && path.components().all(|part| matches!(part, Component::Normal(_)))
}

fn digest(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_changed_is_told_from_what_an_import_wrote() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let mut own = Manifest::default();
        own.adds("a.rhai", "one");
        own.adds("../out", "one");
        write(NAME, &own.text());
        write("a.rhai", "one");
        write("b.rhai", "one");
        let own = Manifest::of(folder.path()).unwrap();
        assert_eq!(own.names().collect::<Vec<_>>(), ["a.rhai"], "no name leads out of the folder");
        let found = |name: &str| own.found(folder.path(), name);
        assert_eq!(
            [found("a.rhai"), found("b.rhai"), found("c.rhai")],
            [FileState::Ours, FileState::Theirs, FileState::Nothing]
        );
        write("a.rhai", "two");
        assert_eq!(own.found(folder.path(), "a.rhai"), FileState::Theirs);
        write(NAME, "{");
        assert!(Manifest::of(folder.path()).unwrap_err().contains("nobody knows"));
    }
}
