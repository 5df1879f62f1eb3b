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
    /// Alerts that say that a claim's volume is full. Only they lead to an expansion.
    pub full_alerts: Vec<String>,
    /// By how many per cent a full claim is expanded.
    #[cfg_attr(test, schemars(range(min = 1, max = 100)))]
    pub expand_percent: u64,
    /// No claim is expanded beyond this many GiB. 0 expands none.
    pub most_gib: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cluster_label: "cluster".into(),
            servers: BTreeMap::new(),
            full_alerts: ["KubePersistentVolumeFillingUp", "KubePersistentVolumeFull"].map(String::from).to_vec(),
            expand_percent: 25,
            most_gib: 0,
        }
    }
}

impl Settings {
    /// Which server is asked.
    pub fn choice(&self) -> Choice<'_> {
        Choice { cluster_label: &self.cluster_label, servers: &self.servers }
    }
}
