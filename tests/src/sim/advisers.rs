//! The model and the planners: they answer at random, usefully or not, and lie about everything that they
//! may say.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use tidegate::domain::entry::{AskedCall, Diagnosis, ModelAnswer, Usage};
use tidegate::domain::{Call, Catalogue, Incident, PlanResult, Proposal};
use tidegate::ports::{LookError, Looks, Model, ModelReply, Planners, TrackRecord};

use super::cluster::READS;
use super::lies;
use super::policies::template;
use super::propose::{call, proposal};
use super::world::{State, World};

/// The model room.
pub struct SimModel(pub Arc<World>);

/// The planner room.
pub struct SimPlanners(pub Arc<World>);

fn proposals(state: &mut State, incident: &Incident, most: u64) -> Vec<Proposal> {
    let (first, percent) = (incident.actions.len(), state.plan.temper.lies);
    let dice = &mut state.dice;
    let proposals = (0..dice.within(0..most)).map(|i| {
        let template = template(dice);
        let honest = proposal(&template, incident, first + i as usize);
        if dice.chance(percent) { lies::proposal(dice, honest, template.service) } else { honest }
    });
    proposals.collect()
}

fn look(state: &mut State) -> Call {
    let percent = state.plan.temper.lies;
    match state.dice.chance(percent) {
        true => lies::look(&mut state.dice),
        false => call("k.get", state.dice.within(0..4), 0),
    }
}

async fn think(world: &World, label: &str) -> bool {
    world.point(label).await;
    let (took, fails) = {
        let mut state = world.state();
        let percent = if state.quiet { 0 } else { state.plan.temper.advisers };
        // Now and then nobody answers for a long time.
        let hangs = !state.quiet && state.dice.chance(2);
        let took = Duration::from_millis(if hangs { 1_200_000 } else { state.dice.skewed(30_000) });
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

    fn ask<'a>(
        &'a self,
        incident: &'a Incident,
        _: &'a Catalogue,
        _: &'a [TrackRecord],
    ) -> BoxFuture<'a, Result<ModelReply, (String, Usage)>> {
        async move {
            let fails = think(&self.0, "the model").await;
            let mut state = self.0.state();
            let usage = Usage { prompt_tokens: 100, completion_tokens: 10, ..Usage::default() };
            if fails && state.dice.chance(50) {
                return Err(("the answer is no JSON".into(), usage));
            }
            let diagnosis = Diagnosis { root_cause: "something broke".into(), ..Diagnosis::default() };
            // Now and then the same call again and again.
            let looks = |state: &mut State| {
                let calls =
                    (0..state.dice.within(0..7)).map(|i| AskedCall { id: format!("call-{i}"), call: look(state) });
                ModelAnswer::Look { calls: calls.collect() }
            };
            let answer = match state.dice.within(0..10) {
                _ if fails => looks(&mut state),
                0..3 => looks(&mut state),
                3 => ModelAnswer::Person { diagnosis },
                4 => ModelAnswer::Resolved { diagnosis },
                _ => ModelAnswer::Act { proposals: proposals(&mut state, incident, 4), diagnosis },
            };
            Ok(ModelReply { answer, text: "so be it".into(), usage, original: None })
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
    ) -> BoxFuture<'a, Result<PlanResult, String>> {
        async move {
            let (wanted, together): (Vec<Call>, bool) = {
                let mut state = self.0.state();
                ((0..state.dice.within(0..5)).map(|_| self::look(&mut state)).collect(), state.dice.chance(50))
            };
            let mut seen = Vec::new();
            if together {
                seen = looks.look_all(wanted.clone()).await;
            } else {
                for call in wanted.clone() {
                    seen.push(looks.look(call).await);
                }
            }
            for (call, seen) in wanted.into_iter().zip(seen) {
                let changes = !READS.contains(&call.tool.as_str());
                if changes && !matches!(seen, Err(LookError::Refused(_))) {
                    self.0.state().violate("looks_change_nothing", format!("{} was looked with: {seen:?}", call.tool));
                }
            }
            if think(&self.0, "the planner").await {
                return Err("the plugin trapped".into());
            }
            let mut state = self.0.state();
            Ok(PlanResult { proposals: proposals(&mut state, incident, 3), findings: Vec::new() })
        }
        .boxed()
    }
}
