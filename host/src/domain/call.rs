//! Calls of tools, what they touch, and how it is seen that one had its effect.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::text::canonical_json;

/// A call of a tool: `server.tool` of an MCP server or `plugin.action`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Call {
    /// Full name of the tool.
    pub tool: String,
    /// Its arguments.
    pub arguments: Map<String, Value>,
}

/// How to see that an action had its effect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Verification {
    /// A read-only call.
    pub look: Call,
    /// JSONPath queries that must each select something.
    #[serde(default)]
    pub present: Vec<String>,
    /// JSONPath queries that must select nothing.
    #[serde(default)]
    pub absent: Vec<String>,
    /// JSONPath queries that must each select something once the call has reached its target,
    /// whether or not all is well yet. They tell after a crash whether it happened.
    #[serde(default)]
    pub applied: Vec<String>,
    /// Deadline in milliseconds after the action's result.
    pub within_ms: u64,
    /// Pause between looks in milliseconds.
    pub every_ms: u64,
}

/// The longest that any verification may take, in milliseconds; `[limits]` may say less.
pub const LONGEST_VERIFICATION_MS: u64 = 24 * 3_600_000;
/// The shortest pause between looks, in milliseconds.
pub const SHORTEST_PAUSE_MS: u64 = 1_000;

impl Verification {
    /// With a deadline and a pause within the bounds of the host, whatever its origin said.
    #[must_use]
    pub fn bounded(self) -> Self {
        Self {
            within_ms: self.within_ms.min(LONGEST_VERIFICATION_MS),
            every_ms: self.every_ms.clamp(SHORTEST_PAUSE_MS, LONGEST_VERIFICATION_MS),
            ..self
        }
    }
}

/// What an action touches, read by the host from the arguments themselves, so that nobody can
/// claim another target than the one that the tool will act on. Every place where an argument
/// names a namespace, kind or object adds a value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The tool server, which stands for the cluster or account that it reaches.
    pub server: String,
    /// Namespaces; `*` when the call reaches all of them.
    pub namespaces: Vec<String>,
    /// Kinds of objects, lower case, singular where known.
    pub kinds: Vec<String>,
    /// Names of objects; `*` when the call selects by something else than a name.
    pub names: Vec<String>,
    /// Names of arguments that lead elsewhere: to another cluster or identity, to a file or an address,
    /// or nobody knows where. All of the above then hold `*`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub elsewhere: Vec<String>,
    /// Whether a plugin does it itself: then `server` is the plugin, which says nothing of where the objects are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own: bool,
}

impl Target {
    /// The same for people: what it has no value for is left out.
    pub fn label(&self) -> String {
        let parts = [&self.namespaces, &self.kinds, &self.names];
        let parts: Vec<String> = parts.iter().filter(|part| !part.is_empty()).map(|part| part.join("+")).collect();
        match (self.server.as_str(), parts.is_empty()) {
            ("", true) => "-".into(),
            (server, true) => server.into(),
            (server, false) => format!("{server}:{}", parts.join("/")),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let join = |values: &[String]| values.join("+");
        write!(f, "{}:{}/{}/{}", self.server, join(&self.namespaces), join(&self.kinds), join(&self.names))
    }
}

/// SHA-256 of a call in lower-case hex. Equal calls have equal digests whatever the order of
/// their arguments.
pub fn digest(call: &Call) -> String {
    let mut hash = Sha256::new();
    hash.update((call.tool.len() as u64).to_be_bytes());
    hash.update(&call.tool);
    hash.update(canonical_json(&Value::Object(call.arguments.clone())));
    hex::encode(hash.finalize())
}
