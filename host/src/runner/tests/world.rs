//! A runner over the real store, gate, policies and pipeline; around it a world that hangs, panics and sets
//! the clock as it is told.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{FutureExt, future};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::sync::{mpsc, watch};

use crate::clock::TokioClock;
use crate::domain::entry::{Diagnosis, ModelAnswer, Usage};
use crate::domain::incident::Limits;
use crate::domain::{
    Alert, Catalogue, Fact, Incident, IncidentId, Mode, Outcome, PlanResult, Risk, Severity, Status, Tool,
};
use crate::gate::{Gate, Options, Permit, ReadPermit};
use crate::journal::Memory;
use crate::pipeline::{Services, receive};
use crate::policy::Set;
use crate::ports::TrackRecord;
use crate::ports::{
    Clock, Journal, Looks, Message, Model, ModelReply, Notifiers, NotifyError, Planners, ToolAnswer, ToolError,
    ToolSlot, Tools,
};
use crate::random::Random;
use crate::report::Language;
use crate::runner::Runner;
use crate::store::{Store, replay};

pub const POLICIES: &str = r#"
rule("crit", #{ on: #{ alertname: "Crit" }, then: escalate("a person looks") });
rule("held", #{ on: #{ alertname: "Held" }, then: hold("10s", "wait") });
rule("fix", #{ on: #{ alertname: "Fix" }, then: |i| remediate([act("s.do", #{ name: label(i, "app") })], "fix it") });
rule("ask", #{ on: #{ alertname: "Ask" }, then: |i| remediate([act("s.do", #{ name: label(i, "app") })], "fix it") });
rule("paged", #{ on: #{ alertname: "Paged" }, then: |i| remediate([act("s.do", #{ name: label(i, "app") })], "fix it") });
rule("named", #{ on: #{ alertname: "Named" }, when: |i| tools("s.*").len() > 0, then: escalate("s is there") });
rule("slow", #{ on: #{ alertname: "Slow", finding: absent() }, then: escalate("nothing is known") });
evidence("slow", #{ on: #{ alertname: "Slow" }, collect: |i| look("s.look", #{ name: label(i, "app") }) });
gate("ask", #{ on: #{ tool: "s.do" }, when: |a, i| a.origin_name in ["ask", "paged"], ask: #{ who: "anybody", within: "3h", reason: "why not" } });
gate("ok", #{ on: #{ tool: "s.do" }, allow: true });
route("pages", #{ on: #{ alertname: "Paged" }, to: ["slow", "late"], fallback: ["phone"], fallback_after: "1s" });
route("all", #{ to: ["people"] });
"#;

/// What the world does.
#[derive(Default)]
pub struct World {
    pub model_hangs: AtomicBool,
    /// So many questions to the model panic.
    pub model_panics: AtomicU32,
    /// So many attempts to tell people panic.
    pub telling_panics: AtomicU32,
    /// How long the targets of pages take to refuse what they are told.
    pub refuses_after_ms: AtomicU32,
    pub asked: AtomicU32,
    /// Whether tools that look never answer.
    pub looks_hang: AtomicBool,
    /// How long a change takes in milliseconds; -1 for ever.
    pub change_ms: AtomicI64,
    pub begun: AtomicU32,
    pub told: Mutex<BTreeMap<String, Duration>>,
    /// Whether it is known which tools there are.
    pub settled: Option<watch::Sender<bool>>,
    /// The tools before and after that.
    pub catalogues: [OnceLock<Arc<Catalogue>>; 2],
}

impl Tools for World {
    fn catalogue(&self) -> Arc<Catalogue> {
        let there = self.settled.as_ref().is_none_or(|settled| *settled.borrow());
        let tool = |name: &str, risk, repeatable| Tool {
            name: name.into(),
            description: String::new(),
            schema: json!({"type": "object", "properties": {"name": {"type": "string"}}}),
            risk,
            repeatable,
            undo: None,
            own: false,
        };
        let tools = [tool("s.do", Risk::Low, true), tool("s.look", Risk::Read, true)];
        let tools = tools.into_iter().filter(|_| there).map(|tool| (tool.name.clone(), tool)).collect();
        // As long as nothing changes it is the same one.
        Arc::clone(
            self.catalogues[usize::from(there)].get_or_init(|| Arc::new(Catalogue { tools, ..Catalogue::default() })),
        )
    }
    fn settled(&self) -> BoxFuture<'_, ()> {
        async {
            if let Some(settled) = &self.settled {
                let _ = settled.subscribe().wait_for(|settled| *settled).await;
            }
        }
        .boxed()
    }
    fn look<'a>(&'a self, _: &'a ReadPermit) -> BoxFuture<'a, Result<ToolAnswer, ToolError>> {
        async {
            if self.looks_hang.load(SeqCst) {
                future::pending::<()>().await;
            }
            Ok(ToolAnswer { ok: true, text: "{}".into() })
        }
        .boxed()
    }
    fn perform<'a>(
        &'a self,
        _: &'a Permit,
        _: &'a crate::domain::Call,
        _: ToolSlot,
    ) -> BoxFuture<'a, Result<ToolAnswer, ToolError>> {
        async {
            self.begun.fetch_add(1, SeqCst);
            match u64::try_from(self.change_ms.load(SeqCst)) {
                Ok(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
                Err(_) => future::pending().await,
            }
            Ok(ToolAnswer { ok: true, text: "done".into() })
        }
        .boxed()
    }
}

impl Planners for World {
    fn plan<'a>(
        &'a self,
        _: &'a str,
        _: &'a Incident,
        _: Timestamp,
        _: Arc<dyn Looks>,
    ) -> BoxFuture<'a, Result<PlanResult, String>> {
        future::ready(Ok(PlanResult::default())).boxed()
    }
}

impl Model for World {
    fn configured(&self) -> bool {
        true
    }
    fn ask<'a>(
        &'a self,
        _: &'a Incident,
        _: &'a Catalogue,
        _: &'a [TrackRecord],
    ) -> BoxFuture<'a, Result<ModelReply, (String, Usage)>> {
        async {
            self.asked.fetch_add(1, SeqCst);
            let panics = self.model_panics.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1));
            assert!(panics.is_err(), "an injected fault");
            if self.model_hangs.load(SeqCst) {
                future::pending::<()>().await;
            }
            let answer = ModelAnswer::Person { diagnosis: Diagnosis::default() };
            let usage = Usage { calls: 1, ..Usage::default() };
            Ok(ModelReply { answer, text: String::new(), usage, original: None })
        }
        .boxed()
    }
}

impl Notifiers for World {
    fn has(&self, _: &str) -> bool {
        true
    }
    fn deliver<'a>(
        &'a self,
        target: &'a str,
        message: &'a Message,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<Option<String>, NotifyError>> {
        async move {
            let panics = self.telling_panics.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1));
            assert!(panics.is_err(), "an injected fault");
            if matches!(target, "slow" | "late") {
                tokio::time::sleep(Duration::from_millis(self.refuses_after_ms.load(SeqCst).into())).await;
                return Err(NotifyError::Permanent("no such channel".into()));
            }
            self.told.lock().unwrap().entry(message.incident.to_string()).or_insert(Duration::ZERO);
            Ok(None)
        }
        .boxed()
    }
}

/// A wall clock that somebody sets.
pub struct SetClock {
    inner: TokioClock,
    ahead: Mutex<SignedDuration>,
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        self.inner.now() + *self.ahead.lock().unwrap()
    }
    fn elapsed(&self) -> Duration {
        self.inner.elapsed()
    }
    fn sleep(&self, length: Duration) -> BoxFuture<'static, ()> {
        tokio::time::sleep(length.min(Duration::from_secs(60))).boxed()
    }
}

