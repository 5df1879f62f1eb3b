//! What the operator says of types of events.

use super::words::Said;
use crate::source::pattern::{best, matches};
use crate::source::{Node, Status, parse};

/// What the operator says of types: lists of patterns, `*` standing for anything.
#[derive(Debug, Default)]
pub struct Types {
    ignore: Vec<String>,
    firing: Vec<String>,
    resolved: Vec<String>,
    severity: Vec<(String, String)>,
}

impl Types {
    /// Reads the settings `ignore`, `firing`, `resolved` and `severity`.
    ///
    /// # Errors
    /// A sentence that names the setting.
    pub fn read(settings: &str) -> Result<Self, String> {
        let value = parse(settings)?;
        let settings = Node::root(&value);
        let list = |name: &'static str| {
            let list = settings.get(name);
            if !list.exists() {
                return Ok(Vec::new());
            }
            list.need_items()?
                .map(|pattern| Ok(pattern.need_text()?.into_owned()))
                .collect::<Result<Vec<String>, String>>()
        };
        let severity = settings.get("severity");
        let severity = if severity.exists() { severity.need_object()?.texts() } else { Vec::new() };
        Ok(Self { ignore: list("ignore")?, firing: list("firing")?, resolved: list("resolved")?, severity })
    }

    /// What they say of a type; none where they say nothing.
    pub(super) fn said(&self, kind: &str) -> Option<Said> {
        let any = |patterns: &[String]| patterns.iter().any(|pattern| matches(pattern, kind));
        if any(&self.ignore) {
            Some(Said::Nothing)
        } else if any(&self.firing) {
            Some(Said::Is(Status::Firing))
        } else if any(&self.resolved) {
            Some(Said::Is(Status::Resolved))
        } else {
            None
        }
    }

    pub(super) fn severity(&self, kind: &str) -> Option<&str> {
        best(&self.severity, kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_name_their_setting() {
        for (text, want) in [
            (r#"{"ignore":"x"}"#, "ignore: expected a list, found \"x\""),
            (r#"{"firing":[null]}"#, "firing[0]: expected a text, found nothing"),
            (r#"{"severity":[]}"#, "severity: expected an object, found a list"),
        ] {
            assert_eq!(Types::read(text).unwrap_err(), want);
        }
        assert!(Types::read("{}").is_ok());
    }
}
