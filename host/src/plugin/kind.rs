//! What a plugin can be, and what each kind may import and must export.
//!
//! `kind/*` hold one trait per exported interface, over the host's own types. A lane implements
//! them; the rest of the host uses what is built on them.

pub mod notifier;
pub mod remediation;
pub mod source;

use std::fmt;
use std::time::Duration;

use serde::Deserialize;

/// What a plugin does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Decodes requests into alerts.
    Source,
    /// Delivers messages.
    Notifier,
    /// Proposes and performs repairs.
    Remediation,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Source, Self::Notifier, Self::Remediation];

    /// The word in manifests, which is also the name of the exported interface.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Notifier => "notifier",
            Self::Remediation => "remediation",
        }
    }

    /// Interfaces that may be imported, by their names in the contract.
    pub fn imports(self) -> &'static [&'static str] {
        match self {
            Self::Source => &["types", "log", "settings"],
            Self::Notifier => &["types", "log", "settings", "http-client", "signer", "state", "mail", "bus"],
            Self::Remediation => &["types", "log", "settings", "http-client", "signer", "state", "tools"],
        }
    }

    /// Interfaces that may be exported besides the kind's own.
    pub fn optional_exports(self) -> &'static [&'static str] {
        match self {
            Self::Source | Self::Notifier => &[],
            Self::Remediation => &["reversal", "probe"],
        }
    }

    /// The wall-clock limit of a call unless the operator sets one.
    pub fn wall(self) -> Duration {
        Duration::from_secs(match self {
            Self::Source => 5,
            Self::Notifier => 30,
            Self::Remediation => 60,
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a plugin says that it did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// The input can never succeed.
    InvalidInput(String),
    /// Settings or secrets are wrong.
    Misconfigured(String),
    /// The remote side may recover.
    Unavailable {
        /// Why.
        reason: String,
        /// Lower bound before the next attempt.
        after: Option<Duration>,
    },
    /// Anything else; not retried.
    Other(String),
}

/// What a plugin gives as its reason; that it gives none is said.
fn said(reason: &str) -> &str {
    if reason.trim().is_empty() { "the plugin gives no reason" } else { reason }
}

impl CallError {
    /// The same with who did not answer the plugin, which cannot always say whom it asked.
    #[must_use]
    pub fn unanswered(mut self, who: &str) -> Self {
        match &mut self {
            Self::InvalidInput(_) | Self::Misconfigured(_) => {}
            Self::Unavailable { reason: text, .. } | Self::Other(text) => {
                text.push_str(&format!(" ({who})"));
            }
        }
        self
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidInput(text) | Self::Other(text) => f.write_str(said(text)),
            Self::Misconfigured(text) => write!(f, "misconfigured: {}", said(text)),
            Self::Unavailable { reason, .. } => write!(f, "unavailable: {}", said(reason)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_without_a_reason_says_so() {
        for error in [
            CallError::InvalidInput(" ".into()),
            CallError::Misconfigured(String::new()),
            CallError::Unavailable { reason: "\n".into(), after: None },
            CallError::Other(String::new()),
        ] {
            assert!(error.to_string().ends_with("the plugin gives no reason"), "{error}");
        }
        assert_eq!(CallError::Misconfigured("no url".into()).to_string(), "misconfigured: no url");
    }
}
