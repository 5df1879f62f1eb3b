//! `[knowledge]`: folders of runbooks, and which pages that alerts name may be fetched.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::problem::Report;
use crate::knowledge::Grant;

/// More folders than that are a mistake.
const FOLDERS: usize = 32;
const GRANTS: usize = 64;

/// What is known from before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Knowledge {
    /// Folders of runbooks.
    pub folders: Vec<PathBuf>,
    /// Addresses below which pages that alerts name may be fetched.
    pub fetch: Vec<Grant>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    folders: Vec<PathBuf>,
    fetch: Vec<String>,
}

impl Raw {
    pub fn build(self, base: &Path, report: &mut Report) -> Knowledge {
        if self.folders.len() > FOLDERS {
            report(&["knowledge", "folders"], format!("at most {FOLDERS} folders; folders within them are read too"));
        }
        if self.folders.iter().any(|folder| folder.as_os_str().is_empty()) {
            report(&["knowledge", "folders"], "a folder's name cannot be empty".into());
        }
        if self.fetch.len() > GRANTS {
            report(&["knowledge", "fetch"], format!("at most {GRANTS} addresses"));
        }
        let mut grants = Vec::new();
        for text in &self.fetch {
            match Grant::parse(text) {
                Ok(grant) => grants.push(grant),
                Err(error) => report(&["knowledge", "fetch"], error),
            }
        }
        let folders = self.folders.into_iter().map(|folder| base.join(folder)).collect();
        Knowledge { folders, fetch: grants }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Overrides};

    fn parse(text: &str) -> Result<Config, String> {
        let parsed = Config::parse(text.into(), Some(Path::new("/etc/tidegate.toml")), &Overrides::default());
        parsed.map_err(|problems| problems.to_string())
    }

    #[test]
    fn folders_count_from_the_file_and_grants_must_mean_what_they_look_like() {
        let config = parse("[knowledge]\nfolders = ['runbooks']\nfetch = ['https://runbooks.example.org/']").unwrap();
        assert_eq!(config.knowledge.folders, [Path::new("/etc/runbooks")]);
        assert_eq!(config.knowledge.fetch, [Grant::parse("https://runbooks.example.org/").unwrap()]);
        assert_eq!(parse("").unwrap().knowledge, Knowledge::default());
        for (text, part) in [
            ("[knowledge]\nfetch = ['https://a.example/x']", "must end with a slash"),
            ("[knowledge]\nfetch = ['https://u:p@a.example/']", "without a user"),
            ("[knowledge]\nfolders = ['']", "cannot be empty"),
            ("[knowledge]\nfolder = ['x']", "folder"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(part) && error.contains("/etc/tidegate.toml"), "{error}");
        }
    }
}
