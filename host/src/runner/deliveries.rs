//! Messages to people beside everything else: enqueued for their targets, sent, tried again.
//!
//! What is to be delivered stands in the journal; this only knows the order. Each call starts from
//! the incident as it then stands, under the name of its delivery, so that nothing is sent twice by
//! one process and nothing that is over is sent at all.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use super::Runner;
use super::abandoned::Abandoned;
use super::target_queue::{DeliveryOutcome, FailingTarget, QueuedMessage, SLOW, Step, TargetQueue};
use crate::domain::delivery::Delivery;
use crate::domain::incident::fallbacks;
use crate::domain::{Fact, Incident, IncidentId, Person};
use crate::pipeline::{Attempt, broke_off, deliver, tidy};
use crate::ports::JournalError;
use crate::traces::context;
use futures::future::{Either, select};
use futures::{FutureExt, StreamExt, stream};

/// Incidents whose messages are sent anew at once.
const ANEW: usize = 64;
/// Pause before what has panicked is done again, where the panic could not be journaled.
const AFTER_PANIC: Duration = Duration::from_secs(60);

/// All targets.
#[derive(Default)]
pub(super) struct Deliveries(Mutex<Queues>);

#[derive(Default)]
struct Queues {
    of: BTreeMap<String, TargetQueue>,
    /// Incidents about whose messages something is being journaled.
    tidying: BTreeSet<IncidentId>,
    /// Deliveries that the journal may not hold yet.
    journaling: BTreeSet<String>,
    abandoned: Abandoned,
}

/// How the messages to one target stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetStatus {
    /// The target.
    pub target: String,
    /// Messages that it has not taken yet.
    pub queued: usize,
    /// Messages that were given up and not sent anew.
    pub abandoned: usize,
    /// Messages that were given up since the start.
    pub abandoned_total: u64,
    /// Since when and why it takes nothing.
    pub failing: Option<FailingTarget>,
}

/// What is done about a message whose turn it is.
#[derive(Clone, Copy)]
enum Call {
    /// It is sent.
    Deliver,
    /// That sending it has panicked is journaled.
    BrokeOff,
}

impl Deliveries {
    fn queues(&self) -> MutexGuard<'_, Queues> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Whether nothing is under way, and nothing but waiting is left.
    pub(super) fn idle(&self, now: Duration) -> bool {
        let queues = self.queues();
        queues.tidying.is_empty() && queues.journaling.is_empty() && queues.of.values().all(|queue| queue.idle(now))
    }
}

