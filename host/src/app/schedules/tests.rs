//! Schedules and heartbeats in simulated time: jitter, clocks that change, what was missed, restarts, and what is told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use super::ping::Addresses;
use super::*;
use crate::app::inspections::tests::world::{World, services};
use crate::backend::{Cancellation, Filter};
use crate::config::{Findings, Heartbeat, MissedRuns, Ping, ScheduleAction, ScheduledAlert};
use crate::domain::control;
use crate::domain::knowledge::{Knowledge, SearchResults};
use crate::domain::schedule::{DIGEST, HEARTBEAT_MISSING};
use crate::domain::{Alert, Call, Incident, Labels, Severity, Status};
use crate::environment::ProcessEnvironment;
use crate::inspection::cron::Schedule as Cron;
use crate::inspection::timetable::Timetable;
use crate::journal::Memory;
use crate::network::Network;
use crate::pipeline;
use crate::policy::Set;
use crate::ports::IncidentRecord;
use crate::secret::SecretSource;

/// What is made of what looks find.
const RULES: &str = r#"
event("a-pod-is-listed", #{
    on: #{ observation: "findings", "data.looks.text": contains("db-0") },
    when: |e| e.data.looks.some(|look| look.ok && look.tool == "kubernetes.pods_list"),
    alert: #{ name: "Listed", ends_after: "1h" },
});
"#;

/// What a store holds, as a record.
struct Held(Arc<Services>);

impl Records for Held {
    fn list(&self, _: &Filter, _: &Cancellation) -> Result<Vec<Incident>, String> {
        Ok(self.0.store.all().iter().map(|incident| (**incident).clone()).collect())
    }

    fn incident(&self, _: &str) -> Result<Option<Incident>, String> {
        Ok(None)
    }

    fn story(&self, _: &str) -> Result<Option<IncidentRecord>, String> {
        Ok(None)
    }

    fn search(&self, _: &str, _: usize) -> Result<SearchResults, String> {
        Ok(SearchResults::default())
    }

    fn known_about(&self, _: &str) -> Result<Option<Knowledge>, String> {
        Ok(None)
    }
}

struct Host {
    journal: Arc<Memory>,
    services: Arc<Services>,
    schedules: Arc<Schedules>,
}

impl Host {
    async fn on(journal: Arc<Memory>, at: &str, all: Vec<Schedule>, beats: Vec<Heartbeat>) -> Self {
        let services = services(&journal, &Arc::<World>::default(), at);
        let addresses = Addresses::read(&all, Arc::new(Network::default()), &ProcessEnvironment).unwrap();
        let records = Arc::new(Held(Arc::clone(&services)));
        let own = Arc::clone(&journal) as Arc<dyn Journal>;
        let store = Arc::clone(&services.store);
        let policies = Arc::new(Set::from_sources(&[("events.rhai", RULES)]).unwrap());
        let events = Events::new(policies, Arc::clone(&services.clock), Box::new(move || store.all()));
        let more = (addresses, Arc::new(events), Vec::new());
        let beats = Arc::new(Heartbeats::new(beats, services.clock.elapsed()));
        let schedules = Schedules::new(Arc::clone(&services), own, records, (all, beats), more);
        schedules.clockwork.restore().await.unwrap();
        schedules.clockwork.follow();
        schedules.listen(std::future::ready(()));
        Self { journal, services, schedules }
    }

    /// What the journal says, a word each.
    fn events(&self) -> Vec<String> {
        let stream = self.journal.stream(control::STREAM).unwrap();
        let word = |event: ScheduleEvent| match event {
            JobEvent::Began { planned: Some(at), .. } => format!("began for {}", at.strftime("%d %H:%M")),
            JobEvent::Began { .. } => "began".into(),
            JobEvent::Ended { .. } => "ended".into(),
            JobEvent::Failed { why, .. } => format!("failed: {why}"),
            JobEvent::Skipped { count, last, .. } => {
                format!("skipped {count} until {}", last.strftime("%d %H:%M"))
            }
        };
        let events = stream.iter().filter_map(|sealed| match sealed.open::<Control>().unwrap().fact {
            Control::Schedule(event) => Some(word(*event)),
            _ => None,
        });
        events.collect()
    }

    fn incidents(&self, name: &str) -> Vec<Arc<Incident>> {
        let mut all = self.services.store.all();
        all.retain(|one| one.alerts.first().is_some_and(|alert| alert.name == name));
        all.sort_by(|a, b| a.id.cmp(&b.id));
        all
    }

    async fn pass(&self, length: SignedDuration) {
        tokio::time::sleep(Duration::try_from(length).unwrap()).await;
    }

