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
    /// The workflow's address. It is a secret in itself, so it usually stands in one.
    #[serde(default = "Template::webhook_url")]
    #[cfg_attr(test, schemars(extend("default" = "{{secret:webhook-url}}")))]
    pub url: Template,
    /// Who is mentioned: user principal names such as `ada@example.com`, or object ids of Entra.
    #[serde(default)]
    pub mentions: Vec<User>,
    /// On which occasions.
    #[serde(default = "MentionOn::usual")]
    pub mention_on: Vec<MentionOn>,
}

/// A name is written into markup, so it is nothing but a name.
#[derive(Clone, Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema, serde::Serialize), schemars(inline))]
pub(crate) struct User(pub String);

impl<'de> Deserialize<'de> for User {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fits = |id: &str| !id.is_empty() && id.chars().all(|c| c.is_alphanumeric() || "_-@.+'#".contains(c));
        checked(deserializer, fits, "is no user principal name or id").map(Self)
    }
}
