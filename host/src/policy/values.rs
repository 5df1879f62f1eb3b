//! The values that rules return: calls, actions, verdicts, budgets, canaries and questions to people.

use crate::domain::{Call, Proposal, Verification};

/// A read-only call.
#[derive(Clone, Debug)]
pub(super) struct Look(pub Call);

/// A change.
#[derive(Clone, Debug)]
pub(super) struct Act(pub Box<Proposal>);

/// How to see that a change worked.
#[derive(Clone, Debug)]
pub(super) struct Verify(pub Box<Verification>);

/// What a rule says about an incident.
#[derive(Clone, Debug)]
pub(super) struct VerdictValue {
    pub says: VerdictKind,
    pub reason: String,
}

/// The verdicts of the language.
#[derive(Clone, Debug)]
pub(super) enum VerdictKind {
    Suppress,
    Escalate,
    Investigate,
    Remediate(Vec<Proposal>),
    /// Best first; one that helps is enough.
    Alternatives(Vec<Proposal>),
    Plan(String),
    /// For this many milliseconds.
    Hold(i64),
}

/// What a budget counts apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Cluster,
    Server,
    Namespace,
    Kind,
    Target,
    Tool,
    Incident,
}

impl Scope {
    /// The words that policies use.
    pub const WORDS: [(&'static str, Self); 8] = [
        ("cluster", Self::Cluster),
        ("server", Self::Server),
        ("namespace", Self::Namespace),
        ("kind", Self::Kind),
        ("target", Self::Target),
        ("target_name", Self::Target),
        ("tool", Self::Tool),
        ("incident", Self::Incident),
    ];
}

/// At most so many executions per scope within a sliding window.
#[derive(Clone, Debug)]
pub(super) struct BudgetOf {
    pub max: u32,
    pub per: Vec<Scope>,
    /// Counted apart as well, such as a workload that the gate has seen.
    pub of: Option<String>,
    pub within_ms: i64,
}

/// A question to a person.
#[derive(Clone, Debug, Default)]
pub(super) struct Question {
    /// Groups; empty for anybody.
    pub who: Vec<String>,
    pub approvals: u32,
    /// A person may approve what they proposed themselves.
    pub own: bool,
    pub within_ms: i64,
    pub reason: String,
    pub budgets: Vec<BudgetOf>,
}

/// A gate that asks until what it let through has helped often enough.
#[derive(Clone, Debug)]
pub(super) struct CanaryOf {
    /// So many in a row.
    pub after: u32,
    /// Counted apart.
    pub per: Vec<Scope>,
    /// What is asked until then; its budgets hold afterwards as well.
    pub question: Question,
}

/// On what terms a gate allows.
#[derive(Clone, Debug, Default)]
pub(super) struct AllowTerms {
    pub budgets: Vec<BudgetOf>,
    pub canary: Option<CanaryOf>,
}
