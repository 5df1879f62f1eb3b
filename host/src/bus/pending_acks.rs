//! Messages whose alerts are durable, and whose events are still on their way to another bus: they are acknowledged once these
//! have arrived, so that a crash sends them anew. Their neighbours are read meanwhile, as long as the server lets more be
//! unacknowledged and there is room for more that waits ([`super::forwarding::queue`]). Where it does not, those that have waited
//! for a while are acknowledged all the same: alerts go before copies.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::{Either, select};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::delivery::{Delivery, Reply};
use super::forwarding::queue::MAX_BLOCKING;
use super::forwarding::{AckFlag, Completion};
use crate::ports::Clock;

/// The shortest and the longest pause between two replies that a message is being worked at.
const MIN_PROGRESS: Duration = Duration::from_millis(100);
const MAX_PROGRESS: Duration = Duration::from_secs(30);

/// Those of one stream. When it is dropped they are let go of, and come again.
#[derive(Default)]
pub struct PendingAcks {
    /// When the stream was made.
    stream_created: String,
    progress_every: Duration,
    tasks: JoinSet<()>,
    table: Arc<Table>,
}

/// Messages by their numbers.
#[derive(Default)]
struct Table {
    pending: Mutex<BTreeMap<u64, PendingAck>>,
    /// One of them waits no longer.
    removed: Notify,
}

/// One of them, as it was delivered last: only that delivery is sure to be one that the server knows.
struct PendingAck {
    delivery: Arc<dyn Delivery>,
    since: Duration,
    /// The alerts that it tells of.
    alerts: Vec<String>,
    /// Hears that it is acknowledged.
    ack: AckFlag,
}

impl Table {
    fn pending(&self) -> MutexGuard<'_, BTreeMap<u64, PendingAck>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn delivery(&self, sequence: u64) -> Option<Arc<dyn Delivery>> {
        self.pending().get(&sequence).map(|one| Arc::clone(&one.delivery))
    }

    fn has_any(&self, sequences: &[u64]) -> bool {
        let pending = self.pending();
        sequences.iter().any(|sequence| pending.contains_key(sequence))
    }

    /// Waits until something has happened, and tells the server meanwhile that a message is worked at. What happened; none
    /// where the message waits no longer.
    async fn keep_alive<T>(
        &self,
        clock: &dyn Clock,
        progress_every: Duration,
        sequence: u64,
        happens: impl Future<Output = T>,
    ) -> Option<T> {
        let mut happens = pin!(happens);
        loop {
            match select(happens, clock.sleep(progress_every)).await {
                Either::Left((happened, _)) => return Some(happened),
                Either::Right(((), rest)) => {
                    self.delivery(sequence)?.reply(Reply::InProgress).await;
                    happens = rest;
                }
            }
        }
    }

    /// Acknowledges a message, as often as it takes: those behind it are not acknowledged before.
    async fn acknowledge(&self, clock: &dyn Clock, retry_every: Duration, sequence: u64) {
        while let Some(delivery) = self.delivery(sequence) {
            match delivery.ack_and_confirm().await {
                Ok(()) => {
                    if let Some(one) = self.pending().remove(&sequence) {
                        one.ack.set();
                    }
                    self.removed.notify_waiters();
                }
                Err(error) => {
                    tracing::debug!(%error, "a message was sent on, and the server does not know yet; it comes again");
                    clock.sleep(retry_every).await;
                }
            }
        }
    }
}

