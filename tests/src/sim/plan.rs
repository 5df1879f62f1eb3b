//! What happens to the host from outside, as a list that can be printed, cut down and run again.

mod generate;

use std::fmt;
use std::sync::Arc;

use tidegate::domain::{Severity, Status};

use super::policies::PolicySet;

pub use generate::generate;

/// A whole world before it runs.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Seeds every draw that is not an event.
    pub seed: u64,
    /// The policy sets that reloads choose from; the first is in force at the start.
    pub policies: Vec<Arc<PolicySet>>,
    /// How the rooms behave.
    pub temper: FaultRates,
    /// What happens, in order of time.
    pub events: Vec<Event>,
}

/// How ill-behaved the rooms are, in percent of calls, and the host's options.
#[derive(Clone, Debug)]
pub struct FaultRates {
    /// Tools that fail, lie, hang or lose the answer.
    pub tools: u64,
    /// Looks that fail or tell nonsense.
    pub looks: u64,
    /// Models and planners that fail or talk nonsense.
    pub advisers: u64,
    /// Notifier targets other than the steady one.
    pub notifiers: u64,
    /// Appends that fail.
    pub appends: u64,
    /// Longest time for an append in milliseconds.
    pub append_ms: u64,
    /// Whether a model is configured.
    pub model: bool,
    /// The gate's cooldown in seconds.
    pub cooldown_s: u64,
    /// Failed fixes that open a breaker.
    pub breaker_after: u32,
    /// Denied proposals that open a breaker.
    pub denied_after: u32,
    /// How long a handled incident is watched, in minutes.
    pub watch_min: u64,
    /// Looks of one origin in an incident.
    pub looks_per_origin: usize,
    /// Looks of all in an incident.
    pub looks_per_incident: usize,
    /// Models and planners that lie, in percent of what they say.
    pub lies: u64,
}

/// One thing that happens.
#[derive(Clone, Debug)]
pub struct Event {
    /// Milliseconds after the beginning of the world.
    pub at_ms: u64,
    /// What.
    pub what: EventKind,
}

/// What happens.
#[derive(Clone, Debug)]
pub enum EventKind {
    /// A sender delivers a batch, and tries again until it is accepted.
    Alerts { alerts: Vec<Signal>, patience_ms: Option<u64> },
    /// Somebody publishes alerts on the bus.
    Message { alerts: Vec<Signal> },
    /// The stream of the bus is lost, and made anew.
    StreamAnew,
    /// A person answers about an action.
    Person { pick: u64, yes: bool, who: u64, stale: bool, hesitates_ms: u64 },
    /// A person pauses a scope.
    Pause(String),
    /// A person lets a scope go on.
    Resume(String),
    /// Another policy set comes into force.
    Policies(usize),
    /// The tools that exist change.
    Catalogue(u64),
    /// The wall clock is set.
    Clock(i64),
    /// The process is killed.
    Crash,
    /// The process is told to stop, and waits so long for what is under way.
    Stop(u64),
    /// The process is killed when it passes the n-th point from now on.
    CrashAtPoint(u64),
    /// The process restarts with this mode.
    Observe(bool),
    /// The next append fails; with `kept`, although its entries are durable.
    AppendFails { kept: bool },
    /// No append works for a while.
    DiskFull(u64),
    /// No tool can be reached for a while.
    ToolsDown(u64),
    /// A notifier target cannot be reached for a while.
    TargetDown(usize, u64),
}

/// One alert as a sender puts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signal {
    /// Which sender.
    pub source: u64,
    /// Which condition.
    pub name: u64,
    /// Which service.
    pub service: u64,
    /// Whether it fires.
    pub status: Status,
    /// How bad.
    pub severity: Severity,
    /// Which outbreak of the condition; its time of start follows.
    pub outbreak: u64,
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, name, service, status, severity, outbreak } = self;
        write!(f, "s{source}/c{name}@{service} {status:?} {severity} #{outbreak}")
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alerts { alerts, patience_ms } => {
                let alerts: Vec<String> = alerts.iter().map(Signal::to_string).collect();
                write!(f, "alerts [{}]", alerts.join(", "))?;
                patience_ms.map_or(Ok(()), |ms| write!(f, ", the sender hangs up after {ms} ms"))
            }
            Self::Message { alerts } => {
                let alerts: Vec<String> = alerts.iter().map(Signal::to_string).collect();
                write!(f, "a message of the bus [{}]", alerts.join(", "))
            }
            other => write!(f, "{other:?}"),
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>9.3} s  {}", self.at_ms as f64 / 1000.0, self.what)
    }
}
