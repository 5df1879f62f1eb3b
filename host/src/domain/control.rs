//! What concerns the host as a whole: what a person says to it, and which tools it has.

use serde::{Deserialize, Serialize};

use super::catalogue::ToolsChange;
use super::person::Person;

/// Name of the journal stream that holds these entries.
pub const STREAM: &str = "host";

/// A change of the host's own state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Control {
    /// Nothing is executed until `Resumed`.
    Paused {
        /// Who said so, and how that is known.
        person: Person,
        /// Why.
        reason: String,
        /// What is paused: empty for everything, `rule:<name>` or `server:<name>`.
        #[serde(default)]
        scope: String,
    },
    /// Execution goes on.
    Resumed {
        /// Who said so, and how that is known.
        person: Person,
        /// What goes on; the same words as in `Paused`.
        #[serde(default)]
        scope: String,
    },
    /// A breaker is closed again.
    BreakerReset {
        /// Who said so, and how that is known.
        person: Person,
        /// The breaker's key.
        key: String,
        /// Why.
        #[serde(default)]
        reason: String,
    },
    /// From now on decisions rest on other tools.
    Tools(ToolsChange),
}