    async fn arrives(&self, name: &str) {
        let alert = watchdog(name);
        let heard = self.schedules.heartbeats.of(std::slice::from_ref(&alert));
        pipeline::receive(&self.services, vec![alert]).await.unwrap();
        let (now, elapsed) = (self.services.clock.now(), self.services.clock.elapsed());
        self.schedules.heartbeats.heard(&heard, now, elapsed);
    }
}

fn watchdog(name: &str) -> Alert {
    let labels: Labels = [("alertname", name), ("severity", "info"), ("cluster", "kestrel")].into_iter().collect();
    Alert {
        source: "alertmanager".into(),
        name: name.into(),
        status: Status::Firing,
        severity: Severity::Info,
        labels,
        annotations: Labels::new(),
        starts_at: None,
        ends_at: None,
        fingerprint: name.into(),
        link: None,
    }
}

fn schedule(cron: &str, zone: &str, missed: MissedRuns) -> Schedule {
    let schedule = Cron::parse(cron, TimeZone::get(zone).unwrap()).unwrap();
    let timetable = Timetable { schedule, jitter: Duration::ZERO };
    Schedule {
        name: "morning".into(),
        timetable,
        missed,
        does: ScheduleAction::Digest { within: Duration::from_secs(86_400) },
    }
}

fn heartbeat() -> Heartbeat {
    Heartbeat {
        name: "prometheus".into(),
        source: None,
        labels: BTreeMap::from([("alertname".into(), "Watchdog".into()), ("cluster".into(), "kestrel".into())]),
        within: Duration::from_secs(300),
        severity: Severity::Critical,
    }
}

#[tokio::test(start_paused = true)]
async fn a_digest_is_told_when_it_is_due_and_what_was_missed_once() {
    let daily = || vec![schedule("0 8 * * *", "UTC", MissedRuns::RunOnce)];
    let host = Host::on(Arc::new(Memory::new()), "2026-11-27T07:30:00Z", daily(), Vec::new()).await;
    host.arrives("TooHot").await;
    host.pass(SignedDuration::from_mins(31)).await;
    assert_eq!(host.events(), ["began for 27 08:00", "ended"]);
    let told = host.incidents(DIGEST);
    let digest = told[0].alerts.first().unwrap().annotations.get("digest").unwrap().to_string();
    assert!(digest.contains("**1 incident of 1 alert since 2026-11-26T08:00Z**"), "{digest}");
    assert!(digest.contains("`alertmanager` 1"), "{digest}");
    host.pass(SignedDuration::from_hours(24)).await;
    let told = host.incidents(DIGEST);
    let second = told[1].alerts.first().unwrap().annotations.get("digest").unwrap().to_string();
    assert!(told.len() == 2 && second.contains("**1 incident of"), "digests tell of no digests: {second}");
    let view = &host.schedules.views()[0];
    assert_eq!((view.next.unwrap().to_string().as_str(), view.failed), ("2026-11-29T08:00:00Z", false));
    assert!(view.outcome.as_ref().unwrap().contains("told of"), "{view:?}");
    host.schedules.stop();
    let journal = Arc::clone(&host.journal);
    drop(host);
    let host = Host::on(Arc::clone(&journal), "2026-12-01T10:00:00Z", daily(), Vec::new()).await;
    host.pass(SignedDuration::from_mins(5)).await;
    assert_eq!(host.events()[4..], ["skipped 2 until 30 08:00", "began for 01 08:00", "ended"]);
    host.schedules.stop();
    drop(host);
    let skipping = vec![schedule("0 8 * * *", "UTC", MissedRuns::Skip)];
    let host = Host::on(journal, "2026-12-04T07:59:00Z", skipping, Vec::new()).await;
    host.pass(SignedDuration::from_mins(3)).await;
    assert_eq!(host.events()[7..], ["skipped 2 until 03 08:00", "began for 04 08:00", "ended"]);
    let metrics = host.schedules.metrics();
    assert!(metrics.contains("tidegate_schedule_runs_total{schedule=\"morning\",result=\"skipped\"} 2"), "{metrics}");
}

#[tokio::test(start_paused = true)]
async fn clocks_that_change_bring_nothing_twice_and_leave_nothing_out() {
    // On the 29th of March 2026 there is no half past two in Berlin; on the 25th of October there are two.
    let at = |from: &'static str| async move {
        let all = vec![schedule("30 2 * * *", "Europe/Berlin", MissedRuns::RunOnce)];
        let host = Host::on(Arc::new(Memory::new()), from, all, Vec::new()).await;
        host.pass(SignedDuration::from_hours(24)).await;
        host.events().into_iter().filter(|event| event.starts_with("began")).collect::<Vec<_>>()
    };
    assert_eq!(at("2026-03-28T22:00:00Z").await, ["began for 29 01:30"]);
    assert_eq!(at("2026-10-24T22:00:00Z").await, ["began for 25 00:30"]);
}

