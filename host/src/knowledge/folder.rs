//! The files of a folder of runbooks: what may be read of it, within bounds, and what was left out and why.
//!
//! No path leads out of the folder: a symbolic link is followed as far as it stays inside, as those of a
//! mounted ConfigMap do.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Files of one folder, folders within folders, and bytes of a file.
const FILES: usize = 20_000;
const DEPTH: usize = 16;
const FILE: u64 = 1 << 20;
/// Sentences about what was left out.
const SENTENCES: usize = 20;
/// Opening a pipe waits for nobody.
const NONBLOCK: i32 = 0o4000;

/// A file that may be a runbook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runbook {
    /// Where it is, without any link on the way.
    pub path: PathBuf,
    /// Its name below its folder, as people see it.
    pub name: String,
    /// When it was changed, in nanoseconds since 1970, and its bytes: as long as both stay, so does the text.
    pub stamp: (i64, u64),
}

/// What a folder holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Its runbooks, in the order of their names.
    pub files: Vec<Runbook>,
    /// A sentence for each file that was left out.
    pub left_out: LeftOut,
}

/// What was left out: the first by name, the others by number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    sentences: Vec<String>,
    more: usize,
}

impl LeftOut {
    /// Notes one more.
    pub fn note(&mut self, sentence: String) {
        if self.sentences.len() < SENTENCES { self.sentences.push(sentence) } else { self.more += 1 }
    }

    /// Notes all of another list.
    pub fn extend(&mut self, other: Self) {
        other.sentences.into_iter().for_each(|sentence| self.note(sentence));
        self.more += other.more;
    }

    /// All sentences; the last says how many more there are.
    pub fn sentences(&self) -> Vec<String> {
        let more = (self.more > 0).then(|| format!("{} more runbooks cannot be used", self.more));
        self.sentences.iter().cloned().chain(more).collect()
    }
}

/// Lists the runbooks (`*.md`, `*.markdown`) of a folder. Names that begin with a dot are nobody's.
///
/// # Errors
/// When there is no such folder.
pub fn list(folder: &Path) -> Result<Listing, String> {
    let cannot = |error| format!("the folder of runbooks {} cannot be read: {error}", folder.display());
    let root = folder.canonicalize().map_err(cannot)?;
    let mut listing = Listing::default();
    let mut seen = BTreeSet::new();
    let mut open = vec![(root.clone(), PathBuf::new(), 0)];
    while let Some((path, name, depth)) = open.pop() {
        // The same folder by another way, or a circle of links.
        if !seen.insert(path.clone()) {
            continue;
        }
        let entries = match std::fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if depth == 0 => return Err(cannot(error)),
            Err(error) => {
                listing.left_out.note(format!("{} cannot be read: {error}", name.display()));
                continue;
            }
        };
        for entry in entries.flatten() {
            let own = entry.file_name();
            if own.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            if listing.files.len() >= FILES {
                listing
                    .left_out
                    .note(format!("{} holds more than {FILES} runbooks; the others are not read", folder.display()));
                open.clear();
                break;
            }
            let name = name.join(&own);
            match look(&root, &entry.path(), &name) {
                Ok(Some(Entry::Folder(path))) if depth < DEPTH => open.push((path, name, depth + 1)),
                Ok(Some(Entry::Folder(_))) => {
                    listing.left_out.note(format!("{} is more than {DEPTH} folders deep", name.display()));
                }
                Ok(Some(Entry::File(file))) => listing.files.push(file),
                Ok(None) => {}
                Err(sentence) => listing.left_out.note(sentence),
            }
        }
    }
    listing.files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(listing)
}

enum Entry {
    Folder(PathBuf),
    File(Runbook),
}

fn look(root: &Path, path: &Path, name: &Path) -> Result<Option<Entry>, String> {
    let shown = name.display();
    let is_runbook = name.extension().is_some_and(|ending| ending == "md" || ending == "markdown");
    let real = match path.canonicalize() {
        Ok(real) => real,
        Err(_) if !is_runbook => return Ok(None),
        Err(error) => return Err(format!("{shown} cannot be read: {error}")),
    };
    if !real.starts_with(root) {
        return Err(format!("{shown} leads out of the folder of runbooks, so it is not read"));
    }
    let about = real.metadata().map_err(|error| format!("{shown} cannot be read: {error}"))?;
    if about.is_dir() {
        return Ok(Some(Entry::Folder(real)));
    }
    if !is_runbook || !about.is_file() {
        return Ok(None);
    }
    if about.len() > FILE {
        return Err(format!("{shown} has more than {FILE} bytes; split it"));
    }
    let Some(name) = name.to_str().filter(|name| !name.chars().any(char::is_control)) else {
        return Err(format!("{shown} has a name that is no text"));
    };
    let changed = about.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    let changed = changed.and_then(|since| i64::try_from(since.as_nanos()).ok()).unwrap_or(0);
    Ok(Some(Entry::File(Runbook { path: real, name: name.to_string(), stamp: (changed, about.len()) })))
}

