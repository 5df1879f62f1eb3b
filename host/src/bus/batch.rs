//! A batch of messages from its coming to its acknowledgement, whoever carries it: what the messages mean is durable before they
//! are acknowledged.

use std::collections::HashMap;
use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, select};

use super::delivery::{Delivery, Reply, acknowledge_all, reply_all};
use super::pending_acks::PendingAcks;
use super::processed::Processed;
use super::status::MessageOutcome;
use super::{Bus, Completion, Decoded, Inlet, Intake, Message, Redelivery, own};
use crate::domain::Alert;
use crate::domain::event::{Forward, SOURCE as EVENTS};
use crate::ports::DecodeError;

/// The shortest and the longest pause before something is taken again.
const MIN_BACKOFF: Duration = Duration::from_millis(200);
const MAX_BACKOFF: Duration = Duration::from_secs(15);
/// From so long on it is said that nothing is read, whatever messages wait for.
const SLOW: Duration = Duration::from_secs(10);
/// How long messages are held of which nothing can be taken, and for how long they are given back then.
const HOLD: Duration = Duration::from_secs(60);
pub(super) const RETURN_DELAY: Duration = Duration::from_secs(10);
/// How long a stop waits for the batch that is being taken.
const LAST: Duration = Duration::from_millis(500);

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchOutcome {
    /// What it means is durable.
    Taken,
    /// It was given back for a while.
    Returned,
    /// The host stops, and nobody has replied to any of it.
    Stopped,
}

/// Who takes messages in, and where they go.
pub struct BatchHandler<'a> {
    /// The connection, for its counts and what it asks for.
    pub bus: &'a Bus,
    /// What is read.
    pub inlet: &'a Inlet,
    /// Where it goes.
    pub intake: &'a dyn Intake,
    /// How long the server waits before it sends a message again.
    pub ack_wait: Duration,
}

impl BatchHandler<'_> {
    /// Takes a batch of messages in. They are given back if that cannot be done for long, and left alone where the host stops before.
    pub async fn handle<D: Delivery>(
        &self,
        batch: Vec<D>,
        processed: &mut Processed,
        pending: &mut PendingAcks,
    ) -> BatchOutcome {
        let tick = (self.ack_wait / 3).max(Duration::from_millis(100));
        let began = self.bus.clock.elapsed();
        let taken = {
            let mut work = pin!(self.take(&batch, processed));
            let mut stops = pin!(async {
                self.bus.stopping.cancelled().await;
                self.bus.clock.sleep(LAST).await;
            });
            loop {
                match select(work, select(stops.as_mut(), self.bus.clock.sleep(tick))).await {
                    Either::Left((taken, _)) => break Some(taken),
                    Either::Right((Either::Left(_), _)) => break None,
                    Either::Right((Either::Right(_), rest)) => {
                        if self.bus.clock.elapsed().saturating_sub(began) >= SLOW {
                            self.bus.status.read_stalled("what came last is not taken yet".into());
                        }
                        reply_all(&batch, &Reply::InProgress).await;
                        work = rest;
                    }
                }
            }
        };
        match taken {
            None => BatchOutcome::Stopped,
            Some(Ok(taken)) => {
                self.reply(batch, taken, processed, pending).await;
                BatchOutcome::Taken
            }
            Some(Err(why)) => {
                self.bus.status.read_problem(Some(why));
                self.bus.status.add(MessageOutcome::Returned, batch.len() as u64);
                reply_all(&batch, &Reply::Nak(RETURN_DELAY)).await;
                BatchOutcome::Returned
            }
        }
    }

    /// Reads each message and makes what they mean durable.
    async fn take<D: Delivery>(&self, batch: &[D], processed: &Processed) -> Result<TakenBatch, String> {
        let mut taken = TakenBatch::default();
        let (mut alerts, mut forwarding, mut forwards) = (Vec::new(), Vec::new(), Vec::new());
        let until = self.bus.clock.elapsed() + HOLD;
        for (n, delivery) in batch.iter().enumerate() {
            if processed.contains(delivery.sequence()) {
                taken.duplicates += 1;
                continue;
            }
            let Some(message) = self.bus.subscribed(self.inlet, delivery.message()) else { continue };
            match self.bus.decode(self.inlet, self.intake, message, until).await? {
                Ok(mut decoded) => {
                    if processed.has_durable_alerts(delivery.sequence()) {
                        // An earlier process has taken them, and it may be that they are over: what is left is to send it on.
                        decoded.alerts.clear();
                        taken.duplicates += 1;
                    } else {
                        taken.accepted += 1;
                    }
                    if !decoded.alerts.is_empty() {
                        let name = |alert: &Alert| format!("{} {}", alert.source, alert.fingerprint);
                        taken.alerts.insert(n, decoded.alerts.iter().map(name).collect());
                    }
                    alerts.append(&mut decoded.alerts);
                    if !decoded.forwards.is_empty() {
                        forwarding.push(n);
                        forwards.push(decoded.forwards);
                    }
                }
                Err(why) => taken.unreadable.push((n, why)),
            }
        }
        let completions = self.bus.take(self.intake, alerts, (&forwards, Redelivery::ByStream), until).await?;
        taken.completions = forwarding.into_iter().zip(completions).collect();
        Ok(taken)
    }

    /// Acknowledges what is done with, and has the rest wait for what it sent on.
    async fn reply<D: Delivery>(
        &self,
        batch: Vec<D>,
        taken: TakenBatch,
        processed: &mut Processed,
        pending: &mut PendingAcks,
    ) {
        let TakenBatch { duplicates, unreadable, accepted, mut completions, mut alerts } = taken;
        for (n, why) in &unreadable {
            if let Some(delivery) = batch.get(*n) {
                delivery.reply(Reply::Term(why.clone())).await;
            }
        }
        let status = &self.bus.status;
        status.add(MessageOutcome::Accepted, accepted);
        status.add(MessageOutcome::Duplicate, duplicates);
        batch.iter().for_each(|delivery| processed.add(delivery.sequence()));
        status.set_pending(batch.last().map_or(0, Delivery::pending));
        let mut done = Vec::with_capacity(batch.len());
        for (n, delivery) in batch.into_iter().enumerate() {
            let (alerts, clock) = (alerts.remove(&n).unwrap_or_default(), &self.bus.clock);
            let others = pending.telling_of(&alerts);
            match completions.remove(&n) {
                Some(completion) => pending.add(clock, delivery, alerts, completion),
                None if unreadable.iter().any(|(other, _)| *other == n) => {}
                None if !others.is_empty() => pending.add_behind(clock, delivery, alerts, others),
                // One that has come again may wait for what the first of it sent on.
                None => done.extend(pending.replace_redelivered(delivery)),
            }
        }
        if let Err(error) = acknowledge_all(&done).await {
            tracing::info!(bus = self.bus.settings.name, %error, "messages are durable, and the server does not know yet; they come again");
        }
    }
}

