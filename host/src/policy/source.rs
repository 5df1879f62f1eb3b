//! The policy files as text: read from a folder, or those that ship with the program.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::problem::Problems;
use crate::regular_file;

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    /// Path within the folder, with `/`.
    pub name: Arc<str>,
    /// Its text.
    pub text: String,
}

impl Source {
    /// Whether it only holds what others import.
    pub fn is_module(&self) -> bool {
        !self.is_table() && (self.name.contains('/') || self.name.starts_with('_'))
    }

    /// Whether it says what is looked at.
    pub fn is_table(&self) -> bool {
        self.name.ends_with(".toml")
    }
}

/// The set that ships with the program; in force until a folder of policies exists.
pub(super) const SHIPPED: [(&str, &str); 14] = [
    ("05-inspection.rhai", include_str!("../../../policies/05-inspection.rhai")),
    ("06-schedules.rhai", include_str!("../../../policies/06-schedules.rhai")),
    ("10-noise.rhai", include_str!("../../../policies/10-noise.rhai")),
    ("15-events.rhai", include_str!("../../../policies/15-events.rhai")),
    ("20-kubernetes.rhai", include_str!("../../../policies/20-kubernetes.rhai")),
    ("25-remediations.rhai", include_str!("../../../policies/25-remediations.rhai")),
    ("30-gates.rhai", include_str!("../../../policies/30-gates.rhai")),
    ("40-maintenance.rhai", include_str!("../../../policies/40-maintenance.rhai")),
    ("50-diagnosed.rhai", include_str!("../../../policies/50-diagnosed.rhai")),
    ("90-routes.rhai", include_str!("../../../policies/90-routes.rhai")),
    ("collectors/inspection.toml", include_str!("../../../policies/collectors/inspection.toml")),
    ("collectors/kubernetes.toml", include_str!("../../../policies/collectors/kubernetes.toml")),
    ("lib/kubernetes.rhai", include_str!("../../../policies/lib/kubernetes.rhai")),
    ("lib/restore.rhai", include_str!("../../../policies/lib/restore.rhai")),
];

/// A file beyond this is not a policy.
const MAX_BYTES: u64 = 32 << 20;

/// Reads `*.rhai` of a folder in the order of their names, then the modules in `lib` and the tables in `collectors`.
pub(super) fn read(folder: &Path) -> Result<Vec<Source>, Problems> {
    let mut sources = Vec::new();
    let mut problems = Vec::new();
    let folders = [("", "rhai"), ("lib/", "rhai"), ("collectors/", "toml")];
    for (prefix, kind) in folders {
        let under = if prefix.is_empty() { folder.to_path_buf() } else { folder.join(prefix) };
        let listed = match fs::read_dir(&under) {
            Ok(listed) => listed,
            Err(_) if !prefix.is_empty() => continue,
            Err(error) => {
                let what = format!("the folder of policies cannot be read: {error}");
                return Err(Problems::single(&under.display().to_string(), what));
            }
        };
        let paths = listed.filter_map(Result::ok).map(|entry| entry.path());
        let is_policy = |path: &std::path::PathBuf| path.extension().is_some_and(|end| end == kind);
        // Editors leave hidden files behind; the definitions for editors are no policies either.
        let mut paths: Vec<_> = paths.filter(is_policy).filter(|path| wanted(path)).collect();
        paths.sort();
        for path in paths {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let name = format!("{prefix}{name}");
            match text(&path) {
                Ok(text) => sources.push(Source { name: name.into(), text }),
                Err(why) => problems.extend(Problems::single(&name, why).0),
            }
        }
    }
    if problems.is_empty() { Ok(sources) } else { Err(Problems(problems)) }
}

fn wanted(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    !name.starts_with('.') && !name.ends_with(".d.rhai")
}

fn text(path: &Path) -> Result<String, String> {
    let size = fs::metadata(path).map_err(|error| format!("cannot be read: {error}"))?.len();
    if size > MAX_BYTES {
        return Err(format!("is larger than {} MiB; split it", MAX_BYTES >> 20));
    }
    regular_file::read_text(path, MAX_BYTES).map_err(|error| format!("cannot be read: {error}"))
}

/// SHA-256 over names and texts, in lower-case hex.
pub(super) fn digest(sources: &[Source]) -> String {
    let mut hash = Sha256::new();
    for part in sources.iter().flat_map(|source| [&*source.name, source.text.as_str()]) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hex::encode(hash.finalize())
}
