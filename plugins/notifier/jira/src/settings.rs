//! The plugin's settings.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use tidegate_plugin::settings::checked;

/// What the operator sets.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// The site, such as `https://acme.atlassian.net`.
    pub url: String,
    /// The project's key.
    pub project: Key,
    /// Which API the site has.
    #[serde(default)]
    pub api: Api,
    /// The mail address of the token's account, for Jira Cloud. Without it the token is sent as bearer, as Data Center
    /// takes a personal access token.
    pub user: Option<String>,
    /// The type of the issues.
    #[serde(default = "issue_type")]
    pub issue_type: String,
    /// More labels, beside `tidegate`.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Names of priorities by severity (`critical`, `error`, `warning`, `info`). Without them none is set.
    #[serde(default)]
    pub priorities: BTreeMap<String, String>,
    /// More fields of a new issue, as Jira's API takes them, such as `components = [{ name = "web" }]`.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "BTreeMap<String, Value>"))]
    pub fields: Map<String, Value>,
    /// The name of the transition that closes an issue, or of the status it leads to. Without it the first one that
    /// leads to a status of the category *done*.
    pub transition: Option<String>,
    /// The resolution that the transition sets, where its screen has one.
    pub resolution: Option<String>,
}

fn issue_type() -> String {
    "Task".into()
}

/// A version of Jira.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema, serde::Serialize), schemars(inline))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Api {
    #[default]
    Cloud,
    DataCenter,
}

impl Api {
    /// The beginning of its paths.
    pub fn path(self) -> &'static str {
        match self {
            Self::Cloud => "/rest/api/3",
            Self::DataCenter => "/rest/api/2",
        }
    }
}

/// A key is written into a query, so it is nothing but a key.
#[derive(Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema, serde::Serialize), schemars(inline))]
pub(crate) struct Key(pub String);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fits = |key: &str| !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        checked(deserializer, fits, "is no key of a project").map(Self)
    }
}
