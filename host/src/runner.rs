//! Looks after every live incident: does what [`crate::domain::next`] says, one effect at a time an
//! incident, many incidents at once, and the deliveries beside.
//!
//! A journal error stops everything; the runner then waits until the journal takes entries again,
//! reads the live state anew and goes on as after a restart.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, Semaphore, mpsc};

use crate::domain::incident::due;
use crate::domain::{IncidentId, Next, next};
use crate::pipeline::{Services, deliver, perform};
use crate::ports::JournalError;

/// Effects under way at once: enough to hide slow tools, few enough to be kind to them.
const EFFECTS: usize = 64;
/// Deliveries under way at once to one target.
const DELIVERIES_PER_TARGET: usize = 4;
/// Pause between attempts to revive the journal.
const REVIVE: SignedDuration = SignedDuration::from_secs(1);

/// Reads the unsettled incidents anew after a journal error.
pub type Reload = dyn Fn() -> Result<(), JournalError> + Send + Sync;

/// The runner.
pub struct Runner {
    services: Arc<Services>,
    reload: Box<Reload>,
    effects: Semaphore,
    state: Mutex<State>,
    timer: Notify,
}

#[derive(Default)]
struct State {
    /// Incidents that a task looks after now, and whether it must look once more.
    driven: HashMap<IncidentId, bool>,
    /// Deliveries under way.
    delivering: HashSet<String>,
    targets: HashMap<String, Arc<Semaphore>>,
    timers: BTreeSet<(Timestamp, IncidentId)>,
    reviving: bool,
}

