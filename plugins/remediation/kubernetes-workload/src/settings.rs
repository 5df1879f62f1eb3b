//! The plugin's settings.

use std::collections::BTreeMap;

use serde::Deserialize;
use tidegate_plugin::kubernetes::Choice;

/// The settings; every one has a default.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// The alert label that names the cluster.
    pub cluster_label: String,
    /// Which MCP server reaches which cluster: value of the label = name of the server. Needed only with several.
    pub servers: BTreeMap<String, String>,
    /// A crash counts as caused by a rollout that is at most this old.
    #[cfg_attr(test, schemars(range(min = 1)))]
    pub rollback_within_hours: u64,
    /// How long a pod may be overdue to end before it counts as stuck.
    #[cfg_attr(test, schemars(range(min = 1)))]
    pub stuck_after_minutes: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cluster_label: "cluster".into(),
            servers: BTreeMap::new(),
            rollback_within_hours: 24,
            stuck_after_minutes: 10,
        }
    }
}

impl Settings {
    /// Which server is asked.
    pub fn choice(&self) -> Choice<'_> {
        Choice { cluster_label: &self.cluster_label, servers: &self.servers }
    }
}
