//! Writes the folder of a new plugin: manifest, code, contract, one test case and a page to read.
//!
//! What is written stands inside this program: `host/scaffold/<language>/<kind>/`, on top of
//! `host/scaffold/common/`, and the contract's lane. The folder stands alone, so that an author
//! needs nothing else of this project.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use include_dir::{Dir, DirEntry, include_dir};

use super::names;
use super::{c, rust};
use crate::plugin::{Kind, Manifest};

static SCAFFOLD: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/scaffold");
static CONTRACT: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../wit/v0.1");

/// What plugins can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Rust, on the kit that the bundled plugins stand on.
    Rust,
    /// JavaScript.
    Js,
    /// Python.
    Python,
    /// C.
    C,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Rust, Self::Js, Self::Python, Self::C];

    /// The word on the command line, which is also the folder's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Js => "js",
            Self::Python => "python",
            Self::C => "c",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A plugin that is to be begun.
#[derive(Clone, Copy, Debug)]
pub struct NewPlugin<'a> {
    /// What it does.
    pub kind: Kind,
    /// What it is written in.
    pub language: Language,
    /// Its name, which becomes the folder's.
    pub name: &'a str,
    /// Where the folder is made.
    pub parent: &'a Path,
    /// The plugins inside the host, whose names are taken.
    pub bundled: &'a [(String, Kind)],
    /// Whether it is meant to take the place of a bundled one.
    pub replace: bool,
}

/// A plugin that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// Its folder.
    pub folder: PathBuf,
    /// What stands in it, by path.
    pub files: Vec<String>,
}

/// Whether there is a scaffold for this.
pub fn exists(language: Language, kind: Kind) -> bool {
    template(language, kind).is_some()
}

fn template(language: Language, kind: Kind) -> Option<&'static Dir<'static>> {
    SCAFFOLD.get_dir(format!("{language}/{kind}"))
}

/// Writes the folder.
///
/// # Errors
/// A sentence, for a name that cannot be one, a folder that exists, or a disk that refuses. What was
/// begun is taken away again.
pub fn create(new: &NewPlugin<'_>) -> Result<Created, String> {
    Manifest::check_name(new.name)?;
    if new.language == Language::Rust {
        rust::check_name(new.name)?;
    }
    names::check(new.name, new.kind, new.bundled, new.replace)?;
    let template = template(new.language, new.kind).ok_or_else(|| none(new))?;
    let mut files = Vec::new();
    for part in ["common".to_string(), format!("{}/common", new.language)] {
        SCAFFOLD.get_dir(part).into_iter().for_each(|dir| collect(dir, dir.path(), "", &mut files));
    }
    collect(template, template.path(), "", &mut files);
    collect(&CONTRACT, CONTRACT.path(), "wit/", &mut files);
    if new.language == Language::Rust {
        files.extend(rust::kit()?);
    }
    let folder = new.parent.join(new.name);
    let at = |path: &Path, error: io::Error| format!("{} cannot be written: {error}", path.display());
    fs::create_dir_all(new.parent).map_err(|error| at(new.parent, error))?;
    fs::create_dir(&folder).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            format!("{} exists: choose another name, or another place with --path", folder.display())
        }
        _ => at(&folder, error),
    })?;
    let written = write(&folder, new, &files);
    if let Err((path, error)) = written {
        // What is half a plugin would only be in the way of the next attempt.
        let _ = fs::remove_dir_all(&folder);
        return Err(at(&path, error));
    }
    if new.language == Language::C {
        c::bindings(&folder, new.kind).inspect_err(|_| {
            let _ = fs::remove_dir_all(&folder);
        })?;
    }
    let mut names: Vec<String> = files.into_iter().map(|(path, _)| path).collect();
    names.sort();
    names.dedup();
    Ok(Created { folder, files: names })
}

fn none(new: &NewPlugin<'_>) -> String {
    let others: Vec<&str> =
        Language::ALL.into_iter().filter(|language| exists(*language, new.kind)).map(Language::as_str).collect();
    format!("a {} cannot be written in {} here; it can in {}", new.kind, new.language, others.join(", "))
}

/// The files below a folder by their paths within it.
pub(super) fn collect(dir: &Dir<'static>, root: &Path, prefix: &str, files: &mut Vec<(String, Vec<u8>)>) {
    for entry in dir.entries() {
        match entry {
            DirEntry::Dir(inner) if inner.path().ends_with("target") => {}
            DirEntry::Dir(inner) => collect(inner, root, prefix, files),
            DirEntry::File(file) => {
                let path = file.path().strip_prefix(root).unwrap_or(file.path());
                files.push((format!("{prefix}{}", path.display()), file.contents().to_vec()));
            }
        }
    }
}