/// A process.
pub struct Host {
    pub world: Arc<World>,
    pub journal: Arc<Memory>,
    pub store: Arc<Store>,
    pub runner: Arc<Runner>,
    pub clock: Arc<SetClock>,
    services: Arc<Services>,
}

impl Host {
    pub fn new(world: World) -> Self {
        Self::on(Memory::new(), world)
    }

    /// A process over what an earlier one has left.
    pub fn on(journal: Memory, world: World) -> Self {
        let (world, journal) = (Arc::new(world), Arc::new(journal));
        let epoch = Timestamp::from_second(1_763_000_000).unwrap();
        let clock = Arc::new(SetClock { inner: TokioClock::starting_at(epoch), ahead: Mutex::default() });
        let random = Arc::new(Random::seeded(1));
        let (wake, woken) = mpsc::unbounded_channel();
        let key = |alert: &Alert| format!("{}/{}", alert.name, alert.fingerprint).into();
        let store = Arc::new(Store::new(
            Arc::clone(&journal) as Arc<dyn Journal>,
            Arc::clone(&clock) as Arc<dyn Clock>,
            Arc::clone(&random),
            Box::new(key),
            wake,
        ));
        let policies = Set::from_sources(&[("a.rhai", POLICIES)]).unwrap_or_else(|problems| panic!("{problems}"));
        let gate = Options { cooldown: SignedDuration::ZERO, ..Options::default() };
        let services = Arc::new(Services {
            store: Arc::clone(&store),
            policies: Arc::new(policies),
            gate: Arc::new(Gate::new(gate)),
            tools: Arc::clone(&world) as Arc<dyn Tools>,
            planners: Arc::clone(&world) as Arc<dyn Planners>,
            model: Arc::clone(&world) as Arc<dyn Model>,
            library: None,
            notifiers: Arc::clone(&world) as Arc<dyn Notifiers>,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            random,
            mode: Mode::Enforce,
            limits: Limits::default(),
            language: Language::En,
            links: None,
            base: None,
        });
        let again = (Arc::clone(&services), Arc::clone(&journal));
        let reload = move || {
            let (services, journal) = &again;
            let replayed = replay(journal.as_ref())?;
            services.gate.forget();
            services.gate.restore(replayed.gate_events);
            let unsettled: Vec<Incident> =
                replayed.incidents.into_values().filter(|incident| !incident.settled()).collect();
            unsettled.iter().for_each(|incident| services.gate.restore_holds(incident));
            services.store.reload(unsettled, Vec::new()).map(drop)
        };
        reload().unwrap();
        let runner = Runner::new(Arc::clone(&services), Box::new(reload));
        tokio::spawn(Arc::clone(&runner).run(woken));
        Self { world, journal, store, runner, clock, services }
    }

