//! What the rules in force answer, as types and one trait over the domain.
//!
//! The gate hears rules through this and stands above it; what the pipeline needs of the other rooms
//! stands above the gate (`ports.rs`), because performing a tool takes the gate's permit.

use std::fmt;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::domain::delivery::Fallback;
use crate::domain::history::History;
use crate::domain::{
    Action, Alert, Call, Candidate, Catalogue, Decision, Event, Incident, Matcher, Mode, Occasion, RulingKind,
    Verification,
};

/// What policies may know besides the incident.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The time of the decision.
    pub now: Timestamp,
    /// The host's mode; a rule's own is never wider.
    pub mode: Mode,
    /// What happened before. Shared, so that functions that rules call can hold on to it.
    pub history: &'a Arc<History>,
    /// The tools that exist.
    pub catalogue: &'a Arc<Catalogue>,
}

/// What one matching gate says about an action.
#[derive(Clone, Debug, PartialEq)]
pub struct Vote {
    /// The gate rule's name.
    pub gate: String,
    /// What it says.
    pub says: RulingKind,
    /// Why.
    pub reason: String,
    /// For `deny`: whether it denies the action for what it is, rather than for the time or because
    /// the gate failed.
    pub held_against: bool,
    /// What an execution spends; nothing where it denies.
    pub budgets: Vec<Budget>,
    /// For `ask`: groups of people, each of which must say yes; empty for anybody.
    pub who: Vec<String>,
    /// For `ask`: how many different people; at least 1.
    pub approvals: u32,
    /// For `ask`: whether a person may approve what they proposed themselves.
    pub own: bool,
    /// For `ask`: milliseconds until silence becomes a denial.
    pub within_ms: u64,
    /// For `allow`: how often it must have helped before nobody is asked any more.
    pub canary: Option<Canary>,
    /// For how many milliseconds nothing else that the gate hears changes what it let through.
    pub cooldown_ms: Option<u64>,
    /// Whether the gate names both the tool and the origin `undo`, so that whoever wrote it meant this
    /// tool's way to take something back.
    pub names_undo: bool,
    /// The gate's own mode.
    pub mode: Mode,
}

impl Vote {
    /// A word without any conditions.
    pub fn new(gate: &str, says: RulingKind, reason: &str) -> Self {
        Self {
            gate: gate.to_string(),
            says,
            reason: reason.to_string(),
            held_against: says == RulingKind::Deny,
            budgets: Vec::new(),
            who: Vec::new(),
            approvals: 1,
            own: false,
            within_ms: 0,
            canary: None,
            cooldown_ms: None,
            names_undo: false,
            mode: Mode::Enforce,
        }
    }
}

/// A gate that asks until what it let through was seen to help so often in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canary {
    /// What is counted apart, as in [`Budget`].
    pub scopes: Vec<String>,
    /// At least this many, in every scope.
    pub after: u32,
}

/// At most `max` executions per scope within a sliding window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The scope's values joined, such as `kubernetes|shop`; unique together with the gate's name.
    pub scope: String,
    /// At most this many.
    pub max: u32,
    /// Length of the window in milliseconds.
    pub within_ms: u64,
}

/// Where a message goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoutedMessage {
    /// The route rule's name.
    pub route: String,
    /// Names of notifier targets.
    pub targets: Vec<String>,
    /// Who is told when one of them does not take the message.
    pub fallback: Option<Fallback>,
}

/// A route, and why it is or is not one of a message's.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct RouteTried {
    /// The route rule's name.
    pub route: String,
    /// File and line.
    pub place: String,
    /// Whether the message goes by it.
    pub taken: bool,
    /// Why, or why not.
    pub why: String,
    /// Names of notifier targets.
    pub targets: Vec<String>,
    /// Who is told when one of them does not take the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback: Option<Fallback>,
}

/// How the host sees whether a call helped, and what restores what it changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// The rule's name.
    pub rule: String,
    /// How to see that it worked.
    pub verify: Option<Verification>,
    /// The read-only call that shows the object before it is changed.
    pub before: Option<Call>,
    /// What brings the object back to what was seen; none as long as nothing was, unless the rule needs
    /// to see nothing.
    pub undo: Option<Call>,
}

/// What the rules say about an event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventDecision {
    /// The first rule that raises an alert, or says that the event means nothing. None where none does.
    pub rule: Option<String>,
    /// What is wrong by the word of that rule, and before it by that of rules which let others speak as well.
    pub raised: Vec<RaisedAlert>,
    /// Names of alerts about the same object that are over, each with the rule that says so.
    pub over: Vec<(String, String)>,
    /// Subjects under which it is sent on, each with the rule that says so: whole ones, or one word in place of its last.
    pub forward: Vec<(String, String)>,
    /// Rules that erred or ran over: a sentence each.
    pub faults: Vec<String>,
}