#[tokio::test(start_paused = true)]
async fn jitter_spreads_and_a_run_that_fails_is_named_until_one_does_not() {
    let ping = Ping { url: SecretSource::File("/nowhere/at/all".into()), post: false, private: false };
    let failing = Schedule { does: ScheduleAction::Ping(ping), ..schedule("@every 10m", "UTC", MissedRuns::Skip) };
    let none = Addresses::read(std::slice::from_ref(&failing), Arc::new(Network::default()), &ProcessEnvironment);
    assert!(none.err().unwrap().contains("morning: ping: url"));

    let mut spread = schedule("0 8 * * *", "UTC", MissedRuns::Skip);
    spread.timetable.jitter = Duration::from_secs(1_800);
    let host = Host::on(Arc::new(Memory::new()), "2026-11-27T07:59:00Z", vec![spread], Vec::new()).await;
    host.pass(SignedDuration::from_mins(32)).await;
    assert_eq!(host.events(), ["began for 27 08:00", "ended"], "jitter is no delay that skips");

    let run = "2026-11-27T08:00:00Z".parse().unwrap();
    host.schedules.clockwork.note(JobEvent::Failed { job: "morning".into(), run, why: "no way".into() }).await.unwrap();
    assert_eq!(host.schedules.problems(), ["the schedule morning failed at its last run: no way"]);
    let view = &host.schedules.views()[0];
    assert_eq!((view.last, view.failed, view.outcome.as_deref()), (Some(run), true, Some("no way")));
    assert!(view.last_success.is_some_and(|success| success > run), "the one before it did not fail: {view:?}");
    let told = host.schedules.run("morning", Person::typed("ada")).await.unwrap();
    assert!(told.contains("told of") && host.schedules.problems().is_empty(), "{told}");
    let unknown = host.schedules.run("evening", Person::typed("ada")).await.unwrap_err().to_string();
    assert!(unknown.contains("there are morning"), "{unknown}");
}

#[tokio::test(start_paused = true)]
async fn silence_opens_an_incident_that_ends_with_the_next_sign_of_life_also_after_a_restart() {
    let journal = Arc::new(Memory::new());
    let host = Host::on(Arc::clone(&journal), "2026-11-27T08:00:00Z", Vec::new(), vec![heartbeat()]).await;
    for _ in 0..5 {
        host.arrives("Watchdog").await;
        host.pass(SignedDuration::from_secs(240)).await;
    }
    assert!(host.incidents(HEARTBEAT_MISSING).is_empty() && host.schedules.problems().is_empty());
    host.pass(SignedDuration::from_secs(70)).await;
    let told = host.incidents(HEARTBEAT_MISSING);
    let alert = told[0].alerts.first().unwrap();
    assert_eq!((told.len(), told[0].firing().count(), alert.severity), (1, 1, Severity::Critical));
    assert_eq!(
        alert.annotations.get("summary"),
        Some("prometheus was not heard within 5m; the last time was 2026-11-27T08:16Z")
    );
    assert_eq!(host.schedules.problems(), ["the heartbeat prometheus is silent"]);
    // Others are no sign of life, and one silence is told of once.
    host.arrives("TooHot").await;
    host.pass(SignedDuration::from_hours(1)).await;
    assert_eq!((host.incidents(HEARTBEAT_MISSING).len(), told[0].alerts.len()), (1, 1));
    assert!(host.schedules.views()[0].failed);
    host.schedules.stop();
    drop(host);
    // A start is no sign of life, and no new silence either.
    let host = Host::on(Arc::clone(&journal), "2026-11-27T10:00:00Z", Vec::new(), vec![heartbeat()]).await;
    host.pass(SignedDuration::from_secs(60)).await;
    assert_eq!(host.incidents(HEARTBEAT_MISSING)[0].firing().count(), 1);
    host.arrives("Watchdog").await;
    host.pass(SignedDuration::from_secs(10)).await;
    assert_eq!(host.incidents(HEARTBEAT_MISSING)[0].firing().count(), 0);
    // Silence from the start on is silence, too.
    host.schedules.stop();
    let host = Host::on(Arc::new(Memory::new()), "2026-11-27T10:00:00Z", Vec::new(), vec![heartbeat()]).await;
    host.pass(SignedDuration::from_secs(310)).await;
    assert_eq!(host.incidents(HEARTBEAT_MISSING).len(), 1);
}