impl Runner {
    /// Learns which messages were given up before the start: of these incidents, newest first.
    pub fn remember_abandoned<'a>(&self, incidents: impl Iterator<Item = &'a Incident>) {
        let mut queues = self.deliveries.queues();
        queues.abandoned.forget();
        incidents.for_each(|incident| queues.abandoned.note(incident));
    }

    /// How the messages to each target stand.
    pub fn target_status(&self) -> Vec<TargetStatus> {
        let queues = self.deliveries.queues();
        let of_queues = queues.of.keys().map(String::as_str);
        let names: BTreeSet<&str> = of_queues.chain(queues.abandoned.targets()).collect();
        let status = |target: &str| {
            let queue = queues.of.get(target);
            TargetStatus {
                target: target.to_string(),
                queued: queue.map_or(0, TargetQueue::queued),
                abandoned: queues.abandoned.count(target),
                abandoned_total: queues.abandoned.total(target),
                failing: queue.and_then(|queue| queue.failing().cloned()),
            }
        };
        names.into_iter().map(status).collect()
    }

    /// Incidents with messages that are not delivered: those given up first, then those that wait.
    pub fn undelivered(&self, target: Option<&str>) -> Vec<IncidentId> {
        let queues = self.deliveries.queues();
        let wanted = |name: &str| target.is_none_or(|target| target == name);
        let waiting = queues.of.iter().filter(|(name, _)| wanted(name)).flat_map(|(_, queue)| queue.incidents());
        let mut known = BTreeSet::new();
        let all = queues.abandoned.incidents(wanted).chain(waiting);
        all.filter(|id| known.insert((*id).clone())).cloned().collect()
    }

    /// Has messages sent anew and at once, whether they were given up or wait for another attempt.
    /// Says how many.
    ///
    /// # Errors
    /// When the journal does not take it.
    pub async fn retry_deliveries(
        self: &Arc<Self>,
        incidents: Vec<IncidentId>,
        wanted: &(dyn Fn(&Delivery) -> bool + Send + Sync),
        person: &Person,
        reason: &str,
    ) -> Result<usize, JournalError> {
        let mut work = stream::iter(incidents)
            .map(|id| async move {
                let Some(incident) = self.services.store.reopen(&id)? else { return Ok::<usize, JournalError>(0) };
                let stuck = incident.deliveries.iter().filter(|delivery| delivery.stuck() && wanted(delivery));
                let facts: Vec<Fact> = stuck
                    .map(|delivery| Fact::DeliveryRetried {
                        delivery: delivery.id.clone(),
                        person: person.clone(),
                        reason: reason.to_string(),
                    })
                    .collect();
                let count = facts.len();
                if count > 0 {
                    self.services.store.append(&id, facts).await?;
                }
                if let Some(incident) = self.services.store.get(&id) {
                    self.deliveries.queues().abandoned.note(&incident);
                }
                self.start_deliveries(&id);
                self.services.store.wake(&id);
                Ok(count)
            })
            .buffer_unordered(ANEW);
        let mut anew = 0;
        while let Some(count) = work.next().await {
            anew += count?;
        }
        Ok(anew)
    }

    /// Enqueues what of an incident is to be delivered, and starts what can be sent.
    pub(super) fn start_deliveries(self: &Arc<Self>, id: &IncidentId) {
        self.enqueue(id, &BTreeSet::new());
    }

    /// The journal holds these. Nothing is sent of which nobody would know after a crash.
    fn enqueue(self: &Arc<Self>, id: &IncidentId, durable: &BTreeSet<String>) {
        let Some(incident) = self.services.store.get(id) else { return };
        if incident.deliveries.is_empty() {
            return;
        }
        let now = self.services.clock.now();
        if let (_, Some(at)) = fallbacks(&incident, now) {
            self.set_timer(at, id);
        }
        let mut targets = BTreeSet::new();
        let (mut waits, mut untidy) = (Vec::new(), false);
        self.await_journal(&incident, durable);
        {
            let mut queues = self.deliveries.queues();
            if !queues.tidying.contains(id) {
                let runs = |id: &str| queues.of.values().any(|queue| queue.runs(id));
                untidy = !tidy(&self.services, &incident, runs).is_empty();
            }
            let severity = incident.severity();
            let Queues { of, journaling, .. } = &mut *queues;
            let left = incident.deliveries.iter().filter(|delivery| !delivery.settled());
            for delivery in left.filter(|delivery| !journaling.contains(&delivery.id)) {
                let message = QueuedMessage::new(&delivery.id, id, delivery.weight(severity), delivery.told_at);
                let queue = of.entry(delivery.target.clone()).or_default();
                match delivery.wait(now) {
                    None => queue.due(message),
                    Some(wait) => {
                        let wait = Duration::try_from(wait).unwrap_or_default();
                        let ticket = queue.wait(message);
                        waits.extend(ticket.map(|of| (delivery.target.clone(), delivery.id.clone(), of, wait)));
                    }
                }
                targets.insert(delivery.target.clone());
            }
        }
        for (target, delivery, ticket, wait) in waits {
            self.ripen(target, delivery, ticket, wait);
        }
        if untidy {
            self.tidy(id);
        }
        targets.iter().for_each(|target| self.send(target));
    }

    /// Keeps what the journal may not hold yet back until it does.
    fn await_journal(self: &Arc<Self>, incident: &Incident, durable: &BTreeSet<String>) {
        let mut queues = self.deliveries.queues();
        let known = |delivery: &Delivery| {
            let queue = queues.of.get(&delivery.target);
            queue.is_some_and(|queue| queue.knows(&delivery.id)) || queues.journaling.contains(&delivery.id)
        };
        let left = incident.deliveries.iter().filter(|delivery| !delivery.settled() && !durable.contains(&delivery.id));
        let new: BTreeSet<String> =
            left.filter(|delivery| !known(delivery)).map(|delivery| delivery.id.clone()).collect();
        if new.is_empty() {
            return;
        }
        let Some(journaled) = self.services.store.catches_up(&incident.id) else { return };
        queues.journaling.extend(new.iter().cloned());
        drop(queues);
        let (runner, id) = (Arc::clone(self), incident.id.clone());
        tokio::spawn(async move {
            let result = journaled.await;
            runner.deliveries.queues().journaling.retain(|delivery| !new.contains(delivery));
            match result {
                Ok(()) => runner.enqueue(&id, &new),
                Err(_) => runner.revive(),
            }
        });
    }

    /// Ends a wait, by a clock that nobody sets.
    fn ripen(self: &Arc<Self>, target: String, delivery: String, ticket: u64, wait: Duration) {
        let runner = Arc::clone(self);
        tokio::spawn(async move {
            runner.services.clock.sleep(wait).await;
            if let Some(queue) = runner.deliveries.queues().of.get_mut(&target) {
                queue.ripe(&delivery, ticket);
            }
            runner.send(&target);
        });
    }

    /// Sends what can be sent to a target now; nothing once the host stops.
    fn send(self: &Arc<Self>, target: &str) {
        // A message that is taken and not sent would come again at once, without end.
        while !self.services.store.is_stopping() {
            let step = match self.deliveries.queues().of.get_mut(target) {
                Some(queue) => queue.step(self.services.clock.elapsed()),
                None => return,
            };
            match step {
                Step::Nothing => return,
                Step::Later(at) => return self.send_at(target, at),
                Step::Send(message) => {
                    let (runner, target) = (Arc::clone(self), target.to_string());
                    tokio::spawn(async move { runner.attempt(&target, message).await });
                }
            }
        }
    }

    fn send_at(self: &Arc<Self>, target: &str, at: Duration) {
        match self.deliveries.queues().of.get_mut(target) {
            Some(queue) if queue.alarm.is_none_or(|alarm| at < alarm) => queue.alarm = Some(at),
            _ => return,
        }
        let (runner, target) = (Arc::clone(self), target.to_string());
        tokio::spawn(async move {
            runner.services.clock.sleep(at.saturating_sub(runner.services.clock.elapsed())).await;
            if let Some(queue) = runner.deliveries.queues().of.get_mut(&target) {
                queue.alarm = queue.alarm.filter(|alarm| *alarm != at);
            }
            runner.send(&target);
        });
    }

    /// One call, and what follows from it.
    async fn attempt(self: &Arc<Self>, target: &str, message: QueuedMessage) {
        // Whatever panics, the message must be tried again, or given up where people see it.
        let result = match AssertUnwindSafe(self.sent(target, &message)).catch_unwind().await {
            Ok(result) => result,
            Err(_) => self.after_panic_of(target, &message).await,
        };
        let ended = match &result {
            Ok(Some(Attempt::Delivered)) => DeliveryOutcome::Taken,
            Ok(Some(Attempt::Failed { reason, hold, refused: false, .. })) => DeliveryOutcome::Failed {
                reason: reason.clone(),
                hold: hold.and_then(|hold| Duration::try_from(hold).ok()),
                at: self.services.clock.now(),
            },
            _ => DeliveryOutcome::Other,
        };
        {
            let mut queues = self.deliveries.queues();
            if let Some(queue) = queues.of.get_mut(target) {
                queue.ended(&message.delivery, ended, self.services.clock.elapsed());
            }
            if let Ok(Some(Attempt::Failed { abandoned: true, reason, .. })) = &result {
                tracing::warn!(target = %target, delivery = %message.delivery, %reason, "a message was given up");
                queues.abandoned.gave_up(target);
                if let Some(incident) = self.services.store.get(&message.incident) {
                    queues.abandoned.note(&incident);
                }
            }
        }
        match result {
            Ok(_) => {
                self.start_deliveries(&message.incident);
                self.services.store.wake(&message.incident);
                self.send(target);
            }
            Err(_) => {
                self.deliveries.queues().of.values_mut().for_each(TargetQueue::forget);
                self.revive();
            }
        }
    }

    /// Sends a message; another one may take its place when it hangs.
    async fn sent(self: &Arc<Self>, target: &str, message: &QueuedMessage) -> Result<Option<Attempt>, JournalError> {
        match select(pin!(self.call(message, Call::Deliver)), self.services.clock.sleep(SLOW)).await {
            Either::Left((result, _)) => result,
            Either::Right(((), call)) => {
                self.gives_place_up(target, message);
                call.await
            }
        }
    }

    fn gives_place_up(self: &Arc<Self>, target: &str, message: &QueuedMessage) {
        if let Some(queue) = self.deliveries.queues().of.get_mut(target) {
            queue.hangs(&message.delivery);
        }
        self.send(target);
    }

    /// Counts an attempt that panicked as one that failed.
    async fn after_panic_of(
        self: &Arc<Self>,
        target: &str,
        message: &QueuedMessage,
    ) -> Result<Option<Attempt>, JournalError> {
        self.note_panic();
        tracing::error!(target = %target, delivery = %message.delivery, "a fault in tidegate itself broke off a message");
        match AssertUnwindSafe(self.call(message, Call::BrokeOff)).catch_unwind().await {
            Ok(result) => result,
            Err(_) => {
                self.gives_place_up(target, message);
                self.services.clock.sleep(AFTER_PANIC).await;
                Ok(None)
            }
        }
    }

    /// The incident may have moved on, and another one may have delivered it, while it waited.
    async fn call(&self, message: &QueuedMessage, call: Call) -> Result<Option<Attempt>, JournalError> {
        if let Some(broken) = self.services.store.broken() {
            return Err(broken);
        }
        // Held until the answer is journaled: a stop waits for that.
        let Some(_under_way) = self.services.store.begin_delivery() else { return Ok(None) };
        let Some(incident) = self.services.store.get(&message.incident) else { return Ok(None) };
        let mut left = incident.deliveries.iter();
        match left.find(|delivery| delivery.id == message.delivery && !delivery.settled()) {
            None => Ok(None),
            Some(delivery) => match call {
                // Whoever is told is told of its trace.
                Call::Deliver => {
                    context::scope(&incident.id, deliver(&self.services, &incident, delivery)).await.map(Some)
                }
                Call::BrokeOff => broke_off(&self.services, &incident, delivery).await.map(Some),
            },
        }
    }

    /// Journals what is pointless by now, and who is told in place of somebody else.
    fn tidy(self: &Arc<Self>, id: &IncidentId) {
        if !self.deliveries.queues().tidying.insert(id.clone()) {
            return;
        }
        let (runner, id) = (Arc::clone(self), id.clone());
        tokio::spawn(async move {
            let result = AssertUnwindSafe(runner.tidied(&id)).catch_unwind().await;
            if result.is_err() {
                runner.note_panic();
                tracing::error!(incident = %id, "a fault in tidegate itself broke off the order of its messages");
                runner.services.clock.sleep(AFTER_PANIC).await;
            }
            runner.deliveries.queues().tidying.remove(&id);
            match result {
                Ok(Err(_)) => runner.revive(),
                Ok(Ok(())) | Err(_) => {
                    runner.start_deliveries(&id);
                    runner.services.store.wake(&id);
                }
            }
        });
    }

    async fn tidied(&self, id: &IncidentId) -> Result<(), JournalError> {
        loop {
            let Some(incident) = self.services.store.get(id) else { return Ok(()) };
            let facts = {
                let queues = self.deliveries.queues();
                let runs = |id: &str| queues.of.values().any(|queue| queue.runs(id));
                tidy(&self.services, &incident, runs)
            };
            // Only as long as nothing else has come in: it may have been an answer.
            if facts.is_empty() || self.services.store.append_behind(&incident, facts).await? {
                return Ok(());
            }
        }
    }
}