fn write(folder: &Path, new: &NewPlugin<'_>, files: &[(String, Vec<u8>)]) -> Result<(), (PathBuf, io::Error)> {
    for (name, contents) in files {
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(|error| (parent.to_path_buf(), error))?;
        fs::write(&path, filled(contents, new)).map_err(|error| (path, error))?;
    }
    Ok(())
}

/// A file with its placeholders filled. Other braces, such as those of secrets, stay.
fn filled(contents: &[u8], new: &NewPlugin<'_>) -> Vec<u8> {
    match std::str::from_utf8(contents) {
        Ok(text) => text
            .replace("{{name}}", new.name)
            .replace("{{kind}}", new.kind.as_str())
            .replace("{{lang}}", new.language.as_str())
            .into_bytes(),
        Err(_) => contents.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new<'a>(name: &'a str, language: Language, kind: Kind, parent: &'a Path) -> NewPlugin<'a> {
        NewPlugin { kind, language, name, parent, bundled: &[], replace: false }
    }

    #[test]
    fn a_folder_stands_alone_and_is_small() {
        let parent = tempfile::tempdir().unwrap();
        for language in Language::ALL {
            for kind in Kind::ALL.into_iter().filter(|kind| exists(language, *kind)) {
                let name = format!("{language}-{kind}");
                let created = create(&new(&name, language, kind, parent.path())).unwrap();
                let has = |file: &str| created.files.iter().any(|known| known == file);
                for file in ["plugin.toml", "README.md", ".gitignore", "wit/types.wit", "wit/worlds.wit"] {
                    assert!(has(file), "{name} lacks {file}: {:?}", created.files);
                }
                let text = fs::read_to_string(created.folder.join("plugin.toml")).unwrap();
                let manifest = Manifest::parse(&text).unwrap();
                assert_eq!((manifest.name.as_str(), manifest.kind), (name.as_str(), kind));
                assert!(manifest.build.is_some(), "{name} says how it is built");
                assert!(created.files.iter().any(|file| file.ends_with("/expected.json")), "{name} has a test case");
                let readme = fs::read_to_string(created.folder.join("README.md")).unwrap();
                assert!(readme.lines().count() <= 25 && readme.contains(&name), "{readme}");
                for file in created.files.iter().filter(|file| !file.starts_with("wit/") && !file.starts_with("kit/")) {
                    let text = fs::read_to_string(created.folder.join(file)).unwrap();
                    assert!(!text.contains("{{name}}") && !text.contains("{{kind}}"), "{name}/{file}");
                }
            }
        }
    }

    #[test]
    fn a_bundled_name_is_taken_only_where_that_is_said() {
        let parent = tempfile::tempdir().unwrap();
        let bundled = [("grafana".to_string(), Kind::Source)];
        let new = NewPlugin { bundled: &bundled, ..new("grafana", Language::C, Kind::Source, parent.path()) };
        assert!(create(&new).unwrap_err().contains("own-grafana"));
        assert!(create(&NewPlugin { replace: true, ..new }).is_ok());
    }

    #[test]
    fn every_kind_can_be_written_in_rust() {
        assert!(Kind::ALL.into_iter().all(|kind| exists(Language::Rust, kind)));
    }

    #[test]
    fn what_cannot_be_begun_is_refused_and_leaves_nothing() {
        let parent = tempfile::tempdir().unwrap();
        for name in [
            "",
            "Pager",
            "9lives",
            "a b",
            "../x",
            "pager/",
            "päger",
            &"x".repeat(65),
            "std",
            "serde-json",
            "path",
            "alertmanager",
        ] {
            let error = create(&new(name, Language::Rust, Kind::Source, parent.path())).unwrap_err();
            assert!(error.contains("name"), "{name}: {error}");
        }
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
        fs::create_dir(parent.path().join("pager")).unwrap();
        let error = create(&new("pager", Language::Rust, Kind::Source, parent.path())).unwrap_err();
        assert!(error.contains("exists") && error.contains("--path"), "{error}");
        assert_eq!(fs::read_dir(parent.path().join("pager")).unwrap().count(), 0, "what was there stays as it is");
    }
}
