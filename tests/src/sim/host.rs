//! One process: the real store, gate, runner and pipeline over simulated services.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tidegate::domain::control::Control;
use tidegate::domain::delivery::DeliveryLimits;
use tidegate::domain::history::Past;
use tidegate::domain::incident::Limits;
use tidegate::domain::{Alert, GateEvent, Incident};
use tidegate::gate::{Gate, Options};
use tidegate::pipeline::correlate::group;
use tidegate::pipeline::{Services, apply_control, receive};
use tidegate::ports::{Clock, Journal, JournalError};
use tidegate::random::Random;
use tidegate::report::Language;
use tidegate::rules::Policies;
use tidegate::runner::Runner;
use tidegate::store::{Received, Replayed, Store, replay};
use tokio::sync::mpsc;

use super::advisers::{SimModel, SimPlanners};
use super::checker::quiet;
use super::clock::SimClock;
use super::cluster::SimTools;
use super::journal::SimJournal;
use super::mutant::Mutant;
use super::notifiers::SimNotifiers;
use super::persons;
use super::policies::SimPolicies;
use super::world::World;

/// Looks that one verification may cost.
pub const VERIFYING: u32 = 30;

/// The process.
#[derive(Clone)]
pub struct Host {
    pub world: Arc<World>,
    pub store: Arc<Store>,
    services: Arc<Services>,
    pub runner: Arc<Runner>,
}

impl Host {
    /// Starts a process from what is durable.
    pub fn start(world: &Arc<World>) -> Result<Self, JournalError> {
        world.state().born();
        let (temper, seed, mode) = {
            let state = world.state();
            (state.plan.temper.clone(), state.plan.seed ^ (state.life << 32), state.mode)
        };
        let clock: Arc<dyn Clock> = Arc::new(SimClock::new(Arc::clone(world)));
        let journal: Arc<dyn Journal> = Arc::new(SimJournal(Arc::clone(world)));
        let policies: Arc<dyn Policies> = Arc::new(SimPolicies(Arc::clone(world)));
        let free = world.mutant == Some(Mutant::LooksAreFree);
        let gate = Arc::new(
            Gate::new(Options {
                cooldown: SignedDuration::from_secs(temper.cooldown_s as i64),
                targets_per_incident: 3,
                breaker_after: temper.breaker_after,
                denied_after: temper.denied_after,
                permit_for: SignedDuration::from_secs(60),
                looks_per_origin: if free { usize::MAX } else { temper.looks_per_origin },
                looks_per_incident: if free { usize::MAX } else { temper.looks_per_incident },
            })
            .with_people(persons::people(world.mutant)),
        );
        let random = Arc::new(Random::seeded(seed));
        let (wake, woken) = mpsc::unbounded_channel();
        let of_group = Arc::clone(&policies);
        let store = Arc::new(Store::new(
            Arc::clone(&journal),
            Arc::clone(&clock),
            Arc::clone(&random),
            Box::new(move |alert| group(of_group.group(alert), alert, None)),
            wake,
        ));
        restore(world, &gate, &store, journal.as_ref())?;
        let services = Arc::new(Services {
            store: Arc::clone(&store),
            policies,
            gate: Arc::clone(&gate),
            tools: Arc::new(SimTools(Arc::clone(world))),
            planners: Arc::new(SimPlanners(Arc::clone(world))),
            model: Arc::new(SimModel(Arc::clone(world))),
            library: None,
            notifiers: Arc::new(SimNotifiers(Arc::clone(world))),
            clock,
            random,
            mode,
            limits: Limits {
                watch: SignedDuration::from_mins(temper.watch_min as i64),
                verification: SignedDuration::from_mins(10),
                verification_looks: VERIFYING,
                // Clocks jump by more than a day, and all targets come back.
                delivery: DeliveryLimits {
                    give_up_after: SignedDuration::from_hours(100_000),
                    ..DeliveryLimits::default()
                },
                ..Limits::default()
            },
            language: Language::En,
            links: None,
            base: None,
        });
        let again = (Arc::clone(world), Arc::clone(&gate), Arc::clone(&store));
        let reload = move || restore(&again.0, &again.1, &again.2, journal.as_ref());
        let runner = Runner::new(Arc::clone(&services), Box::new(reload));
        tokio::spawn(Arc::clone(&runner).run(woken));
        Ok(Self { world: Arc::clone(world), store, services, runner })
    }

    /// The process ends in order.
    pub async fn stop(self, within: Duration) {
        let world = Arc::clone(&self.world);
        let began = world.state().mono();
        world.state().note(|| "STOP in order".into());
        self.runner.wind_down(within).await;
        let took = world.state().mono() - began;
        if took < within && self.store.effects() > 0 {
            world.violate("a_stop_waits", format!("{} effects are under way after {took:?}", self.store.effects()));
        }
        self.store.close();
        world.kill("in order");
    }

    /// A sender's batch, taken as the host takes it.
    pub async fn receive(&self, alerts: Vec<Alert>) -> Result<Received, JournalError> {
        receive(&self.services, alerts).await
    }

    /// A person gives an order to the host as a whole.
    pub async fn order(self, control: Control) {
        if apply_control(&self.services, control).await.is_err() {
            self.runner.check_journal();
        }
    }
}

fn obey(world: &World, gate: &Gate, control: &Control) {
    match control {
        _ if world.mutant == Some(Mutant::RestartForgetsPauses) => {}
        // Among these events, in its place between the failures.
        Control::BreakerReset { .. } => {}
        _ => gate.apply_control(control),
    }
}

/// Gives the gate and the store the memory that the journal keeps.
fn restore(world: &World, gate: &Gate, store: &Store, journal: &dyn Journal) -> Result<(), JournalError> {
    let Replayed { incidents, mut gate_events } = replay(journal)?;
    quiet::check_replay(&mut world.state(), &incidents);
    for (_, gate_event) in &mut gate_events {
        if let GateEvent::Begun { spends, target, cooldowns, .. } = gate_event {
            match world.mutant {
                Some(Mutant::RestartForgetsSpends) => spends.clear(),
                Some(Mutant::RestartForgetsHolds) => *target = None,
                Some(Mutant::RestartForgetsRests) => cooldowns.clear(),
                _ => {}
            }
        }
    }
    if world.mutant == Some(Mutant::RestartForgetsDenials) {
        gate_events.retain(|(_, gate_event)| !matches!(gate_event, GateEvent::Ruled { denied: true, .. }));
    }
    if world.mutant == Some(Mutant::RestartForgetsFailures) {
        for (_, gate_event) in &mut gate_events {
            if let GateEvent::Ended { helped, .. } = gate_event {
                *helped = true;
            }
        }
    }
    gate.forget();
    gate.restore(gate_events);
    if world.mutant != Some(Mutant::RestartForgetsHolds) {
        incidents.values().for_each(|incident| gate.restore_holds(incident));
    }
    let past = incidents.values().map(Past::of).collect();
    let unsettled: Vec<Incident> = incidents.into_values().filter(|incident| !incident.settled()).collect();
    for control in store.reload(unsettled, past)? {
        obey(world, gate, &control);
    }
    Ok(())
}
