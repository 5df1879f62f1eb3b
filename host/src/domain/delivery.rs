//! Messages to people: what is to be delivered, to whom, and how far that is.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::action::ActionId;
use super::alert::Severity;

/// The route of a question to somebody of the groups that are asked.
pub const PERSONAL: &str = "people";

/// Why people are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    /// A person must approve an action.
    Approval,
    /// The report of an incident.
    Report,
    /// The alerts of a reported incident have resolved.
    Resolved,
    /// A question that a target has shown is over: answered, expired, or not asked any more.
    Answered,
}

impl Occasion {
    /// The word used in JSON and delivery ids.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approval => "approval",
            Self::Report => "report",
            Self::Resolved => "resolved",
            Self::Answered => "answered",
        }
    }
}

/// One message to one target; its id is stable across retries and restarts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// `<incident>-<occasion>[-<action>]-<target>[-again-<n>]`; of a fallback, the id of what it stands in
    /// for and `-fallback-<target>`; of an update, the id of what it updates and `-answered`.
    pub id: String,
    /// The notifier target's name.
    pub target: String,
    /// The route that chose it.
    pub route: String,
    /// Why people are told.
    pub occasion: Occasion,
    /// The action that a question is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<ActionId>,
    /// Who is told instead when the target does not take it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<Fallback>,
    /// The delivery that was not taken, where this one is its fallback. A fallback has none itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<String>,
    /// The delivery whose message this one updates: the target has taken it and can change it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updates: Option<String>,
    /// Since when it is to be delivered; it counts until it is given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_at: Option<Timestamp>,
    /// How far it is.
    pub state: DeliveryState,
    /// Attempts so far; a person who has it sent anew sets them to none.
    pub attempts: u32,
    /// How many of the last attempts, one after the other, the target refused: an outage before or between them
    /// says nothing of the message.
    #[serde(default, skip_serializing_if = "is_none")]
    pub refusals: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn is_none(count: &u32) -> bool {
    *count == 0
}

/// Who is told when a target does not take a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fallback {
    /// Names of notifier targets.
    pub to: Vec<String>,
    /// How long a critical message or a question may stay undelivered, in milliseconds.
    pub after_ms: u64,
}

/// How long and how often the host tries to deliver a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryLimits {
    /// How old a message may become that no target takes.
    pub give_up_after: SignedDuration,
    /// Attempts at one message.
    pub attempts: u32,
    /// The longest pause between two attempts, also where a target asks for more.
    pub longest_pause: SignedDuration,
}

impl Default for DeliveryLimits {
    fn default() -> Self {
        Self {
            give_up_after: SignedDuration::from_hours(24),
            attempts: 200,
            longest_pause: SignedDuration::from_mins(30),
        }
    }
}

/// How far a delivery is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DeliveryState {
    /// To be tried at this time.
    Due {
        /// Not before.
        at: Timestamp,
        /// When that was set. A clock that shows less was set back, and the wait is over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Timestamp>,
        /// Why the last attempt failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// The target took it.
    Delivered {
        /// The remote side's reference.
        reference: Option<String>,
    },
    /// It was given up.
    Abandoned {
        /// Why.
        reason: String,
    },
    /// What it would say does not hold any more, so it is not sent.
    Overtaken {
        /// By what.
        by: Overtaken,
    },
}

/// What makes a message that was not sent pointless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overtaken {
    /// The question was answered.
    Answered,
    /// Nobody answered the question in time.
    Expired,
    /// The incident came to its end, or the action is not asked about any more.
    Ended,
    /// A later message to the same target says more.
    Later,
}

impl Overtaken {
    /// The word used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Expired => "expired",
            Self::Ended => "ended",
            Self::Later => "later",
        }
    }
}

impl Delivery {
    /// A message that is to be sent at once.
    pub fn new(id: String, target: String, route: String, occasion: Occasion, now: Timestamp) -> Self {
        Self {
            id,
            target,
            route,
            occasion,
            action: None,
            fallback: None,
            instead_of: None,
            updates: None,
            told_at: None,
            state: DeliveryState::Due { at: now, since: Some(now), reason: None },
            attempts: 0,
            refusals: 0,
        }
    }

