//! How permitted messages get onto a message bus. The host's own connections are one way; a test of a plugin has another.

use futures::future::BoxFuture;

use crate::bus::{Buses, Publication, Published, Unsent};

/// Publishes messages.
pub trait BusTransport: Send + Sync {
    /// Who the host is on a bus; none where there is no such bus.
    fn sender(&self, bus: &str) -> Option<String>;
    /// Publishes one message on a bus.
    fn publish<'a>(&'a self, bus: &'a str, message: &'a Publication) -> BoxFuture<'a, Result<Published, Unsent>>;
    /// Whether anything leaves this process on this way.
    fn leaves(&self) -> bool {
        true
    }
}

impl BusTransport for Buses {
    fn sender(&self, bus: &str) -> Option<String> {
        Some(self.named(bus)?.sender())
    }

    fn publish<'a>(&'a self, bus: &'a str, message: &'a Publication) -> BoxFuture<'a, Result<Published, Unsent>> {
        Box::pin(async move {
            match self.named(bus) {
                Some(bus) => bus.publish(message).await,
                None => Err(Unsent::Unavailable(format!("there is no bus {bus} here"))),
            }
        })
    }
}
