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
    /// The id of a channel, such as `C0123456789`: a bot posts there with the secret `token`. Without it an
    /// incoming webhook posts to its own channel, and can neither change nor answer what it has posted.
    pub channel: Option<String>,
    /// The incoming webhook's address. It is a secret in itself, so it usually stands in one.
    #[serde(default = "Template::webhook_url")]
    #[cfg_attr(test, schemars(extend("default" = "{{secret:webhook-url}}")))]
    pub url: Template,
    /// Who is mentioned: ids of people (`U…`) or user groups (`S…`), or `here`, `channel`, `everyone`.
    #[serde(default)]
    pub mentions: Vec<Mentioned>,
    /// On which occasions.
    #[serde(default = "MentionOn::usual")]
    pub mention_on: Vec<MentionOn>,
    /// The reaction that the bot puts on the incident's first message when it is over; empty for none. It needs
    /// the scope `reactions:write`.
    #[serde(default = "reaction")]
    pub resolved_reaction: String,
}

fn reaction() -> String {
    "white_check_mark".into()
}

/// An id is written into markup, so it is nothing but an id.
#[derive(Clone, Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema, serde::Serialize), schemars(inline))]
pub(crate) struct Mentioned(String);

impl Mentioned {
    pub fn markup(&self) -> String {
        let id = &self.0;
        match id.as_str() {
            "here" | "channel" | "everyone" => format!("<!{id}>"),
            _ if id.starts_with('S') => format!("<!subteam^{id}>"),
            _ => format!("<@{id}>"),
        }
    }
}

impl<'de> Deserialize<'de> for Mentioned {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fits = |id: &str| {
            let plain = id.len() > 1 && id.starts_with(['U', 'W', 'S']);
            (plain && id.chars().all(|c| c.is_ascii_alphanumeric())) || matches!(id, "here" | "channel" | "everyone")
        };
        let refusal = "is neither an id such as U0123456789 nor here, channel or everyone";
        checked(deserializer, fits, refusal).map(Self)
    }
}
