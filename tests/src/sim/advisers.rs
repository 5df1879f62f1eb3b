//! The model and the planners: they answer at random, usefully or not, and lie about how their changes
//! are taken back and seen to help.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use tidegate::domain::entry::{Answer, AskedCall, Diagnosis, Usage};
use tidegate::domain::{Catalogue, Incident, Proposal};
use tidegate::ports::{Asked, LookError, Looks, Model, Planners};

use super::dice::Dice;
use super::policies::template;
use super::propose::{Template, call, proposal};
use super::world::World;

/// The model room.
pub struct SimModel(pub Arc<World>);

/// The planner room.
pub struct SimPlanners(pub Arc<World>);

fn proposals(dice: &mut Dice, incident: &Incident, most: u64) -> Vec<Proposal> {
    let first = incident.actions.len();
    let honest = |dice: &mut Dice| template(dice);
    // A made-up way back, and a proof of success that always holds.
    let lying = |dice: &mut Dice| Template { verify: 3, undo: true, ..template(dice) };
    let proposals = (0..dice.within(0..most)).map(|i| {
        let template = if dice.chance(40) { lying(dice) } else { honest(dice) };
        proposal(&template, incident, first + i as usize)
    });
    proposals.collect()
}

async fn think(world: &World, label: &str) -> bool {
    world.point(label).await;
    let (took, fails) = {
        let mut state = world.state();
        let percent = if state.quiet { 0 } else { state.plan.temper.advisers };
        let took = Duration::from_millis(state.dice.skewed(30_000));
        let fails = state.dice.chance(percent);
        state.stats.adviser_faults += u64::from(fails);
        (took, fails)
    };
    tokio::time::sleep(took).await;
    world.point(label).await;
    fails
}

impl Model for SimModel {
    fn configured(&self) -> bool {
        self.0.state().plan.temper.model
    }

    fn ask<'a>(&'a self, incident: &'a Incident, _: &'a Catalogue) -> BoxFuture<'a, Result<Asked, (String, Usage)>> {
        async move {
            let fails = think(&self.0, "the model").await;
            let mut state = self.0.state();
            let dice = &mut state.dice;
            let usage = Usage { prompt_tokens: 100, completion_tokens: 10, ..Usage::default() };
            if fails && dice.chance(50) {
                return Err(("the answer is no JSON".into(), usage));
            }
            let diagnosis = Diagnosis { root_cause: "something broke".into(), ..Diagnosis::default() };
            let looks = |dice: &mut Dice| {
                let calls = (0..dice.within(0..4)).map(|i| {
                    // The same call again and again, now and then of a tool that is not read-only.
                    let tool = if dice.chance(10) { "k.drain" } else { "k.get" };
                    AskedCall { id: format!("call-{i}"), call: call(tool, dice.within(0..2), 0) }
                });
                Answer::Look { calls: calls.collect() }
            };
            let answer = match dice.within(0..10) {
                _ if fails => looks(dice),
                0..3 => looks(dice),
                3 => Answer::Person { diagnosis },
                4 => Answer::Resolved { diagnosis },
                _ => Answer::Act { proposals: proposals(dice, incident, 4), diagnosis },
            };
            Ok(Asked { answer, text: "so be it".into(), usage })
        }
        .boxed()
    }
}

impl Planners for SimPlanners {
    fn plan<'a>(
        &'a self,
        _: &'a str,
        incident: &'a Incident,
        _: Timestamp,
        looks: Arc<dyn Looks>,
    ) -> BoxFuture<'a, Result<Vec<Proposal>, String>> {
        async move {
            // A change among them, which is no look.
            let tool = if self.0.state().dice.chance(10) { "k.drain" } else { "k.get" };
            let seen = looks.look(call(tool, 0, 0)).await;
            if tool == "k.drain" && !matches!(seen, Err(LookError::Refused(_))) {
                self.0.state().violate("looks_change_nothing", format!("{tool} was looked with: {seen:?}"));
            }
            if think(&self.0, "the planner").await {
                return Err("the plugin trapped".into());
            }
            let mut state = self.0.state();
            Ok(proposals(&mut state.dice, incident, 3))
        }
        .boxed()
    }
}
