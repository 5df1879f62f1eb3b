//! Takes batches of alerts in, and what is decided about them before they are acknowledged.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::runtime::Handle;

use super::live::Mark;
use super::{AppendOutcome, Queued, Received, Store, blocked, count, handover, redacted, seal};
use crate::domain::{Alert, Entry, Fact, Incident, IncidentId};
use crate::pipeline::correlate::correlate;
use crate::pipeline::flood::{BoundedBatch, Intake, contain};
use crate::ports::JournalError;

/// A batch that is part of the live state and on its way into the journal.
#[must_use = "it is not durable before `Store::lasts` has returned"]
pub struct AcceptedBatch {
    received: Received,
    append: Option<BoxFuture<'static, Result<(), JournalError>>>,
    mark: Mark,
    touched: Vec<IncidentId>,
    opened: Vec<IncidentId>,
    /// What was queued behind it.
    behind: Vec<Queued>,
}

impl AcceptedBatch {
    /// The incidents that it has opened.
    pub fn opened(&self) -> &[IncidentId] {
        &self.opened
    }
}

impl Store {
    /// Takes a batch of alerts. When this returns, whatever it means is durable. A caller that does
    /// not wait for that leaves no incident behind that nobody looks after.
    ///
    /// # Errors
    /// When the journal does not take it: the sender must send it again.
    pub async fn receive(self: &Arc<Self>, alerts: Vec<Alert>) -> Result<Received, JournalError> {
        let taken = self.take(alerts)?;
        self.lasts(taken).await
    }

    /// Takes facts that follow from what is known of an incident of a batch: they are queued right behind it, and
    /// nobody looks after the incident before they are durable. False, and nothing taken, if something has happened to
    /// it since.
    ///
    /// # Errors
    /// When the live state is ahead of the journal.
    pub fn take_behind(
        &self,
        taken: &mut AcceptedBatch,
        known: (&IncidentId, u64),
        facts: Vec<Fact>,
    ) -> Result<bool, JournalError> {
        let (id, version) = known;
        match self.put(id, Some(version), facts)? {
            AppendOutcome::NoIncident | AppendOutcome::Outdated => Ok(false),
            AppendOutcome::Queued(queued) => {
                taken.behind.push(queued);
                Ok(true)
            }
        }
    }

    /// Comes back when a batch is durable. What was taken behind it becomes so after it, and is not waited for.
    ///
    /// # Errors
    /// When the journal does not take the batch: the sender must send it again.
    pub async fn lasts(self: &Arc<Self>, taken: AcceptedBatch) -> Result<Received, JournalError> {
        let AcceptedBatch { received, append, mark, touched, behind, .. } = taken;
        if behind.is_empty() {
            if let Some(append) = append {
                self.durable(append, &touched, mark).await?;
            }
            for id in &touched {
                self.wake(id);
            }
            return Ok(received);
        }
        let behind = QueuedBehind { store: Arc::clone(self), queued: behind, touched };
        if let Some(append) = append {
            self.durable(append, &[], mark).await?;
        }
        drop(behind);
        Ok(received)
    }

