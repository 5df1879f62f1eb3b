//! An action and what has become of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::deferral::Deferral;
use crate::domain::action::{Action, Origin};
use crate::domain::call::{Call, Verification};
use crate::domain::catalogue::UNDONE;
use crate::domain::decision::{CountedExecution, Ruling};
use crate::domain::person::Person;
use crate::domain::requirement::Approvals;
use crate::domain::safeguards::Snapshot;

/// How far an action is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionState {
    /// The gate has not ruled.
    Proposed,
    /// May be executed.
    Allowed,
    /// Waits for a person.
    Asked,
    /// A person said yes; the gate is heard once more.
    Approved,
    /// The gate said no.
    Denied,
    /// A person said no.
    Rejected,
    /// Nobody answered in time.
    Expired,
    /// Would have been executed, but for mode `observe`.
    Observed,
    /// Intent is journaled, result is not.
    Started,
    /// The tool answered; not verified yet.
    Done,
    /// The tool answered with an error, or never.
    Failed,
    /// It could not be begun: nothing was sent, which says nothing about what it is good for.
    NotBegun,
    /// After a crash nobody can tell whether it happened.
    Uncertain,
    /// It was seen to help.
    Verified,
    /// It was not seen to help before the deadline.
    Unverified,
}

impl ActionState {
    /// Whether it may still be begun, and has not been.
    pub fn is_ahead(self) -> bool {
        matches!(self, Self::Proposed | Self::Asked) || self.is_permitted()
    }

    /// Whether it is begun next.
    pub fn is_permitted(self) -> bool {
        matches!(self, Self::Allowed | Self::Approved)
    }

    /// Whether something may have happened in the world.
    pub fn has_begun(self) -> bool {
        matches!(self, Self::Started | Self::Done | Self::Failed | Self::Uncertain | Self::Verified | Self::Unverified)
    }

    /// The word used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Allowed => "allowed",
            Self::Asked => "asked",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Observed => "observed",
            Self::Started => "started",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::NotBegun => "not_begun",
            Self::Uncertain => "uncertain",
            Self::Verified => "verified",
            Self::Unverified => "unverified",
        }
    }
}

/// A person's yes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Approval {
    /// Who, and how that is known.
    pub person: Person,
    /// Over what: `cli`, `http` or `link`.
    pub via: String,
    /// When.
    pub at: Timestamp,
    /// The digest that the person saw.
    pub digest: String,
}

/// An action and what has become of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActionRecord {
    /// The action.
    pub action: Action,
    /// How far it is.
    pub state: ActionState,
    /// When it came to this state.
    pub since: Timestamp,
    /// The latest ruling.
    pub ruling: Option<Ruling>,
    /// When its question expires: as the ruling says, but for a clock that was set back since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// Who said yes.
    pub approvals: Vec<Approval>,
    /// Attempts so far.
    pub attempts: u32,
    /// The attempt that is under way or was the last.
    pub attempt: Option<String>,
    /// What the gates count of that attempt.
    #[serde(flatten)]
    pub counts: CountedExecution,
    /// The tool's answer or why there is none.
    pub result: Option<String>,
    /// Looks after the action.
    pub looks: u32,
    /// When it was last looked at.
    pub looked_at: Option<Timestamp>,
    /// What the last look showed.
    pub seen: Option<String>,
    /// When the host looked last at what it would change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prepared_at: Option<Timestamp>,
    /// Whether the host has looked at what the last attempt has changed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inspected: bool,
    /// What stood there right after the last attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Snapshot>,
    /// Whether the verification that its proposer named was seen to hold.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub claim_held: bool,
    /// Its next step, where that could not begin so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub put_off: Option<Deferral>,
    /// Milliseconds for which steps of its present state were put off that came to pass in the end.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lost_ms: u64,
    /// The state and the attempt before the intent that is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_intent: Option<BeforeIntent>,
}