    /// One alert; the incident that it opens or belongs to.
    pub async fn alert(&self, name: &str, app: &str, status: Status) -> IncidentId {
        receive(&self.services, vec![alert(name, app, status)]).await.unwrap().incidents.remove(0)
    }

    pub async fn fires(&self, name: &str, app: &str) -> IncidentId {
        self.alert(name, app, Status::Firing).await
    }

    /// Whether the alert is taken.
    pub async fn fires_or_not(&self, name: &str, app: &str) -> bool {
        let taken = receive(&self.services, vec![alert(name, app, Status::Firing)]).await.is_ok();
        self.runner.check_journal();
        taken
    }

    pub fn incident(&self, id: &IncidentId) -> Arc<Incident> {
        self.store.get(id).unwrap()
    }

    pub fn outcome(&self, id: &IncidentId) -> Option<Outcome> {
        self.incident(id).outcome()
    }

    pub fn is_told(&self, id: &IncidentId) -> bool {
        self.world.told.lock().unwrap().contains_key(&*id.0)
    }

    /// Everything that is durable about an incident.
    pub fn facts(&self, id: &IncidentId) -> Vec<Fact> {
        let entries = self.journal.entries();
        let mine = entries.iter().filter(|sealed| *sealed.stream == *id.0);
        mine.map(|sealed| sealed.open::<Fact>().unwrap().fact).collect()
    }

    pub fn set_clock(&self, by: SignedDuration) {
        *self.clock.ahead.lock().unwrap() += by;
    }

    /// How long it takes until something holds.
    pub async fn until(&self, what: impl Fn(&Self) -> bool) -> Duration {
        let begin = self.clock.elapsed();
        while !what(self) {
            assert!(self.clock.elapsed() - begin < Duration::from_secs(24 * 3600), "it never holds");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.clock.elapsed() - begin
    }
}

fn alert(name: &str, app: &str, status: Status) -> Alert {
    Alert {
        source: "test".into(),
        name: name.into(),
        status,
        severity: Severity::Warning,
        labels: [("app".to_string(), app.to_string())].into_iter().collect(),
        annotations: Default::default(),
        starts_at: None,
        ends_at: None,
        fingerprint: format!("{name}-{app}"),
        link: None,
    }
}