impl Runner {
    /// A runner over the services.
    pub fn new(services: Arc<Services>, reload: Box<Reload>) -> Arc<Self> {
        Arc::new(Self {
            services,
            reload,
            effects: Semaphore::new(EFFECTS),
            state: Mutex::new(State::default()),
            timer: Notify::new(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Runs until the store is gone.
    pub async fn run(self: Arc<Self>, mut woken: mpsc::UnboundedReceiver<IncidentId>) {
        loop {
            let next_timer = self.state().timers.first().map(|(at, _)| *at);
            let clock = Arc::clone(&self.services.clock);
            let sleep = async move {
                match next_timer {
                    Some(at) => clock.sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            // In a fixed order: a simulation must be able to repeat a history exactly.
            tokio::select! {
                biased;
                () = self.timer.notified() => {}
                () = sleep => self.ring(),
                id = woken.recv() => match id {
                    Some(id) => self.look_after(id),
                    None => return,
                },
            }
        }
    }

    /// Whether nothing is under way and nothing but waiting is left.
    pub fn idle(&self) -> bool {
        let state = self.state();
        state.driven.is_empty() && state.delivering.is_empty() && !state.reviving
    }

    fn ring(self: &Arc<Self>) {
        let now = self.services.clock.now();
        loop {
            let id = {
                let mut state = self.state();
                match state.timers.first() {
                    Some((at, _)) if *at <= now => state.timers.pop_first().map(|(_, id)| id),
                    _ => None,
                }
            };
            let Some(id) = id else { return };
            self.look_after(id);
        }
    }

    fn set_timer(&self, at: Timestamp, id: &IncidentId) {
        let mut state = self.state();
        let first = state.timers.first().map(|(at, _)| *at);
        state.timers.insert((at, id.clone()));
        if first.is_none_or(|first| at < first) {
            self.timer.notify_one();
        }
    }

    /// Starts a task for the incident, or tells the one that is there to look once more.
    fn look_after(self: &Arc<Self>, id: IncidentId) {
        if let Some(again) = self.state().driven.get_mut(&id) {
            *again = true;
            return;
        }
        self.state().driven.insert(id.clone(), false);
        let runner = Arc::clone(self);
        tokio::spawn(async move {
            loop {
                let result = runner.drive(&id).await;
                if let Err(error) = result {
                    tracing::error!(incident = %id, %error, "the incident waits until the journal is back");
                    runner.state().driven.remove(&id);
                    runner.revive();
                    return;
                }
                let mut state = runner.state();
                match state.driven.get_mut(&id) {
                    Some(again) if *again => *again = false,
                    _ => {
                        state.driven.remove(&id);
                        return;
                    }
                }
            }
        });
    }

    async fn drive(self: &Arc<Self>, id: &IncidentId) -> Result<(), JournalError> {
        loop {
            // Nothing is looked at, asked or told on the strength of what is not durable.
            if let Some(broken) = self.services.store.broken() {
                return Err(broken);
            }
            let Some(incident) = self.services.store.get(id) else {
                return Ok(());
            };
            self.start_deliveries(id);
            if incident.settled() {
                self.services.store.forget(id);
                return Ok(());
            }
            match next(&incident, self.services.clock.now(), &self.services.limits) {
                Next::Do(effect) => {
                    let Ok(_slot) = self.effects.acquire().await else { return Ok(()) };
                    // Somebody may have said no, or an alert may have ended, while it waited for its slot.
                    if self.services.store.get(id).is_none_or(|now| now.version != incident.version) {
                        continue;
                    }
                    perform(&self.services, &incident, effect).await?;
                }
                Next::Wait(at) => {
                    self.set_timer(at, id);
                    return Ok(());
                }
                Next::Idle => return Ok(()),
            }
        }
    }

    fn start_deliveries(self: &Arc<Self>, id: &IncidentId) {
        let Some(incident) = self.services.store.get(id) else { return };
        let (ready, later) = due(&incident, self.services.clock.now());
        if let Some(at) = later {
            self.set_timer(at, id);
        }
        for delivery in ready {
            if !self.state().delivering.insert(delivery.id.clone()) {
                continue;
            }
            let slots = Arc::clone(
                self.state()
                    .targets
                    .entry(delivery.target.clone())
                    .or_insert_with(|| Arc::new(Semaphore::new(DELIVERIES_PER_TARGET))),
            );
            let (runner, incident, delivery) = (Arc::clone(self), Arc::clone(&incident), delivery.clone());
            tokio::spawn(async move {
                if let Ok(_slot) = slots.acquire().await {
                    // The incident may have moved on while the delivery waited for its slot.
                    let incident = runner.services.store.get(&incident.id).unwrap_or(incident);
                    let result = match runner.services.store.broken() {
                        Some(broken) => Err(broken),
                        None => deliver(&runner.services, &incident, &delivery).await,
                    };
                    runner.state().delivering.remove(&delivery.id);
                    match result {
                        Ok(()) => runner.services.store.wake(&incident.id),
                        Err(_) => runner.revive(),
                    }
                }
            });
        }
    }

    /// Tries to get the journal back until it takes entries, then reloads and wakes everything.
    fn revive(self: &Arc<Self>) {
        if std::mem::replace(&mut self.state().reviving, true) {
            return;
        }
        let runner = Arc::clone(self);
        tokio::spawn(async move {
            loop {
                let at = runner.services.clock.now().saturating_add(REVIVE).unwrap_or(Timestamp::MAX);
                runner.services.clock.sleep_until(at).await;
                // What is under way may rest on what is not durable. A delivery does not, and a dead
                // target must not keep the host from going on.
                if !runner.state().driven.is_empty() {
                    continue;
                }
                // Only a broken journal has nothing on its way any more, so that it can be read anew.
                let result = match runner.services.store.broken() {
                    None => {
                        runner.wake_all();
                        Ok(())
                    }
                    Some(_) => match runner.services.store.recover().await {
                        Ok(()) => (runner.reload)(),
                        Err(error) => Err(error),
                    },
                };
                match result {
                    Ok(()) => {
                        tracing::info!("the journal takes entries again");
                        runner.state().reviving = false;
                        return;
                    }
                    Err(error) => tracing::error!(%error, "still waiting for the journal"),
                }
            }
        });
    }

    fn wake_all(&self) {
        let mut ids: Vec<IncidentId> = self.services.store.all().iter().map(|incident| incident.id.clone()).collect();
        ids.sort();
        ids.iter().for_each(|id| self.services.store.wake(id));
    }

    /// Starts to revive the journal, if it is broken; called where nobody drives an incident.
    pub fn check_journal(self: &Arc<Self>) {
        if self.services.store.broken().is_some() {
            self.revive();
        }
    }
}
