//! The journal's entries: everything that can happen to an incident, in the past tense.

mod model_answer;

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::action::{Action, ActionId, Proposal};
use super::alert::Alert;
use super::call::Call;
use super::counted::CountedChange;
use super::decision::{CountedExecution, Decision, Ruling};
use super::delivery::{Delivery, Occasion, Overtaken};
pub use super::diagnosis::{Diagnosis, Percent, Step};
use super::handover::Handover;
use super::incident::IncidentId;
use super::knowledge::Knowledge;
use super::named_cause::NamedCause;
use super::outcome::Outcome;
use super::person::Person;
use super::plan::Finding;
use super::safeguards::Snapshot;
pub use super::usage::{Share, Usage};
pub use model_answer::{AskedCall, ModelAnswer, RawAnswer, ReusedAnswer};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fact {
    /// The first alerts of a new incident.
    Opened {
        /// The group key that its alerts share.
        group_key: String,
        /// The source of the first alert.
        source: String,
        /// The alerts.
        alerts: Vec<Alert>,
    },
    /// Alerts joined, resolved or fired again.
    AlertsChanged {
        /// Their new form.
        alerts: Vec<Alert>,
    },
    /// Alerts joined or resolved that are counted and not kept in full.
    AlertsCounted {
        /// How their number changed.
        change: CountedChange,
    },
    /// Alerts of this incident, which is handled, have become another matter and go on elsewhere.
    HandedOver {
        /// The alerts.
        alerts: Vec<Handover>,
        /// The incident that has them now; none where they are merely counted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<IncidentId>,
    },
    /// Alerts came from an incident that is handled, because they have become another matter.
    TakenOver {
        /// The alerts.
        alerts: Vec<Handover>,
        /// The incident that had them.
        from: IncidentId,
    },
    /// Alerts of another name or of another source joined, because they are about the same.
    Joined {
        /// Their names.
        alerts: Vec<String>,
        /// What they share with the incident, such as `workload shop/web`.
        object: String,
        /// Their source, where nothing of that had come in before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source: Option<String>,
    },
    /// Another incident handles the same, or what explains this one: what would be done waits for it.
    BlockedBy {
        /// The other incident.
        incident: IncidentId,
        /// What they share, such as `workload shop/web` or `node n3`.
        object: String,
    },
    /// The incident that was waited for has ended.
    Unblocked {
        /// The other incident.
        incident: IncidentId,
        /// How it ended.
        outcome: Outcome,
    },
    /// The policies gave their verdict.
    Decided {
        /// Verdict, rule and reason.
        decision: Arc<Decision>,
    },
    /// A read-only tool was called, or a gate refused that.
    Looked {
        /// What for.
        purpose: Purpose,
        /// The call.
        call: Call,
        /// Whether the tool answered without an error.
        ok: bool,
        /// Its text, redacted and cut; of one that was refused, why.
        text: String,
        /// How long it took in milliseconds.
        took_ms: u64,
        /// The gate that refused it: nothing was called then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refused: Option<String>,
    },
    /// The evidence is there as far as it came in time, and the host has named what it shows to be wrong.
    Collected {
        /// The causes, the most telling first; none where the journal is of a version that named no causes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        causes: Option<Vec<NamedCause>>,
        /// Why it is not all the evidence that was wanted, as a sentence.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        incomplete: Option<String>,
    },
    /// It was looked up what is known from before.
    Recalled {
        /// What was found.
        knowledge: Arc<Knowledge>,
    },
    /// A remediation plugin was asked.
    Planned {
        /// The plugin.
        plugin: String,
        /// What it proposed; an empty list means that it knows nothing that fits.
        proposals: Vec<Proposal>,
        /// What it found.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        findings: Vec<Finding>,
        /// Why it could not plan.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// The model answered.
    Answered {
        /// What it wants.
        answer: ModelAnswer,
        /// Its own words, cut.
        text: String,
        /// Tokens and time.
        usage: Usage,
        /// Who answered, and how it came; none where that was not recorded.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        original: Option<Box<RawAnswer>>,
    },
    /// The model could not be used.
    ModelFailed {
        /// Why.
        reason: String,
        /// Tokens and time spent all the same.
        usage: Usage,
    },
    /// An action was taken in.
    Proposed {
        /// The action.
        action: Box<Action>,
    },
    /// The host has looked at what an action would change.
    Prepared {
        /// The action.
        action: ActionId,
        /// What stands there; none when it could not be seen.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<Snapshot>,
    },
    /// The gate ruled.
    Ruled {
        /// The action.
        action: ActionId,
        /// The ruling.
        ruling: Ruling,
    },
    /// A person said yes.
    Approved {
        /// The action.
        action: ActionId,
        /// The digest that the person saw.
        digest: String,
        /// Who, and how that is known.
        person: Person,
        /// Over what: `cli`, `http` or `link`.
        via: String,
        /// In the person's words.
        #[serde(default)]
        comment: String,
    },
    /// A person said no.
    Rejected {
        /// The action.
        action: ActionId,
        /// Who, and how that is known.
        person: Person,
        /// Over what.
        via: String,
        /// In the person's words.
        #[serde(default)]
        comment: String,
    },
    /// Nobody answered in time, which means no.
    Expired {
        /// The action.
        action: ActionId,
    },
    /// What became of an action opened a breaker: its origin is stopped.
    BreakerOpened {
        /// The breaker, such as `rule:restart-pods`.
        key: String,
        /// What was counted, as the beginning of a sentence.
        because: String,
    },
    /// An effect is about to happen.
    Intent {
        /// The action.
        action: ActionId,
        /// Stable across retries of this attempt.
        attempt: String,
        /// Budgets spent: ledger keys.
        #[serde(default)]
        spends: Vec<String>,
        /// What else the gates count of it.
        #[serde(flatten)]
        counts: CountedExecution,
    },
    /// A step of an action could not begin, because a server is down, starts, or has no room: nothing was
    /// sent. It teaches nothing about the action.
    NotBegun {
        /// The action.
        action: ActionId,
        /// The attempt whose intent stands in the journal; none when there is no intent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attempt: Option<String>,
        /// What that intent had spent: ledger keys.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        spends: Vec<String>,
        /// Why.
        reason: String,
        /// The tool that is awaited: it is tried again as soon as that can be called.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        awaits: Option<String>,
        /// When it is tried again at the latest; never, when absent.
        retry_at: Option<Timestamp>,
    },
    /// An effect's answer.
    Result {
        /// The action.
        action: ActionId,
        /// The attempt.
        attempt: String,
        /// Whether the tool answered without an error.
        ok: bool,
        /// Its text, redacted and cut.
        text: String,
        /// How long it took in milliseconds.
        took_ms: u64,
    },
    /// A restart found an intent without a result.
    Uncertain {
        /// The action.
        action: ActionId,
        /// What is done about it.
        resolution: Resolution,
        /// Why.
        reason: String,
    },
    /// The host has looked at what an action has changed, right after it.
    Inspected {
        /// The action.
        action: ActionId,
        /// What stands there now; none when it could not be seen.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<Snapshot>,
    },
    /// The verification that its proposer named holds, which proves nothing alone.
    ClaimHeld {
        /// The action.
        action: ActionId,
    },
    /// It was seen whether an action had its effect.
    Verified {
        /// The action.
        action: ActionId,
        /// Whether it had.
        ok: bool,
        /// What was seen.
        reason: String,
    },
    /// It is clear how the incident ends.
    Concluded {
        /// How.
        outcome: Outcome,
        /// Why, in a sentence.
        reason: String,
    },
    /// The report was written.
    Reported {
        /// Markdown.
        markdown: String,
    },
    /// People are to be told.
    Told {
        /// Why.
        occasion: Occasion,
        /// One delivery a target.
        deliveries: Vec<Delivery>,
    },
    /// A delivery failed.
    DeliveryFailed {
        /// The delivery.
        delivery: String,
        /// Why.
        reason: String,
        /// When it is tried again; never, when absent.
        retry_at: Option<Timestamp>,
        /// Whether the target refused this message, and not any message.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        refused: bool,
    },
    /// A target took a message: the receipt.
    Delivered {
        /// The delivery.
        delivery: String,
        /// The remote side's reference.
        reference: Option<String>,
    },
    /// The wall clock was set back: what waits is counted from now on, as long as it was meant to be.
    ClockSetBack {
        /// By so many milliseconds at least.
        by_ms: i64,
    },
    /// A message was not sent, because what it would say does not hold any more.
    DeliveryOvertaken {
        /// The delivery.
        delivery: String,
        /// By what.
        by: Overtaken,
    },
    /// A person has a message sent anew.
    DeliveryRetried {
        /// The delivery.
        delivery: String,
        /// Who, and how that is known.
        person: Person,
        /// In the person's words.
        #[serde(default)]
        reason: String,
    },
    /// A person said something about the incident as a whole.
    Said {
        /// Who, and how that is known.
        person: Person,
        /// What.
        says: IncidentCommand,
        /// In the person's words.
        #[serde(default)]
        comment: String,
    },
    /// Nothing more happens to this incident.
    Closed {
        /// Why.
        reason: String,
    },
}

/// What a person says about an incident as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentCommand {
    /// That they are on it: nobody else need be told.
    Acknowledge,
    /// Something that is worth knowing.
    Comment,
    /// That it is over.
    Close,
    /// That it is to be decided anew by the policies in force: as another incident, because what was decided stands.
    Rerun,
}

