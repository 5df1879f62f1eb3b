//! Records a journal by running the real pipeline over services that are data.

mod objects;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::executor::block_on;
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::domain::entry::{AskedCall, Diagnosis, ModelAnswer, Usage};
use crate::domain::incident::{ActionState, Limits, due, next_with};
use crate::domain::{
    Alert, Call, Catalogue, Fact, Incident, IncidentId, Labels, Mode, Next, Person, PlanResult, Proposal, Risk,
    Severity, Status, Tool, Verification,
};
use crate::gate::{Gate, Options as GateOptions, Permit, ReadPermit};
use crate::journal::Memory;
use crate::pipeline::{Services, deliver, perform};
use crate::policy::Set;
use crate::ports::TrackRecord;
use crate::ports::{
    Clock, Journal, Looks, Message, Model, ModelReply, Notifiers, NotifyError, Planners, ToolAnswer, ToolError,
    ToolSlot, Tools,
};
use crate::random::Random;
use crate::report::Language;
use crate::rules::Policies;
use crate::store::Store;

use objects::Objects;

pub const START: &str = "2026-07-06T08:00:00Z";

/// Rules of every kind that can say something else because of time, history, budgets or modes.
pub const TOUGH: &str = r#"
silence("quiet", #{ on: #{ app: "a" }, from: "2026-07-06T09:00:00Z", until: "2026-07-06T09:30:00Z", author: "x", comment: "y" });
inhibit("explained", #{ source: #{ alertname: "Down" }, target: #{ alertname: "Slow" }, equal: ["app"] });
rule("flaps", #{ on: #{ alertname: "Stuck" }, when: |i| flapping(4, "2h"), then: escalate("it comes back") });
rule("enough", #{ on: #{ alertname: "Stuck" }, when: |i| successes(#{ within: "3h" }) > 6, then: suppress() });
rule("restart", #{ on: #{ alertname: "Stuck" }, then: |i| remediate([
    act("k.restart", #{ namespace: "shop", name: i.labels.app }).undo(act("k.undo", #{ namespace: "shop", name: i.labels.app })),
    act("k.scale", #{ namespace: "shop", name: i.labels.app, replicas: 3 }) ]) });
rule("watch-only", #{ on: #{ alertname: "Leak" }, mode: "observe", then: |i| remediate(act("k.restart", #{ namespace: "shop", name: i.labels.app })) });
rule("planned", #{ on: #{ alertname: "Down" }, then: plan("planner") });
rule("lasting", #{ on: #{ alertname: "Slow" }, for_at_least: "7m", then: investigate() });
rule("noted", #{ on: #{ alertname: "Torn" }, then: |i| remediate(act("k.note", #{ namespace: "shop", name: i.labels.app })) });
rule("noise", #{ on: #{ alertname: "Noise" }, then: suppress() });
evidence("look", #{ on: #{ alertname: "Slow" }, collect: |i| [look("k.get", #{ namespace: "shop", name: i.labels.app })] });
gate("restarts", #{ on: #{ tool: "k.restart" }, allow: canary(2, #{ within: "20m", per: ["target"], budget: budget(#{ max: 3, within: "1h", per: ["namespace"] }) }) });
gate("scaling", #{ on: #{ tool: "k.scale" }, ask: #{ reason: "is it worth it?", within: "20m" } });
gate("undo", #{ on: #{ tool: "k.undo" }, allow: true });
gate("notes", #{ on: #{ tool: ["k.note", "k.note.undo"] }, allow: true });
gate("seen", #{ on: #{ tool: "k.restart", target_name: ["b", "c"] }, deny: |a| if seen(look("k.get", #{ name: a.target_name }), "2s")?.ok != 1 { "it is not to be seen" } });
gate("night", #{ when: during("08:00-08:10", "UTC"), deny: "not now" });
check("restarts-help", #{ on: #{ tool: ["k.restart", "k.note"] }, verify: |a, i| verification(look("k.get", #{ name: a.target_name }), #{ present: ["$.ok"], within: "1m", every: "5s" }) });
route("approvals", #{ occasions: ["approval"], to: ["oncall", "ghost"] });
route("all", #{ to: "ops" });
"#;

pub fn set(text: &str) -> Set {
    Set::from_sources(&[("a.rhai", text)]).unwrap_or_else(|problems| panic!("{problems}"))
}

/// The time, and how much of it goes by with each look at it.
struct SimClock(Mutex<Timestamp>, Mutex<SignedDuration>);

impl SimClock {
    fn advance(&self, at: Timestamp) {
        let mut now = self.0.lock().unwrap();
        *now = (*now).max(at);
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        let mut now = self.0.lock().unwrap();
        *now += *self.1.lock().unwrap();
        *now
    }
    fn elapsed(&self) -> Duration {
        Duration::try_from(self.now().duration_since(START.parse().unwrap())).unwrap_or_default()
    }
    fn sleep(&self, length: Duration) -> BoxFuture<'static, ()> {
        self.advance(self.now() + length);
        Box::pin(async {})
    }
}

/// Tools, planner, model and notifiers, all by dice.
struct World {
    dice: Arc<Random>,
    clock: Arc<SimClock>,
    kind: bool,
    objects: Arc<Objects>,
    /// Until when the server can be sent nothing.
    down_until: Mutex<Timestamp>,
}

impl World {
    fn down(&self) -> bool {
        self.clock.now() < *self.down_until.lock().unwrap()
    }
    /// That it is down, if so.
    fn up(&self) -> Result<(), ToolError> {
        if self.down() { Err(ToolError::Unavailable("k is down; nothing was sent".into())) } else { Ok(()) }
    }

    /// True `of` times in ten; in a kind world always.
    fn luck(&self, of: u64) -> bool {
        self.kind || self.dice.below(10) < of
    }
    fn takes(&self) {
        let now = self.clock.now();
        self.clock.advance(now + SignedDuration::from_millis(self.dice.below(1500) as i64));
    }
}

fn object(value: Value) -> serde_json::Map<String, Value> {
    let Value::Object(map) = value else { panic!("an object is needed") };
    map
}

fn call(tool: &str, name: &str) -> Call {
    Call { tool: tool.into(), arguments: object(json!({"namespace": "shop", "name": name})) }
}

fn proposal(tool: &str, name: &str) -> Proposal {
    Proposal {
        call: call(tool, name),
        target: String::new(),
        reason: "so".into(),
        evidence: Vec::new(),
        root_cause: String::new(),
        verify: None,
        undo: None,
    }
}

impl Tools for World {
    fn catalogue(&self) -> Arc<Catalogue> {
        // Servers come and go, and change their minds.
        let tens = if self.kind { 0 } else { self.clock.now().as_second() / 600 };
        let scale = if tens % 5 == 3 { Risk::Irreversible } else { Risk::High };
        let mut tools = vec![("k.get", Risk::Read), ("k.restart", Risk::Low), ("k.scale", scale)];
        if tens % 4 != 2 {
            tools.push(("k.undo", Risk::High));
        }
        tools.extend([("k.note", Risk::High), ("k.note.undo", Risk::High)]);
        tools.extend([("k.set", Risk::High), ("k.object", Risk::Read)]);
        let tool = |(name, risk): (&str, Risk)| {
            let schema = json!({"properties": {"namespace": {}}, "additionalProperties": true});
            let tool = Tool {
                name: name.into(),
                description: String::new(),
                schema,
                risk,
                repeatable: risk == Risk::Low,
                undo: (name == "k.note").then(|| "k.note.undo".into()),
                own: false,
            };
            (name.to_string(), tool)
        };
        Arc::new(Catalogue { tools: tools.into_iter().map(tool).collect(), ..Catalogue::default() })
    }
    fn look<'a>(&'a self, permit: &'a ReadPermit) -> BoxFuture<'a, Result<ToolAnswer, ToolError>> {
        let call = permit.call();
        if let Err(down) = self.up() {
            return Box::pin(async { Err(down) });
        }
        self.takes();
        if call.tool == "k.object" {
            let name = call.arguments["name"].as_str().unwrap();
            let ok = !name.starts_with("unseen");
            let text = if ok { self.objects.look(name) } else { "not found".into() };
            return Box::pin(async move { Ok(ToolAnswer { ok, text }) });
        }
        let ok = self.luck(8);
        Box::pin(async move { Ok(ToolAnswer { ok: true, text: if ok { r#"{"ok":1}"# } else { "{}" }.into() }) })
    }
    fn ready(&self, _: &str) -> bool {
        !self.down()
    }
    fn acquire<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<ToolSlot, ToolError>> {
        // Of some it shows only when they are sent.
        let turn = if named(call, "race") { Ok(()) } else { self.up() };
        Box::pin(async { turn.map(|()| ToolSlot::default()) })
    }
    fn probe<'a>(&'a self, call: &'a Call, _: &'a str) -> BoxFuture<'a, Option<bool>> {
        self.takes();
        let known = (call.tool == "k.note").then(|| match self.kind {
            true => call.arguments["name"] != "lost-before",
            false => self.luck(5),
        });
        Box::pin(async move { known })
    }
    fn perform<'a>(
        &'a self,
        _: &'a Permit,
        call: &'a Call,
        _: ToolSlot,
    ) -> BoxFuture<'a, Result<ToolAnswer, ToolError>> {
        if let Err(down) = self.up() {
            return Box::pin(async { Err(down) });
        }
        self.takes();
        if named(call, "dies") && *self.down_until.lock().unwrap() < self.clock.now() - SignedDuration::from_hours(1) {
            *self.down_until.lock().unwrap() = self.clock.now() + SignedDuration::from_mins(2);
            return Box::pin(async { Err(ToolError::Lost("the server went away".into())) });
        }
        if call.tool == "k.set" {
            let name = call.arguments["name"].as_str().unwrap();
            if !named(call, "unarrived") || !restores(call) {
                self.objects.set(name, call.arguments["value"].as_i64().unwrap());
            }
            if named(call, "overtaken") && restores(call) {
                self.objects.set(name, 9);
            }
        }
        let lost = !self.luck(9) || lost(call);
        let ok = self.luck(8);
        Box::pin(async move {
            if lost { Err(ToolError::Lost("no answer".into())) } else { Ok(ToolAnswer { ok, text: "said".into() }) }
        })
    }
}

/// A plugin's proposal with a way back that restores nothing and a proof that always holds.
fn lie(name: &str) -> Proposal {
    let set = |value: i64| {
        let arguments = object(json!({"namespace": "shop", "name": name, "value": value}));
        Call { tool: "k.set".into(), arguments }
    };
    let verify = Verification {
        look: Call { tool: "k.object".into(), arguments: object(json!({"name": name})) },
        present: vec!["$".into()],
        absent: Vec::new(),
        applied: Vec::new(),
        within_ms: 5_000,
        every_ms: 1_000,
    };
    let proposal = proposal("k.set", name);
    Proposal { call: set(5), target: "a harmless test".into(), verify: Some(verify), undo: Some(set(666)), ..proposal }
}

/// The answer to such a call is lost, also in a kind world.
fn lost(call: &Call) -> bool {
    named(call, "lost")
        || (restores(call) && ["arrived", "unarrived", "overtaken"].iter().any(|name| named(call, name)))
}

/// Whether it sets anything but what the policies' own action sets.
fn restores(call: &Call) -> bool {
    call.tool == "k.set" && call.arguments["value"] != 5
}

fn named(call: &Call, prefix: &str) -> bool {
    call.arguments.get("name").and_then(Value::as_str).is_some_and(|name| name.starts_with(prefix))
}

fn planned(proposals: Vec<Proposal>) -> PlanResult {
    PlanResult { proposals, findings: Vec::new() }
}

impl Planners for World {
    fn plan<'a>(
        &'a self,
        _: &'a str,
        incident: &'a Incident,
        _: Timestamp,
        looks: Arc<dyn Looks>,
    ) -> BoxFuture<'a, Result<PlanResult, String>> {
        self.takes();
        let app = incident.labels().get("app").unwrap_or_default().to_string();
        let which = if self.kind { 0 } else { self.dice.below(4) };
        if app.starts_with("lying") {
            return Box::pin(async move { Ok(planned(vec![lie(&app)])) });
        }
        Box::pin(async move {
            if which > 1 {
                // What comes of it is in the journal.
                let _ = looks.look(call("k.get", &app)).await;
            }
            match which {
                0 => Ok(planned(vec![proposal("k.scale", &app)])),
                1 => Ok(PlanResult::default()),
                2 => Err("it cannot".into()),
                _ => Ok(planned(vec![proposal("k.restart", &app), proposal("k.unheard", &app)])),
            }
        })
    }
}

impl Model for World {
    fn configured(&self) -> bool {
        true
    }
    fn ask<'a>(
        &'a self,
        incident: &'a Incident,
        _: &'a Catalogue,
        _: &'a [TrackRecord],
    ) -> BoxFuture<'a, Result<ModelReply, (String, Usage)>> {
        self.takes();
        let usage = Usage { calls: 1, prompt_tokens: 100, completion_tokens: 10, ..Usage::default() };
        let app = incident.labels().get("app").unwrap_or_default().to_string();
        let diagnosis = Diagnosis::default();
        let answer = match if self.kind { 1 } else { self.dice.below(5) } {
            0 => ModelAnswer::Look { calls: vec![AskedCall { id: String::new(), call: call("k.get", &app) }] },
            1 => ModelAnswer::Act { proposals: vec![proposal("k.restart", &app)], diagnosis },
            2 => ModelAnswer::Person { diagnosis },
            3 => ModelAnswer::Resolved { diagnosis },
            _ => return Box::pin(async move { Err(("down".into(), usage)) }),
        };
        Box::pin(async move { Ok(ModelReply { answer, text: String::new(), usage, original: None }) })
    }
}

impl Notifiers for World {
    fn has(&self, target: &str) -> bool {
        target != "ghost"
    }
    fn deliver<'a>(
        &'a self,
        _: &'a str,
        _: &'a Message,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<Option<String>, NotifyError>> {
        let ok = self.luck(8);
        Box::pin(async move { if ok { Ok(None) } else { Err(NotifyError::Permanent("gone".into())) } })
    }
}

/// A host in simulated time.
pub struct Rig {
    services: Services,
    clock: Arc<SimClock>,
    dice: Arc<Random>,
    journal: Arc<Memory>,
    fired: Vec<Alert>,
    opened: Vec<IncidentId>,
    objects: Arc<Objects>,
    world: Arc<World>,
    _woken: mpsc::UnboundedReceiver<IncidentId>,
}

impl Rig {
    /// A host whose tools always work.
    pub fn new(seed: u64, policies: &str, mode: Mode) -> Self {
        Self::with(seed, policies, mode, true)
    }

    /// One whose tools, model and planner answer at random, if it is not kind.
    pub fn with(seed: u64, policies: &str, mode: Mode, kind: bool) -> Self {
        let dice = Arc::new(Random::seeded(seed));
        let clock = Arc::new(SimClock(Mutex::new(START.parse().unwrap()), Mutex::default()));
        let journal = Arc::new(Memory::new());
        let (wake, woken) = mpsc::unbounded_channel();
        let objects = Arc::new(Objects::default());
        let (of_dice, of_clock) = (Arc::clone(&dice), Arc::clone(&clock));
        let down_until = Mutex::new(Timestamp::UNIX_EPOCH);
        let world = Arc::new(World { dice: of_dice, clock: of_clock, kind, objects: Arc::clone(&objects), down_until });
        let group = |alert: &Alert| format!("{}/{}", alert.name, &alert.labels["app"]).into();
        let store = Store::new(
            Arc::clone(&journal) as Arc<dyn Journal>,
            Arc::clone(&clock) as Arc<dyn Clock>,
            Arc::clone(&dice),
            Box::new(group),
            wake,
        );
        let services = Services {
            store: Arc::new(store),
            policies: Arc::new(set(policies)) as Arc<dyn Policies>,
            gate: Arc::new(Gate::new(GateOptions::default())),
            tools: Arc::clone(&world) as Arc<dyn Tools>,
            planners: Arc::clone(&world) as Arc<dyn Planners>,
            model: Arc::clone(&world) as Arc<dyn Model>,
            library: None,
            notifiers: Arc::clone(&world) as Arc<dyn Notifiers>,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            random: Arc::clone(&dice),
            mode,
            limits: Limits::default(),
            language: Language::En,
            links: None,
            base: None,
        };
        Self { services, clock, dice, journal, fired: Vec::new(), opened: Vec::new(), objects, world, _woken: woken }
    }

    /// A whole recording by dice.
    pub fn run(seed: u64, policies: &str, mode: Mode, rounds: u64) -> Memory {
        let mut rig = Self::with(seed, policies, mode, false);
        for _ in 0..rounds {
            let pause = rig.dice.below(6 * 60_000) as i64;
            rig.at(rig.clock.now() + SignedDuration::from_millis(pause));
            let names = ["Stuck", "Stuck", "Leak", "Down", "Slow", "Slow", "Noise", "Unknown", "Torn"];
            let apps = ["a", "b", "c"];
            match rig.dice.below(4) {
                0 | 1 => rig.fire(names[rig.dice.below(9) as usize], apps[rig.dice.below(3) as usize]),
                2 => rig.resolve(),
                _ => rig.answer(),
            }
            rig.settle();
        }
        rig.done()
    }

    /// The objects that `k.set` changes.
    pub fn objects(&self) -> &Objects {
        &self.objects
    }

    /// Nothing can be sent to the server for so many seconds.
    pub fn down(&self, seconds: i64) {
        *self.world.down_until.lock().unwrap() = self.clock.now() + SignedDuration::from_secs(seconds);
    }

    /// From now on time goes by while something is decided and written, as on a machine.
    pub fn tick(&mut self, tick: SignedDuration) {
        *self.clock.1.lock().unwrap() = tick;
    }

    /// From now on these policies are in force.
    pub fn govern(&mut self, policies: &str) {
        self.services.policies = Arc::new(set(policies));
    }

    /// The journal as it stands.
    pub fn journal(&self) -> Memory {
        Memory::with_entries(self.journal.entries())
    }

    /// How incidents ended, in order.
    pub fn conclusions(&self) -> Vec<crate::domain::Outcome> {
        let ends = self.facts().into_iter().filter_map(|fact| match fact {
            Fact::Concluded { outcome, .. } => Some(outcome),
            _ => None,
        });
        ends.collect()
    }

    /// The gate.
    pub fn gate(&self) -> &Gate {
        &self.services.gate
    }

    /// The one incident.
    pub fn incident(&self) -> Arc<Incident> {
        self.services.store.get(&self.opened[0]).unwrap()
    }

    /// Lets so many seconds pass.
    pub fn pass(&mut self, seconds: i64) {
        self.at(self.clock.now() + SignedDuration::from_secs(seconds));
        self.settle();
    }

    /// What has happened to all incidents.
    pub fn facts(&self) -> Vec<Fact> {
        let sealed = self.journal.entries();
        sealed.iter().filter_map(|sealed| sealed.open::<Fact>().ok()).map(|entry| entry.fact).collect()
    }

    pub fn done(self) -> Memory {
        Memory::with_entries(self.journal.entries())
    }

    pub fn at(&mut self, at: Timestamp) {
        // Everything that falls due before happens in its own time.
        for _ in 0..1000 {
            let Some(first) = self.timers().into_iter().min().filter(|first| *first < at) else { break };
            self.clock.advance(first);
            self.settle();
        }
        self.clock.advance(at);
    }

    fn next(&self, incident: &Incident, now: Timestamp) -> Next {
        next_with(incident, now, &self.services.limits, &|tool| self.services.tools.ready(tool))
    }

    fn timers(&self) -> Vec<Timestamp> {
        let now = self.clock.now();
        let wait = |id| match self.next(&*self.services.store.get(id)?, now) {
            Next::Wait(at) => Some(at),
            _ => None,
        };
        self.opened.iter().filter_map(wait).collect()
    }

    pub fn fire(&mut self, name: &str, app: &str) {
        let labels: Labels = [("app".to_string(), app.to_string())].into();
        let alert = Alert {
            source: "s".into(),
            name: name.into(),
            status: Status::Firing,
            severity: Severity::Warning,
            labels,
            annotations: Labels::new(),
            starts_at: Some(self.clock.now()),
            ends_at: None,
            fingerprint: format!("{name}/{app}/{}", self.dice.below(2)),
            link: None,
        };
        self.fired.push(alert.clone());
        self.receive(alert);
    }

    pub fn resolve(&mut self) {
        if self.fired.is_empty() {
            return;
        }
        let mut alert = self.fired.remove(self.dice.below(self.fired.len() as u64) as usize);
        alert.status = Status::Resolved;
        self.receive(alert);
    }

    fn receive(&mut self, alert: Alert) {
        let received = block_on(self.services.store.receive(vec![alert])).unwrap();
        for id in received.incidents {
            if !self.opened.contains(&id) {
                self.opened.push(id);
            }
        }
    }

    fn answer(&mut self) {
        let yes = self.dice.below(3) > 0;
        self.say(yes);
    }

    pub fn answer_yes(&mut self) {
        self.say(true);
    }

    /// A person answers the first question that waits.
    fn say(&mut self, yes: bool) {
        for id in self.opened.clone() {
            let Some(incident) = self.services.store.get(&id) else { continue };
            let Some(record) = incident.actions.iter().find(|record| record.state == ActionState::Asked) else {
                continue;
            };
            let (action, digest) = (record.action.id.clone(), record.action.digest.clone());
            let (person, via, comment) = (Person::typed("p"), "cli".to_string(), String::new());
            let fact = if yes {
                Fact::Approved { action, digest, person, via, comment }
            } else {
                Fact::Rejected { action, person, via, comment }
            };
            block_on(self.services.store.append(&id, vec![fact])).unwrap();
            return;
        }
    }

    /// Does what is to be done now.
    pub fn settle(&mut self) {
        for _ in 0..1000 {
            let mut idle = true;
            for id in self.opened.clone() {
                let Some(incident) = self.services.store.get(&id) else { continue };
                let now = self.clock.now();
                if let Some(delivery) = due(&incident, now).0.first() {
                    idle = false;
                    block_on(deliver(&self.services, &incident, delivery)).unwrap();
                } else if let Next::Do(effect) = self.next(&incident, now) {
                    idle = false;
                    block_on(perform(&self.services, &incident, effect)).unwrap();
                }
            }
            if idle {
                return;
            }
        }
        panic!("it does not settle");
    }
}

/// Policies of one file.
pub fn policies(text: &str) -> Arc<dyn Policies> {
    Arc::new(set(text))
}

/// A journal that keeps nothing on disk.
pub fn journal() -> Arc<dyn Journal> {
    Arc::new(Memory::new())
}
