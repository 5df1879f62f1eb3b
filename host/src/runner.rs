//! Looks after every live incident: does what [`crate::domain::next`] says, one effect at a time an
//! incident, many incidents at once, and the deliveries beside.
//!
//! A journal error stops everything; the runner then waits until the journal takes entries again,
//! reads the live state anew and goes on as after a restart.

mod abandoned;
mod deliveries;
mod panics;
mod pools;
mod revival;
mod target_queue;
#[cfg(test)]
mod tests;
mod wall_clock;

use std::collections::{BTreeSet, HashMap};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures::FutureExt;
use jiff::Timestamp;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use crate::domain::incident::Effect;
use crate::domain::{Incident, IncidentId, Next};
use crate::pipeline::{PATIENCE, Services, coming, coming_when, end_collection, perform};
use crate::ports::{JournalError, remaining};
use crate::traces::context;
use deliveries::Deliveries;
use pools::{Pool, Pools, Reservation, WaitOutcome};
use wall_clock::WallClockDrift;

pub use deliveries::TargetStatus;
pub use target_queue::FailingTarget;

/// Reads the unsettled incidents anew after a journal error.
pub type Reload = dyn Fn() -> Result<(), JournalError> + Send + Sync;

/// So many incidents are looked after before the timers are looked at again.
const AT_ONCE: usize = 64;

/// The runner.
pub struct Runner {
    services: Arc<Services>,
    reload: Box<Reload>,
    places: Pools,
    deliveries: Deliveries,
    state: Mutex<State>,
    timer: Notify,
    panics: AtomicU64,
}

#[derive(Default)]
struct State {
    driven: HashMap<IncidentId, RunningTask>,
    timers: BTreeSet<Timer>,
    /// How often in a row the handling of an incident has panicked.
    panicked: HashMap<IncidentId, u32>,
    wall: WallClockDrift,
    reviving: bool,
}

/// An incident that a task looks after now.
struct RunningTask {
    /// Whether the task must look once more.
    again: bool,
    /// What the timer waited for that rang last, as the clock showed it before it was ever set back.
    rung: Option<Timestamp>,
    woken: Arc<Notify>,
    task: JoinHandle<()>,
}

/// Rings after a time that no setting of the wall clock changes.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Timer {
    /// By [`crate::ports::Clock::elapsed`].
    due: Duration,
    incident: IncidentId,
    /// The wait of the incident that is over then, as the clock showed it before it was ever set back.
    at: Timestamp,
}