impl PendingAcks {
    /// Of the stream that was made then, whose server waits so long for an acknowledgement. Those of the same stream go on.
    pub fn attach(&mut self, stream_created: &str, ack_wait: Duration) {
        self.progress_every = (ack_wait / 3).clamp(MIN_PROGRESS, MAX_PROGRESS);
        if self.stream_created != stream_created {
            let progress_every = self.progress_every;
            *self = Self { stream_created: stream_created.into(), progress_every, ..Self::default() };
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.table.pending().len()
    }

    /// Takes a message that has come again in place of the one that waits; gives it back if none does.
    pub fn replace_redelivered<D: Delivery>(&self, mut delivery: D) -> Option<D> {
        let mut pending = self.table.pending();
        match pending.get_mut(&delivery.sequence()) {
            None => return Some(delivery),
            Some(one) => {
                delivery.drop_payload();
                one.delivery = Arc::new(delivery);
            }
        }
        None
    }

    /// Acknowledges those that have waited for as long as copies may hold up alerts; what they sent on goes on. How many.
    pub async fn acknowledge_overdue(&self, now: Duration) -> usize {
        let is_overdue = |_: &u64, one: &mut PendingAck| now.saturating_sub(one.since) >= MAX_BLOCKING;
        let overdue: Vec<PendingAck> = self.table.pending().extract_if(.., is_overdue).map(|(_, one)| one).collect();
        for one in &overdue {
            one.delivery.reply(Reply::Ack).await;
            one.ack.set();
        }
        self.table.removed.notify_waiters();
        overdue.len()
    }

    /// Those that wait and tell of one of these alerts.
    pub fn telling_of(&self, alerts: &[String]) -> Vec<u64> {
        if alerts.is_empty() {
            return Vec::new();
        }
        let pending = self.table.pending();
        let same = pending.iter().filter(|(_, one)| one.alerts.iter().any(|known| alerts.contains(known)));
        same.map(|(sequence, _)| *sequence).collect()
    }

    /// Acknowledges a message that tells of these alerts once what it sent on has arrived.
    pub fn add(
        &mut self,
        clock: &Arc<dyn Clock>,
        delivery: impl Delivery,
        alerts: Vec<String>,
        completion: Completion,
    ) {
        let sequence = self.insert(clock.as_ref(), delivery, alerts, completion.ack_flag());
        let (clock, progress_every, table) = (Arc::clone(clock), self.progress_every, Arc::clone(&self.table));
        self.tasks.spawn(async move {
            let completed = table.keep_alive(clock.as_ref(), progress_every, sequence, completion.wait()).await;
            if completed == Some(true) {
                table.acknowledge(clock.as_ref(), progress_every, sequence).await;
            }
            // What was abandoned comes again, and so does all that stands behind it.
        });
    }

    /// Acknowledges a message that tells of these alerts once others have been: were it acknowledged before, and these came again
    /// alone, an alert that is over would begin once more.
    pub fn add_behind(
        &mut self,
        clock: &Arc<dyn Clock>,
        delivery: impl Delivery,
        alerts: Vec<String>,
        others: Vec<u64>,
    ) {
        let sequence = self.insert(clock.as_ref(), delivery, alerts, AckFlag::default());
        let (clock, progress_every, table) = (Arc::clone(clock), self.progress_every, Arc::clone(&self.table));
        self.tasks.spawn(async move {
            let others_are_acknowledged = async {
                loop {
                    let mut removed = pin!(table.removed.notified());
                    removed.as_mut().enable();
                    if !table.has_any(&others) {
                        return;
                    }
                    removed.await;
                }
            };
            if table.keep_alive(clock.as_ref(), progress_every, sequence, others_are_acknowledged).await.is_some() {
                table.acknowledge(clock.as_ref(), progress_every, sequence).await;
            }
        });
    }

    /// Waits for none of them any longer: all of them, the oldest first.
    pub fn take_all(&mut self) -> Vec<Arc<dyn Delivery>> {
        self.tasks.abort_all();
        std::mem::take(&mut *self.table.pending()).into_values().map(|one| one.delivery).collect()
    }

    fn insert(&mut self, clock: &dyn Clock, mut delivery: impl Delivery, alerts: Vec<String>, ack: AckFlag) -> u64 {
        while self.tasks.try_join_next().is_some() {}
        let sequence = delivery.sequence();
        delivery.drop_payload();
        let one = PendingAck { delivery: Arc::new(delivery), since: clock.elapsed(), alerts, ack };
        self.table.pending().insert(sequence, one);
        sequence
    }
}

#[cfg(test)]
mod tests;
