//! `[correlate]`: which alerts make one incident.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::problem::Report;

/// How alerts become incidents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correlate {
    /// Alerts that agree on these labels share an incident; none where alerts go by whom they are about.
    pub group_by: Option<Vec<String>>,
    /// Sources whose alerts about one object make one incident.
    pub join_sources: BTreeSet<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    group_by: Option<Vec<String>>,
    join_sources: BTreeSet<String>,
}

impl Raw {
    pub fn build(self, report: &mut Report) -> Correlate {
        if self.group_by.iter().flatten().any(String::is_empty) {
            report(&["correlate", "group_by"], "a label's name cannot be empty".into());
        }
        if self.join_sources.len() == 1 {
            let text = "one source joins nothing: name at least two, such as [\"alertmanager\", \"events\"], or none";
            report(&["correlate", "join_sources"], text.into());
        }
        Correlate { group_by: self.group_by, join_sources: self.join_sources }
    }
}
