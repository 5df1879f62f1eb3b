//! EventHooks of ops as policies and targets: what people have, said in the words of this host.
//!
//! A hook is a subject, keywords and a target. Its keywords are held against the text that ops-server shows of an event
//! (`domain/event/rendered.rs`), by rules that have odd cases; each is kept, and where a hook can never fire in ops, that is
//! said instead of a rule. Nothing is put in force: files go into a folder of their own, compile and pass their tests
//! before they are written.

mod condition;
mod config;
mod policy;
mod re2;
mod read;
mod sample;
mod subject;
mod tests_of;
mod write;

use std::collections::BTreeMap;

pub use read::read;
pub use write::{Wanted, import};

/// One hook as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hook {
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
}

/// What became of a hook.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Became {
    /// The hook: its namespace and name.
    pub hook: String,
    /// What stands for it now; empty where nothing does.
    pub became: Vec<String>,
    /// Why it can never fire, or send anything.
    pub never: Vec<String>,
    /// What is otherwise than in ops, or odd about it.
    pub notes: Vec<String>,
}

/// What an import wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Imported {
    /// Hook by hook.
    pub hooks: Vec<Became>,
    /// What was read and is no hook.
    pub skipped: Vec<String>,
    /// What holds for several hooks.
    pub notes: Vec<String>,
    /// The files.
    pub files: Vec<String>,
    /// How many cases of its own tests passed.
    pub tests: usize,
}

/// Everything that is to be written, by its path in the folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Texts {
    policies: Vec<(String, String)>,
    tests: Vec<(String, String)>,
    notifiers: Option<String>,
    secrets: Vec<(String, String)>,
}

#[cfg(test)]
mod tests;