    /// Whether nothing more is to be done.
    pub fn settled(&self) -> bool {
        !matches!(self.state, DeliveryState::Due { .. })
    }

    /// Whether it was tried or given up, and can be sent anew.
    pub fn stuck(&self) -> bool {
        match self.state {
            DeliveryState::Abandoned { .. } => true,
            DeliveryState::Due { .. } => self.attempts > 0,
            DeliveryState::Delivered { .. } | DeliveryState::Overtaken { .. } => false,
        }
    }

    /// The message on the target's side: an update has the name of what it updates.
    pub fn message(&self) -> &str {
        self.updates.as_deref().unwrap_or(&self.id)
    }

    /// How long it still has to wait; none when it is to be tried now or not at all. Never longer than it
    /// was meant to be, wherever the clock was set.
    pub fn wait(&self, now: Timestamp) -> Option<SignedDuration> {
        let DeliveryState::Due { at, since, .. } = self.state else { return None };
        // The first attempt waits for nothing, even if the clock was set back meanwhile.
        let set_back = since.is_some_and(|since| now < since);
        let over = at <= now || self.attempts == 0 || set_back;
        (!over).then(|| at.duration_since(now))
    }

    /// How much sooner than others it is to be sent: a greater one goes first.
    pub fn weight(&self, severity: Severity) -> Priority {
        let occasion = match self.occasion {
            Occasion::Approval => 2,
            Occasion::Report => 1,
            Occasion::Resolved | Occasion::Answered => 0,
        };
        Priority { urgent: is_urgent(self.occasion, severity), severity, occasion }
    }

    /// Whether it is told elsewhere when it stays undelivered, and not only when it is given up.
    pub fn presses(&self, severity: Severity) -> bool {
        self.occasion == Occasion::Approval || is_urgent(self.occasion, severity)
    }
}

fn is_urgent(occasion: Occasion, severity: Severity) -> bool {
    severity == Severity::Critical && matches!(occasion, Occasion::Approval | Occasion::Report)
}

/// The order in which messages to one target are sent: critical ones first, then by severity, then
/// questions before reports before what is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Priority {
    /// It has a place of its own, however much else is under way.
    pub urgent: bool,
    /// Of the incident.
    pub severity: Severity,
    /// Of the occasion.
    pub occasion: u8,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn delivery(occasion: Occasion) -> Delivery {
        Delivery::new("d".into(), "t".into(), "r".into(), occasion, at(0))
    }

    #[test]
    fn a_wait_is_never_longer_than_it_was_meant_to_be() {
        let waits = |set: i64, until: i64, now: i64| {
            let state = DeliveryState::Due { at: at(until), since: Some(at(set)), reason: None };
            Delivery { state, attempts: 3, ..delivery(Occasion::Report) }.wait(at(now)).map(|wait| wait.as_secs())
        };
        for (set, until, now, left) in [
            (100, 130, 100, Some(30)),
            (100, 130, 129, Some(1)),
            (100, 130, 130, None),
            // The clock was set back by eight hours after the wait was set.
            (100, 130, 100 - 28_800, None),
            (100, 130, 99, None),
        ] {
            assert_eq!(waits(set, until, now), left, "set at {set} until {until}, now {now}");
        }
        let first = Delivery {
            state: DeliveryState::Due { at: at(9), since: None, reason: None },
            ..delivery(Occasion::Report)
        };
        assert_eq!(first.wait(at(0)), None);
    }

    #[test]
    fn critical_questions_go_first_and_what_is_over_last() {
        let weight = |occasion, severity| delivery(occasion).weight(severity);
        let order = [
            weight(Occasion::Approval, Severity::Critical),
            weight(Occasion::Report, Severity::Critical),
            weight(Occasion::Resolved, Severity::Critical),
            weight(Occasion::Approval, Severity::Error),
            weight(Occasion::Approval, Severity::Warning),
            weight(Occasion::Report, Severity::Warning),
            weight(Occasion::Approval, Severity::Info),
            weight(Occasion::Report, Severity::Info),
            weight(Occasion::Resolved, Severity::Info),
        ];
        assert!(order.is_sorted_by(|a, b| a > b), "{order:?}");
    }
}
