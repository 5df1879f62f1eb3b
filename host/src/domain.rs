//! The words of the product as types, and the incident's state machine.
//!
//! Everything below this module is pure: it does no I/O, reads no clock and draws no random number.
//! Times, ids and history are passed in. Every other module may use it; it uses none of them.

pub mod action;
pub mod alert;
pub mod call;
pub mod catalogue;
pub mod chain;
pub mod condition;
pub mod containment;
pub mod control;
pub mod conversation;
pub mod counted;
pub mod decision;
pub mod delivery;
pub mod diagnosis;
pub mod entry;
pub mod gate_event;
pub mod handover;
pub mod history;
pub mod incident;
pub mod inspection;
pub mod knowledge;
pub mod link;
pub mod listing;
pub mod message;
pub mod moment;
pub mod named_cause;
pub mod outcome;
pub mod person;
pub mod plan;
mod query;
pub mod rare;
mod reach;
pub mod requirement;
pub mod restoration;
pub mod safeguards;
pub mod schema;
pub mod stream;
pub mod subject;
pub mod text;
pub mod usage;
pub mod wait;

pub use action::{Action, ActionId, Origin, Proposal, Risk};
pub use alert::{Alert, Labels, Severity, Status};
pub use call::{Call, Target, Verification};
pub use catalogue::{Catalogue, Tool};
pub use chain::{Anchor, ChainHash, Head, Place};
pub use conversation::{Conversation, ConversationId};
pub use decision::{Considered, Decision, Heard, Mode, Ruling, RulingKind, Verdict};
pub use delivery::{Delivery, Occasion};
pub use entry::{Entry, Fact, Sealed};
pub use gate_event::GateEvent;
pub use history::History;
pub use incident::{Effect, Incident, IncidentId, Next, State, next};
pub use named_cause::{Cause, NamedCause};
pub use outcome::Outcome;
pub use person::{Person, Proof, Proven};
pub use plan::Planned;
pub(crate) use reach::is_cluster_wide;
pub use reach::{kind_of, leads_elsewhere, object, values};
pub use requirement::Requirement;
pub use restoration::{TakesBack, restores, takes_back};
pub use safeguards::{Safeguards, Snapshot, Undo};
pub use stream::Stream;
pub use subject::Subject;
