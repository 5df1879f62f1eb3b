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
    /// The webhook's address, without a query. It is a secret in itself, so it usually stands in one.
    #[serde(default = "Template::webhook_url")]
    #[cfg_attr(test, schemars(extend("default" = "{{secret:webhook-url}}")))]
    pub url: Template,
    /// The id of a thread in the webhook's channel to post to.
    pub thread_id: Option<String>,
    /// Who is mentioned: ids of users, such as `80351110224678912`.
    #[serde(default)]
    pub mention_users: Vec<Snowflake>,
    /// Which roles are mentioned, by their ids.
    #[serde(default)]
    pub mention_roles: Vec<Snowflake>,
    /// On which occasions.
    #[serde(default = "MentionOn::usual")]
    pub mention_on: Vec<MentionOn>,
}

/// An id is written into markup, so it is nothing but digits.
#[derive(Clone, Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[cfg_attr(test, derive(serde::Serialize))]
pub(crate) struct Snowflake(pub String);

impl<'de> Deserialize<'de> for Snowflake {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fits = |id: &str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
        checked(deserializer, fits, "is no id: it has digits alone").map(Self)
    }
}
