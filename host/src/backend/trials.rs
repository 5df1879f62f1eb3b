//! Trying whether a target takes messages, with a real one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::{Person, Severity};

/// A test message that somebody wants to have sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// The target.
    pub target: String,
    /// How bad it says it is.
    pub severity: Severity,
    /// Who, and how that is known.
    pub person: Person,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Tried {
    /// The target.
    pub target: String,
    /// Its plugin.
    pub plugin: String,
    /// Whether the target took it.
    pub delivered: bool,
    /// What the target calls it; none where it says nothing, or did not take it.
    pub reference: Option<String>,
    /// How long that took.
    pub took_ms: u64,
    /// What was in the way; none where it was delivered.
    pub obstacle: Option<Obstacle>,
    /// Why it was not taken, as the plugin or the host says it.
    pub reason: Option<String>,
    /// What to do about that, in a sentence.
    pub advice: Option<String>,
}

/// What kept a message from a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Obstacle {
    /// The plugin asks for something that is not granted.
    NotGranted,
    /// A setting or a secret is wrong.
    Misconfigured,
    /// It was not called: it is left alone for a while, after it was misconfigured again and again.
    LeftAlone,
    /// The other side was not reached, or says that it may take it later.
    Unavailable,
    /// It did not answer in time, or no place for the call was free.
    Slow,
    /// The target read it and does not take it.
    Refused,
    /// The plugin itself failed.
    Broken,
}

impl Obstacle {
    /// What to do about it.
    pub fn advice(self, target: &str) -> String {
        let table = format!("[notifiers.{target}]");
        match self {
            Self::NotGranted => format!(
                "add what the words above name to {table} of the configuration, and restart tidegate: grants are read at \
                 its start"
            ),
            Self::Misconfigured => format!(
                "mend the setting or the secret that the words above name ({table} of the configuration, or the token at \
                 the target), and restart tidegate: secrets are read at its start"
            ),
            Self::LeftAlone => format!(
                "nothing was sent. Mend {table} and restart tidegate, or try again when the time that is named above is over"
            ),
            Self::Unavailable => format!(
                "where the words above speak of a token, a right or a channel, mend that at the target or in {table}; where \
                 they speak of a connection, see whether this machine reaches the target. Messages are tried again by \
                 themselves"
            ),
            Self::Slow => format!(
                "see whether this machine reaches the target and how long that takes; limits = {{ wall = \"30s\" }} of \
                 [plugins.NAME] says how long a call of its plugin may take. Messages to {target} are tried again by themselves"
            ),
            Self::Refused => format!(
                "the target was reached and does not take this message: the words above say why, such as a channel that \
                 there is not. Mend {table} and restart tidegate"
            ),
            Self::Broken => {
                "the plugin itself failed: its last words are above, and more is in the log. `tidegate plugin list` says how it is"
                    .into()
            }
        }
    }
}