/// What a look was for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "snake_case")]
pub enum Purpose {
    /// Evidence before the model is asked.
    Evidence,
    /// The model asked for it.
    Model,
    /// A plugin asked for it while planning.
    Plan,
    /// A gate wants to know it before it rules.
    Gate {
        /// The action.
        action: ActionId,
    },
    /// To see what an action would change, and what would restore it.
    Before {
        /// The action.
        action: ActionId,
    },
    /// To see what an action has changed, right after it.
    After {
        /// The action.
        action: ActionId,
    },
    /// To see whether an action had its effect.
    Verify {
        /// The action.
        action: ActionId,
    },
}

/// What is done about an intent without a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// The tool declares repetition harmless.
    Repeat,
    /// Looking shows that it happened.
    Happened,
    /// Looking shows that it did not happen.
    DidNotHappen,
    /// A person must look.
    Person,
}

/// A fact with its place and time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry<F = Fact> {
    /// When it was recorded.
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub fact: F,
}

/// An entry as it stands in the journal: bytes and place in its stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// The incident's id, or [`super::control::STREAM`].
    pub stream: String,
    /// Position in the stream, from 1.
    pub n: u64,
    /// The entry as JSON.
    pub body: String,
}

impl Sealed {
    /// Writes an entry down for its place.
    ///
    /// # Errors
    /// When the entry cannot be written as JSON.
    pub fn new<F: Serialize>(stream: &str, n: u64, entry: &Entry<F>) -> Result<Self, serde_json::Error> {
        Ok(Self { stream: stream.to_string(), n, body: serde_json::to_string(entry)? })
    }

    /// Reads the entry back.
    ///
    /// # Errors
    /// When the body is not an entry that this version knows.
    pub fn open<F: for<'de> Deserialize<'de>>(&self) -> Result<Entry<F>, serde_json::Error> {
        serde_json::from_str(&self.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_survives_sealing() {
        let entry = Entry { at: Timestamp::UNIX_EPOCH, fact: Fact::Closed { reason: "done".into() } };
        let sealed = Sealed::new("i1", 1, &entry).unwrap();
        assert_eq!(sealed.open::<Fact>().unwrap(), entry);
        assert!(Sealed::new("i1", 1, &Entry { at: Timestamp::UNIX_EPOCH, fact: 1 }).is_err(), "an entry is an object");
    }
}
