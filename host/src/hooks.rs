//! EventHooks of ops as policies and targets: what people have, said in the words of this host.
//!
//! A hook is a subject, keywords and a target. Its keywords are held against the text that ops-server shows of an event
//! (`domain/event/rendered.rs`), by rules that have odd cases; each is kept, and where a hook can never fire in ops, that is
//! said instead of a rule. Every hook is taken by itself: one of which nothing can be made takes none with it, and is named
//! with the file, the field and why. Nothing is put in force: files go into a folder of their own, compile and pass their
//! tests before they are written.

mod condition;
mod config;
mod manifest;
mod names;
mod policy;
mod re2;
mod read;
mod sample;
mod subject;
mod test_cases;
mod write;
mod yaml;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::plugin::TargetOptions;
pub use names::in_force;
pub use read::{ParsedHooks, read};
pub use write::import;

/// One hook as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hook {
    /// The file that it stands in.
    pub file: String,
    /// Its name in the cluster.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// webhook, xiezuo, event or elasticsearch.
    pub kind: String,
    /// The subject that it listens on.
    pub subject: String,
    /// Where it sends.
    pub url: String,
    /// Settings of its target.
    pub options: BTreeMap<String, String>,
    /// Words that must be there.
    pub include: Vec<String>,
    /// Words that must not be there.
    pub exclude: Vec<String>,
    /// ANY or ALL; empty for ANY.
    pub match_mode: String,
    /// CONTAINS, EXACT or REGEX; empty for CONTAINS.
    pub match_type: String,
    /// What is put behind the text.
    pub additional: String,
    /// What was odd about how it was written.
    pub notes: Vec<String>,
}

impl Hook {
    /// Its namespace and name.
    pub fn place(&self) -> String {
        if self.namespace.is_empty() { self.name.clone() } else { format!("{}/{}", self.namespace, self.name) }
    }
}

/// A hook, or a part of a file, of which nothing was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct LeftOut {
    /// The file.
    pub file: String,
    /// The hook: its namespace and name, or which document it is.
    pub hook: String,
    /// The field; empty where it is no single one.
    pub field: String,
    /// Why, in a sentence.
    pub why: String,
}

/// What became of a hook.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct HookResult {
    /// The hook: its namespace and name.
    pub hook: String,
    /// The file that it stands in.
    pub file: String,
    /// What stands for it now; empty where nothing does.
    pub became: Vec<String>,
    /// Why it can never fire, or send anything.
    pub never: Vec<String>,
    /// What is otherwise than in ops, or odd about it.
    pub notes: Vec<String>,
}

/// What is wanted of an import.
#[derive(Clone, Debug, Default)]
pub struct ImportRequest {
    /// The folder that is written.
    pub into: PathBuf,
    /// Whether what an earlier import has written gives way.
    pub force: bool,
    /// What has a name already.
    pub taken: ExistingNames,
    /// The buses on which something is told: their names, and what subjects begin with there.
    pub buses: Vec<(String, String)>,
}

/// What has a name already, so that no target can have it.
#[derive(Clone, Debug, Default)]
pub struct ExistingNames {
    /// Plugins.
    pub plugins: BTreeSet<String>,
    /// Targets of the configuration.
    pub targets: BTreeMap<String, TargetOptions>,
    /// Names of rules about hooks that stand in other files than an import writes.
    pub rules: BTreeSet<String>,
    /// Targets to which routes in force lead alone.
    pub routed: BTreeSet<String>,
}

/// What an import wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Imported {
    /// Hook by hook.
    pub hooks: Vec<HookResult>,
    /// Of what nothing was made.
    pub left_out: Vec<LeftOut>,
    /// What was read and is no hook.
    pub skipped: Vec<String>,
    /// What holds for several hooks.
    pub notes: Vec<String>,
    /// The files.
    pub files: Vec<String>,
    /// Files of an earlier import that are no longer there.
    pub removed: Vec<String>,
    /// Files that somebody else wrote or changed and that stay as they are, with what was done instead.
    pub kept: Vec<String>,
    /// How many cases of its own tests passed.
    pub tests: usize,
}

impl Imported {
    /// Whether everything has something that stands for it, where it was meant to stand.
    pub fn is_whole(&self) -> bool {
        self.left_out.is_empty() && self.kept.is_empty() && self.hooks.iter().all(|hook| hook.never.is_empty())
    }
}

/// Everything that is to be written, by its path in the folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct GeneratedFiles {
    policies: Vec<(String, String)>,
    tests: Vec<(String, String)>,
    notifiers: Option<String>,
    secrets: Vec<(String, String)>,
}

#[cfg(test)]
mod tests;
