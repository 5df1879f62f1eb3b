//! How the host itself checks an action and takes it back: data that it adds to a proposal.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::call::{Call, Target, Verification};

/// What the host adds to a proposal by the rules in force.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Safeguards {
    /// The check rule that names the verification and the look; none when it is the proposing rule's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The host's own proof of success; none when only the alerts themselves can tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify: Option<Verification>,
    /// The read-only call that shows the object which the action changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look: Option<Call>,
    /// The object as the host saw it last before the change; none when it could not be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Snapshot>,
    /// What the tool itself offers to take its call back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_tool: Option<Call>,
    /// What a check of the policies says without having seen anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated: Option<Call>,
}

/// An object as the host saw it at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// `metadata.uid`; tells an object from its successor of the same name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// `metadata.generation`; counts the changes of what is wanted of the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<i64>,
    /// The call that brings the object back to this state; none when the rules know none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restoration: Option<Call>,
}

impl Snapshot {
    /// Reads what identifies an object; none when it is another object than the one that is touched.
    pub fn of(object: &Value, touches: &Target, restoration: Option<Call>) -> Option<Self> {
        let metadata = object.get("metadata");
        let text = |key: &str| metadata.and_then(|metadata| metadata.get(key)).and_then(Value::as_str);
        if text("name").is_some_and(|name| !touches.names.iter().any(|known| known == name)) {
            return None;
        }
        let generation = metadata.and_then(|metadata| metadata.get("generation")).and_then(Value::as_i64);
        Some(Self { uid: text("uid").map(str::to_string), generation, restoration })
    }
}

/// What takes an action back, and on whose word.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Undo<'a> {
    /// It restores what the host saw before the change.
    Restore(&'a Call),
    /// The tool's own way: the same arguments and the attempt that is undone.
    Tool(&'a Call),
    /// The word of a proposer or a rule that has seen nothing.
    Proposed(&'a Call),
}

impl<'a> Undo<'a> {
    /// The call.
    pub fn call(self) -> &'a Call {
        match self {
            Self::Restore(call) | Self::Tool(call) | Self::Proposed(call) => call,
        }
    }

    /// The word used in JSON.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Restore(_) => "restore",
            Self::Tool(_) => "tool",
            Self::Proposed(_) => "proposed",
        }
    }
}
