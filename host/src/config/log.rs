//! `[log]`: the host's own log on standard error.

use serde::Deserialize;

/// The host's own log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// Its form.
    pub format: LogFormat,
    /// Which lines, in the form of `TIDEGATE_LOG`, which wins: `info`, or `warn,tidegate=debug`.
    pub level: String,
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// Text for people.
    Text,
    /// One JSON object a line.
    Json,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    format: Option<LogFormat>,
    level: Option<String>,
}

impl Raw {
    pub fn build(self) -> Log {
        Log { format: self.format.unwrap_or_default(), level: self.level.unwrap_or_else(|| "info".into()) }
    }
}
