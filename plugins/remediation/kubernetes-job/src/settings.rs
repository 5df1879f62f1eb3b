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
    /// CronJobs, as `namespace/name`, whose failed job may be run once more: those that may run twice.
    pub run_again: Vec<String>,
    /// CronJobs, as `namespace/name`, that may be suspended when their jobs fail one after the other.
    pub suspend: Vec<String>,
    /// How many jobs must have failed in a row before a suspension is proposed.
    #[cfg_attr(test, schemars(range(min = 2, max = 4)))]
    pub suspend_after: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cluster_label: "cluster".into(),
            servers: BTreeMap::new(),
            run_again: Vec::new(),
            suspend: Vec::new(),
            suspend_after: 3,
        }
    }
}

impl Settings {
    /// Which server is asked.
    pub fn choice(&self) -> Choice<'_> {
        Choice { cluster_label: &self.cluster_label, servers: &self.servers }
    }
}
