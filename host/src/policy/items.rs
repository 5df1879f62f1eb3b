//! Rules, gates, routes and the other declarations as the set holds them: checked and typed.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::code::Func;
use super::interval::Interval;
use super::on::On;
use super::problem::Location;
use super::values::{AllowTerms, Question, VerdictValue};
use crate::domain::delivery::Fallback;
use crate::domain::{Mode, Occasion, Severity};

/// What every declaration has.
#[derive(Clone, Debug)]
pub(super) struct Meta {
    pub name: String,
    pub place: Location,
    pub description: String,
    pub owner: String,
    pub tags: Vec<String>,
    pub mode: Mode,
}

/// The condition besides `on`.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    Always,
    Closure(Func),
    Interval(Interval),
}

/// What to do about an incident.
#[derive(Debug)]
pub(super) struct Rule {
    pub meta: Meta,
    pub on: On,
    pub when: Condition,
    pub then: RuleVerdict,
    /// Milliseconds that the oldest alert must have fired.
    pub for_at_least: Option<i64>,
}

/// A rule's verdict: always the same, or computed.
#[derive(Debug)]
pub(super) enum RuleVerdict {
    Fixed(VerdictValue),
    Closure(Func),
}

/// Whether an action may be done.
#[derive(Debug)]
pub(super) struct Gate {
    pub meta: Meta,
    pub on: On,
    /// `on` over normal spellings; used by what forbids or asks, and where a matcher says `not`.
    pub wide: On,
    pub when: Condition,
    pub says: GateResponse,
    /// Milliseconds for which what it let through rests.
    pub cooldown: Option<i64>,
}

/// A gate's word.
#[derive(Debug)]
pub(super) enum GateResponse {
    Allow(AllowTerms),
    /// A closure that returns true, budgets, a canary, or nothing.
    AllowIf(Func),
    Ask(Question),
    Deny(String),
    /// A closure that returns the reason, or nothing.
    DenyIf(Func),
}

impl GateResponse {
    /// Whether it opens the gate, and so must match narrowly.
    pub fn allows(&self) -> bool {
        matches!(self, Self::Allow(_) | Self::AllowIf(_))
    }
}

/// Who is told.
#[derive(Debug)]
pub(super) struct Route {
    pub meta: Meta,
    pub on: On,
    pub when: Condition,
    pub to: Vec<String>,
    /// Who is told when one of `to` does not take the message.
    pub fallback: Option<Fallback>,
    pub and_continue: bool,
    /// Empty for all.
    pub occasions: Vec<Occasion>,
}

/// Which alerts belong together.
#[derive(Debug)]
pub(super) struct Group {
    pub meta: Meta,
    pub on: On,
    pub by: Vec<String>,
}

/// Nobody wants to hear of these for a while.
#[derive(Debug)]
pub(super) struct Silence {
    pub meta: Meta,
    pub on: On,
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub author: String,
    pub comment: String,
}

/// What silences people may make while the host runs.
#[derive(Debug)]
pub(super) struct SilenceGate {
    pub meta: Meta,
    pub on: On,
    pub says: SilenceResponse,
}

/// What a gate on silences says.
#[derive(Debug)]
pub(super) enum SilenceResponse {
    /// So many milliseconds at most.
    Max(i64),
    Deny(String),
}

/// While one alert fires, others say nothing new.
#[derive(Debug)]
pub(super) struct Inhibit {
    pub meta: Meta,
    pub source: On,
    pub target: On,
    pub equal: Vec<String>,
    /// Milliseconds after which it is looked at again.
    pub recheck: i64,
}

/// What a model should see.
#[derive(Debug)]
pub(super) struct Evidence {
    pub meta: Meta,
    pub on: On,
    pub when: Condition,
    pub collect: Func,
}

/// How calls are verified and taken back.
#[derive(Debug)]
pub(super) struct CheckRule {
    pub meta: Meta,
    pub on: On,
    /// `on` over normal spellings; used where a matcher says `not`.
    pub wide: On,
    pub when: Condition,
    pub verify: Option<Func>,
    pub before: Option<Func>,
    pub undo: Option<Func>,
}

/// What an event means.
#[derive(Debug)]
pub(super) struct EventRule {
    pub meta: Meta,
    pub on: On,
    pub when: Condition,
    pub means: EventMeaning,
}

/// A word about an event.
#[derive(Debug)]
pub(super) enum EventMeaning {
    /// Nothing, whatever later rules say.
    Nothing,
    /// Something is wrong.
    Alert {
        raises: AlertTemplate,
        count: Option<Count>,
        /// Later rules are heard as well.
        and_continue: bool,
    },
    /// What these alerts of the same object tell of is over.
    Resolved(Vec<String>),
    /// It is sent on under these subjects, whatever other rules say.
    Forward(Vec<String>),
}

impl EventMeaning {
    /// Whether it may decide what an event means, so that later rules do not.
    pub fn decides(&self) -> bool {
        matches!(self, Self::Nothing | Self::Alert { .. })
    }
}

/// An alert that is always the same, or computed.
#[derive(Debug)]
pub(super) enum AlertTemplate {
    Fixed(Box<AlertOf>),
    Closure(Func),
}

/// An alert as a rule writes it down.
#[derive(Clone, Debug)]
pub(super) struct AlertOf {
    pub name: String,
    pub severity: Severity,
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    pub fingerprint: Option<String>,
    pub link: Option<String>,
    /// Milliseconds after which it ends unless another event comes.
    pub ends_after: Option<i64>,
}

/// How often an event must come before it means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Count {
    pub times: u32,
    pub within_ms: i64,
}

/// Everything that the files declare, each kind in order.
#[derive(Debug, Default)]
pub(super) struct Items {
    pub rules: Vec<Rule>,
    pub gates: Vec<Gate>,
    pub routes: Vec<Route>,
    pub groups: Vec<Group>,
    pub silences: Vec<Silence>,
    pub silence_gates: Vec<SilenceGate>,
    pub inhibits: Vec<Inhibit>,
    pub evidence: Vec<Evidence>,
    pub checks: Vec<CheckRule>,
    pub events: Vec<EventRule>,
}
