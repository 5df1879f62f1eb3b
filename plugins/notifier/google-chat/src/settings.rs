//! The plugin's settings.

use serde::{Deserialize, Deserializer};
use tidegate_plugin::http::Template;
use tidegate_plugin::notifier::MentionOn;
use tidegate_plugin::settings::checked;

/// What the operator sets.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// The webhook's address, with its `key` and `token`. It is a secret in itself, so it usually stands in one.
    #[serde(default = "Template::webhook_url")]
    #[cfg_attr(test, schemars(extend("default" = "{{secret:webhook-url}}")))]
    pub url: Template,
    /// Who is mentioned: ids of users, or `all`.
    #[serde(default)]
    pub mentions: Vec<User>,
    /// On which occasions.
    #[serde(default = "MentionOn::usual")]
    pub mention_on: Vec<MentionOn>,
}

/// An id is written into markup, so it is nothing but an id.
#[derive(Clone, Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema, serde::Serialize), schemars(inline))]
pub(crate) struct User(pub String);

impl<'de> Deserialize<'de> for User {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fits = |id: &str| id == "all" || (!id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()));
        checked(deserializer, fits, "is neither a user's number nor all").map(Self)
    }
}
