//! The live incidents over the journal.
//!
//! Guarantees: entries reach the journal in the order in which they change an incident; `receive`
//! and `append` return only when everything that they rest on is durable, also where an alert is
//! merely a repeat of one that another request is just journaling. After a journal error the live
//! state is ahead of the journal, so nothing more is taken until [`Store::reload`] has read it anew.

mod blocked;
mod catch_up;
mod controls;
mod conversations;
mod handover;
mod in_flight;
mod listing;
mod live;
mod receive;
mod recent_ends;
mod redacted;
mod reopen;
mod replay;
mod shared;
mod silences;
mod tools;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, RwLock};

use futures::future::BoxFuture;
use tokio::sync::{broadcast, mpsc};

use crate::domain::control::{self, Control};
use crate::domain::counted::CountedChange;
use crate::domain::history::Past;
use crate::domain::{Entry, Fact, Head, History, Incident, IncidentId, Sealed};
use crate::pipeline::correlate::{GroupOf, Index, Scope};
use crate::pipeline::flood::FloodLimits;
use crate::ports::{Clock, Journal, JournalError, NoObserver, Observer};
use crate::random::Random;

pub use in_flight::InFlight;
pub use receive::AcceptedBatch;
pub(crate) use redacted::inspected;
pub use replay::{Replayed, open_all, replay};

use in_flight::InFlightEffects;
use live::{Live, Mark};
use tools::RecordedTools;

/// What became of a batch of alerts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// Alerts in the batch, each once.
    pub alerts: usize,
    /// Messages beside these about an alert of which the batch says something later.
    pub folded: usize,
    /// Incidents that were opened or changed.
    pub incidents: Vec<IncidentId>,
    /// Alerts that only repeated what is known.
    pub repeats: u64,
    /// Resolved alerts that nobody here knows.
    pub unknown_resolved: usize,
    /// Messages that are older than what is known, such as of a beginning whose end has come in already.
    pub late: usize,
    /// Alerts that are beyond the bounds and counted from now on.
    pub counted: usize,
}

/// The live incidents.
pub struct Store {
    journal: Arc<dyn Journal>,
    clock: Arc<dyn Clock>,
    random: Arc<Random>,
    group_of: Box<GroupOf>,
    bounds: FloodLimits,
    scope: Scope,
    live: Mutex<Live>,
    wake: mpsc::UnboundedSender<IncidentId>,
    changes: broadcast::Sender<String>,
    /// Why the journal takes nothing; none when it does.
    broken: RwLock<Option<JournalError>>,
    /// Orders to the host as a whole are obeyed one after the other, and not between a permit and
    /// its intent.
    orders: tokio::sync::RwLock<()>,
    tools: Mutex<RecordedTools>,
    under_way: Arc<InFlightEffects>,
    observer: Arc<dyn Observer>,
}

impl Store {
    /// A store over a journal, with the incidents that are not settled. Incidents to look after are
    /// named on `wake`.
    pub fn new(
        journal: Arc<dyn Journal>,
        clock: Arc<dyn Clock>,
        random: Arc<Random>,
        group_of: Box<GroupOf>,
        wake: mpsc::UnboundedSender<IncidentId>,
    ) -> Self {
        Self {
            journal,
            clock,
            random,
            group_of,
            bounds: FloodLimits::default(),
            scope: Scope::default(),
            live: Mutex::new(Live::default()),
            wake,
            changes: broadcast::channel(1024).0,
            broken: RwLock::new(None),
            orders: tokio::sync::RwLock::new(()),
            tools: Mutex::default(),
            under_way: Arc::default(),
            observer: Arc::new(NoObserver),
        }
    }

    /// The same with these bounds of what is live.
    #[must_use]
    pub fn with_bounds(self, bounds: FloodLimits) -> Self {
        Self { bounds, ..self }
    }

    /// The same, in which alerts of several sources come together like this.
    #[must_use]
    pub fn with_scope(self, scope: Scope) -> Self {
        self.live().index = Index::new(scope.clone());
        Self { scope, ..self }
    }

    /// The same with somebody who counts what happens.
    #[must_use]
    pub fn with_observer(self, observer: Arc<dyn Observer>) -> Self {
        Self { observer, ..self }
    }

    fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Replaces the live state by what the journal says; `past` are all incidents in which policies may
    /// count.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn reload(&self, unsettled: Vec<Incident>, past: Vec<Past>) -> Result<Vec<Control>, JournalError> {
        let sealed = self.journal.stream(control::STREAM)?;
        let mut live = Live { index: Index::new(self.scope.clone()), ..Live::default() };
        live.listing.count(&past);
        let going_on = unsettled.iter().filter(|incident| incident.closed.is_none());
        let going_on: HashSet<&IncidentId> = going_on.map(|incident| &incident.id).collect();
        live.history = History::of(past.into_iter().filter(|past| !going_on.contains(&past.incident)), []);
        if let Some(last) = sealed.last() {
            live.control = last.n;
        }
        let mut controls = Vec::new();
        for entry in sealed.iter().filter_map(|sealed| sealed.open::<Control>().ok()) {
            if let Control::Silence(event) = &entry.fact {
                live.history.silence(event, entry.at);
                live.hidden.restore(event, entry.at);
            }
            controls.push(entry.fact);
        }
        let mut known = RecordedTools::default();
        for control in &controls {
            if let Control::Tools(change) = control {
                known.journaled.follow(change);
            }
        }
        *self.known_tools() = known;
        recent_ends::recall(self.journal.as_ref(), &mut live.index)?;
        for mut incident in unsettled {
            live.shared.incident(&mut incident);
            live.listing.restore(&incident);
            if incident.closed.is_none() {
                live.index.insert(&incident);
                live.index.count_all(&incident);
                live.history.adopt(&incident);
                live.hidden.adopt(&incident);
            }
            if let (Some(blocked), None) = (&incident.blocked, &incident.conclusion) {
                live.blocked.entry(blocked.by.clone()).or_default().push(incident.id.clone());
            }
            live.incidents.insert(incident.id.clone(), Arc::new(incident));
        }
        let mut ids: Vec<IncidentId> = live.incidents.keys().cloned().collect();
        ids.sort();
        let mut place = self.live();
        live.generation = place.generation + 1;
        *place = live;
        *self.broken.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = None;
        drop(place);
        self.reloaded();
        for id in ids {
            self.wake(&id);
        }
        Ok(controls)
    }

    /// Why the journal takes nothing; none when it does.
    pub fn broken(&self) -> Option<JournalError> {
        self.broken.read().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    /// Asks for an incident to be looked after.
    pub fn wake(&self, id: &IncidentId) {
        // Nobody listens only while the host stops.
        let _ = self.wake.send(id.clone());
        self.note_change(id);
    }

    fn note_change(&self, id: &IncidentId) {
        if self.changes.receiver_count() > 0 {
            // Who listened may have gone by now.
            let _ = self.changes.send(id.to_string());
        }
    }

    /// Names of incidents as they change.
    pub fn changes(&self) -> broadcast::Receiver<String> {
        self.changes.subscribe()
    }

    /// A live incident.
    pub fn get(&self, id: &IncidentId) -> Option<Arc<Incident>> {
        self.live().incidents.get(id).cloned()
    }

    /// All live incidents.
    pub fn all(&self) -> Vec<Arc<Incident>> {
        self.live().incidents.values().cloned().collect()
    }

    /// The past and the present as policies may know them now.
    pub fn history(&self) -> History {
        self.live().history.clone()
    }

    /// Repeats of an incident's alerts since the start.
    pub fn repeats(&self, id: &IncidentId) -> u64 {
        self.live().repeats.get(id).copied().unwrap_or(0)
    }

    /// Live incidents, and alerts seen since the start.
    pub fn counts(&self) -> (usize, u64) {
        let live = self.live();
        (live.incidents.len(), live.seen)
    }

    /// The journal's entries of an incident.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn entries(&self, id: &IncidentId) -> Result<Vec<Entry>, JournalError> {
        open_all(&self.journal.stream(&id.0)?)
    }

    /// The head of the chain over what is durable, if there is one.
    pub fn head(&self) -> Option<Head> {
        self.journal.head()
    }

    /// Appends facts to an incident. When this returns they are durable.
    ///
    /// # Errors
    /// When the journal does not take them.
    pub async fn append(&self, id: &IncidentId, facts: Vec<Fact>) -> Result<(), JournalError> {
        self.write(id, None, facts).await.map(|_| ())
    }

    /// Appends facts that follow from what is known of an incident; false, and nothing appended, if
    /// something has happened to it since.
    ///
    /// # Errors
    /// When the journal does not take them.
    pub async fn append_behind(&self, known: &Incident, facts: Vec<Fact>) -> Result<bool, JournalError> {
        self.write(&known.id, Some(known.version), facts).await
    }

    async fn write(&self, id: &IncidentId, behind: Option<u64>, facts: Vec<Fact>) -> Result<bool, JournalError> {
        match self.put(id, behind, facts)? {
            AppendOutcome::NoIncident => Ok(true),
            AppendOutcome::Outdated => Ok(false),
            AppendOutcome::Queued(queued) => {
                self.durable(queued.append, &queued.touched, queued.mark).await?;
                self.note_change(id);
                for id in &queued.freed {
                    self.wake(id);
                }
                Ok(true)
            }
        }
    }

    /// Takes facts into the live state and queues them for the journal.
    fn put(&self, id: &IncidentId, behind: Option<u64>, facts: Vec<Fact>) -> Result<AppendOutcome, JournalError> {
        let now = self.clock.now();
        let facts: Vec<Fact> = facts.into_iter().map(redacted::fact).collect();
        let mut guard = self.live();
        self.whole()?;
        let live = &mut *guard;
        let Some(incident) = live.incidents.get_mut(id) else { return Ok(AppendOutcome::NoIncident) };
        if behind.is_some_and(|version| version != incident.version) {
            return Ok(AppendOutcome::Outdated);
        }
        let incident = Arc::make_mut(incident);
        let mut sealed = Vec::with_capacity(facts.len());
        let mut happened = Vec::with_capacity(facts.len());
        for mut fact in facts {
            live.shared.fact(&mut fact);
            let entry = Entry { at: now, fact };
            incident.apply(&entry);
            sealed.push(seal(incident, &entry)?);
            self.observer.noted(incident, &entry);
            happened.push(entry.fact);
        }
        live.history.note(incident, &happened);
        live.hidden.note(incident);
        live.listing.note(incident);
        // Both go through all alerts, and happen once.
        if happened.iter().any(|fact| matches!(fact, Fact::Closed { .. })) {
            live.index.remove(incident);
        } else if happened.iter().any(|fact| matches!(fact, Fact::Concluded { .. })) {
            live.index.conclude(incident);
        }
        let begins = incident.blocked.is_some()
            && happened.iter().any(|fact| matches!(fact, Fact::Decided { .. }))
            && blocked::acts(incident);
        let freed = match happened.iter().find_map(blocked::ends) {
            Some(outcome) => blocked::release(live, id, outcome, now, &mut sealed)?,
            None if begins => blocked::pass(live, id, now, &mut sealed)?,
            None => Vec::new(),
        };
        let touched: Vec<IncidentId> = freed.iter().chain([id]).cloned().collect();
        let (append, mark) = (self.journal.append(sealed), live.mark(true, &touched));
        Ok(AppendOutcome::Queued(Queued { append, mark, touched, freed }))
    }

    /// Refuses once the store is closed, and while the live state is ahead of the journal; asked with the live state locked.
    fn whole(&self) -> Result<(), JournalError> {
        self.open()?;
        self.broken().map_or(Ok(()), Err)
    }

    fn unused_id(&self, live: &Live, now: jiff::Timestamp) -> IncidentId {
        // Thousands of incidents may open in one millisecond.
        loop {
            let id = IncidentId::new(now, self.random.next());
            if !live.incidents.contains_key(&id) {
                return id;
            }
        }
    }

    async fn durable(
        &self,
        append: BoxFuture<'static, Result<(), JournalError>>,
        ids: &[IncidentId],
        mark: Mark,
    ) -> Result<(), JournalError> {
        let mut waiting = Waiting { store: self, ids, heard: false };
        let queued = self.clock.elapsed();
        let result = append.await;
        waiting.heard = true;
        if result.is_ok() {
            self.observer.appended(self.clock.elapsed().saturating_sub(queued));
        }
        let mut live = self.live();
        // What was written before the live state was read anew says nothing about it.
        if live.generation == mark.generation {
            match &result {
                Ok(()) => live.durable(mark.append, ids),
                Err(error) => {
                    let mut broken = self.broken.write().unwrap_or_else(|poisoned| poisoned.into_inner());
                    *broken = Some(error.clone());
                }
            }
        }
        result
    }

    /// Forgets an incident to which nothing more will happen.
    pub fn forget(&self, id: &IncidentId) {
        let mut live = self.live();
        live.incidents.remove(id);
        live.listing.forget(id);
        live.repeats.remove(id);
        live.written.remove(id);
    }

    /// Tries to make the journal writable again.
    ///
    /// # Errors
    /// Why it is not.
    pub async fn recover(&self) -> Result<(), JournalError> {
        self.journal.recover().await
    }
}

