//! Nobody waits behind a stranger, a stop is orderly, a broken journal comes back, waits are as long as they
//! were meant to be, and a fault of our own leaves nobody alone.

mod world;

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::domain::incident::ActionState;
use crate::domain::{Fact, IncidentId, Outcome, Status, Verdict};
use crate::journal::Fault;
use crate::ports::Clock;
use world::{Host, World};

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn hanging_model() -> World {
    let world = World::default();
    world.model_hangs.store(true, SeqCst);
    world
}

fn slow_changes(ms: i64) -> World {
    let world = World::default();
    world.change_ms.store(ms, SeqCst);
    world
}

fn state(host: &Host, id: &IncidentId) -> ActionState {
    host.incident(id).actions[0].state
}

#[tokio::test(start_paused = true)]
async fn three_hundred_hung_questions_delay_nobody_else() {
    let host = Host::new(hanging_model());
    for n in 0..300 {
        host.fires("Unknown", &n.to_string()).await;
    }
    sleep(s(1)).await;
    assert_eq!(host.world.asked.load(SeqCst), 16, "the model has its own places");
    let crit = host.fires("Crit", "a").await;
    let took = host.until(|host| host.is_told(&crit)).await;
    assert!(took < Duration::from_millis(100), "{took:?}");
    // Who only waits is not kept from its end.
    let waits = host.alert("Unknown", "299", Status::Resolved).await;
    let took = host.until(|host| host.store.get(&waits).is_none_or(|waits| waits.closed.is_some())).await;
    assert!(took < Duration::from_millis(100), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn changes_of_a_server_come_one_after_the_other_and_wait_without_an_intent() {
    let host = Host::new(slow_changes(1_000));
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(host.fires("Fix", &n.to_string()).await);
    }
    sleep(Duration::from_millis(2_500)).await;
    let count = |wanted| ids.iter().filter(|id| state(&host, id) == wanted).count();
    assert_eq!((count(ActionState::Done), count(ActionState::Started), count(ActionState::Allowed)), (2, 1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_for_what_is_under_way_and_the_next_start_goes_on() {
    let host = Host::new(slow_changes(1_000));
    let mut ids = Vec::new();
    for n in 0..30 {
        ids.push(host.fires("Fix", &n.to_string()).await);
    }
    let asks = host.fires("Unknown", "a").await;
    host.until(|host| host.outcome(&asks).is_some()).await;
    host.world.model_hangs.store(true, SeqCst);
    let asks_too = host.fires("Unknown", "b").await;
    sleep(Duration::from_millis(3_500)).await;
    let began = host.clock.elapsed();
    host.runner.wind_down(s(30)).await;
    let took = host.clock.elapsed() - began;
    assert!(took > Duration::from_millis(400) && took < s(1), "{took:?}");
    assert_eq!(host.world.begun.load(SeqCst), 4);
    // Alerts are taken until the store is closed.
    let late = host.fires("Crit", "late").await;
    host.store.close();
    assert!(
        host.store.append(&late, vec![Fact::Collected { causes: Some(Vec::new()), incomplete: None }]).await.is_err()
    );
    let left: Vec<usize> = ids.iter().map(|id| host.facts(id).len()).collect();
    sleep(s(600)).await;
    assert_eq!(host.world.begun.load(SeqCst), 4, "nothing begins any more");
    assert_eq!(ids.iter().map(|id| host.facts(id).len()).collect::<Vec<_>>(), left, "nothing is journaled");
    assert_eq!(host.outcome(&asks), Some(Outcome::NeedsPerson));
    assert!(!host.facts(&asks_too).iter().any(|fact| matches!(fact, Fact::ModelFailed { .. })));

    let next = Host::on(host.journal.crash(), World::default());
    sleep(s(5)).await;
    for id in &ids {
        let facts = next.facts(id);
        let results: Vec<_> = facts.iter().filter(|fact| matches!(fact, Fact::Result { .. })).collect();
        assert!(matches!(results[..], [Fact::Result { ok: true, .. }]), "{facts:#?}");
    }
    assert!(next.is_told(&late));
}

#[tokio::test(start_paused = true)]
async fn a_stop_has_a_bound_and_what_it_cuts_off_is_settled() {
    let host = Host::new(slow_changes(-1));
    let id = host.fires("Fix", "a").await;
    sleep(s(1)).await;
    let began = host.clock.elapsed();
    host.runner.wind_down(s(30)).await;
    assert_eq!((host.clock.elapsed() - began).as_secs(), 30);
    host.store.close();
    assert_eq!(state(&host, &id), ActionState::Started);
    let next = Host::on(host.journal.crash(), World::default());
    sleep(s(5)).await;
    assert_eq!(state(&next, &id), ActionState::Done);
}

#[tokio::test(start_paused = true)]
async fn a_hung_question_keeps_no_broken_journal_from_coming_back() {
    let host = Host::new(hanging_model());
    let asks = host.fires("Unknown", "a").await;
    sleep(s(1)).await;
    host.journal.fail_next(1, Fault::Before);
    let refused = host.fires_or_not("Crit", "a").await;
    assert!(!refused, "the journal is broken");
    let took = host.until(|host| host.store.broken().is_none()).await;
    assert!(took <= Duration::from_millis(1_100), "{took:?}");
    assert!(host.fires_or_not("Crit", "a").await);
    host.world.model_hangs.store(false, SeqCst);
    // The old question is void; it was asked again meanwhile and hangs.
    assert_eq!(host.world.asked.load(SeqCst), 2);
    assert_eq!(host.outcome(&asks), None);
}

#[tokio::test(start_paused = true)]
async fn the_result_of_a_change_outlives_a_broken_journal() {
    for ms in [500, 1_500, 5_000] {
        let host = Host::new(slow_changes(ms));
        let id = host.fires("Fix", "a").await;
        sleep(Duration::from_millis(100)).await;
        host.journal.fail_next(1, Fault::Before);
        assert!(!host.fires_or_not("Crit", "a").await);
        sleep(s(8)).await;
        assert_eq!(host.world.begun.load(SeqCst), 1, "{ms}: it is not done twice");
        let facts = host.facts(&id);
        let count = |wanted: fn(&Fact) -> bool| facts.iter().filter(|fact| wanted(fact)).count();
        assert_eq!(count(|fact| matches!(fact, Fact::Result { ok: true, .. })), 1, "{ms}: {facts:#?}");
        assert_eq!(count(|fact| matches!(fact, Fact::Uncertain { .. })), 0, "{ms}: {facts:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_leaves_no_incident_alone() {
    let host = Host::new(World::default());
    host.world.model_panics.store(2, SeqCst);
    let id = host.fires("Unknown", "a").await;
    sleep(s(60)).await;
    assert_eq!((host.runner.panics(), host.world.asked.load(SeqCst)), (2, 3));
    assert!(host.outcome(&id).is_some() && host.is_told(&id));
}

#[tokio::test(start_paused = true)]
async fn panic_after_panic_gives_the_incident_to_a_person() {
    let host = Host::new(World::default());
    host.world.model_panics.store(u32::MAX, SeqCst);
    let id = host.fires("Unknown", "a").await;
    sleep(s(600)).await;
    assert_eq!(host.runner.panics(), 3);
    let conclusion = host.incident(&id).conclusion.clone().unwrap();
    assert!(conclusion.reason.contains("a fault in tidegate itself"), "{conclusion:?}");
    assert!(host.is_told(&id));
}

#[tokio::test(start_paused = true)]
async fn a_panic_leaves_no_message_stuck() {
    let host = Host::new(World::default());
    host.world.telling_panics.store(2, SeqCst);
    let id = host.fires("Crit", "a").await;
    let took = host.until(|host| host.is_told(&id)).await;
    assert!(took < s(10), "{took:?}");
    assert_eq!(host.runner.panics(), 2);
    let facts = host.facts(&id);
    let failed = |fact: &&Fact| matches!(fact, Fact::DeliveryFailed { reason, .. } if reason.contains("a fault in tidegate itself"));
    assert_eq!(facts.iter().filter(failed).count(), 2, "{facts:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_due_while_the_host_stops_is_sent_by_the_next_start() {
    let host = Host::new(World::default());
    host.world.telling_panics.store(1, SeqCst);
    let id = host.fires("Crit", "a").await;
    host.until(|host| host.runner.panics() == 1).await;
    host.store.begin_nothing();
    // Whoever began it again and again would leave no other task any time.
    sleep(s(60)).await;
    assert!(!host.is_told(&id));
    let next = Host::on(host.journal.crash(), World::default());
    next.until(|next| next.is_told(&id)).await;
}

#[tokio::test(start_paused = true)]
async fn a_message_that_panics_for_ever_is_given_up_where_people_see_it() {
    let host = Host::new(World::default());
    host.world.telling_panics.store(u32::MAX, SeqCst);
    let id = host.fires("Crit", "a").await;
    sleep(s(26 * 3600)).await;
    assert_eq!(host.runner.undelivered(None), std::slice::from_ref(&id));
    let status = host.runner.target_status();
    assert_eq!((status[0].queued, status[0].abandoned), (0, 1), "{status:?}");
}

/// How much longer a rule holds an incident back.
fn held_for(host: &Host, id: &IncidentId) -> SignedDuration {
    let incident = host.incident(id);
    let Some(Verdict::Hold { until }) = incident.decision.as_ref().map(|decision| &decision.verdict) else {
        return SignedDuration::ZERO;
    };
    until.duration_since(host.clock.now())
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_makes_no_wait_longer() {
    for back in [SignedDuration::from_hours(8), SignedDuration::from_secs(3)] {
        let host = Host::new(World::default());
        let id = host.fires("Held", "a").await;
        sleep(s(4)).await;
        host.set_clock(-back);
        // A hold that is decided again is not journaled again, but waits anew.
        let anew = SignedDuration::from_millis(9_500)..=SignedDuration::from_secs(10);
        let took = host.until(|host| anew.contains(&held_for(host, &id))).await;
        assert!(took <= s(11), "{back}: {took:?}");
    }
}

/// Not early either, whether or not the clock then shows less than when it was asked.
#[tokio::test(start_paused = true)]
async fn a_question_expires_when_it_was_meant_to() {
    let times = [(1, 480), (1, 30), (90, 480), (90, 30), (90, 60)];
    for (after, back) in times.map(|(after, back)| (s(after * 60), SignedDuration::from_mins(back))) {
        let host = Host::new(World::default());
        let id = host.fires("Ask", "a").await;
        sleep(after).await;
        assert_eq!(state(&host, &id), ActionState::Asked);
        host.set_clock(-back);
        let took = host.until(|host| state(host, &id) != ActionState::Asked).await;
        assert_eq!(state(&host, &id), ActionState::Expired);
        let (meant, noticed) = (s(3 * 3600), s(61));
        assert!(took + after >= meant - noticed && took <= meant + noticed, "{after:?} {back}: {took:?}");
    }
}

/// A clock that was hours ahead at the start and was set right while the process was down.
#[tokio::test(start_paused = true)]
async fn a_start_sees_that_the_clock_was_set_back() {
    let host = Host::new(World::default());
    host.set_clock(SignedDuration::from_hours(8));
    let id = host.fires("Held", "a").await;
    sleep(s(1)).await;
    let next = Host::on(host.journal.crash(), World::default());
    sleep(s(15)).await;
    let facts = next.facts(&id);
    assert!(
        facts.iter().any(|fact| matches!(fact, Fact::ClockSetBack { by_ms } if *by_ms > 7 * 3_600_000)),
        "{facts:#?}"
    );
    let left = held_for(&next, &id);
    assert!(left.is_positive() && left <= SignedDuration::from_secs(10), "it is decided again: {left:?}");
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_ahead_is_noticed_within_a_minute() {
    let host = Host::new(World::default());
    let id = host.fires("Ask", "a").await;
    sleep(s(1)).await;
    host.set_clock(SignedDuration::from_hours(4));
    let took = host.until(|host| state(host, &id) == ActionState::Expired).await;
    assert!(took <= s(60), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_slow_to_start_delays_only_who_needs_it() {
    let (settled, _) = watch::channel(false);
    let host = Host::new(World { settled: Some(settled), ..World::default() });
    let crit = host.fires("Crit", "a").await;
    let (fix, named) = (host.fires("Fix", "a").await, host.fires("Named", "a").await);
    let took = host.until(|host| host.is_told(&crit)).await;
    assert!(took < Duration::from_millis(100), "{took:?}");
    sleep(s(20)).await;
    assert!(host.incident(&fix).decision.is_none() && host.incident(&named).decision.is_none());
    host.world.settled.as_ref().unwrap().send_replace(true);
    sleep(s(1)).await;
    assert_eq!(state(&host, &fix), ActionState::Done);
    assert_eq!(host.incident(&named).decision.as_ref().unwrap().rule.as_deref(), Some("named"));
}

#[tokio::test(start_paused = true)]
async fn what_rules_alone_say_is_known_when_an_alert_is_acknowledged() {
    let host = Host::new(World::default());
    // Before the first decision the journal does not know the tools.
    let first = host.fires("Crit", "first").await;
    assert!(host.incident(&first).decision.is_none());
    host.until(|host| host.is_told(&first)).await;
    let escalated = host.fires("Crit", "a").await;
    assert_eq!(host.outcome(&escalated), Some(Outcome::NeedsPerson));
    let kinds: Vec<String> = host.facts(&escalated).iter().map(kind).collect();
    assert_eq!(kinds, ["opened", "decided", "concluded"], "and durable, all of it");
    let held = host.fires("Held", "a").await;
    assert!(matches!(host.incident(&held).decision.as_ref().unwrap().verdict, Verdict::Hold { .. }));
    // Whatever needs more than that is the runner's.
    let fixed = host.fires("Fix", "a").await;
    assert!(host.incident(&fixed).decision.is_none());
    host.until(|host| host.is_told(&escalated) && state(host, &fixed) == ActionState::Done).await;
    let begun = host.facts(&fixed).iter().filter(|fact| matches!(fact, Fact::Decided { .. })).count();
    assert_eq!(begun, 1);
}

/// A cluster whose tools never answer: everybody is decided about within the time of one collection and one wait.
#[tokio::test(start_paused = true)]
async fn evidence_that_does_not_come_keeps_no_incident_waiting() {
    let world = World::default();
    world.looks_hang.store(true, SeqCst);
    let host = Host::new(world);
    let mut ids = Vec::new();
    for n in 0..40 {
        ids.push(host.fires("Slow", &n.to_string()).await);
    }
    let took = host.until(|host| ids.iter().all(|id| host.outcome(id).is_some())).await;
    assert!(took < s(120), "{took:?}");
    let said = |id: &IncidentId| {
        host.facts(id).into_iter().find_map(|fact| match fact {
            Fact::Collected { incomplete, .. } => Some(incomplete),
            _ => None,
        })
    };
    let said: Vec<String> = ids.iter().map(|id| said(id).flatten().expect("it says so")).collect();
    assert!(said[0].contains("1 of 1 looks had no answer in time"), "{}", said[0]);
    assert!(said[39].contains("waited for"), "{}", said[39]);
}

fn kind(fact: &Fact) -> String {
    serde_json::to_value(fact).unwrap()["kind"].as_str().unwrap().to_string()
}

#[tokio::test(start_paused = true)]
async fn others_are_told_once_in_place_of_targets_that_hang_and_refuse_later() {
    for refuses_after_ms in [0, 3_000] {
        let world = World::default();
        world.refuses_after_ms.store(refuses_after_ms, SeqCst);
        let host = Host::new(world);
        let id = host.fires("Paged", "a").await;
        sleep(s(10)).await;
        let told = host.facts(&id).into_iter().filter_map(|fact| match fact {
            Fact::Told { deliveries, .. } => Some(deliveries),
            _ => None,
        });
        let told: Vec<_> = told.flatten().filter(|delivery| delivery.target == "phone").collect();
        assert_eq!(told.len(), 1, "after {refuses_after_ms} ms: {told:?}");
        let given_up = host.incident(&id).deliveries.iter().filter(|delivery| delivery.stuck()).count();
        assert_eq!(given_up, 2, "after {refuses_after_ms} ms");
    }
}