/// An alert that an event raises.
#[derive(Clone, Debug, PartialEq)]
pub struct RaisedAlert {
    /// The rule.
    pub rule: String,
    /// The alert, as if it began with this event.
    pub alert: Alert,
    /// How often the event must have come before it is one.
    pub count: Option<Frequency>,
    /// Milliseconds after which it ends unless another event raises it again.
    pub ends_after_ms: Option<u64>,
}

/// So many times within so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frequency {
    /// At least this many, from 1.
    pub times: u32,
    /// Length of the window in milliseconds.
    pub within_ms: u64,
}

/// The rules in force. Pure: equal arguments give equal answers.
pub trait Policies: Send + Sync {
    /// Digest of the whole set.
    fn digest(&self) -> String;
    /// The first matching rule's verdict; none when no rule matches. Rules that err are in `faults`.
    fn decide(&self, incident: &Incident, context: &Context<'_>) -> RuleDecision;
    /// The same before it is known which tools there are; none when the answer could be another one then.
    fn decide_without_tools(&self, _incident: &Incident, _context: &Context<'_>) -> Option<RuleDecision> {
        None
    }
    /// Every rule that `decide` considered, and why it did or did not match.
    fn explain(&self, incident: &Incident, context: &Context<'_>) -> Vec<Candidate>;
    /// Read-only calls that collect evidence for the model.
    fn evidence(&self, incident: &Incident, context: &Context<'_>) -> Vec<Call>;
    /// How an inspection lists what it is about, by which servers; nothing where no table says.
    fn surveys(
        &self,
        _topics: &[crate::collector::Topic],
        _catalogue: &crate::domain::Catalogue,
        _server: Option<&str>,
    ) -> Vec<crate::collector::Survey> {
        Vec::new()
    }
    /// Every gate that has something to say about the action. A gate that errs says `deny`.
    fn gates(&self, action: &Action, incident: &Incident, context: &Context<'_>) -> Vec<Vote>;
    /// Every gate that has something against a look, as far as it denies or asks; others are not
    /// listened to. The gates cannot ask what was seen: one that wants to errs, and so says `deny`.
    fn gates_on_look(&self, look: &Action, incident: &Incident, context: &Context<'_>) -> Vec<Vote> {
        self.gates(look, incident, context)
    }
    /// Read-only calls whose answers the gates want to see before they rule on the action, and have
    /// not seen lately. What is seen may lead to further ones.
    fn looks(&self, action: &Action, incident: &Incident, context: &Context<'_>) -> Vec<Call>;
    /// How a call is verified and taken back; `seen` is the object that [`Check::before`] showed.
    fn check(&self, call: &Call, seen: Option<&Value>, incident: &Incident, context: &Context<'_>) -> Option<Check>;
    /// Who is told.
    fn routes(&self, incident: &Incident, occasion: Occasion, context: &Context<'_>) -> Vec<RoutedMessage>;
    /// What an event means. Most mean nothing, and cost next to nothing.
    fn event(&self, _event: &Event, _now: Timestamp) -> EventDecision {
        EventDecision::default()
    }
    /// Every rule about events, and why it does or does not speak about this one.
    fn explain_event(&self, _event: &Event, _now: Timestamp) -> Vec<Candidate> {
        Vec::new()
    }
    /// What the gates on silences have against one; none where they let it be.
    fn against_silence(&self, _silence: &SilenceLimits<'_>) -> Option<SilenceObjection> {
        None
    }
    /// The group key of an alert; none leaves it to the configuration.
    fn group(&self, alert: &Alert) -> Option<String>;
}

/// What gates rule on where somebody wants a silence.
#[derive(Clone, Copy, Debug)]
pub struct SilenceLimits<'a> {
    /// What it would cover.
    pub matchers: &'a [Matcher],
    /// From its beginning to its end.
    pub length: SignedDuration,
}

/// What a gate has against a silence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SilenceObjection {
    /// The gate.
    pub gate: String,
    /// Why.
    pub reason: String,
}

impl fmt::Display for SilenceObjection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the gate {} says no: {}", self.gate, self.reason)
    }
}

/// What the rules say about an incident.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleDecision {
    /// The deciding rule's verdict.
    pub decision: Option<Decision>,
    /// Rules that erred or ran over: a sentence each.
    pub faults: Vec<String>,
}