#[test]
fn nobody_is_silent_before_anybody_can_be_heard() {
    let secs = Duration::from_secs;
    let beats = Heartbeats::new(vec![heartbeat()], Duration::ZERO);
    let silent = |at: u64| !beats.silent(secs(at)).is_empty();
    assert!(silent(400), "a start that takes long would be a silence");
    beats.begin(secs(400));
    assert!(!silent(700) && silent(701));
    beats.heard(&["prometheus"], Timestamp::UNIX_EPOCH, secs(710));
    beats.begin(secs(1_000));
    assert!(!silent(1_010) && silent(1_011), "who was heard was heard then");
}

#[tokio::test(start_paused = true)]
async fn what_looks_find_is_an_event_that_rules_judge() {
    let call = |tool: &str| Call { tool: tool.into(), arguments: serde_json::Map::new() };
    let findings = |looks: Vec<Call>| Schedule {
        does: ScheduleAction::Findings(Findings {
            subject: "ops.clusters.kestrel.namespaces.shop.pods.db-0.findings".into(),
            kind: "TaskRunReport".into(),
            cluster: "kestrel".into(),
            looks,
        }),
        ..schedule("30 * * * *", "UTC", MissedRuns::Skip)
    };
    let looks = vec![call("kubernetes.pods_list"), call("kubernetes.nothing")];
    let host = Host::on(Arc::new(Memory::new()), "2026-11-27T08:29:00Z", vec![findings(looks)], Vec::new()).await;
    host.pass(SignedDuration::from_mins(2)).await;
    assert_eq!(host.events(), ["began for 27 08:30", "ended"]);
    let outcome = host.schedules.views()[0].outcome.clone().unwrap();
    assert!(
        outcome.starts_with("1 of 2 looks were answered, 1 alert came of it; not seen: kubernetes.nothing"),
        "{outcome}"
    );
    let told = host.incidents("Listed");
    assert_eq!(told[0].alerts.first().unwrap().labels.get("pod"), Some("db-0"));
    let host =
        Host::on(Arc::new(Memory::new()), "2026-11-27T08:29:00Z", vec![findings(vec![call("a.b")])], Vec::new()).await;
    host.pass(SignedDuration::from_mins(2)).await;
    assert!(host.events()[1].starts_with("failed: nothing could be seen: a.b"), "{:?}", host.events());
}

#[tokio::test(start_paused = true)]
async fn an_alert_by_the_clock_is_an_incident_of_its_own_each_time() {
    let raised = ScheduledAlert {
        name: "WeeklyCleanup".into(),
        severity: Severity::Info,
        labels: BTreeMap::from([("namespace".into(), "shop".into())]),
        summary: "old jobs are looked for".into(),
    };
    let cleanup = Schedule { does: ScheduleAction::Alert(raised), ..schedule("@hourly", "UTC", MissedRuns::Skip) };
    let host = Host::on(Arc::new(Memory::new()), "2026-11-27T08:30:00Z", vec![cleanup], Vec::new()).await;
    host.pass(SignedDuration::from_mins(91)).await;
    let told = host.incidents("WeeklyCleanup");
    assert_eq!((told.len(), told[0].alerts.first().unwrap().labels.get("namespace")), (2, Some("shop")));
    assert!(host.schedules.views()[0].outcome.as_ref().unwrap().contains(&told[1].id.to_string()));
}

#[tokio::test(start_paused = true)]
async fn of_an_address_that_is_called_the_journal_gets_how_it_changes() {
    let ping = Ping { url: SecretSource::File("/dev/null".into()), post: false, private: false };
    let alive = Schedule { does: ScheduleAction::Ping(ping), ..schedule("@daily", "UTC", MissedRuns::Skip) };
    let host = Host::on(Arc::new(Memory::new()), "2026-11-27T08:00:00Z", Vec::new(), Vec::new()).await;
    let run: Timestamp = "2026-11-27T08:00:00Z".parse().unwrap();
    let name = || "morning".to_string();
    let began = || JobEvent::Began { job: name(), run, planned: Some(run), person: None };
    let ended = || JobEvent::Ended { job: name(), run, end: ScheduleResult { outcome: "answered".into() } };
    let failed = || JobEvent::Failed { job: name(), run, why: "no".into() };
    for event in [began(), ended(), began(), ended(), began(), failed(), began(), failed(), began(), ended(), ended()] {
        host.schedules.clockwork.noted(&alive, event).await.unwrap();
    }
    assert_eq!(host.events(), ["ended", "failed: no", "ended"]);
    let runs = host.schedules.clockwork.states().get("morning").cloned().unwrap().runs;
    assert_eq!((runs.settled, runs.under_way, runs.failed), (Some(run), None, None));
}