impl Runner {
    /// A runner over the services.
    pub fn new(services: Arc<Services>, reload: Box<Reload>) -> Arc<Self> {
        Arc::new(Self {
            services,
            reload,
            places: Pools::default(),
            deliveries: Deliveries::default(),
            state: Mutex::new(State::default()),
            timer: Notify::new(),
            panics: AtomicU64::new(0),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Runs until the store is gone.
    pub async fn run(self: Arc<Self>, mut woken: mpsc::UnboundedReceiver<IncidentId>) {
        // What it is compared with from now on.
        self.on_wall_clock_set();
        let mut ids = Vec::new();
        loop {
            let next_timer = self.state().timers.first().map(|timer| timer.due);
            let clock = Arc::clone(&self.services.clock);
            let sleep = async move {
                match next_timer {
                    Some(due) => clock.sleep(due.saturating_sub(clock.elapsed())).await,
                    None => std::future::pending().await,
                }
            };
            // In a fixed order: a simulation must be able to repeat a history exactly.
            tokio::select! {
                biased;
                () = self.timer.notified() => {}
                () = sleep => self.ring(),
                count = woken.recv_many(&mut ids, AT_ONCE) => {
                    if count == 0 {
                        return;
                    }
                    ids.drain(..).for_each(|id| self.look_after(id, None));
                }
            }
        }
    }

    /// Whether nothing is under way and nothing but waiting is left.
    pub fn idle(&self) -> bool {
        let state = self.state();
        state.driven.is_empty() && !state.reviving && self.deliveries.idle(self.services.clock.elapsed())
    }

    /// How often the handling of an incident or of a message has panicked.
    pub fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    /// Begins no effect any more and waits for those under way, but no longer than this. What only looks
    /// or asks is cut off: the next start does it again.
    pub async fn wind_down(&self, within: Duration) {
        let store = &self.services.store;
        store.begin_nothing();
        self.cut_off().await;
        if tokio::time::timeout(within, store.at_rest()).await.is_err() {
            let left = store.effects();
            tracing::warn!(left, "calls and messages under way did not end in time; the next start settles them");
        }
    }

    fn ring(self: &Arc<Self>) {
        if self.on_wall_clock_set() {
            self.wake_all();
        }
        let elapsed = self.services.clock.elapsed();
        loop {
            let timer = {
                let mut state = self.state();
                match state.timers.first() {
                    Some(timer) if timer.due <= elapsed => state.timers.pop_first(),
                    _ => None,
                }
            };
            let Some(Timer { incident, at, .. }) = timer else { return };
            self.look_after(incident, Some(at));
        }
    }

    fn on_wall_clock_set(&self) -> bool {
        let clock = &self.services.clock;
        self.state().wall.was_set(clock.now(), clock.elapsed())
    }

    fn set_timer(&self, at: Timestamp, id: &IncidentId) {
        self.set_timer_of(at, at, id);
    }

    fn set_timer_of(&self, wait: Timestamp, at: Timestamp, id: &IncidentId) {
        let clock = &self.services.clock;
        let due = clock.elapsed().saturating_add(remaining(clock.now(), at));
        let mut state = self.state();
        let first = state.timers.first().map(|timer| timer.due);
        state.timers.insert(Timer { due, incident: id.clone(), at: wait });
        if first.is_none_or(|first| due < first) {
            self.timer.notify_one();
        }
    }

    /// Starts a task for the incident, or tells the one that is there to look once more.
    fn look_after(self: &Arc<Self>, id: IncidentId, rung: Option<Timestamp>) {
        self.check_journal();
        if rung.is_none() && !self.state().driven.contains_key(&id) && self.has_nothing_to_do(&id) {
            return;
        }
        let mut state = self.state();
        if let Some(driven) = state.driven.get_mut(&id) {
            driven.again = true;
            driven.rung = rung.or(driven.rung);
            driven.woken.notify_one();
            return;
        }
        if self.services.store.is_stopping() {
            return;
        }
        let woken = Arc::new(Notify::new());
        let task = tokio::spawn(Arc::clone(self).keep_driving(id.clone(), Arc::clone(&woken)));
        state.driven.insert(id, RunningTask { again: false, rung, woken, task });
    }

    /// Whether an incident that nobody drives has nothing to do now but to wait: for that it needs no task.
    fn merely_waits(&self, id: &IncidentId) -> bool {
        let services = &self.services;
        if services.store.is_stopping() || services.store.broken().is_some() {
            return false;
        }
        let Some(incident) = services.store.get(id) else { return true };
        if incident.closed.is_some() || !incident.deliveries.is_empty() || !incident.actions.is_empty() {
            return false;
        }
        match coming(services, &incident, services.clock.now()) {
            Next::Do(_) => false,
            Next::Idle => true,
            Next::Wait(at) => {
                self.set_timer_of(waits_for(&incident, at), at, id);
                true
            }
        }
    }

    /// The same, and false where finding out panics: then it gets a task, in which panics are seen to.
    fn has_nothing_to_do(&self, id: &IncidentId) -> bool {
        std::panic::catch_unwind(AssertUnwindSafe(|| self.merely_waits(id))).unwrap_or(false)
    }

    async fn keep_driving(self: Arc<Self>, id: IncidentId, woken: Arc<Notify>) {
        loop {
            // Whatever panics, its incident must be looked after again.
            let driving = AssertUnwindSafe(self.drive(&id, &woken)).catch_unwind().await;
            let (ended, after) = match driving {
                Ok(Ok(())) => (false, None),
                Ok(Err(error)) => (true, Some(error)),
                Err(_) => (true, None),
            };
            {
                let mut state = self.state();
                // Nobody but this task takes this out, unless the task was cut off.
                match state.driven.get_mut(&id).filter(|driven| Arc::ptr_eq(&driven.woken, &woken)) {
                    Some(driven) if driven.again && !ended => {
                        driven.again = false;
                        continue;
                    }
                    Some(_) => drop(state.driven.remove(&id)),
                    None => return,
                }
                if !ended {
                    state.panicked.remove(&id);
                }
            }
            match after {
                Some(_) if self.services.store.is_closed() => {}
                Some(error) => {
                    tracing::error!(incident = %id, %error, "the incident waits until the journal is back");
                    self.revive();
                }
                None if ended => self.after_panic(&id).await,
                None => {}
            }
            return;
        }
    }

    async fn drive(self: &Arc<Self>, id: &IncidentId, woken: &Notify) -> Result<(), JournalError> {
        let mut reserved: Option<Reservation> = None;
        let clock = Arc::clone(&self.services.clock);
        let mut queued_at = clock.elapsed();
        loop {
            if self.services.store.is_stopping() {
                return Ok(());
            }
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
            let now = self.services.clock.now();
            let mut coming = coming_when(&self.services, &incident, now);
            let wait = |at: Timestamp| waits_for(&incident, at);
            let mut rang = false;
            if let Next::Wait(at) = coming
                && self.state().driven.get(id).is_some_and(|driven| driven.rung == Some(wait(at)))
            {
                // It has waited as long as it was meant to, whatever the wall clock shows.
                coming = coming_when(&self.services, &incident, now.max(at));
                rang = true;
            }
            let effect = match coming {
                Next::Do(effect) => effect,
                Next::Wait(at) => {
                    self.set_timer_of(wait(at), at, id);
                    return Ok(());
                }
                Next::Idle => return Ok(()),
            };
            let place = Pool::of(&effect, &incident, now);
            let queued = reserved.take().filter(|reserved| place.as_ref().is_some_and(|place| reserved.is_for(place)));
            if queued.is_none() {
                queued_at = clock.elapsed();
            }
            reserved = place.map(|place| queued.unwrap_or_else(|| self.places.queue(place)));
            // Evidence is worth waiting for, but not as long as a slow cluster likes.
            let patience = match effect {
                Effect::Collect => Some((queued_at + PATIENCE).saturating_sub(clock.elapsed())),
                _ => None,
            };
            let out_of_patience = async {
                match patience {
                    Some(left) => clock.sleep(left).await,
                    None => std::future::pending().await,
                }
            };
            let asks = matches!(effect, Effect::AskModel);
            let skipped = || asks && self.services.model.skipped().is_some();
            // Whoever is not asked at all is not waited for either.
            let incident = match reserved.as_mut().filter(|_| !skipped()) {
                None => incident,
                Some(reserved) => {
                    let version = incident.version;
                    drop(incident);
                    let coming = reserved.comes(woken, out_of_patience).await;
                    let over = coming == WaitOutcome::TimedOut && clock.elapsed() >= queued_at + PATIENCE;
                    if coming != WaitOutcome::Granted && !over {
                        continue;
                    }
                    // Somebody may have said no, or an alert may have ended, while it waited for its place.
                    match self.services.store.get(id).filter(|now| now.version == version) {
                        Some(incident) if over => {
                            end_collection(&self.services, &incident).await?;
                            continue;
                        }
                        Some(incident) => incident,
                        None => continue,
                    }
                }
            };
            // Whoever is called for it is told of its trace.
            context::scope(id, perform(&self.services, &incident, effect)).await?;
            if rang && let Some(driven) = self.state().driven.get_mut(id) {
                // It ends one wait.
                driven.rung = None;
            }
            if skipped() {
                self.places.look_again(&Pool::Model);
            }
        }
    }
}

/// Until when an incident waits by the clock as it stands, which may have been set back; the wait stays the same one.
fn waits_for(incident: &Incident, at: Timestamp) -> Timestamp {
    at.saturating_add(*incident.set_back).unwrap_or(Timestamp::MAX)
}