/// What became of facts that were put into the live state.
enum AppendOutcome {
    /// There is no such incident any more.
    NoIncident,
    /// Something has happened to it since; nothing was put.
    Outdated,
    /// They are on their way into the journal.
    Queued(Queued),
}

/// Entries on their way into the journal.
struct Queued {
    append: BoxFuture<'static, Result<(), JournalError>>,
    mark: Mark,
    /// Whom they concern.
    touched: Vec<IncidentId>,
    /// Who waits no more for another incident.
    freed: Vec<IncidentId>,
}

/// Somebody who waits until entries are durable.
struct Waiting<'a> {
    store: &'a Store,
    ids: &'a [IncidentId],
    heard: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.heard {
            return;
        }
        // The caller hung up; what it wrote still becomes durable, before anything that follows.
        for id in self.ids {
            self.store.wake(id);
        }
    }
}

/// Takes in what of an incident is counted and not kept in full.
fn count(
    index: &mut Index,
    incident: &mut Incident,
    change: Option<CountedChange>,
    now: jiff::Timestamp,
) -> Result<Option<Sealed>, JournalError> {
    let Some(change) = change else { return Ok(None) };
    index.count(&incident.id, &change);
    let entry = Entry { at: now, fact: Fact::AlertsCounted { change } };
    incident.apply(&entry);
    seal(incident, &entry).map(Some)
}

/// Applies nothing: gives the entry its place behind what the incident has.
fn seal(incident: &mut Incident, entry: &Entry) -> Result<Sealed, JournalError> {
    let sealed = Sealed::new(&incident.id.0, incident.version + 1, entry).map_err(unwritable)?;
    incident.version = sealed.n;
    Ok(sealed)
}

fn unwritable(error: serde_json::Error) -> JournalError {
    JournalError(format!("an entry cannot be written as JSON: {error}"))
}
