//! A small cluster and the tools that reach it: slow, failing, lying, hanging.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::json;
use tidegate::domain::catalogue::{Catalogue, Tool};
use tidegate::domain::{Call, Risk};
use tidegate::gate::{Permit, ReadPermit};
use tidegate::ports::{ToolAnswer, ToolError, ToolSlot, Tools};

use super::checker;
use super::dice::Dice;
use super::mutant::Mutant;
use super::world::{State, World};

/// Tools that proposals name; one of them does not exist, and one only reads.
pub const TOOLS: [&str; 14] = [
    "k.restart",
    "k.restart",
    "k.restart",
    "k.restart",
    "k.scale",
    "k.scale",
    "k.scale",
    "k.drain",
    "k.drain",
    "k.drain",
    "k.note",
    "k.note",
    "k.get",
    "k.unknown",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Health {
    Broken,
    HealingUntil(Duration),
}

/// The largest mark that tools take.
pub const MOST: u64 = 1_000_000_000_000;

/// Tools that only read, in all variants of the catalogue but one.
pub const READS: [&str; 2] = ["k.get", "k.list"];

#[derive(Clone, Debug)]
struct Service {
    health: Health,
    /// What each change left behind; the first is what was there before any.
    marks: Vec<u64>,
    /// How many of them there were when a look showed the service last.
    shown: usize,
}

impl Service {
    /// Counts its changes.
    fn generation(&self) -> usize {
        self.marks.len()
    }
}

/// The cluster.
pub struct Cluster {
    dice: Dice,
    services: BTreeMap<String, Service>,
    /// Effects of calls whose answer was lost, and when they happen.
    late: Vec<(Duration, Call, String)>,
    /// Attempts that had their effect.
    pub done: BTreeSet<String>,
    /// Changes so far.
    pub effects: u64,
    /// No tool can be reached until then.
    pub down_until: Duration,
}

enum Outcome {
    Works,
    Refused,
    Unavailable,
    Fails,
    LiesYes,
    LiesNo,
    LostBefore,
    LostAfter,
    Hangs,
    Late,
}

impl Cluster {
    /// A cluster in which everything is broken.
    pub fn new(dice: Dice) -> Self {
        Self {
            dice,
            services: BTreeMap::new(),
            late: Vec::new(),
            done: BTreeSet::new(),
            effects: 0,
            down_until: Duration::ZERO,
        }
    }

    fn service(&mut self, call: &Call) -> &mut Service {
        self.services.entry(name(call)).or_insert(Service { health: Health::Broken, marks: vec![0], shown: 0 })
    }

    /// What stood at a call's service before the latest change that a look has shown; none when no look
    /// has shown one.
    pub fn before_what_was_shown(&self, call: &Call) -> Option<u64> {
        let service = self.services.get(&name(call))?;
        service.marks.get(service.shown.checked_sub(2)?).copied()
    }

    fn settle_late(&mut self, now: Duration) {
        let (due, later) = std::mem::take(&mut self.late).into_iter().partition(|(at, ..)| *at <= now);
        self.late = later;
        let due: Vec<(Duration, Call, String)> = due;
        for (_, call, attempt) in due {
            self.carry_out(&call, now);
            self.done.insert(attempt);
        }
    }

    /// Does what a call asks for: one that only reads leaves all as it is.
    fn carry_out(&mut self, call: &Call, now: Duration) {
        if !READS.contains(&call.tool.as_str()) {
            self.change(call, now);
        }
    }

    fn change(&mut self, call: &Call, now: Duration) {
        self.effects += 1;
        let heals = match call.tool.as_str() {
            "k.restart" | "k.scale" | "k.note" => self.dice.chance(70),
            _ => false,
        };
        let after = Duration::from_millis(self.dice.skewed(20_000));
        let mark = call.arguments.get("mark").and_then(|mark| mark.as_u64()).unwrap_or(0);
        let service = self.service(call);
        service.marks.push(mark);
        service.health = if heals { Health::HealingUntil(now + after) } else { Health::Broken };
    }

    fn describe(&mut self, call: &Call, now: Duration) -> String {
        self.settle_late(now);
        let service = self.service(call);
        service.shown = service.generation();
        let health = match service.health {
            Health::Broken => "broken",
            Health::HealingUntil(at) if at > now => "healing",
            Health::HealingUntil(_) => "healthy",
        };
        let metadata = json!({ "name": call.arguments.get("name"), "generation": service.generation() });
        json!({ "metadata": metadata, "health": health, "mark": service.marks.last() }).to_string()
    }

    fn outcome(&mut self, percent: u64) -> Outcome {
        if !self.dice.chance(percent) {
            return Outcome::Works;
        }
        match self.dice.within(0..9) {
            0 => Outcome::Refused,
            1 => Outcome::Unavailable,
            2 => Outcome::Fails,
            3 => Outcome::LiesYes,
            4 => Outcome::LiesNo,
            5 => Outcome::LostBefore,
            6 => Outcome::LostAfter,
            7 => Outcome::Hangs,
            _ => Outcome::Late,
        }
    }
}

fn name(call: &Call) -> String {
    call.arguments.get("name").and_then(|name| name.as_str()).unwrap_or("nobody").into()
}

/// The tools that exist in one of the variants that a world goes through.
pub fn catalogue(variant: u64) -> Arc<Catalogue> {
    static ALL: LazyLock<[Arc<Catalogue>; 4]> = LazyLock::new(|| [0, 1, 2, 3].map(|variant| Arc::new(made(variant))));
    Arc::clone(&ALL[variant as usize])
}

fn made(variant: u64) -> Catalogue {
    let schema = json!({ "type": "object", "required": ["name"], "properties": {
        "namespace": { "type": "string" },
        "name": { "type": "string" },
        "context": { "type": "string" },
        "mark": { "type": "integer", "minimum": 0, "maximum": MOST },
        "limit": { "type": "integer" },
    } });
    let tool = |name: &str, risk, repeatable| Tool {
        name: name.into(),
        description: String::new(),
        schema: schema.clone(),
        risk,
        repeatable,
        undo: (name == "k.note").then(|| "k.note.undo".into()),
        own: false,
    };
    let restart = if variant == 1 { Risk::High } else { Risk::Low };
    let mut tools = vec![
        tool("k.get", Risk::Read, true),
        tool("k.list", if variant == 3 { Risk::High } else { Risk::Read }, true),
        tool("k.restart", restart, false),
        tool("k.scale", Risk::High, true),
        tool("k.rollback", Risk::Low, true),
        tool("k.note", Risk::High, false),
        tool("k.note.undo", Risk::High, false),
    ];
    if variant != 2 {
        tools.push(tool("k.drain", Risk::Irreversible, false));
    }
    Catalogue { tools: tools.into_iter().map(|tool| (tool.name.clone(), tool)).collect(), ..Catalogue::default() }
}

/// The tool room of one process.
pub struct SimTools(pub Arc<World>);

impl SimTools {
    /// One call's way to the cluster and back.
    async fn send(&self, permit: &Permit, call: &Call) -> Result<ToolAnswer, ToolError> {
        let (outcome, before, after) = {
            let mut state = self.0.state();
            let (percent, down) = (state.plan.temper.tools, state.mono() < state.cluster.down_until);
            let percent = if state.quiet { 0 } else { percent };
            let dice = &mut state.cluster.dice;
            let before = Duration::from_millis(dice.skewed(3_000));
            let after = Duration::from_millis(dice.skewed(20_000));
            let outcome = match down && !state.quiet {
                true => Outcome::Unavailable,
                false => state.cluster.outcome(percent),
            };
            (outcome, before, after)
        };
        tokio::time::sleep(before).await;
        let happens = match outcome {
            Outcome::Refused => return Err(ToolError::Refused("not allowed".into())),
            Outcome::Unavailable => return Err(ToolError::Unavailable("the server is down".into())),
            Outcome::Works | Outcome::LiesNo | Outcome::LostAfter => true,
            Outcome::Hangs => before.as_millis() % 2 == 0,
            Outcome::Fails | Outcome::LiesYes | Outcome::LostBefore | Outcome::Late => false,
        };
        if self.0.state().dead {
            std::future::pending::<()>().await;
        }
        {
            let mut state = self.0.state();
            checker::take_call(&mut state, permit, call);
            let now = state.mono();
            state.cluster.settle_late(now);
            if happens {
                state.cluster.carry_out(call, now);
                state.cluster.done.insert(permit.attempt().to_string());
            }
            if matches!(outcome, Outcome::Late) {
                state.cluster.late.push((now + after, call.clone(), permit.attempt().to_string()));
            }
            if !matches!(outcome, Outcome::Works) {
                state.stats.tool_faults += 1;
            }
        }
        self.0.point("tool call, arrived").await;
        tokio::time::sleep(after).await;
        match outcome {
            Outcome::Works | Outcome::LiesYes => Ok(ToolAnswer { ok: true, text: "done".into() }),
            Outcome::Fails | Outcome::LiesNo => Ok(ToolAnswer { ok: false, text: "it failed".into() }),
            Outcome::Hangs => {
                tokio::time::sleep(Duration::from_secs(600)).await;
                Err(ToolError::Lost("no answer in time".into()))
            }
            _ => Err(ToolError::Lost("the connection broke".into())),
        }
    }

    async fn look_once(&self, permit: &ReadPermit, call: &Call) -> Result<ToolAnswer, ToolError> {
        let (trouble, took) = {
            let mut state = self.0.state();
            let down = state.mono() < state.cluster.down_until && !state.quiet;
            let percent = if state.quiet { 0 } else { state.plan.temper.looks };
            let dice = &mut state.cluster.dice;
            let took = Duration::from_millis(dice.skewed(2_000));
            let trouble = dice.chance(percent).then(|| dice.within(0..4));
            let trouble = if down { Some(0) } else { trouble };
            // In the same breath in which it was ruled on: the policies in force are those that were heard.
            // What a server is not sent is no look.
            if !state.dead && trouble != Some(0) {
                checker::take_look(&mut state, permit, call);
            }
            (trouble, took)
        };
        self.0.point("look, before").await;
        tokio::time::sleep(took).await;
        let answer = |ok, text: &str| Ok(ToolAnswer { ok, text: text.into() });
        let result = match trouble {
            None => {
                let mut state = self.0.state();
                let now = state.mono();
                let text = state.cluster.describe(call, now);
                let text = match self.0.mutant {
                    Some(Mutant::LooksShowAnotherState) => text.replace("\"mark\":", "\"mark\":1"),
                    _ => text,
                };
                looks_disturb(&self.0, &mut state, call);
                answer(true, &text)
            }
            Some(0) => Err(ToolError::Unavailable("the server is down".into())),
            Some(1) => Err(ToolError::Lost("no answer".into())),
            Some(2) => answer(false, "dial tcp: connection refused"),
            Some(_) => answer(true, "{}"),
        };
        if trouble.is_some() {
            self.0.state().stats.tool_faults += 1;
        }
        self.0.point("look, answered").await;
        result
    }
}

fn looks_disturb(world: &World, state: &mut State, call: &Call) {
    let effects = state.cluster.effects;
    if world.mutant == Some(Mutant::LooksHaveEffects) {
        let now = state.mono();
        state.cluster.change(call, now);
    }
    checker::calls::looks_change_nothing(state, effects);
}

impl Tools for SimTools {
    fn catalogue(&self) -> Arc<Catalogue> {
        catalogue(self.0.state().catalogue)
    }

    fn look<'a>(&'a self, permit: &'a ReadPermit) -> BoxFuture<'a, Result<ToolAnswer, ToolError>> {
        async move {
            let call = permit.call();
            if self.catalogue().risk(&call.tool) != Risk::Read {
                return Err(ToolError::Refused(format!("{} is not read-only", call.tool)));
            }
            let mut sent = call.clone();
            match self.0.mutant {
                Some(Mutant::LooksGoElsewhere) => drop(sent.arguments.insert("name".into(), json!("app7"))),
                Some(Mutant::LooksAreMadeTwice) => drop(self.look_once(permit, call).await),
                _ => {}
            }
            self.look_once(permit, &sent).await
        }
        .boxed()
    }

    fn ready(&self, _: &str) -> bool {
        let state = self.0.state();
        state.quiet || state.mono() >= state.cluster.down_until
    }

    fn acquire<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<ToolSlot, ToolError>> {
        async move {
            self.0.point("turn, before").await;
            match self.ready(&call.tool) {
                true => Ok(ToolSlot::default()),
                false => Err(ToolError::Unavailable("the server is down".into())),
            }
        }
        .boxed()
    }

    /// Only who makes notes remembers what it did.
    fn probe<'a>(&'a self, call: &'a Call, attempt: &'a str) -> BoxFuture<'a, Option<bool>> {
        async move {
            if call.tool != "k.note" {
                return None;
            }
            self.0.point("probe, before").await;
            let took = Duration::from_millis(self.0.state().cluster.dice.skewed(2_000));
            tokio::time::sleep(took).await;
            let happened = {
                let mut state = self.0.state();
                let percent = if state.quiet { 0 } else { state.plan.temper.looks };
                let now = state.mono();
                state.cluster.settle_late(now);
                let known = !state.cluster.dice.chance(percent);
                known.then(|| state.cluster.done.contains(attempt))
            };
            match happened {
                Some(_) => checker::take_probe(&mut self.0.state().checker, attempt),
                None => self.0.state().stats.tool_faults += 1,
            }
            self.0.point("probe, answered").await;
            happened
        }
        .boxed()
    }

    fn perform<'a>(
        &'a self,
        permit: &'a Permit,
        call: &'a Call,
        _: ToolSlot,
    ) -> BoxFuture<'a, Result<ToolAnswer, ToolError>> {
        async move {
            self.0.point("tool call, before").await;
            let mut answer = self.send(permit, call).await;
            if self.0.mutant == Some(Mutant::ToolsCallTwice) {
                answer = self.send(permit, call).await;
            }
            self.0.point("tool call, answered").await;
            answer
        }
        .boxed()
    }
}
