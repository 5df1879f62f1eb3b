//! The plugin's settings.

use serde::{Deserialize, Deserializer};
use tidegate_plugin::http::Template;
use tidegate_plugin::notifier::MentionOn;
use tidegate_plugin::settings::{SecretChoice, checked};

/// What the operator sets.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// The bot's address. It is a secret in itself, so it usually stands in one.
    #[serde(default = "Template::webhook_url")]
    #[cfg_attr(test, schemars(extend("default" = "{{secret:webhook-url}}")))]
    pub url: Template,
    /// For a bot with signature check: `true` uses the secret `sign-secret`; a string names another.
    #[serde(default)]
    pub sign: SecretChoice,
    /// Who is mentioned: user ids such as `ou_…`, or `all`.
    #[serde(default)]
    pub mentions: Vec<UserId>,
    /// On which occasions.
    #[serde(default = "MentionOn::usual")]
    pub mention_on: Vec<MentionOn>,
    /// Whether a short card says how a question ended. A bot cannot change the card that asked.
    #[serde(default)]
    pub follow_up: bool,
}

/// An id is written into markup, so it is nothing but an id.
#[derive(Clone, Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema, serde::Serialize), schemars(inline))]
pub(crate) struct UserId(pub String);

impl<'de> Deserialize<'de> for UserId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fits = |id: &str| !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || "_-@.".contains(c));
        checked(deserializer, fits, "is no user id").map(Self)
    }
}
