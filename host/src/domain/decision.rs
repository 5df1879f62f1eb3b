//! What policies say: verdicts about incidents and rulings about actions.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::action::Proposal;
use super::call::Call;
use super::requirement::{self, Requirement};

/// Whether anything may be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Nothing is executed; what would have happened is recorded.
    Observe,
    /// What the gate allows is executed.
    Enforce,
}

impl Mode {
    /// The word used in JSON and texts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Enforce => "enforce",
        }
    }
}

/// What to do about an incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Verdict {
    /// Nobody needs to know.
    Suppress,
    /// Do these actions, as far as the gate allows.
    Remediate {
        /// In the order in which they are to be done.
        actions: Vec<Proposal>,
        /// Whether one that helps is enough: the next is tried only where the one before did not help.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        alternatives: bool,
    },
    /// Ask a remediation plugin what to do.
    Plan {
        /// The plugin's name.
        plugin: String,
    },
    /// Collect evidence, name causes, and decide again: a rule asks what is wrong.
    Diagnose,
    /// Collect evidence and ask the model.
    Investigate,
    /// Tell people.
    Escalate,
    /// Do nothing yet and decide again at this time.
    Hold {
        /// When.
        until: Timestamp,
    },
}

impl Verdict {
    /// The word shown to people: the verdicts of the design; `plan` is a way to remediate.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Suppress => "suppress",
            Self::Remediate { .. } | Self::Plan { .. } => "remediate",
            Self::Diagnose => "diagnose",
            Self::Investigate => "investigate",
            Self::Escalate => "escalate",
            Self::Hold { .. } => "hold",
        }
    }

    /// Whether somebody is to look, plan or change: what else is said about an incident leaves it as it is.
    pub fn acts(&self) -> bool {
        match self {
            Self::Remediate { .. } | Self::Plan { .. } | Self::Investigate => true,
            // Looking changes nothing, and what is decided then is decided anew.
            Self::Suppress | Self::Escalate | Self::Hold { .. } | Self::Diagnose => false,
        }
    }
}

/// A verdict and where it comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// What to do.
    pub verdict: Verdict,
    /// The rule that matched; none when no rule did and the default applies.
    pub rule: Option<String>,
    /// Why, in a sentence.
    pub reason: String,
    /// Mode of the deciding rule: never wider than the host's.
    pub mode: Mode,
    /// Read-only calls that collect evidence before a model is asked.
    #[serde(default)]
    pub evidence: Vec<Call>,
    /// Rules that erred or ran over; each counted as "no match".
    #[serde(default)]
    pub faults: Vec<String>,
    /// Digest of the policy set that decided.
    pub policies: String,
}

/// Why a rule was or was not taken; for `explain`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The rule's name.
    pub rule: String,
    /// File and line.
    pub place: String,
    /// Whether it matched.
    pub matched: bool,
    /// Which part said no and the values it saw.
    pub why: String,
}

/// One gate that spoke about an action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GateRuling {
    /// The gate rule's name; built-in guards are called `builtin.…`.
    pub gate: String,
    /// What it said.
    pub ruling: RulingKind,
    /// Why.
    pub reason: String,
}

/// What the gate says, most restrictive last so that `max` finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RulingKind {
    /// May be done.
    Allow,
    /// A person must say yes.
    Ask,
    /// Must not be done.
    Deny,
}

impl RulingKind {
    /// The word used in JSON and texts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Deny => "deny",
        }
    }
}

/// The gate's answer about one action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ruling {
    /// The most restrictive of what was heard.
    pub kind: RulingKind,
    /// The deciding gate rule.
    pub rule: String,
    /// Why.
    pub reason: String,
    /// Everything that was heard.
    pub heard: Vec<GateRuling>,
    /// For `ask`: what each gate that asks wants; empty means one yes of anybody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<Requirement>,
    /// For `ask`: when silence becomes a denial.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// For `deny`: whether it counts for the breaker of who proposed the action.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held_against: bool,
    /// Nothing is executed because of this mode; the ruling says what would have been.
    pub mode: Mode,
    /// Budgets that an execution spends: ledger keys.
    #[serde(default)]
    pub spends: Vec<Spend>,
    /// What else the gates count of an execution.
    #[serde(flatten)]
    pub counts: CountedExecution,
}

impl Ruling {
    /// For `ask`: the groups that are asked; empty for anybody.
    pub fn who(&self) -> Vec<&str> {
        requirement::groups(&self.requires)
    }

    /// For `ask`: what must be fulfilled; where no gate said, one yes of anybody.
    pub fn requirements(&self) -> Vec<Requirement> {
        if !self.requires.is_empty() {
            return self.requires.clone();
        }
        vec![Requirement { gate: self.rule.clone(), who: Vec::new(), approvals: 1, own: false }]
    }

    /// For `ask`: how many different people the gate that wants most wants; at least 1.
    pub fn approvals(&self) -> u32 {
        self.requires.iter().map(|requirement| requirement.approvals).max().unwrap_or(1).max(1)
    }
}

/// What gates count of an execution that they let through.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountedExecution {
    /// Keys under which canaries count how it ends: gate rule and scope values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub canaries: Vec<String>,
    /// Gates that let the target rest afterwards.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cooldowns: Vec<String>,
}

/// One budget that an action spends from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spend {
    /// The budget: gate rule and scope values, such as `pod-restarts|kubernetes|shop`.
    pub key: String,
    /// At most this many within the window.
    pub max: u32,
    /// Length of the sliding window in milliseconds.
    pub within_ms: u64,
}
