//! Proposed tool calls: what, on what, why, by whom, how risky, how to check and take back.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::call::{Call, Target, Verification, digest};
use super::conversation::ConversationId;
use super::person::Person;
use super::safeguards::{Safeguards, Undo};
use super::text::canonical_json;

/// What a wrong call could cost, least first so that `max` finds the highest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// Changes nothing.
    Read,
    /// Heals by itself when wrong, such as deleting a pod of a Deployment.
    Low,
    /// Can break something that was whole, but can be taken back.
    High,
    /// Cannot be taken back. Tools that say nothing about themselves count as this.
    Irreversible,
}

impl Risk {
    /// The word used in JSON, policies and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Low => "low",
            Self::High => "high",
            Self::Irreversible => "irreversible",
        }
    }
}

/// Who proposed an action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Origin {
    /// A policy rule.
    Policy {
        /// The rule's name.
        rule: String,
    },
    /// A remediation plugin, asked by a policy rule.
    Plugin {
        /// The plugin's name.
        name: String,
        /// The rule that asked it.
        rule: String,
    },
    /// The language model.
    Model,
    /// The language model, in a conversation with a person, or a program of theirs through MCP: for policies both are an origin
    /// `model` by the name `chat`, because neither is the person.
    Chat {
        /// The conversation; of a program the record of what it asked for.
        conversation: ConversationId,
        /// The person who asked. Asking approves nothing.
        person: Person,
        /// It was a program, and no model of this host had a part in it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        program: bool,
    },
    /// A person.
    Person {
        /// Who, and how that is known.
        person: Person,
    },
    /// The host, to take back an action that did not help.
    Undo {
        /// The action that is taken back.
        action: ActionId,
    },
}

impl Origin {
    /// The word that policies match on.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Policy { .. } => "policy",
            Self::Plugin { .. } => "plugin",
            Self::Model | Self::Chat { .. } => "model",
            Self::Person { .. } => "person",
            Self::Undo { .. } => "undo",
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy { rule } => write!(f, "policy {rule}"),
            Self::Plugin { name, .. } => write!(f, "plugin {name}"),
            Self::Model => f.write_str("model"),
            Self::Chat { person, program: true, .. } => write!(f, "program of {person} through MCP"),
            Self::Chat { conversation, person, program: false } => write!(f, "model in {conversation} for {person}"),
            Self::Person { person } => write!(f, "person {person}"),
            Self::Undo { action } => write!(f, "undo of {action}"),
        }
    }
}

/// An action's name within its incident: `a1`, `a2`, … in the order of proposal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ActionId(pub String);

impl fmt::Display for ActionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An action as its origin put it, before the host gave it an id, a risk and a digest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    /// The call.
    pub call: Call,
    /// What its origin says is changed: a claim. What is changed is read from the arguments.
    #[serde(default)]
    pub target: String,
    /// One sentence for a person who must decide.
    #[serde(default)]
    pub reason: String,
    /// The observations behind it.
    #[serde(default)]
    pub evidence: Vec<String>,
    /// What is wrong, where the origin knows.
    #[serde(default)]
    pub root_cause: String,
    /// How to see that it worked, in the words of its origin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify: Option<Verification>,
    /// What takes it back, in the words of its origin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<Call>,
}

impl Proposal {
    /// A bare call, of which its origin says nothing.
    pub fn of(call: Call) -> Self {
        Self {
            call,
            target: String::new(),
            reason: String::new(),
            evidence: Vec::new(),
            root_cause: String::new(),
            verify: None,
            undo: None,
        }
    }
}

/// A proposal that the host has taken in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Action {
    /// Its name within the incident.
    pub id: ActionId,
    /// The proposal, unchanged.
    #[serde(flatten)]
    pub proposal: Proposal,
    /// Who proposed it.
    pub origin: Origin,
    /// The tool's risk at the time of the proposal.
    pub risk: Risk,
    /// What it touches.
    pub touches: Target,
    /// The first of the alternatives that it is one of, best first: it is tried only where those before it did not
    /// help and nothing is left of them. None where it is a step of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alternative_to: Option<ActionId>,
    /// How the host checks it and takes it back.
    #[serde(default)]
    pub safeguards: Safeguards,
    /// SHA-256 over the call, what takes it back and how success is judged; approvals bind to it.
    pub digest: String,
}

