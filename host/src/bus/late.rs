//! Messages whose alerts are durable, and whose events are still on their way to another bus: they are acknowledged once these
//! have arrived, so that a crash sends them anew. Nobody else waits for that.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{Either, select};
use tokio::task::JoinSet;

use super::held::{Delivered, Word};
use super::onward::Arrival;
use crate::ports::Clock;

/// How long the acknowledgement of a message waits.
const WAITS: Duration = Duration::from_secs(30);
/// How many messages wait at most, and which share of those that the server lets be on their way: the others go on.
const MOST: usize = 128;
const SHARE: i64 = 4;

/// Those of one place in a stream. They are let go of with it: what they wait for comes again.
pub struct Late {
    tasks: JoinSet<()>,
    most: usize,
    tick: Duration,
}

impl Late {
    /// None, of a consumer that lets so many messages be on their way and waits so long for each.
    pub fn new(in_flight: i64, ack_wait: Duration) -> Self {
        let most = usize::try_from(in_flight / SHARE).map_or(MOST, |share| share.min(MOST));
        // A server that names no bound has one of its own.
        let most = if in_flight <= 0 { MOST } else { most };
        Self { tasks: JoinSet::new(), most, tick: (ack_wait / 3).clamp(Duration::from_millis(100), WAITS) }
    }

    /// Acknowledges a message later; gives it back, to be acknowledged now, where too many wait.
    pub fn add<D: Delivered>(&mut self, clock: &Arc<dyn Clock>, held: D, arrival: Arrival) -> Option<D> {
        while self.tasks.try_join_next().is_some() {}
        if self.tasks.len() >= self.most {
            return Some(held);
        }
        let (clock, tick) = (Arc::clone(clock), self.tick);
        self.tasks.spawn(async move {
            let until = clock.elapsed() + WAITS;
            let mut arrives = pin!(arrival.wait());
            while let Either::Right(((), rest)) = select(arrives, clock.sleep(tick)).await
                && clock.elapsed() < until
            {
                held.say(Word::Working).await;
                arrives = rest;
            }
            if let Err(error) = held.settle().await {
                tracing::debug!(%error, "a message was sent on, and the server does not know yet; it comes again");
            }
        });
        None
    }
}