/// The text of a runbook.
///
/// # Errors
/// When it is no longer what it was, too long, or no text.
pub fn read(file: &Runbook) -> Result<String, String> {
    let shown = &file.name;
    let cannot = |error: std::io::Error| format!("{shown} cannot be read: {error}");
    // What stood there was no link and no pipe, and must not have become one.
    let again = file.path.canonicalize().map_err(cannot)?;
    if again != file.path {
        return Err(format!("{shown} was changed into a link while it was read"));
    }
    let opened: File = OpenOptions::new().read(true).custom_flags(NONBLOCK).open(&file.path).map_err(cannot)?;
    if !opened.metadata().map_err(cannot)?.is_file() {
        return Err(format!("{shown} is no file any more"));
    }
    let mut bytes = Vec::new();
    opened.take(FILE + 1).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() as u64 > FILE {
        return Err(format!("{shown} has more than {FILE} bytes; split it"));
    }
    let text = String::from_utf8(bytes).map_err(|_| format!("{shown} is not UTF-8"))?;
    if text.contains('\0') { Err(format!("{shown} holds bytes that are no text")) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn names(listing: &Listing) -> Vec<&str> {
        listing.files.iter().map(|file| file.name.as_str()).collect()
    }

    #[test]
    fn links_are_followed_as_far_as_they_stay_inside() {
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret.md"), "# secret").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        // As a ConfigMap is mounted.
        std::fs::create_dir(root.join("..2026")).unwrap();
        std::fs::write(root.join("..2026/pod.md"), "# Pod").unwrap();
        symlink("..2026", root.join("..data")).unwrap();
        symlink("..data/pod.md", root.join("pod.md")).unwrap();
        std::fs::create_dir(root.join("team")).unwrap();
        std::fs::write(root.join("team/a.markdown"), "# A").unwrap();
        std::fs::write(root.join("team/notes.txt"), "no runbook").unwrap();
        symlink("..", root.join("team/circle")).unwrap();
        symlink(outside.path().join("secret.md"), root.join("stolen.md")).unwrap();
        symlink(outside.path(), root.join("away")).unwrap();
        symlink("nowhere.md", root.join("gone.md")).unwrap();
        let listing = list(root).unwrap();
        assert_eq!(names(&listing), ["pod.md", "team/a.markdown"]);
        assert_eq!(read(&listing.files[0]).unwrap(), "# Pod");
        let mut left_out = listing.left_out.sentences();
        left_out.sort();
        assert_eq!(left_out.len(), 3, "{left_out:?}");
        assert!(left_out[0].starts_with("away leads out") && left_out[2].starts_with("stolen.md leads out"));
    }

    #[test]
    fn a_file_that_becomes_a_link_is_not_followed() {
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret"), "secret").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.md");
        std::fs::write(&path, "# A").unwrap();
        let listing = list(folder.path()).unwrap();
        std::fs::remove_file(&path).unwrap();
        symlink(outside.path().join("secret"), &path).unwrap();
        assert!(read(&listing.files[0]).is_err());
    }

    #[test]
    fn what_is_no_text_or_too_long_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::write(root.join("a.md"), [0xff, 0xfe, 0x00]).unwrap();
        std::fs::write(root.join("b.md"), "a\0b").unwrap();
        std::fs::write(root.join("c.md"), vec![b'a'; usize::try_from(FILE).unwrap() + 1]).unwrap();
        let listing = list(root).unwrap();
        assert_eq!(names(&listing), ["a.md", "b.md"]);
        assert!(listing.left_out.sentences()[0].starts_with("c.md has more than"));
        assert!(listing.files.iter().all(|file| read(file).is_err()));
        assert!(list(&root.join("nowhere")).unwrap_err().contains("nowhere"));
    }
}
