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
    /// By how many per cent the memory limit of a container is raised that is killed for its memory again and again.
    #[cfg_attr(test, schemars(range(min = 1, max = 100)))]
    pub memory_percent: u64,
    /// No memory limit is raised beyond this many MiB. 0 raises none.
    pub memory_most_mib: u64,
    /// Whether a probe may be eased that kills a container while it starts, or because it answers slowly.
    pub ease_probes: bool,
    /// Deployments that may be scaled, as `namespace/name`, and within which bounds.
    pub scale: BTreeMap<String, Bounds>,
    /// Alerts that say that a Deployment has too few replicas.
    pub scale_up_alerts: Vec<String>,
    /// Alerts that say that it has more than are wanted.
    pub scale_down_alerts: Vec<String>,
    /// By how many per cent the number of replicas is changed, by one at least.
    #[cfg_attr(test, schemars(range(min = 1, max = 100)))]
    pub scale_percent: u64,
}

/// How few and how many replicas a Deployment may have.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Bounds {
    /// It is not scaled below this.
    #[cfg_attr(test, schemars(range(min = 1)))]
    pub least: u64,
    /// It is not scaled beyond this.
    #[cfg_attr(test, schemars(range(min = 1)))]
    pub most: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cluster_label: "cluster".into(),
            servers: BTreeMap::new(),
            rollback_within_hours: 24,
            stuck_after_minutes: 10,
            memory_percent: 50,
            memory_most_mib: 4096,
            ease_probes: true,
            scale: BTreeMap::new(),
            scale_up_alerts: Vec::new(),
            scale_down_alerts: Vec::new(),
            scale_percent: 50,
        }
    }
}

impl Settings {
    /// Which server is asked.
    pub fn choice(&self) -> Choice<'_> {
        Choice { cluster_label: &self.cluster_label, servers: &self.servers }
    }
}
