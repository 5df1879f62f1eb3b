//! A cluster, a model and a host around them, in simulated time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{self, BoxFuture};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::app::inspections::Inspections;
use crate::clock::TokioClock;
use crate::collector::Topic;
use crate::config::{Inspection, ReportWhen};
use crate::domain::control::{self, Control};
use crate::domain::entry::{Diagnosis, ModelAnswer, Usage};
use crate::domain::incident::Limits;
use crate::domain::inspection::{InspectionResult, Run};
use crate::domain::job::JobEvent;
use crate::domain::{Alert, Catalogue, Incident, Mode, Person, PlanResult, Risk, Tool};
use crate::gate::{Gate, Options, Permit, ReadPermit};
use crate::inspection::cron::Schedule;
use crate::inspection::timetable::Timetable;
use crate::inspection::{InspectionScope, Thresholds};
use crate::journal::Memory;
use crate::pipeline::Services;
use crate::policy::Set;
use crate::ports::{
    Clock, Journal, Looks, Message, Model, ModelReply, Notifiers, NotifyError, Planners, ToolAnswer, ToolError,
    ToolSlot, Tools, TrackRecord,
};
use crate::random::Random;
use crate::report::Language;
use crate::store::{Store, replay};

const WELL: &str =
    "NAMESPACE   NAME   READY   STATUS    RESTARTS   AGE\nshop        db-0   1/1     Running   0          5h\n";
const ILL: &str = "NAMESPACE   NAME   READY   STATUS             RESTARTS      AGE\nshop        db-0   0/1     CrashLoopBackOff   9 (2m ago)    5h\n";

/// A cluster of one pod, and a model.
#[derive(Default)]
pub struct World {
    pub ill: AtomicBool,
    pub hangs: AtomicBool,
    pub silent: AtomicBool,
    /// Lists answer, and a closer look does not.
    pub far: AtomicBool,
    pub breaks: AtomicBool,
    pub model: AtomicBool,
    /// A server that is there and has no tool that lists anything.
    pub toolless: AtomicBool,
    /// Lists fail in words, and the server calls that an answer.
    pub babbles: AtomicBool,
    /// How many seconds a list of deployments of one namespace takes.
    pub slow: AtomicU64,
    /// Namespaces besides `shop`, and how many of each kind stand in which.
    pub many: Mutex<Many>,
    /// How often each tool was called, with the kind that it was called for.
    pub calls: Mutex<BTreeMap<String, usize>>,
    /// As long as nothing changes it is the same one.
    tools: OnceLock<Arc<Catalogue>>,
}

/// A cluster of many namespaces.
#[derive(Default)]
pub struct Many {
    /// Namespaces `n00` and so on.
    pub namespaces: usize,
    /// Deployments by namespace.
    pub deployments: BTreeMap<String, usize>,
    /// The one namespace that a list of the whole cluster shows for these kinds, as if nobody might list more.
    pub own: BTreeMap<&'static str, &'static str>,
}

impl World {
    fn list(&self, call: &crate::domain::Call) -> String {
        let many = self.many.lock().unwrap();
        let of = |key: &str| call.arguments.get(key).and_then(Value::as_str).unwrap_or_default();
        let kind = of("kind");
        let counted = if kind.is_empty() { call.tool.as_str() } else { kind };
        *self.calls.lock().unwrap().entry(counted.to_string()).or_default() += 1;
        let names = (0..many.namespaces).map(|n| format!("n{n:02}"));
        let shown = |name: &String| match (of("namespace"), many.own.get(counted)) {
            ("", None) => true,
            ("", Some(own)) => name == own,
            (wanted, _) => name == wanted,
        };
        match counted {
            "kubernetes.namespaces_list" => {
                let rows: String = names.map(|name| format!("{name}    Active   9d\n")).collect();
                format!("NAME   STATUS   AGE\nshop   Active   9d\n{rows}")
            }
            "kubernetes.pods_list" | "kubernetes.pods_list_in_namespace" => {
                let rows =
                    names.filter(shown).map(|name| format!("{name}         a-0    1/1     Running   0          5h\n"));
                let all = !many.own.contains_key(counted);
                let head = if all { WELL } else { WELL.lines().next().unwrap_or_default() };
                format!("{}\n{}", head.trim_end(), rows.collect::<String>())
            }
            "Deployment" => {
                let rows = names.filter(shown).flat_map(|name| {
                    let count = many.deployments.get(&name).copied().unwrap_or_default();
                    (0..count).map(move |n| format!("{name}         d{n}     0/1     1            0           5h\n"))
                });
                let rows: String = rows.collect();
                if rows.is_empty() {
                    rows
                } else {
                    format!("NAMESPACE   NAME   READY   UP-TO-DATE   AVAILABLE   AGE\n{rows}")
                }
            }
            _ => String::new(),
        }
    }
}

