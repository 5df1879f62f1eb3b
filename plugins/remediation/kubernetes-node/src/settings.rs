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
    /// How many nodes may be without new pods at a time, cordoned or not ready, the one in question included. A node is
    /// not cordoned or drained beyond that.
    #[cfg_attr(test, schemars(range(min = 1)))]
    pub most_out: usize,
    /// Whether a faulty node that takes new pods may be drained rather than only cordoned.
    pub drain: bool,
    /// Whether a cordoned node without any fault may be uncordoned.
    pub uncordon: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { cluster_label: "cluster".into(), servers: BTreeMap::new(), most_out: 1, drain: false, uncordon: false }
    }
}

impl Settings {
    /// Which server is asked.
    pub fn choice(&self) -> Choice<'_> {
        Choice { cluster_label: &self.cluster_label, servers: &self.servers }
    }
}
