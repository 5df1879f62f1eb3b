//! Inspections in simulated time: when they are made, what a restart leaves, what is told.

pub(in crate::app) mod world;

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use jiff::SignedDuration;

use crate::app::inspections::tell::is_wanted;
use crate::backend::ControlError;
use crate::config::{Inspection, ReportWhen};
use crate::domain::inspection::{Coverage, FINDING, REPORT, Summary};
use crate::domain::{Alert, IncidentId, Labels, Person, Severity, Status};
use crate::ports::Clock;
use world::{Host, Many, inspection};

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
    assert_eq!(host.events(), ["began for 27 08:00", "failed"]);
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
    assert_eq!(host.events(), ["began", "failed"]);
    host.world.hangs.store(false, SeqCst);
    assert!(!host.now().await.found());
}

#[tokio::test(start_paused = true)]
async fn findings_are_alerts_until_they_are_gone() {
    let inspection = Inspection { alerts: true, report: ReportWhen::Never, ..inspection() };
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
    assert_eq!((run.unseen.len(), run.still.len(), run.gone.len(), run.sight()), (1, 0, 0, Coverage::Partial));
    host.world.silent.store(false, SeqCst);
    host.world.ill.store(false, SeqCst);
    host.now().await;
    let after = host.incidents(FINDING);
    assert_eq!((after.len(), after[0].all_resolved()), (1, true));
}

#[tokio::test(start_paused = true)]
async fn what_is_handled_already_is_no_second_alert() {
    let inspection = Inspection { alerts: true, ..inspection() };
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
    assert_eq!((run.new.len(), run.unseen.len(), run.gone.len()), (0, 1, 0), "{run:?}");
    assert_eq!(run.sight(), Coverage::Partial);
}