impl Tools for World {
    fn catalogue(&self) -> Arc<Catalogue> {
        let tool = |name: &str| Tool {
            name: name.into(),
            description: String::new(),
            schema: json!({"type": "object"}),
            risk: Risk::Read,
            repeatable: true,
            undo: None,
            own: false,
        };
        if self.toolless.load(SeqCst) {
            return Arc::new(Catalogue {
                tools: [("other.say".to_string(), tool("other.say"))].into(),
                ..Catalogue::default()
            });
        }
        let mut tools = vec!["kubernetes.pods_list", "kubernetes.namespaces_list", "kubernetes.pods_get"];
        if self.many.lock().unwrap().namespaces > 0 {
            tools.extend(["kubernetes.resources_list", "kubernetes.pods_list_in_namespace"]);
        }
        let tools = || tools.iter().map(|name| ((*name).to_string(), tool(name))).collect();
        Arc::clone(self.tools.get_or_init(|| Arc::new(Catalogue { tools: tools(), ..Catalogue::default() })))
    }

    fn look<'a>(&'a self, permit: &'a ReadPermit) -> BoxFuture<'a, Result<ToolAnswer, ToolError>> {
        async move {
            if self.hangs.load(SeqCst) {
                future::pending::<()>().await;
            }
            let many = self.many.lock().unwrap().namespaces > 0;
            if many && permit.call().tool == "kubernetes.resources_list" {
                let own = permit.call().arguments.contains_key("namespace");
                tokio::time::sleep(Duration::from_secs(if own { self.slow.load(SeqCst) } else { 0 })).await;
            }
            let text = match permit.call().tool.as_str() {
                "kubernetes.pods_list" if self.babbles.load(SeqCst) => "apiserver is not reachable".into(),
                "kubernetes.pods_get" if many => String::new(),
                _ if many => self.list(permit.call()),
                "kubernetes.namespaces_list" => "NAME   STATUS   AGE\nshop   Active   9d\n".to_string(),
                "kubernetes.pods_list" if self.breaks.load(SeqCst) => panic!("a fault of the host"),
                "kubernetes.pods_get" if self.far.load(SeqCst) => return Err(ToolError::Lost("no answer".into())),
                "kubernetes.pods_list" if self.silent.load(SeqCst) => {
                    return Err(ToolError::Lost("no answer".into()));
                }
                "kubernetes.pods_list" if self.ill.load(SeqCst) => ILL.into(),
                "kubernetes.pods_list" => WELL.into(),
                _ => json!({
                    "kind": "Pod", "metadata": {"name": "db-0", "namespace": "shop"},
                    "spec": {"containers": [{"name": "db", "image": "db:1"}]},
                    "status": {"phase": "Running", "containerStatuses": [{
                        "name": "db", "ready": false, "restartCount": 9,
                        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                        "lastState": {"terminated": {"exitCode": 3, "reason": "Error"}},
                    }]},
                })
                .to_string(),
            };
            Ok(ToolAnswer { ok: true, text })
        }
        .boxed()
    }

    fn perform<'a>(
        &'a self,
        _: &'a Permit,
        _: &'a crate::domain::Call,
        _: ToolSlot,
    ) -> BoxFuture<'a, Result<ToolAnswer, ToolError>> {
        future::ready(Err(ToolError::Refused("nothing is changed here".into()))).boxed()
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
        self.model.load(SeqCst)
    }
    fn ask<'a>(
        &'a self,
        incident: &'a Incident,
        catalogue: &'a Catalogue,
        _: &'a [TrackRecord],
    ) -> BoxFuture<'a, Result<crate::ports::ModelReply, (String, Usage)>> {
        async move {
            assert!(catalogue.tools.is_empty(), "it can call nothing");
            let alert = incident.alerts.first().unwrap();
            assert!(alert.annotations.iter().any(|(_, text)| text.contains("db-0")), "it sees the findings");
            let root_cause = "The database crashes.".to_string();
            let answer = ModelAnswer::Person { diagnosis: Diagnosis { root_cause, ..Diagnosis::default() } };
            Ok(ModelReply {
                answer,
                text: String::new(),
                usage: Usage { calls: 1, ..Usage::default() },
                original: None,
            })
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
        _: &'a str,
        _: &'a Message,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<Option<String>, NotifyError>> {
        future::ready(Ok(None)).boxed()
    }
}

