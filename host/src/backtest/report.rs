//! What a replay found.

use jiff::Timestamp;
use serde::Serialize;

/// A replay of a journal against other policies.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// How the replay answered questions to tools and models: always `recorded`.
    pub mode: &'static str,
    /// Incidents opened since then are compared.
    pub since: Timestamp,
    /// The time of the last entry.
    pub until: Option<Timestamp>,
    /// Digest of the new policies.
    pub policies: String,
    /// The numbers.
    pub summary: Summary,
    /// Incidents in which anything differs, in the order of opening.
    pub changes: Vec<Changed>,
    /// Incidents that these same policies handled otherwise when they were recorded: what the journal
    /// does not hold made the difference. They are no changes of the policies.
    pub not_reproduced: Vec<Changed>,
}

/// The numbers of a replay.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Incidents compared.
    pub incidents: u64,
    /// Incidents in which anything differs.
    pub changed: u64,
    /// Incidents whose verdict, rule or mode differs.
    pub verdicts: u64,
    /// Recorded and new actions that were held against each other.
    pub actions: u64,
    /// Actions that would newly be executed, without a person or with the one who was recorded.
    pub newly_happening: u64,
    /// Actions that would newly wait for a person.
    pub newly_asked: u64,
    /// Actions that would no longer wait for a person.
    pub no_longer_asked: u64,
    /// Actions that would no longer be executed.
    pub no_longer_happening: u64,
    /// In mode observe: actions that would newly be allowed, if it were not for the mode.
    pub newly_allowed_in_observe: u64,
    /// In mode observe: actions that would no longer be allowed.
    pub no_longer_allowed_in_observe: u64,
    /// Messages that would go to others.
    pub routes: u64,
    /// Recorded model calls that would not be made.
    pub model_calls_saved: u64,
    /// Model calls that would be made and have no recorded answer.
    pub model_calls_added: u64,
    /// Tokens of the calls that would not be made.
    pub tokens_saved: u64,
}

impl Summary {
    pub(super) fn add(&mut self, changed: &Changed) {
        self.changed += 1;
        self.verdicts += u64::from(changed.verdict.is_some());
        self.routes += changed.routes.len() as u64;
        self.model_calls_saved += changed.model_calls_saved;
        self.model_calls_added += changed.model_calls_added;
        self.tokens_saved += changed.tokens_saved;
        for action in &changed.actions {
            let (old, new) = (action.old.fate, action.new.fate);
            if old == new {
                continue;
            }
            let one = |is: bool| u64::from(is);
            self.newly_happening += one(new.happens() && !old.happens());
            self.no_longer_happening += one(old.happens() && !new.happens());
            self.newly_asked += one(new.asks() && !old.asks());
            self.no_longer_asked += one(old.asks() && !new.asks());
            self.newly_allowed_in_observe += one(new == ActionFate::ObservedAllowed);
            self.no_longer_allowed_in_observe += one(old == ActionFate::ObservedAllowed);
        }
    }
}

/// An incident in which anything differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Changed {
    /// The incident.
    pub incident: String,
    /// One line about its alerts.
    pub alert: String,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Old and new verdict, where they differ.
    pub verdict: Option<Pair<VerdictSide>>,
    /// Actions whose ruling or fate differs.
    pub actions: Vec<ActionChange>,
    /// Messages that would go to others.
    pub routes: Vec<RouteChange>,
    /// Recorded model calls that would not be made.
    pub model_calls_saved: u64,
    /// Model calls that would be made and have no recorded answer.
    pub model_calls_added: u64,
    /// Tokens of the calls that would not be made.
    pub tokens_saved: u64,
    /// What else is to be said, such as where the record ends.
    pub notes: Vec<String>,
}

impl Changed {
    /// Whether anything differs at all.
    pub fn is_empty(&self) -> bool {
        self.verdict.is_none()
            && self.actions.is_empty()
            && self.routes.is_empty()
            && self.notes.is_empty()
            && self.model_calls_saved == 0
            && self.model_calls_added == 0
    }
}

/// Then and now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pair<T> {
    /// As recorded.
    pub old: T,
    /// By the new policies.
    pub new: T,
}

/// A verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerdictSide {
    /// suppress, remediate, investigate, escalate or hold.
    pub verdict: String,
    /// What it is about: the plugin, the tools, the time.
    pub detail: String,
    /// The rule; none for the default.
    pub rule: Option<String>,
    /// `observe` or `enforce`.
    pub mode: String,
    /// Why.
    pub reason: String,
}

/// An action that fares differently.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ActionChange {
    /// The tool.
    pub tool: String,
    /// What it changes.
    pub target: String,
    /// Who proposed it.
    pub origin: String,
    /// As recorded.
    pub old: ActionSide,
    /// By the new policies.
    pub new: ActionSide,
}

/// How an action fares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ActionSide {
    /// What becomes of it.
    pub fate: ActionFate,
    /// The gate rule that decided.
    pub rule: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// What becomes of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionFate {
    /// Nobody proposes it.
    NotProposed,
    /// It is proposed, but something before it ends the sequence.
    NotReached,
    /// The gate denies it.
    Denied,
    /// A person must say yes, and has not or said no.
    Asked,
    /// It is executed; no person was asked.
    Executed,
    /// It is executed, for persons said yes.
    Approved,
    /// Mode observe; the gate would deny it.
    ObservedDenied,
    /// Mode observe; a person would be asked.
    ObservedAsked,
    /// Mode observe; it would be executed.
    ObservedAllowed,
}

impl ActionFate {
    fn happens(self) -> bool {
        matches!(self, Self::Executed | Self::Approved)
    }

    fn asks(self) -> bool {
        matches!(self, Self::Asked | Self::Approved)
    }

    /// The words shown to people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotProposed => "not proposed",
            Self::NotReached => "not reached",
            Self::Denied => "denied",
            Self::Asked => "asked",
            Self::Executed => "executed",
            Self::Approved => "executed with approval",
            Self::ObservedDenied => "denied (observe)",
            Self::ObservedAsked => "asked (observe)",
            Self::ObservedAllowed => "allowed (observe)",
        }
    }
}

/// A message that would go to others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RouteChange {
    /// Why people are told: approval, report or resolved.
    pub occasion: String,
    /// Routes with their targets as recorded.
    pub old: Vec<String>,
    /// Routes with their targets by the new policies.
    pub new: Vec<String>,
}