impl Action {
    /// Takes a proposal in.
    pub fn new(id: ActionId, proposal: Proposal, origin: Origin, risk: Risk, touches: Target) -> Self {
        let (safeguards, digest, alternative_to) = (Safeguards::default(), String::new(), None);
        Self { id, proposal, origin, risk, touches, alternative_to, safeguards, digest }.sealed()
    }

    /// The same as one of several alternatives, of which this is the first; the first names itself.
    #[must_use]
    pub fn as_alternative_to(self, first: ActionId) -> Self {
        Self { alternative_to: Some(first), ..self }
    }

    /// The same with the host's own safeguards.
    #[must_use]
    pub fn with_safeguards(self, safeguards: Safeguards) -> Self {
        Self { safeguards, ..self }.sealed()
    }

    /// The same with the digest of all that it binds.
    #[must_use]
    pub fn sealed(self) -> Self {
        Self { digest: self.binding(), ..self }
    }

    /// The digest of all that an approval binds to.
    pub fn binding(&self) -> String {
        let verification = |one: Option<&Verification>| {
            let value = one.map(|one| serde_json::to_value(one).unwrap_or_default());
            value.as_ref().map(canonical_json).unwrap_or_default()
        };
        let undo = self.undo();
        let parts = [
            digest(&self.proposal.call),
            undo.map(|undo| undo.kind().to_string()).unwrap_or_default(),
            undo.map(|undo| digest(undo.call())).unwrap_or_default(),
            verification(self.safeguards.verify.as_ref()),
            verification(self.claimed_verification()),
        ];
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hex::encode(hash.finalize())
    }

    /// What takes it back: a restoration if the host has seen what stood there, else the tool's own
    /// way, else what somebody says.
    pub fn undo(&self) -> Option<Undo<'_>> {
        let Safeguards { before, by_tool, stated, .. } = &self.safeguards;
        let restoration = before.as_ref().and_then(|before| before.restoration.as_ref());
        let said = || stated.as_ref().or(self.proposal.undo.as_ref()).map(Undo::Proposed);
        restoration.map(Undo::Restore).or_else(|| by_tool.as_ref().map(Undo::Tool)).or_else(said)
    }

    /// The verification that came with a proposal of somebody else than the rules in force. It must
    /// hold besides the host's own and proves nothing alone.
    pub fn claimed_verification(&self) -> Option<&Verification> {
        if let Origin::Policy { .. } = self.origin { None } else { self.proposal.verify.as_ref() }
    }

    /// The tool's full name.
    pub fn tool(&self) -> &str {
        &self.proposal.call.tool
    }

    /// What is changed, as the host reads it from the arguments.
    pub fn target(&self) -> String {
        self.touches.label()
    }

    /// What is changed in the words of the proposer; none when it says nothing. Never the first thing
    /// that people are shown, and nothing that anything acts on.
    pub fn claimed_target(&self) -> Option<&str> {
        Some(self.proposal.target.as_str()).filter(|claim| !claim.trim().is_empty())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn call(tool: &str, arguments: Value) -> Call {
        let Value::Object(arguments) = arguments else { panic!("an object is needed") };
        Call { tool: tool.into(), arguments }
    }

    #[test]
    fn the_digest_binds_every_argument_but_not_their_order() {
        let one = digest(&call("k.patch", json!({"a": 1, "b": {"c": [1, 2], "d": null}})));
        let same = digest(&call("k.patch", json!({"b": {"d": null, "c": [1, 2]}, "a": 1})));
        let other = digest(&call("k.patch", json!({"a": 1, "b": {"c": [2, 1], "d": null}})));
        assert_eq!(one, same);
        assert_ne!(one, other);
        assert_ne!(digest(&call("k.pa", json!({}))), digest(&call("k.p", json!({}))));
    }
}
