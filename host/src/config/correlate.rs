//! `[correlate]`: which alerts make one incident.

use serde::Deserialize;

use super::problem::Report;

/// How alerts become incidents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correlate {
    /// Alerts that agree on these labels share an incident.
    pub group_by: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    group_by: Option<Vec<String>>,
}

impl Raw {
    pub fn build(self, report: &mut Report) -> Correlate {
        let default = || ["alertname", "cluster", "namespace"].map(String::from).to_vec();
        let group_by = self.group_by.unwrap_or_else(default);
        if group_by.iter().any(String::is_empty) {
            report(&["correlate", "group_by"], "a label's name cannot be empty".into());
        }
        Correlate { group_by }
    }
}
