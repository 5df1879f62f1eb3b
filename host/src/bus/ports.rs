//! What a bus needs of the rest of the host: where messages go, and what there is to tell.

use futures::future::BoxFuture;

use super::announcement::{Announcement, Topic};
use super::forwarding::{Completion, Redelivery};
use super::settings::Inlet;
use crate::domain::Alert;
use crate::domain::event::Forward;
use crate::ports::{DecodeError, Inbound};

/// Where what comes in goes.
pub trait Intake: Send + Sync {
    /// Whether anything can be taken now.
    ///
    /// # Errors
    /// Why not.
    fn ready(&self) -> Result<(), String>;
    /// Turns one message into the alerts that come of it.
    fn read<'a>(&'a self, inlet: &'a Inlet, message: Message) -> BoxFuture<'a, Result<Decoded, DecodeError>>;
    /// Takes alerts, which are durable when this is `Ok` (else the same are handed in again), and behind them lets go of what
    /// rules send on, by message. It comes back before that has arrived, and says of each message when it has. For what a
    /// stream keeps it waits until there is room.
    fn take<'a>(
        &'a self,
        alerts: Vec<Alert>,
        forwards: &'a [Vec<Forward>],
        redelivery: Redelivery,
    ) -> BoxFuture<'a, Result<Vec<Completion>, String>>;
}

/// What there is to tell.
pub trait Record: Send + Sync {
    /// Where it ends now.
    fn end(&self) -> u64;
    /// Waits until it goes on behind a position; how far it was read then, and what there is to tell.
    fn behind<'a>(&'a self, position: u64, topics: &'a [Topic]) -> BoxFuture<'a, (u64, Vec<Announcement>)>;
}

/// A message as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Its subject, in lower case.
    pub subject: String,
    /// As a request, for what is read by a source.
    pub request: Inbound,
}

/// What a message is.
#[derive(Debug, Default, PartialEq)]
pub struct Decoded {
    /// The alerts that come of it.
    pub alerts: Vec<Alert>,
    /// What is to be sent on, once these are durable.
    pub forwards: Vec<Forward>,
    /// A sentence for each part of it that could not be read.
    pub left_out: Vec<String>,
}
