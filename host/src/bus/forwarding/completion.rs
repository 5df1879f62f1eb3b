//! When all that one message had sent on is done with, and whether that message is acknowledged: the two sides tell each other,
//! so that neither forgets too early.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::mpsc;

/// Whether an event comes again by itself where it is lost on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redelivery {
    /// A stream has it, because its message is not acknowledged before.
    ByStream,
    /// Nobody has: it came in a request, from a watch, or from a subject that no stream keeps.
    Never,
}

/// Is held by whatever has not arrived yet.
#[derive(Clone, Debug)]
pub struct CompletionGuard {
    _sender: mpsc::Sender<Infallible>,
    abandoned: Arc<AtomicBool>,
    ack: AckFlag,
}

/// When all that was sent on together has arrived, or was given up.
#[derive(Debug)]
pub struct Completion {
    guards: mpsc::Receiver<Infallible>,
    abandoned: Arc<AtomicBool>,
    ack: AckFlag,
}

/// Whether the message that all of it came with is acknowledged, or needs no acknowledgement any more: it never comes again.
#[derive(Clone, Debug, Default)]
pub struct AckFlag(Arc<AtomicBool>);

impl AckFlag {
    /// It is.
    pub fn set(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether it is.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Completion {
    /// Of what holds the guard, or a clone of it.
    pub fn new() -> (CompletionGuard, Self) {
        let (sender, guards) = mpsc::channel(1);
        let (abandoned, ack) = (Arc::<AtomicBool>::default(), AckFlag::default());
        let guard = CompletionGuard { _sender: sender, abandoned: Arc::clone(&abandoned), ack: ack.clone() };
        (guard, Self { guards, abandoned, ack })
    }

    /// To say that its message is acknowledged.
    pub fn ack_flag(&self) -> AckFlag {
        self.ack.clone()
    }

    /// Comes back then; false where something of it was abandoned before, as when the host stops.
    pub async fn wait(mut self) -> bool {
        while self.guards.recv().await.is_some() {}
        !self.abandoned.load(Ordering::Acquire)
    }
}

impl CompletionGuard {
    /// Tells whether its message is acknowledged.
    pub(in crate::bus) fn ack_flag(&self) -> &AckFlag {
        &self.ack
    }

    /// It will not arrive, and comes again.
    pub(in crate::bus) fn abandon(&self) {
        self.abandoned.store(true, Ordering::Release);
    }
}
