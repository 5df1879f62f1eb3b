//! `[mcp]`: what programs are offered through MCP.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde::Deserialize;

use super::problem::Report;
use super::unit::Period;

/// What programs are offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mcp {
    /// Whether anything is served at all.
    pub enabled: bool,
    /// What may be changed.
    pub write: BTreeSet<WriteScope>,
    /// The longest silence that may be made so.
    pub longest_silence: SignedDuration,
}

/// A kind of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WriteScope {
    /// Silences are made.
    Silence,
    /// Changes are proposed, on which gates rule.
    Propose,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    enabled: Option<bool>,
    write: BTreeSet<WriteScope>,
    longest_silence: Option<Period>,
}

impl Raw {
    pub fn build(self, report: &mut Report) -> Mcp {
        let longest = self
            .longest_silence
            .map_or(Ok(SignedDuration::from_hours(4)), |period| SignedDuration::try_from(period.0).map_err(|_| ()));
        if longest.is_err() || longest.is_ok_and(|longest| longest < SignedDuration::from_secs(60)) {
            report(&["mcp", "longest_silence"], "1m or more".into());
        }
        Mcp {
            enabled: self.enabled.unwrap_or(true),
            write: self.write,
            longest_silence: longest.unwrap_or(SignedDuration::from_hours(4)),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Overrides};

    #[test]
    fn programs_read_unless_the_operator_says_more() {
        let parse = |text: &str| Config::parse(text.into(), None, &Overrides::default());
        let own = parse("").unwrap().mcp;
        assert!(own.enabled && own.write.is_empty() && own.longest_silence.as_hours() == 4);
        let more = parse("[mcp]\nwrite = [\"propose\", \"silence\"]\nlongest_silence = \"1h\"").unwrap().mcp;
        assert_eq!((more.write.len(), more.longest_silence.as_hours()), (2, 1));
        for text in ["write = [\"approve\"]", "longest_silence = \"1s\"", "writes = []"] {
            assert!(parse(&format!("[mcp]\n{text}")).is_err(), "{text}");
        }
    }
}