/// What an intent found, and leaves again when nothing could be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeforeIntent {
    /// Whether a person had said yes, or nobody was asked.
    pub state: ActionState,
    /// The attempt that goes on; none when it is a new one.
    pub attempt: Option<String>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl ActionRecord {
    /// An action that was taken in at this time.
    pub fn new(action: Action, at: Timestamp) -> Self {
        Self {
            action,
            state: ActionState::Proposed,
            since: at,
            ruling: None,
            expires: None,
            approvals: Vec::new(),
            attempts: 0,
            attempt: None,
            counts: CountedExecution::default(),
            result: None,
            looks: 0,
            looked_at: None,
            seen: None,
            prepared_at: None,
            inspected: false,
            after: None,
            claim_held: false,
            put_off: None,
            lost_ms: 0,
            before_intent: None,
        }
    }

    /// Whether nothing of it has begun that may still begin. What may have happened in an earlier attempt is found out
    /// first.
    pub fn is_ahead(&self) -> bool {
        self.state.is_ahead() && self.attempts == 0
    }

    /// The attempt that goes on when the action is permitted once more.
    pub fn continued(&self) -> Option<&str> {
        let again = self.state == ActionState::Allowed && self.attempts > 0;
        self.attempt.as_deref().filter(|_| again)
    }

    /// The verifications by which it is still looked whether it had its effect.
    pub fn open_verifications(&self) -> impl Iterator<Item = &Verification> {
        let claimed = self.action.claimed_verification().filter(|_| !self.claim_held);
        self.action.safeguards.verify.iter().chain(claimed)
    }

    /// Whether nothing can tell that it helped or did not: nobody sends alerts about what was asked for in a
    /// conversation, and nothing says how it is looked at.
    pub fn is_uncheckable(&self) -> bool {
        matches!(self.action.origin, Origin::Chat { .. }) && self.open_verifications().next().is_none()
    }

    /// What became of it where it did not end well, as a sentence without an end.
    pub fn ended_badly(&self) -> String {
        let (tool, target) = (self.action.tool(), self.action.target());
        let result = |otherwise: &'static str| self.result.clone().unwrap_or_else(|| otherwise.to_string());
        match self.state {
            ActionState::Denied => {
                let ruling = self.ruling.as_ref();
                let why = ruling.map_or_else(String::new, |ruling| format!(" by {}: {}", ruling.rule, ruling.reason));
                format!("{tool} on {target} was denied{why}")
            }
            ActionState::Rejected => format!("{tool} on {target}: {}", result("a person said no")),
            ActionState::Expired => format!("nobody approved {tool} on {target} in time"),
            ActionState::Failed => format!("{tool} on {target} failed: {}", result("no answer")),
            ActionState::NotBegun => {
                format!("{tool} on {target} could not be begun: {}", result("nothing was sent"))
            }
            ActionState::Uncertain => {
                format!("it is unknown whether {tool} on {target} happened: {}", result("a crash came between"))
            }
            _ => {
                let seen = self.seen.as_deref().unwrap_or("it could not be verified");
                format!("{tool} on {target} did not help: {seen}")
            }
        }
    }

    /// The call that takes it back as it was attempted last; none when nothing does.
    pub fn taking_back(&self) -> Option<Call> {
        let mut call = self.action.undo()?.call().clone();
        if let (Some(undone), Some(attempt)) = (call.arguments.get_mut(UNDONE), &self.attempt) {
            *undone = Value::String(attempt.clone());
        }
        Some(call)
    }

    /// The person who proposed it, if one did.
    pub fn proposer(&self) -> Option<&Person> {
        match &self.action.origin {
            Origin::Person { person } | Origin::Chat { person, .. } => Some(person),
            _ => None,
        }
    }

    /// Who said yes to exactly these arguments, not before `since`, in the order of their answers.
    pub fn approvers(&self, since: Timestamp) -> impl Iterator<Item = &Person> {
        let fits = move |approval: &&Approval| approval.digest == self.action.digest && approval.at >= since;
        self.approvals.iter().filter(fits).map(|approval| &approval.person)
    }

    /// Whether everybody has said yes whom the ruling asks, by the groups that they were in when they
    /// answered. The gate looks again before anything is executed.
    pub fn is_approved(&self) -> bool {
        let Some(ruling) = &self.ruling else { return false };
        let given = Approvals::new(self.approvers(Timestamp::MIN).cloned());
        ruling.requirements().iter().all(|wanted| wanted.lacks(&given, self.proposer()).is_none())
    }
}
