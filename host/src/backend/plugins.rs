//! Plugins for people and programs: what each is, how it is, and how its calls went.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One plugin.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PluginView {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// `source`, `notifier` or `remediation`.
    pub kind: String,
    /// `ready`; `troubled`, where its last call or a target has a problem; `refused`, where it is not loaded;
    /// `idle`, where it is loaded when it is first called; or `unused`, where no configuration names it.
    pub state: String,
    /// `bundled`, or its folder.
    pub from: String,
    /// Digest of its component in hex; none unless it is loaded.
    pub sha256: Option<String>,
    /// Version of the contract; none unless it is loaded.
    pub contract: Option<String>,
    /// The source, the targets or the tools that it offers.
    pub offers: Vec<String>,
    /// Calls since its code was loaded; 0 where no host runs.
    pub calls: u64,
    /// Those that ended in an error of the plugin, or that the host ended.
    pub errors: u64,
    /// Half of the calls took at most so many milliseconds; none before the first.
    pub p50_ms: Option<f64>,
    /// 99 of 100 took at most so many.
    pub p99_ms: Option<f64>,
    /// What was last wrong with a call, though it may be mended since.
    pub last_error: Option<String>,
    /// What keeps it, or one of its targets, from being used now.
    pub problems: Vec<String>,
    /// What it asks for and is not granted.
    pub unmet: Vec<String>,
}
