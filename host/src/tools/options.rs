//! What the operator says about MCP servers, and what is wrong with it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::definition::{self, Definition};
use super::glob;
use crate::domain::{Clusters, Risk};

/// Numbers between 0 and 1 that spread restarts over time.
pub type Jitter = Arc<dyn Fn() -> f64 + Send + Sync>;

/// Where the servers are defined, in the ecosystem's shape `{"mcpServers": {…}}`.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Definitions {
    /// No servers.
    #[default]
    None,
    /// In this JSON file.
    File(PathBuf),
    /// Here.
    Inline(Value),
}

/// What the operator says.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Where the servers are defined.
    pub servers: Definitions,
    /// Patterns over `server.tool` and the least risk of what they cover. A risk that a tool has
    /// already is never lowered.
    pub risk: Vec<(String, Risk)>,
    /// Patterns over `server.tool`: what none covers does not exist. Tools that hand out credentials
    /// or run anything must be named literally besides.
    pub allow: Vec<String>,
    /// How long a server may take to start and to list its tools.
    pub start_within: Duration,
    /// How long a read-only call may take.
    pub look_within: Duration,
    /// How long any other call may take.
    pub perform_within: Duration,
    /// How often an idle server is asked whether it is there.
    pub check_every: Duration,
    /// Longest answer in bytes; what is longer is cut.
    pub max_answer: usize,
    /// Which server reaches which cluster.
    pub clusters: Clusters,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            servers: Definitions::None,
            risk: Vec::new(),
            allow: vec!["*".into()],
            start_within: Duration::from_secs(30),
            look_within: Duration::from_secs(30),
            perform_within: Duration::from_secs(60),
            check_every: Duration::from_secs(30),
            max_answer: 64 * 1024,
            clusters: Clusters::default(),
        }
    }
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// Names of the servers that would be started.
    pub servers: Vec<String>,
    /// Why tidegate cannot start like this: a sentence each.
    pub problems: Vec<String>,
    /// What an operator should know all the same.
    pub notes: Vec<String>,
}

/// Reads the options without starting anything.
pub fn check(options: &Options, env: &dyn Fn(&str) -> Option<String>) -> CheckReport {
    settle(options, env).1
}

/// The definitions with everything that the options say about them.
pub(super) fn settle(options: &Options, env: &dyn Fn(&str) -> Option<String>) -> (Vec<Definition>, CheckReport) {
    let mut checked = CheckReport::default();
    let document = match &options.servers {
        Definitions::None => None,
        Definitions::Inline(value) => Some(("the inline definition of MCP servers".to_string(), value.clone())),
        Definitions::File(path) => {
            let place = path.display().to_string();
            match crate::regular_file::read_text(path, crate::regular_file::TEXT) {
                Err(error) => {
                    checked.problems.push(format!("the file of MCP servers {place} cannot be read: {error}"));
                    None
                }
                Ok(text) => match serde_json::from_str(&text) {
                    Err(error) => {
                        checked.problems.push(format!("{place} is not JSON: {error}"));
                        None
                    }
                    Ok(value) => Some((place, value)),
                },
            }
        }
    };
    let mut definitions = match document {
        Some((place, value)) => definition::read(&place, &value, env, &mut checked),
        None => Vec::new(),
    };
    for definition in &mut definitions {
        definition.allow = options.allow.clone();
        definition.raise = options.risk.clone();
    }
    checked.servers = definitions.iter().map(|definition| definition.name.clone()).collect();
    let patterns = options.risk.iter().map(|(pattern, _)| (pattern, "risk"));
    for (pattern, what) in patterns.chain(options.allow.iter().map(|pattern| (pattern, "allow"))) {
        let server = pattern.split('.').next().unwrap_or_default();
        if !pattern.contains('.') && !pattern.ends_with('*') {
            checked.problems.push(format!(
                "the {what} pattern {pattern} covers no tool: patterns are written server.tool, such as *.{pattern}"
            ));
        } else if !checked.servers.iter().any(|name| glob::covers(server, name)) && !checked.servers.is_empty() {
            checked.notes.push(format!("the {what} pattern {pattern} covers no defined MCP server"));
        }
    }
    (definitions, checked)
}