#[tokio::test(start_paused = true)]
async fn what_was_told_before_a_run_died_is_resolved_by_the_next() {
    let inspection = Inspection { alerts: true, report: ReportWhen::Never, ..inspection() };
    let host = Host::fresh("2026-11-27T08:30:00Z", inspection.clone()).await;
    host.world.ill.store(true, SeqCst);
    host.now().await;
    // Of the run that told of it nothing was kept.
    host.inspections.states().clear();
    host.world.ill.store(false, SeqCst);
    host.pass(SignedDuration::from_secs(1)).await;
    let run = host.now().await;
    assert_eq!((run.gone.len(), host.incidents(FINDING)[0].all_resolved()), (0, true));
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_handled_is_told_when_they_do_not_any_more() {
    let inspection = Inspection { alerts: true, ..inspection() };
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
    assert_eq!(host.events(), ["began for 27 08:00", "failed", "began for 28 08:00", "ended +0 =0 -0"]);
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

#[tokio::test(start_paused = true)]
async fn who_sees_nothing_does_not_say_that_nothing_is_wrong() {
    let host = Host::fresh("2026-11-27T08:30:00Z", Inspection { report: ReportWhen::Changes, ..inspection() }).await;
    host.world.toolless.store(true, SeqCst);
    let run = host.now().await;
    assert_eq!((run.sight(), run.found()), (Coverage::None, false));
    let told = host.incidents(REPORT);
    let alert = told[0].alerts.first().unwrap();
    assert_eq!((alert.severity, &alert.labels["seen"]), (Severity::Warning, "none"));
    assert_eq!(alert.annotations.get("summary"), Some("Inspection daily: nothing could be seen"));
    host.pass(SignedDuration::from_secs(1)).await;
    host.now().await;
    assert_eq!(host.incidents(REPORT).len(), 1, "that is no change");
    host.world.toolless.store(false, SeqCst);
    host.pass(SignedDuration::from_secs(1)).await;
    assert_eq!(host.now().await.sight(), Coverage::Whole);
    assert_eq!(host.incidents(REPORT).len(), 2, "that it can see again is one");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_gone_is_named_and_what_it_showed_stays() {
    let host = Host::fresh("2026-11-27T08:30:00Z", inspection()).await;
    host.world.ill.store(true, SeqCst);
    host.now().await;
    host.world.toolless.store(true, SeqCst);
    host.pass(SignedDuration::from_secs(1)).await;
    let run = host.now().await;
    assert_eq!((run.unseen.len(), run.gone.len(), run.sight()), (1, 0, Coverage::None));
    assert_eq!(run.parts.iter().map(|part| part.server.as_str()).collect::<Vec<_>>(), ["kubernetes"]);
}

#[tokio::test(start_paused = true)]
async fn words_about_a_failure_are_no_empty_list() {
    let host = Host::fresh("2026-11-27T08:30:00Z", inspection()).await;
    host.world.ill.store(true, SeqCst);
    assert_eq!(host.now().await.new.len(), 1);
    host.world.babbles.store(true, SeqCst);
    host.pass(SignedDuration::from_secs(1)).await;
    let run = host.now().await;
    assert_eq!((run.unseen.len(), run.gone.len()), (1, 0), "{run:?}");
}

/// How often deployments were listed, and how many were found not to be ready.
async fn deployments(many: Many) -> (usize, usize) {
    let host = Host::fresh("2026-11-27T08:30:00Z", inspection()).await;
    *host.world.many.lock().unwrap() = many;
    let run = host.now().await;
    assert_eq!(run.sight(), Coverage::Whole, "{run:?}");
    let calls = host.world.calls.lock().unwrap();
    (calls["Deployment"], run.new.iter().filter(|one| one.finding.kind == "deployment").count())
}

#[tokio::test(start_paused = true)]
async fn a_doubtful_list_is_believed_after_a_sample() {
    let many = |deployments: &[(&str, usize)]| Many {
        namespaces: 20,
        deployments: deployments.iter().map(|(name, count)| ((*name).to_string(), *count)).collect(),
        own: [("Deployment", "n00")].into(),
    };
    // Pods show that the server may list everything: of deployments there are none, or those that the list shows.
    assert_eq!(deployments(many(&[])).await, (1 + 5, 0));
    assert_eq!(deployments(many(&[("n00", 2)])).await, (1 + 5, 2));
    // One of a sampled namespace shows that the list was not all there is.
    let everywhere: Vec<String> = (0..20).map(|n| format!("n{n:02}")).collect();
    let everywhere: Vec<(&str, usize)> = everywhere.iter().map(|name| (name.as_str(), 1)).collect();
    assert_eq!(deployments(many(&everywhere)).await, (1 + 21, 20), "with shop");
    // A server that has shown one namespace alone is believed nothing.
    let narrow = Many { own: [("Deployment", "n00"), ("kubernetes.pods_list", "n00")].into(), ..many(&[("n07", 1)]) };
    assert_eq!(deployments(narrow).await, (1 + 21, 1));
}

#[tokio::test(start_paused = true)]
async fn a_slow_server_ends_with_what_was_not_asked_rather_than_with_nothing() {
    let host = Host::fresh("2026-11-27T08:30:00Z", inspection()).await;
    let own = [("Deployment", "n00"), ("kubernetes.pods_list", "n00")].into();
    let deployments = (0..20).map(|n| (format!("n{n:02}"), 1)).collect();
    *host.world.many.lock().unwrap() = Many { namespaces: 20, deployments, own };
    host.world.slow.store(250, SeqCst);
    let run = host.now().await;
    let part = run.parts.iter().find(|part| part.kind == "deployment").unwrap();
    assert_eq!((run.sight(), part.objects, part.problems.len()), (Coverage::Partial, 17, 1), "{part:?}");
    assert!(part.blind.includes("n19") && !part.blind.includes("n01"), "{part:?}");
    assert_eq!(host.events(), ["began", "ended +17 =0 -0"]);
}

#[test]
fn people_are_told_of_what_they_want_to_hear() {
    let run = |sight: Coverage| {
        let answered = u64::from(sight != Coverage::None);
        let mut part =
            crate::domain::inspection::KindResult { answered, ..crate::domain::inspection::KindResult::of("k", "pod") };
        if sight == Coverage::Partial {
            part.note_blind_spot("no answer");
        }
        serde_json::from_value(serde_json::json!({
            "inspection": "daily", "at": "2026-11-27T08:30:00Z", "took_ms": 1, "first": false,
            "new": [], "still": [], "gone": [], "parts": [part],
        }))
        .unwrap()
    };
    for (report, sight, before, want) in [
        (ReportWhen::Always, Coverage::Whole, None, true),
        (ReportWhen::Never, Coverage::None, None, false),
        (ReportWhen::Findings, Coverage::Whole, None, false),
        (ReportWhen::Findings, Coverage::Partial, Some(Coverage::Partial), true),
        (ReportWhen::Changes, Coverage::Whole, None, false),
        (ReportWhen::Changes, Coverage::None, None, true),
        (ReportWhen::Changes, Coverage::None, Some(Coverage::None), false),
        (ReportWhen::Changes, Coverage::Whole, Some(Coverage::Partial), true),
    ] {
        assert_eq!(is_wanted(report, &run(sight), before), want, "{report:?} {sight:?} {before:?}");
    }
}
