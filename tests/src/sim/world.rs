//! The world around the host: it outlives every crash, and everything in it is seen by the checker.
//!
//! One lock holds it all. Nobody calls into the host while holding it.

use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tidegate::domain::Mode;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::bus;
use super::checker::Checker;
use super::cluster::Cluster;
use super::dice::Dice;
use super::journal::Disk;
use super::mutant::Mutant;
use super::notifiers::Mailboxes;
use super::plan::Plan;
use super::senders::Outbox;
use super::stats::Stats;

/// The world.
pub struct World {
    /// A deliberate fault.
    pub mutant: Option<Mutant>,
    state: Mutex<State>,
    /// Rings when the process is dead or something is wrong.
    pub died: Notify,
    /// Rings when the wall clock was set.
    pub jumped: Notify,
    /// Rings when somebody publishes on the bus.
    pub published: Notify,
}

/// Everything that changes.
pub struct State {
    pub plan: Arc<Plan>,
    pub dice: Dice,
    pub disk: Disk,
    pub cluster: Cluster,
    pub mailboxes: Mailboxes,
    pub outbox: Outbox,
    pub bus: bus::Stream,
    pub checker: Checker,
    pub stats: Stats,
    /// Index of the next event.
    pub cursor: usize,
    pub policies_in_force: usize,
    pub catalogue: u64,
    pub mode: Mode,
    /// No more trouble: the world lets the host finish.
    pub quiet: bool,
    /// How often the process has been started.
    pub life: u64,
    /// The process is dead: nothing that it still does reaches the world.
    pub dead: bool,
    /// Points passed, and the one at which the process dies.
    pub points: u64,
    pub dies_at: Option<u64>,
    /// The first thing that was wrong.
    pub violation: Option<Violation>,
    /// What happened, if somebody wants to read it.
    pub trace: Option<Vec<String>>,
    before: Duration,
    started: Option<Instant>,
    skew: SignedDuration,
}

/// An invariant that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The invariant: the name of a function of the checker.
    pub invariant: &'static str,
    /// What was seen.
    pub text: String,
}

impl World {
    /// The world of a plan.
    pub fn new(plan: Plan, mutant: Option<Mutant>, trace: bool) -> Arc<Self> {
        let plan = Arc::new(plan);
        let dice = |purpose: &str| Dice::new(plan.seed, purpose);
        let state = State {
            dice: dice("world"),
            disk: Disk::new(dice("disk")),
            cluster: Cluster::new(dice("cluster")),
            mailboxes: Mailboxes::new(dice("mailboxes")),
            outbox: Outbox::default(),
            bus: bus::Stream::default(),
            checker: Checker::default(),
            stats: Stats::default(),
            cursor: 0,
            policies_in_force: 0,
            catalogue: 0,
            mode: Mode::Enforce,
            quiet: false,
            life: 0,
            dead: false,
            points: 0,
            dies_at: None,
            violation: None,
            trace: trace.then(Vec::new),
            before: Duration::ZERO,
            started: None,
            skew: SignedDuration::ZERO,
            plan: Arc::clone(&plan),
        };
        let (died, jumped, published) = (Notify::new(), Notify::new(), Notify::new());
        Arc::new(Self { mutant, state: Mutex::new(state), died, jumped, published })
    }

    /// The world's state.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// A point at which the process may die; it then never gets past it.
    pub async fn point(&self, label: &str) {
        let dead = self.state().pass(label);
        if dead {
            self.died.notify_one();
            pending::<()>().await;
        }
    }

    /// Stops the process here and now.
    pub fn kill(&self, why: &str) {
        let mut state = self.state();
        state.dead = true;
        state.note(|| format!("CRASH {why}"));
        drop(state);
        self.died.notify_one();
    }

    /// Waits in the world's own time, which no clock setting changes.
    pub async fn wait_until(&self, mono: Duration) {
        let now = self.state().mono();
        tokio::time::sleep(mono.saturating_sub(now)).await;
    }

    /// Says that an invariant does not hold, and ends the run.
    pub fn violate(&self, invariant: &'static str, text: String) {
        self.state().violate(invariant, text);
        self.died.notify_one();
    }
}

/// The wall clock at the beginning of every world.
pub fn epoch() -> Timestamp {
    Timestamp::from_second(1_763_000_000).unwrap()
}

impl State {
    /// Time since the beginning of the world.
    pub fn mono(&self) -> Duration {
        self.before + self.started.map_or(Duration::ZERO, |started| started.elapsed())
    }

    /// What the wall clock shows.
    pub fn wall(&self) -> Timestamp {
        epoch() + SignedDuration::try_from(self.mono()).unwrap() + self.skew
    }

    /// How far the wall clock is from the true time.
    pub fn skew(&self) -> SignedDuration {
        self.skew
    }

    /// Sets the wall clock.
    pub fn set_clock(&mut self, by_ms: i64) {
        self.skew += SignedDuration::from_millis(by_ms);
    }

    /// A process starts; must be called inside its runtime.
    pub fn born(&mut self) {
        self.life += 1;
        self.dead = false;
        self.started = Some(Instant::now());
        let (life, mode) = (self.life, self.mode);
        self.note(|| format!("START process {life} in mode {mode:?}"));
    }

    /// Stops the process's clock, inside its runtime: the world's own goes on from there.
    pub fn stop_time(&mut self) {
        self.before = self.mono();
        self.started = None;
    }

    /// The process is gone, with everything that was not durable.
    pub fn bury(&mut self) {
        self.dead = true;
        self.dies_at = None;
        Disk::crash(self);
    }

    /// Whether something is wrong.
    pub fn over(&self) -> bool {
        self.violation.is_some()
    }

    fn pass(&mut self, label: &str) -> bool {
        if self.dead || self.over() {
            return true;
        }
        self.points += 1;
        if self.dies_at == Some(self.points) {
            self.dead = true;
            self.note(|| format!("CRASH at {label}"));
        }
        self.dead
    }

    /// Adds a line to the history.
    pub fn note(&mut self, line: impl FnOnce() -> String) {
        let at = self.mono();
        if let Some(trace) = &mut self.trace {
            let ms = at.as_millis();
            trace.push(format!("{:>9}.{:03} s  {}", ms / 1000, ms % 1000, line()));
        }
    }

    /// Keeps the first violation.
    pub fn violate(&mut self, invariant: &'static str, text: String) {
        self.note(|| format!("BROKEN {invariant}: {text}"));
        if self.violation.is_none() {
            self.violation = Some(Violation { invariant, text });
        }
    }
}
