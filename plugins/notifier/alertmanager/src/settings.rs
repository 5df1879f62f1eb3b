//! The plugin's settings.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What the operator sets.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// All Alertmanagers of the cluster, such as `http://alertmanager-0.monitoring:9093`: alerts are sent to each of them.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub urls: Vec<String>,
    /// The user whose password is the secret `password`.
    pub user: Option<String>,
    /// Whether the secret `token` is sent as a bearer token.
    #[serde(default)]
    pub bearer: bool,
    /// Labels that every alert gets. They tell forwarded alerts apart, so that a route does not send them back.
    #[serde(default = "labels")]
    pub labels: BTreeMap<String, String>,
    /// How long an alert that fires is kept when no message follows.
    #[serde(default = "keep_minutes")]
    #[cfg_attr(test, schemars(range(min = 5)))]
    pub keep_minutes: u32,
    /// For how long at most the incident's alerts are silenced while a question is open. Without it they are not.
    #[cfg_attr(test, schemars(range(min = 1)))]
    pub silence_minutes: Option<u32>,
}

fn labels() -> BTreeMap<String, String> {
    [("forwarded_by".to_string(), "tidegate".to_string())].into()
}

fn keep_minutes() -> u32 {
    24 * 60
}