    /// Takes a batch into the live state and queues it for the journal.
    ///
    /// # Errors
    /// When the live state is ahead of the journal, or there is no room: the sender must send it again.
    pub fn take(&self, alerts: Vec<Alert>) -> Result<AcceptedBatch, JournalError> {
        let mut received = Received::default();
        self.observer.heard(&alerts);
        let alerts = redacted::alerts(alerts);
        let now = self.clock.now();
        let mut guard = self.live();
        self.whole()?;
        let live = &mut *guard;
        let seen = alerts.len();
        let mut batch = correlate(&live.index, &live.incidents, alerts, &self.group_of, now);
        (received.alerts, received.folded) = (seen.saturating_sub(batch.folded), batch.folded);
        let joined = std::mem::take(&mut batch.joined);
        let (repeats, unknown_resolved) = (std::mem::take(&mut batch.repeats), batch.unknown_resolved);
        let (handed_over, ended) = (std::mem::take(&mut batch.handed_over), std::mem::take(&mut batch.ended));
        received.late = batch.late;
        let BoundedBatch { opened, changed, counted } =
            contain(batch, &live.index, &live.incidents, &self.bounds).map_err(JournalError)?;
        live.seen += seen as u64;
        (received.unknown_resolved, received.counted) = (unknown_resolved, counted);
        handover::release(live, &handed_over);
        for (alert, end) in ended {
            live.index.end(alert, end);
        }
        let mut sealed = Vec::new();
        let mut touched = Vec::new();
        let mut fresh = Vec::with_capacity(opened.len());
        for (group_key, Intake { alerts, counted }) in opened {
            let id = self.unused_id(live, now);
            let source = alerts.first().map(|alert| alert.source.clone()).unwrap_or_default();
            let entry = Entry { at: now, fact: Fact::Opened { group_key, source, alerts } };
            let Some(mut incident) = Incident::open(id.clone(), &entry) else { continue };
            live.shared.incident(&mut incident);
            sealed.push(seal(&mut incident, &entry)?);
            live.history.note(&incident, [&entry.fact]);
            sealed.extend(count(&mut live.index, &mut incident, counted, now)?);
            live.index.insert(&incident);
            live.listing.note(&incident);
            live.incidents.insert(id.clone(), Arc::new(incident));
            fresh.push(id);
        }
        blocked::block(live, &fresh, now, &mut sealed)?;
        touched.extend(fresh.iter().cloned());
        for (id, Intake { alerts, counted }) in changed {
            let Some(incident) = live.incidents.get_mut(&id) else { continue };
            let incident = Arc::make_mut(incident);
            if !alerts.is_empty() {
                live.index.take(incident, alerts.iter());
                let entry = Entry { at: now, fact: Fact::AlertsChanged { alerts } };
                incident.apply(&entry);
                sealed.push(seal(incident, &entry)?);
                live.history.note(incident, [&entry.fact]);
                live.hidden.note(incident);
            }
            sealed.extend(count(&mut live.index, incident, counted, now)?);
            live.listing.note(incident);
            touched.push(id);
        }
        blocked::join(live, joined, now, &mut sealed)?;
        received.incidents.clone_from(&touched);
        touched.extend(handover::record(live, handed_over, now, &mut sealed)?);
        // What is late or not known any more may rest on an end that is not durable yet.
        let rests = unknown_resolved + received.late > 0;
        let mut waits = !sealed.is_empty() || rests && live.durable < live.appends;
        for (id, count) in repeats {
            received.repeats += count;
            waits |= live.written.get(&id).is_some_and(|written| *written > live.durable);
            *live.repeats.entry(id).or_default() += count;
        }
        // An empty batch is a barrier: it is durable when everything before it is.
        let append = waits.then(|| self.journal.append(sealed));
        let mark = live.mark(append.is_some(), &touched);
        drop(guard);
        Ok(AcceptedBatch { received, append, mark, touched, opened: fresh, behind: Vec::new() })
    }
}

/// What was queued behind a batch. Whoever stops waiting for the batch, for whatever reason, leaves it to a task.
struct QueuedBehind {
    store: Arc<Store>,
    queued: Vec<Queued>,
    touched: Vec<IncidentId>,
}

impl Drop for QueuedBehind {
    fn drop(&mut self) {
        let store = Arc::clone(&self.store);
        let (queued, touched) = (std::mem::take(&mut self.queued), std::mem::take(&mut self.touched));
        let mut rest = Box::pin(async move { store.follow(queued, touched).await });
        // Mostly it went to the disk with the batch.
        if (&mut rest).now_or_never().is_none()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(rest);
        }
    }
}

impl Store {
    /// Waits for what was queued behind a batch; then everybody whom any of it concerns is looked after.
    async fn follow(&self, queued: Vec<Queued>, mut touched: Vec<IncidentId>) {
        for Queued { append, mark, touched: concerned, freed } in queued {
            // Whoever is woken finds the journal broken, and sees to it.
            let _ = self.durable(append, &concerned, mark).await;
            touched.extend(freed);
        }
        for id in &touched {
            self.wake(id);
        }
    }
}
