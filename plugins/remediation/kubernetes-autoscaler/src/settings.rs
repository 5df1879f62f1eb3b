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
    /// No maximum is raised beyond this many replicas. 0 raises none.
    pub most_replicas: u64,
    /// By how many per cent a maximum is raised, by one replica at least.
    #[cfg_attr(test, schemars(range(min = 1, max = 100)))]
    pub raise_percent: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { cluster_label: "cluster".into(), servers: BTreeMap::new(), most_replicas: 0, raise_percent: 50 }
    }
}

impl Settings {
    /// Which server is asked.
    pub fn choice(&self) -> Choice<'_> {
        Choice { cluster_label: &self.cluster_label, servers: &self.servers }
    }
}
