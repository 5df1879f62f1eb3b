//! What programs ask of a running host beside incidents: what the policies declare, what may be called, what it cost.

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::chat::{ChatError, RulingView};
use crate::domain::{Person, Proposal, Risk};

/// Something that the policies declare.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeclarationSummary {
    /// `rule`, `gate`, `route`, …
    pub kind: String,
    /// Its name, unique among its kind.
    pub name: String,
    /// File and line.
    pub place: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Who looks after it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub owner: String,
    /// Free words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

/// A tool that may be called, as far as gates allow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OfferedTool {
    /// `server.tool` or `plugin.action`.
    pub name: String,
    /// What it does, in the words of its server.
    pub description: String,
    /// What a wrong call could cost.
    pub risk: Risk,
    /// A repeat with the same arguments changes nothing more.
    pub repeatable: bool,
    /// The cluster that its server reaches, where one is configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// JSON Schema of its arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Value>,
}

/// A change that a program wants in the name of a person.
#[derive(Clone, Debug, PartialEq)]
pub struct ProposalRequest {
    /// In whose name: asking approves nothing.
    pub person: Person,
    /// Why, and by which way, in a sentence.
    pub text: String,
    /// What.
    pub proposal: Proposal,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProposalResult {
    /// The incident that it became.
    pub incident: String,
    /// How the gate ruled.
    pub rulings: Vec<RulingView>,
}

/// What programs ask.
pub trait Programs: Send + Sync {
    /// Now, by the host's clock.
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
    /// What the policies in force declare, in the order in which it is asked.
    fn declared(&self) -> Vec<DeclarationSummary> {
        Vec::new()
    }
    /// All tools.
    fn offered(&self) -> Vec<OfferedTool> {
        Vec::new()
    }
    /// Takes a proposal in, as an incident of its own; answers when the gate has ruled.
    fn propose(&self, _wanted: ProposalRequest) -> BoxFuture<'_, Result<ProposalResult, ChatError>> {
        Box::pin(std::future::ready(Err(ChatError::Unavailable("no host is running".into()))))
    }
}
