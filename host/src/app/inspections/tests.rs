//! Inspections in simulated time: when they are made, what a restart leaves, what is told.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use futures::future;
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use serde_json::json;
use tokio::sync::mpsc;

use super::*;
use crate::clock::TokioClock;
use crate::collector::Topic;
use crate::domain::entry::{Answer, Diagnosis, Usage};
use crate::domain::incident::Limits;
use crate::domain::inspection::{FINDING, REPORT, Summary};
use crate::domain::{Catalogue, Incident, IncidentId, Labels, Mode, Planned, Risk, Severity, Status, Tool};
use crate::gate::{Gate, Options, Permit, ReadPermit};
use crate::inspection::cron::Schedule;
use crate::inspection::timetable::Timetable;
use crate::inspection::{Bounds, Order};
use crate::journal::Memory;
use crate::policy::Set;
use crate::ports::{
    Asked, Clock, Looks, Message, Model, Notifiers, NotifyError, Planners, ToolAnswer, ToolError, Tools, Tried, Turn,
};
use crate::random::Random;
use crate::report::Language;
use crate::store::{Store, replay};

const WELL: &str =
    "NAMESPACE   NAME   READY   STATUS    RESTARTS   AGE\nshop        db-0   1/1     Running   0          5h\n";
const ILL: &str = "NAMESPACE   NAME   READY   STATUS             RESTARTS      AGE\nshop        db-0   0/1     CrashLoopBackOff   9 (2m ago)    5h\n";

