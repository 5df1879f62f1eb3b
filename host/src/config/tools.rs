//! `[tools]`: MCP servers, which of their tools exist, and what they may cost.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::problem::Report;
use super::unit::{Period, Size};
use crate::domain::Risk;

/// Tool servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tools {
    /// The JSON file with `mcpServers`.
    pub servers: Option<PathBuf>,
    /// Globs over `server.tool`; a tool that none matches does not exist.
    pub allow: Vec<String>,
    /// Globs over `server.tool` and `plugin.action` and the risk that they have instead of the one found; only ever
    /// raised.
    pub risk: BTreeMap<String, Risk>,
    /// How long a server may take to start.
    pub start_timeout: Duration,
    /// How long a call may take.
    pub call_timeout: Duration,
    /// How much of an answer is kept.
    pub max_answer: Size,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    servers: Option<PathBuf>,
    allow: Option<Vec<String>>,
    risk: BTreeMap<String, Risk>,
    start_timeout: Option<Period>,
    call_timeout: Option<Period>,
    max_answer: Option<Size>,
}

impl Raw {
    pub fn build(self, base: &Path, report: &mut Report) -> Tools {
        let servers = self.servers.map(|path| base.join(path));
        if let Some(path) = servers.as_ref().filter(|path| !path.is_file()) {
            report(&["tools", "servers"], format!("there is no file {}", path.display()));
        }
        let allow = self.allow.unwrap_or_else(|| vec!["*".into()]);
        if allow.iter().any(String::is_empty) {
            report(&["tools", "allow"], "an empty pattern matches nothing; remove it".into());
        }
        Tools {
            servers,
            allow,
            risk: self.risk,
            start_timeout: self.start_timeout.map_or(Duration::from_secs(30), |p| p.0),
            call_timeout: self.call_timeout.map_or(Duration::from_secs(60), |p| p.0),
            max_answer: self.max_answer.unwrap_or(Size(64 << 10)),
        }
    }
}
