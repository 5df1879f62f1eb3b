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
    /// The server's address, such as `https://chat.example.com`: a bot posts there with the secret `token`. Without it
    /// an incoming webhook posts to its own channel, and can neither change nor answer what it has posted.
    pub server: Option<String>,
    /// The id of the bot's channel.
    pub channel_id: Option<String>,
    /// The incoming webhook's address. It is a secret in itself, so it usually stands in one.
    #[serde(default = "Template::webhook_url")]
    #[cfg_attr(test, schemars(extend("default" = "{{secret:webhook-url}}")))]
    pub url: Template,
    /// Who is mentioned: names of users or groups without the `@`, or `here`, `channel`, `all`.
    #[serde(default)]
    pub mentions: Vec<Name>,
    /// On which occasions.
    #[serde(default = "MentionOn::usual")]
    pub mention_on: Vec<MentionOn>,
}

/// A name is written into markup, so it is nothing but a name.
#[derive(Clone, Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema, serde::Serialize), schemars(inline))]
pub(crate) struct Name(pub String);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fits =
            |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        checked(deserializer, fits, "is no name of a user or group").map(Self)
    }
}