pub fn inspection() -> Inspection {
    let schedule = Schedule::parse("0 8 * * *", TimeZone::UTC).unwrap();
    let order = InspectionScope {
        name: "daily".into(),
        topics: vec![Topic::Workloads],
        namespaces: Vec::new(),
        server: None,
        bounds: Thresholds::default(),
    };
    Inspection {
        order,
        timetable: Some(Timetable { schedule, jitter: Duration::ZERO }),
        summary: false,
        report: ReportWhen::Findings,
        alerts: false,
    }
}

pub struct Host {
    pub world: Arc<World>,
    pub journal: Arc<Memory>,
    pub store: Arc<Store>,
    pub clock: Arc<TokioClock>,
    pub inspections: Arc<Inspections>,
}

impl Host {
    /// A process over what an earlier one has left.
    pub async fn on(journal: Arc<Memory>, world: Arc<World>, at: &str, inspection: Inspection) -> Self {
        let clock = Arc::new(TokioClock::starting_at(at.parse().unwrap()));
        let services = services_by(&journal, &world, Arc::clone(&clock));
        let store = Arc::clone(&services.store);
        let inspections = Inspections::new(services, Arc::clone(&journal) as Arc<dyn Journal>, vec![inspection]);
        inspections.restore().await.unwrap();
        inspections.follow();
        Self { world, journal, store, clock, inspections }
    }

    pub async fn fresh(at: &str, inspection: Inspection) -> Self {
        Self::on(Arc::new(Memory::new()), Arc::default(), at, inspection).await
    }

    pub async fn now(&self) -> Run {
        self.inspections.run("daily", Person::typed("ada"), &|_| {}).await.unwrap().0
    }

    /// What the journal says, a word each.
    pub fn events(&self) -> Vec<String> {
        let stream = self.journal.stream(control::STREAM).unwrap();
        let events = stream.iter().filter_map(|sealed| match sealed.open::<Control>().unwrap().fact {
            Control::Inspection(event) => Some(match *event {
                JobEvent::Began { planned: Some(at), .. } => format!("began for {}", at.strftime("%d %H:%M")),
                JobEvent::Began { .. } => "began".into(),
                JobEvent::Ended { end: InspectionResult { new, gone, still, .. }, .. } => {
                    format!("ended +{} ={still} -{}", new.len(), gone.len())
                }
                JobEvent::Failed { .. } => "failed".into(),
                JobEvent::Skipped { count, last, .. } => format!("skipped {count} until {}", last.strftime("%d %H:%M")),
            }),
            _ => None,
        });
        events.collect()
    }

    pub fn incidents(&self, name: &str) -> Vec<Arc<Incident>> {
        let mut all = self.store.all();
        all.retain(|one| one.alerts.first().is_some_and(|alert| alert.name == name));
        all.sort_by(|a, b| a.id.cmp(&b.id));
        all
    }

    pub async fn pass(&self, length: SignedDuration) {
        tokio::time::sleep(Duration::try_from(length).unwrap()).await;
    }
}

/// What a host rests on, in simulated time.
pub fn services(journal: &Arc<Memory>, world: &Arc<World>, at: &str) -> Arc<Services> {
    services_by(journal, world, Arc::new(TokioClock::starting_at(at.parse().unwrap())))
}

fn services_by(journal: &Arc<Memory>, world: &Arc<World>, clock: Arc<TokioClock>) -> Arc<Services> {
    let random = Arc::new(Random::seeded(1));
    let (wake, _) = mpsc::unbounded_channel();
    let key = |alert: &Alert| crate::pipeline::correlate::group(None, alert, None);
    let store = Arc::new(Store::new(
        Arc::clone(journal) as Arc<dyn Journal>,
        Arc::clone(&clock) as Arc<dyn Clock>,
        Arc::clone(&random),
        Box::new(key),
        wake,
    ));
    let replayed = replay(journal.as_ref()).unwrap();
    store.reload(replayed.incidents.into_values().collect(), Vec::new()).unwrap();
    Arc::new(Services {
        store: Arc::clone(&store),
        policies: Arc::new(Set::embedded().unwrap_or_else(|problems| panic!("{problems}"))),
        gate: Arc::new(Gate::new(Options::default())),
        tools: Arc::clone(world) as Arc<dyn Tools>,
        planners: Arc::clone(world) as Arc<dyn Planners>,
        model: Arc::clone(world) as Arc<dyn Model>,
        library: None,
        notifiers: Arc::clone(world) as Arc<dyn Notifiers>,
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        random,
        mode: Mode::Enforce,
        limits: Limits::default(),
        language: Language::En,
        links: None,
        base: None,
    })
}