/// What came of a batch, by the places of its messages.
#[derive(Default)]
struct TakenBatch {
    accepted: u64,
    duplicates: u64,
    unreadable: Vec<(usize, String)>,
    /// Of messages of which something is sent on, when that has arrived.
    completions: HashMap<usize, Completion>,
    /// Of messages that tell of alerts, which ones.
    alerts: HashMap<usize, Vec<String>>,
}

impl Bus {
    /// The message, if somebody has asked for it and somebody else has sent it.
    pub(super) fn subscribed(&self, inlet: &Inlet, message: Message) -> Option<Message> {
        if !inlet.subjects.is_empty() && !inlet.subjects.iter().any(|subject| subject.matches(&message.subject)) {
            self.status.add(MessageOutcome::OffSubject, 1);
            return None;
        }
        // Whatever the host would make of its own words it has made already.
        let own = own::is_own(&message.request.headers, &message.request.body, &self.own);
        // What another host tells of its incidents is heard by event rules that name it: a source would make an incident of each
        // one, of which it would tell the other.
        let of_a_host = inlet.source != EVENTS && own::is_of_a_host(&message.request.headers);
        if own || of_a_host {
            self.status.add(MessageOutcome::Own, 1);
            return None;
        }
        Some(message)
    }

    /// What comes of a message, or why nobody can read it.
    ///
    /// # Errors
    /// When it cannot be read for the time being, until then.
    pub(super) async fn decode(
        &self,
        inlet: &Inlet,
        intake: &dyn Intake,
        message: Message,
        until: Duration,
    ) -> Result<Result<Decoded, String>, String> {
        let mut pause = MIN_BACKOFF;
        loop {
            let decoded = intake.read(inlet, message.clone()).await;
            let why = match decoded {
                Ok(decoded) => {
                    for why in &decoded.left_out {
                        self.status.unreadable(&message.subject, why, self.clock.elapsed());
                    }
                    return Ok(Ok(decoded));
                }
                Err(DecodeError::Invalid(why) | DecodeError::UnknownSource(why)) => {
                    self.status.unreadable(&message.subject, &why, self.clock.elapsed());
                    return Ok(Err(why));
                }
                Err(DecodeError::Unavailable(why)) => why,
            };
            self.back_off(why, until, &mut pause).await?;
        }
    }

    /// Makes alerts durable, and lets go of what is sent on; when that of each message has arrived.
    ///
    /// # Errors
    /// When that cannot be done until then.
    pub(super) async fn take(
        &self,
        intake: &dyn Intake,
        alerts: Vec<Alert>,
        (forwards, redelivery): (&[Vec<Forward>], Redelivery),
        until: Duration,
    ) -> Result<Vec<Completion>, String> {
        let mut pause = MIN_BACKOFF;
        let mut completions = Vec::new();
        while !alerts.is_empty() || !forwards.is_empty() {
            match intake.take(alerts.clone(), forwards, redelivery).await {
                Ok(taken) => {
                    completions = taken;
                    break;
                }
                Err(why) => self.back_off(why, until, &mut pause).await?,
            }
        }
        self.status.read_problem(None);
        Ok(completions)
    }

    async fn back_off(&self, why: String, until: Duration, pause: &mut Duration) -> Result<(), String> {
        if self.clock.elapsed() >= until {
            return Err(why);
        }
        self.status.read_problem(Some(why));
        self.clock.sleep(*pause).await;
        *pause = (*pause * 2).min(MAX_BACKOFF);
        Ok(())
    }
}
