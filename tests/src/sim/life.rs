//! From the first process of a world to the last, and what is checked at its end.

use std::sync::Arc;
use std::time::Duration;

use tidegate::domain::control::Control;
use tidegate::domain::{Mode, Person};
use tidegate::store::replay;
use tokio::runtime::Builder;

use super::bus;
use super::checker::{looks, quiet};
use super::host::Host;
use super::journal::SimJournal;
use super::mutant::Mutant;
use super::persons;
use super::plan::{EventKind, Plan};
use super::senders;
use super::stats::Stats;
use super::world::{Violation, World};

/// As long as a quiet world may take to come to rest: more than a day of patience for dead targets.
const PEACE: Duration = Duration::from_secs(3 * 24 * 3600);
/// Between two looks at a quiet world.
const STEP: Duration = Duration::from_secs(600);

/// What came of a world.
pub struct Run {
    /// Counts.
    pub stats: Stats,
    /// The first invariant that did not hold.
    pub violation: Option<Violation>,
    /// The history, if asked for.
    pub trace: Vec<String>,
    /// Hash of the last entry of every stream: equal histories have equal ones.
    pub fingerprint: String,
}

/// Runs a world from beginning to end.
pub fn run(plan: &Plan, mutant: Option<Mutant>, trace: bool) -> Run {
    let world = World::new(plan.clone(), mutant, trace);
    loop {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let done = runtime.block_on(async {
            let done = live(&world).await;
            let mut state = world.state();
            // What the process still does while it is dropped reaches nobody.
            state.dead = true;
            state.stop_time();
            done
        });
        drop(runtime);
        world.state().bury();
        if done || world.state().over() {
            break;
        }
        world.state().stats.crashes += 1;
    }
    finish(&world)
}

fn finish(world: &World) -> Run {
    let mut state = world.state();
    state.stats.worlds = 1;
    state.stats.seconds = state.mono().as_secs();
    let fingerprint = state.disk.head().to_string();
    let (stats, violation) = (state.stats, state.violation.clone());
    Run { stats, violation, trace: state.trace.take().unwrap_or_default(), fingerprint }
}

/// One process; true when the world has come to its end.
async fn live(world: &Arc<World>) -> bool {
    let host = match Host::start(world) {
        Ok(host) => host,
        Err(error) => {
            world.violate("replay_is_deterministic", error.to_string());
            return true;
        }
    };
    let waiting: Vec<u64> = world.state().outbox.batches.keys().copied().collect();
    for number in waiting {
        tokio::spawn(senders::send(host.clone(), number));
    }
    tokio::spawn(bus::read(host.clone()));
    tokio::spawn(persons::meddle(host.clone()));
    tokio::spawn(persons::repeat(host.clone()));
    loop {
        let event = {
            let state = world.state();
            state.plan.events.get(state.cursor).cloned()
        };
        let Some(event) = event else { break };
        if died(world, world.wait_until(Duration::from_millis(event.at_ms))).await {
            return false;
        }
        quiet::live_state_is_the_journal(&host);
        {
            let mut state = world.state();
            state.cursor += 1;
            state.note(|| format!("EVENT {}", event.what));
        }
        happen(&host, event.what);
        tokio::task::yield_now().await;
    }
    rest(&host).await
}

/// Waits; true when the process died meanwhile.
async fn died(world: &World, wait: impl Future<Output = ()>) -> bool {
    tokio::pin!(wait);
    loop {
        if world.state().dead || world.state().over() {
            return true;
        }
        tokio::select! {
            biased;
            () = world.died.notified() => {}
            () = &mut wait => return world.state().dead || world.state().over(),
        }
    }
}

fn happen(host: &Host, what: EventKind) {
    let world = &host.world;
    let mut state = world.state();
    let now = state.mono();
    let later = |ms| now + Duration::from_millis(ms);
    match what {
        EventKind::Alerts { alerts, patience_ms } => {
            let number = state.outbox.put(&alerts, patience_ms);
            drop(state);
            tokio::spawn(senders::send(host.clone(), number));
        }
        EventKind::Message { alerts } => {
            state.bus.put(&alerts);
            drop(state);
            world.published.notify_one();
        }
        EventKind::StreamAnew => {
            state.bus.make_anew();
            drop(state);
            world.published.notify_one();
        }
        EventKind::Person { .. } => {
            tokio::spawn(persons::answer(host.clone(), what));
        }
        EventKind::Pause(scope) => {
            let (person, reason) = (Person::typed("somebody"), String::new());
            tokio::spawn(host.clone().order(Control::Paused { person, reason, scope }));
        }
        EventKind::Resume(scope) => {
            tokio::spawn(host.clone().order(Control::Resumed { person: Person::typed("somebody"), scope }));
        }
        EventKind::Policies(set) => state.policies_in_force = set,
        EventKind::Catalogue(variant) => state.catalogue = variant,
        EventKind::Clock(by_ms) => {
            state.set_clock(by_ms);
            state.stats.clock_jumps += 1;
            drop(state);
            world.jumped.notify_waiters();
        }
        EventKind::Crash => {
            drop(state);
            world.kill("from outside");
        }
        EventKind::Stop(within_ms) => {
            drop(state);
            tokio::spawn(host.clone().stop(Duration::from_millis(within_ms)));
        }
        EventKind::CrashAtPoint(n) => state.dies_at = Some(state.points + n + 1),
        EventKind::Observe(observe) => {
            state.mode = if observe { Mode::Observe } else { Mode::Enforce };
            drop(state);
            world.kill("for a restart");
        }
        EventKind::AppendFails { kept } => state.disk.fails_next = Some(kept),
        EventKind::DiskFull(ms) => state.disk.full_until = later(ms),
        EventKind::ToolsDown(ms) => state.cluster.down_until = later(ms),
        EventKind::TargetDown(target, ms) => state.mailboxes.down_until[target] = later(ms),
    }
}

/// Leaves the host in peace until everything has come to its end.
async fn rest(host: &Host) -> bool {
    let world = &host.world;
    let until = {
        let mut state = world.state();
        state.quiet = true;
        state.note(|| "QUIET from now on".into());
        state.mono() + PEACE
    };
    loop {
        let next = world.state().mono() + STEP;
        if died(world, world.wait_until(next)).await {
            return false;
        }
        quiet::live_state_is_the_journal(host);
        let ended = quiet::incidents_come_to_an_end(host);
        let mut state = world.state();
        match ended {
            Ok(()) if host.runner.idle() => break,
            _ if state.mono() < until => {}
            Ok(()) => state.violate("incidents_come_to_an_end", "the runner is never idle".into()),
            Err(text) => state.violate("incidents_come_to_an_end", text),
        }
    }
    let replayed = replay(&SimJournal(Arc::clone(world)));
    let mut state = world.state();
    match replayed {
        Ok(replayed) => quiet::check_replay(&mut state, &replayed.incidents),
        Err(error) => state.violate("replay_is_deterministic", error.to_string()),
    }
    if let Err(text) = quiet::told_means_delivered(&state) {
        state.violate("told_means_delivered", text);
    }
    if let Err(text) = looks::looks_are_in_the_journal(&state) {
        state.violate("looks_are_in_the_journal", text);
    }
    true
}