/// A cluster of one pod, and a model.
#[derive(Default)]
struct World {
    ill: AtomicBool,
    hangs: AtomicBool,
    silent: AtomicBool,
    /// Lists answer, and a closer look does not.
    far: AtomicBool,
    breaks: AtomicBool,
    model: AtomicBool,
    /// As long as nothing changes it is the same one.
    tools: OnceLock<Arc<Catalogue>>,
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
        let tools = ["kubernetes.pods_list", "kubernetes.namespaces_list", "kubernetes.pods_get"];
        let tools = || tools.iter().map(|name| ((*name).to_string(), tool(name))).collect();
        Arc::clone(self.tools.get_or_init(|| Arc::new(Catalogue { tools: tools() })))
    }

    fn look<'a>(&'a self, permit: &'a ReadPermit) -> BoxFuture<'a, Result<ToolAnswer, ToolError>> {
        async move {
            if self.hangs.load(SeqCst) {
                future::pending::<()>().await;
            }
            let text = match permit.call().tool.as_str() {
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
        _: Turn,
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
    ) -> BoxFuture<'a, Result<Planned, String>> {
        future::ready(Ok(Planned::default())).boxed()
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
        _: &'a [Tried],
    ) -> BoxFuture<'a, Result<crate::ports::Asked, (String, Usage)>> {
        async move {
            assert!(catalogue.tools.is_empty(), "it can call nothing");
            let alert = incident.alerts.first().unwrap();
            assert!(alert.annotations.iter().any(|(_, text)| text.contains("db-0")), "it sees the findings");
            let root_cause = "The database crashes.".to_string();
            let answer = Answer::Person { diagnosis: Diagnosis { root_cause, ..Diagnosis::default() } };
            Ok(Asked { answer, text: String::new(), usage: Usage { calls: 1, ..Usage::default() }, original: None })
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

fn inspection() -> Inspection {
    let schedule = Schedule::parse("0 8 * * *", TimeZone::UTC).unwrap();
    let order = Order {
        name: "daily".into(),
        topics: vec![Topic::Workloads],
        namespaces: Vec::new(),
        server: None,
        bounds: Bounds::default(),
    };
    Inspection {
        order,
        timetable: Some(Timetable { schedule, jitter: Duration::ZERO }),
        summary: false,
        report: ReportWhen::Findings,
        findings: FindingsAs::Report,
    }
}

struct Host {
    world: Arc<World>,
    journal: Arc<Memory>,
    store: Arc<Store>,
    clock: Arc<TokioClock>,
    inspections: Arc<Inspections>,
}

impl Host {
    /// A process over what an earlier one has left.
    async fn on(journal: Arc<Memory>, world: Arc<World>, at: &str, inspection: Inspection) -> Self {
        let clock = Arc::new(TokioClock::starting_at(at.parse().unwrap()));
        let random = Arc::new(Random::seeded(1));
        let (wake, _) = mpsc::unbounded_channel();
        let key = |alert: &Alert| crate::pipeline::correlate::group(None, alert, None);
        let store = Arc::new(Store::new(
            Arc::clone(&journal) as Arc<dyn Journal>,
            Arc::clone(&clock) as Arc<dyn Clock>,
            Arc::clone(&random),
            Box::new(key),
            wake,
        ));
        let replayed = replay(journal.as_ref()).unwrap();
        store.reload(replayed.incidents.into_values().collect(), Vec::new()).unwrap();
        let services = Arc::new(Services {
            store: Arc::clone(&store),
            policies: Arc::new(Set::embedded().unwrap_or_else(|problems| panic!("{problems}"))),
            gate: Arc::new(Gate::new(Options::default())),
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
        });
        let inspections = Inspections::new(services, Arc::clone(&journal) as Arc<dyn Journal>, vec![inspection]);
        inspections.restore().await.unwrap();
        inspections.follow();
        Self { world, journal, store, clock, inspections }
    }

    async fn fresh(at: &str, inspection: Inspection) -> Self {
        Self::on(Arc::new(Memory::new()), Arc::default(), at, inspection).await
    }

    async fn now(&self) -> Run {
        self.inspections.run("daily", Person::typed("ada"), &|_| {}).await.unwrap().0
    }

    /// What the journal says, a word each.
    fn events(&self) -> Vec<String> {
        let stream = self.journal.stream(control::STREAM).unwrap();
        let events = stream.iter().filter_map(|sealed| match sealed.open::<Control>().unwrap().fact {
            Control::Inspection(event) => Some(match *event {
                InspectionEvent::Began { planned: Some(at), .. } => format!("began for {}", at.strftime("%d %H:%M")),
                InspectionEvent::Began { .. } => "began".into(),
                InspectionEvent::Ended { new, gone, still, .. } => {
                    format!("ended +{} ={still} -{}", new.len(), gone.len())
                }
                InspectionEvent::Interrupted { .. } => "interrupted".into(),
                InspectionEvent::Skipped { count, last, .. } => {
                    format!("skipped {count} until {}", last.strftime("%d %H:%M"))
                }
            }),
            _ => None,
        });
        events.collect()
    }

    fn incidents(&self, name: &str) -> Vec<Arc<Incident>> {
        let mut all = self.store.all();
        all.retain(|one| one.alerts.first().is_some_and(|alert| alert.name == name));
        all.sort_by(|a, b| a.id.cmp(&b.id));
        all
    }

    async fn pass(&self, length: SignedDuration) {
        tokio::time::sleep(Duration::try_from(length).unwrap()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_is_made_when_it_is_due_and_tells_what_changed() {
    let host = Host::fresh("2026-11-27T07:30:00Z", inspection()).await;
    host.pass(SignedDuration::from_mins(29)).await;
    assert!(host.events().is_empty());
    host.pass(SignedDuration::from_mins(2)).await;
    assert_eq!(host.events(), ["began for 27 08:00", "ended +0 =0 -0"]);
    assert!(host.incidents(REPORT).is_empty(), "nothing is wrong, and nobody is told");
    host.world.ill.store(true, SeqCst);
    host.pass(SignedDuration::from_hours(24)).await;
    host.pass(SignedDuration::from_hours(24)).await;
    assert_eq!(host.events()[2..], ["began for 28 08:00", "ended +1 =0 -0", "began for 29 08:00", "ended +0 =1 -0"]);
    let told = host.incidents(REPORT);
    assert_eq!(told.len(), 2, "each run that found something is told of by itself");
    let digest = told[0].alerts.first().unwrap().annotations.get("digest").unwrap().to_string();
    assert!(digest.contains("**1 new, 0 still there, 0 gone**") && digest.contains("exit code 3"), "{digest}");
    host.world.ill.store(false, SeqCst);
    let run = host.now().await;
    assert_eq!((run.new.len(), run.still.len(), run.gone.len()), (0, 0, 1));
    let metrics = host.inspections.metrics();
    assert!(metrics.contains("tidegate_inspection_runs_total{inspection=\"daily\",result=\"ended\"} 4"), "{metrics}");
    assert!(host.clock.now() > "2026-11-29T08:00:00Z".parse().unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_restart_names_what_was_interrupted_and_makes_up_for_what_was_missed() {
    let host = Host::fresh("2026-11-27T07:30:00Z", inspection()).await;
    host.world.ill.store(true, SeqCst);
    host.world.hangs.store(true, SeqCst);
    host.pass(SignedDuration::from_mins(31)).await;
    assert_eq!(host.events(), ["began for 27 08:00"]);
    host.inspections.stop();
    let (journal, world) = (Arc::clone(&host.journal), Arc::clone(&host.world));
    world.hangs.store(false, SeqCst);
    drop(host);
    // The same day: it comes again at its next time.
    let host = Host::on(Arc::clone(&journal), Arc::clone(&world), "2026-11-27T09:00:00Z", inspection()).await;
    host.pass(SignedDuration::from_hours(2)).await;
    assert_eq!(host.events(), ["began for 27 08:00", "interrupted"]);
    host.inspections.stop();
    drop(host);
    // Three days later: the last is made up for, once, and those before it are named.
    let host = Host::on(Arc::clone(&journal), world, "2026-11-30T10:00:00Z", inspection()).await;
    host.pass(SignedDuration::from_mins(5)).await;
    assert_eq!(host.events()[2..], ["skipped 2 until 29 08:00", "began for 30 08:00", "ended +1 =0 -0"]);
    let view = &host.inspections.views()[0];
    assert_eq!((view.findings.len(), view.next), (1, Some("2026-12-01T08:00:00Z".parse().unwrap())));
}

#[tokio::test(start_paused = true)]
async fn there_are_never_two_at_once_and_none_goes_on_for_ever() {
    let host = Host::fresh("2026-11-27T08:30:00Z", inspection()).await;
    host.world.hangs.store(true, SeqCst);
    let inspections = Arc::clone(&host.inspections);
    let first = tokio::spawn(async move { inspections.run("daily", Person::typed("ada"), &|_| {}).await });
    host.pass(SignedDuration::from_secs(1)).await;
    let second = host.inspections.run("daily", Person::typed("bob"), &|_| {}).await;
    assert!(matches!(second, Err(ControlError::Conflict(_))), "{second:?}");
    let unknown = host.inspections.run("weekly", Person::typed("bob"), &|_| {}).await;
    assert!(matches!(unknown, Err(ControlError::NotFound(_))), "{unknown:?}");
    let first = first.await.unwrap();
    assert!(matches!(first, Err(ControlError::Conflict(_))), "{first:?}");
    assert_eq!(host.events(), ["began", "interrupted"]);
    host.world.hangs.store(false, SeqCst);
    assert!(!host.now().await.found());
}

#[tokio::test(start_paused = true)]
async fn findings_are_alerts_until_they_are_gone() {
    let inspection = Inspection { findings: FindingsAs::Alerts, report: ReportWhen::Never, ..inspection() };
    let host = Host::fresh("2026-11-27T08:30:00Z", inspection.clone()).await;
    host.world.ill.store(true, SeqCst);
    host.now().await;
    let all = host.incidents(FINDING);
    assert_eq!(all.len(), 1);
    let alert = all[0].alerts.first().unwrap();
    assert_eq!((alert.status, &alert.labels["finding"], &alert.labels["pod"]), (Status::Firing, "crash-loop", "db-0"));
    assert_eq!(all[0].decision.as_ref().unwrap().rule.as_deref(), Some("inspection-finding"));
    // What could not be seen is not gone.
    host.world.silent.store(true, SeqCst);
    let run = host.now().await;
    assert_eq!((run.still.len(), run.gone.len(), run.is_incomplete()), (1, 0, true));
    host.world.silent.store(false, SeqCst);
    host.world.ill.store(false, SeqCst);
    host.now().await;
    let after = host.incidents(FINDING);
    assert_eq!((after.len(), after[0].all_resolved()), (1, true));
}

#[tokio::test(start_paused = true)]
async fn what_is_handled_already_is_no_second_alert() {
    let inspection = Inspection { findings: FindingsAs::Alerts, ..inspection() };
    let host = Host::fresh("2026-11-27T08:30:00Z", inspection).await;
    let labels: Labels = [("namespace", "shop"), ("pod", "db-0")].into_iter().collect();
    let alert = Alert {
        source: "alertmanager".into(),
        name: "KubePodCrashLooping".into(),
        status: Status::Firing,
        severity: Severity::Warning,
        labels,
        annotations: Labels::new(),
        starts_at: None,
        ends_at: None,
        fingerprint: "f".into(),
        link: None,
    };
    let received = host.store.receive(vec![alert]).await.unwrap();
    let known: Vec<IncidentId> = received.incidents;
    host.world.ill.store(true, SeqCst);
    assert_eq!(host.now().await.new.len(), 1);
    assert!(host.incidents(FINDING).is_empty(), "{known:?} has it");
}

#[tokio::test(start_paused = true)]
async fn the_model_is_asked_once_or_the_report_says_why_not() {
    let inspection = Inspection { summary: true, ..inspection() };
    let host = Host::fresh("2026-11-27T08:30:00Z", inspection).await;
    host.world.ill.store(true, SeqCst);
    let run = host.now().await;
    assert_eq!(run.summary, Some(Summary::Missing("no language model is configured".into())));
    host.world.model.store(true, SeqCst);
    host.pass(SignedDuration::from_secs(1)).await;
    let run = host.now().await;
    assert_eq!(run.summary, Some(Summary::Said("The database crashes.".into())));
    let told = host.incidents(REPORT);
    let asked: u64 = told.iter().map(|one| one.model.calls).sum();
    assert_eq!((told.len(), asked), (2, 1), "what it cost stands where other questions do");
}

#[tokio::test(start_paused = true)]
async fn a_closer_look_that_failed_changes_nothing() {
    let host = Host::fresh("2026-11-27T08:30:00Z", inspection()).await;
    host.world.ill.store(true, SeqCst);
    assert_eq!(host.now().await.new[0].finding.what.name(), "crash-loop");
    host.world.far.store(true, SeqCst);
    host.pass(SignedDuration::from_secs(1)).await;
    let run = host.now().await;
    assert_eq!((run.new.len(), run.still.len(), run.gone.len()), (0, 1, 0), "{run:?}");
    assert!(run.is_incomplete());
}

#[tokio::test(start_paused = true)]
async fn what_was_told_before_a_run_died_is_resolved_by_the_next() {
    let inspection = Inspection { findings: FindingsAs::Alerts, report: ReportWhen::Never, ..inspection() };
    let host = Host::fresh("2026-11-27T08:30:00Z", inspection.clone()).await;
    host.world.ill.store(true, SeqCst);
    host.now().await;
    // Of the run that told of it nothing was kept.
    host.inspections.standings().clear();
    host.world.ill.store(false, SeqCst);
    host.pass(SignedDuration::from_secs(1)).await;
    let run = host.now().await;
    assert_eq!((run.gone.len(), host.incidents(FINDING)[0].all_resolved()), (0, true));
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_handled_is_told_when_they_do_not_any_more() {
    let inspection = Inspection { findings: FindingsAs::Alerts, ..inspection() };
    let host = Host::fresh("2026-11-27T08:30:00Z", inspection).await;
    let labels: Labels = [("namespace", "shop"), ("pod", "db-0")].into_iter().collect();
    let alert = |status| Alert {
        source: "alertmanager".into(),
        name: "KubePodCrashLooping".into(),
        status,
        severity: Severity::Warning,
        labels: labels.clone(),
        annotations: Labels::new(),
        starts_at: None,
        ends_at: None,
        fingerprint: "f".into(),
        link: None,
    };
    host.store.receive(vec![alert(Status::Firing)]).await.unwrap();
    host.world.ill.store(true, SeqCst);
    host.now().await;
    assert!(host.incidents(FINDING).is_empty());
    host.store.receive(vec![alert(Status::Resolved)]).await.unwrap();
    for _ in 0..2 {
        host.pass(SignedDuration::from_secs(1)).await;
        assert_eq!(host.now().await.still.len(), 1);
        assert_eq!(host.incidents(FINDING).len(), 1, "it is told once");
    }
}

#[tokio::test(start_paused = true)]
async fn the_model_is_not_asked_for_what_nobody_is_told() {
    let host =
        Host::fresh("2026-11-27T08:30:00Z", Inspection { summary: true, report: ReportWhen::Never, ..inspection() })
            .await;
    host.world.ill.store(true, SeqCst);
    host.world.model.store(true, SeqCst);
    let run = host.now().await;
    assert_eq!((run.new.len(), run.summary), (1, None));
}

#[tokio::test(start_paused = true)]
async fn a_fault_within_a_run_ends_no_schedule() {
    let host = Host::fresh("2026-11-27T07:30:00Z", inspection()).await;
    host.world.breaks.store(true, SeqCst);
    host.pass(SignedDuration::from_mins(40)).await;
    host.world.breaks.store(false, SeqCst);
    host.pass(SignedDuration::from_hours(24)).await;
    assert_eq!(host.events(), ["began for 27 08:00", "interrupted", "began for 28 08:00", "ended +0 =0 -0"]);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_was_years_ahead_stops_no_schedule() {
    let host = Host::fresh("2030-01-01T08:30:00Z", inspection()).await;
    host.pass(SignedDuration::from_hours(24)).await;
    assert_eq!(host.events(), ["began for 02 08:00", "ended +0 =0 -0"]);
    host.inspections.stop();
    let (journal, world) = (Arc::clone(&host.journal), Arc::clone(&host.world));
    drop(host);
    let host = Host::on(journal, world, "2026-11-27T07:30:00Z", inspection()).await;
    host.pass(SignedDuration::from_mins(40)).await;
    assert_eq!(host.events()[2..], ["began for 27 08:00", "ended +0 =0 -0"]);
}
