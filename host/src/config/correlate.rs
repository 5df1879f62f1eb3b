//! `[correlate]`: which alerts make one incident.

use serde::Deserialize;

use super::problem::Report;

/// How alerts become incidents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correlate {
    /// Alerts that agree on these labels share an incident; none where alerts go by whom they are about.
    pub group_by: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    group_by: Option<Vec<String>>,
}

impl Raw {
    pub fn build(self, report: &mut Report) -> Correlate {
        if self.group_by.iter().flatten().any(String::is_empty) {
            report(&["correlate", "group_by"], "a label's name cannot be empty".into());
        }
        Correlate { group_by: self.group_by }
    }
}
