//! `[policies]`: a section that is hardly more than a path.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// A directory, and whether somebody asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// Where it is.
    pub path: PathBuf,
    /// The file names it, so it must exist. Otherwise what is built in stands in for it.
    pub given: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawDirectory {
    path: Option<PathBuf>,
}

impl RawDirectory {
    pub fn build(self, base: &Path, default: &str) -> Directory {
        directory(self.path, base, default)
    }
}

pub fn directory(path: Option<PathBuf>, base: &Path, default: &str) -> Directory {
    Directory { given: path.is_some(), path: base.join(path.unwrap_or_else(|| default.into())) }
}
