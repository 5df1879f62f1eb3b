//! Who is sent when.

use super::*;
use crate::domain::Severity;
use crate::domain::delivery::{Delivery, Occasion};

fn turn(id: &str, occasion: Occasion, severity: Severity) -> QueuedMessage {
    let delivery = Delivery::new(id.into(), "t".into(), "r".into(), occasion, Timestamp::UNIX_EPOCH);
    QueuedMessage::new(id, &IncidentId("i".into()), delivery.weight(severity), None)
}

fn light(n: usize) -> QueuedMessage {
    turn(&format!("light-{n:04}"), Occasion::Report, Severity::Info)
}

/// Everything that is sent now.
fn sent(queue: &mut TargetQueue, now: Duration) -> Vec<String> {
    let mut sent = Vec::new();
    while let Step::Send(turn) = queue.step(now) {
        sent.push(turn.delivery);
    }
    sent
}

fn failed(queue: &mut TargetQueue, id: &str, hold: Option<u64>, now: Duration) {
    let (reason, at) = ("503".into(), Timestamp::UNIX_EPOCH);
    queue.ended(id, DeliveryOutcome::Failed { reason, hold: hold.map(Duration::from_secs), at }, now);
}

#[tokio::test(start_paused = true)]
async fn a_critical_question_goes_before_a_thousand_others_and_needs_no_place_of_theirs() {
    let (mut queue, now) = (TargetQueue::default(), Duration::ZERO);
    (0..1000).for_each(|n| queue.due(light(n)));
    assert_eq!(sent(&mut queue, now), ["light-0000", "light-0001", "light-0002"]);
    queue.due(turn("page", Occasion::Report, Severity::Critical));
    queue.due(turn("ask", Occasion::Approval, Severity::Critical));
    assert_eq!(sent(&mut queue, now), ["ask"]);
    queue.ended("ask", DeliveryOutcome::Taken, now);
    assert_eq!(sent(&mut queue, now), ["page"]);
    queue.ended("page", DeliveryOutcome::Taken, now);
    assert_eq!(sent(&mut queue, now), Vec::<String>::new(), "the place is kept free");
}

#[tokio::test(start_paused = true)]
async fn calls_that_hang_do_not_hold_the_next_ones() {
    let (mut queue, now) = (TargetQueue::default(), Duration::ZERO);
    (0..100).for_each(|n| queue.due(light(n)));
    let first = sent(&mut queue, now);
    first.iter().for_each(|id| queue.hangs(id));
    assert_eq!(sent(&mut queue, now), ["light-0003"], "one finds out whether the target is well");
    queue.due(turn("ask", Occasion::Approval, Severity::Critical));
    assert_eq!(sent(&mut queue, now), ["ask"]);
    // All hang: what is under way is bounded, and one urgent message more than the others.
    ["light-0003", "ask"].iter().for_each(|id| queue.hangs(id));
    assert_eq!(sent(&mut queue, now), ["light-0004"]);
    queue.hangs("light-0004");
    assert_eq!(sent(&mut queue, now), Vec::<String>::new());
    queue.due(turn("ask-2", Occasion::Approval, Severity::Critical));
    assert_eq!(sent(&mut queue, now), ["ask-2"]);
    // It is well again.
    queue.ended("ask-2", DeliveryOutcome::Taken, now);
    first.iter().for_each(|id| queue.ended(id, DeliveryOutcome::Other, now));
    assert!(!sent(&mut queue, now).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_target_that_takes_a_message_gets_all_that_wait_for_another_attempt() {
    let (mut queue, now) = (TargetQueue::default(), Duration::ZERO);
    for n in 0..5 {
        queue.due(light(n));
        assert_eq!(sent(&mut queue, now).len(), 1);
        failed(&mut queue, &light(n).delivery, None, now);
        assert!(queue.wait(light(n)).is_some());
        assert!(queue.wait(light(n)).is_none(), "it waits already");
    }
    assert_eq!(queue.failing().map(|failing| failing.attempts), Some(5));
    assert!(queue.idle(now) && queue.queued() == 5);
    queue.due(light(9));
    assert_eq!(sent(&mut queue, now), ["light-0009"]);
    queue.ended("light-0009", DeliveryOutcome::Taken, now);
    assert_eq!(sent(&mut queue, now), ["light-0000", "light-0001", "light-0002"]);
    // The alarm of a wait that is over already does nothing.
    queue.ripe("light-0003", 4);
    assert_eq!(queue.queued(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_target_that_wants_peace_gets_it_for_all_its_messages_and_then_slowly_more() {
    let (mut queue, now) = (TargetQueue::default(), Duration::ZERO);
    (0..40).for_each(|n| queue.due(light(n)));
    for id in sent(&mut queue, now) {
        failed(&mut queue, &id, Some(60), now);
    }
    assert_eq!(queue.step(now), Step::Later(now + Duration::from_secs(60)));
    assert!(queue.idle(now));
    let mut now = now + Duration::from_secs(60);
    let mut times = Vec::new();
    for _ in 0..20 {
        match queue.step(now) {
            Step::Send(turn) => {
                times.push(now);
                queue.ended(&turn.delivery, DeliveryOutcome::Taken, now);
            }
            Step::Later(at) => now = at,
            Step::Nothing => break,
        }
    }
    let gaps: Vec<u128> = times.windows(2).map(|pair| (pair[1] - pair[0]).as_millis()).collect();
    assert_eq!(gaps.first(), Some(&750), "{gaps:?}");
    assert!(gaps.is_sorted_by(|a, b| a >= b) && gaps.last() == Some(&0), "{gaps:?}");
}

#[test]
fn what_becomes_more_urgent_moves_and_is_not_sent_twice() {
    let mut queue = TargetQueue::default();
    for n in 0..PLACES + 2 {
        queue.due(light(n));
    }
    queue.due(turn("x", Occasion::Report, Severity::Info));
    queue.due(turn("x", Occasion::Report, Severity::Critical));
    assert_eq!(queue.queued(), PLACES + 3);
    let first = sent(&mut queue, Duration::ZERO);
    assert_eq!(first[0], "x");
    let all = first.into_iter().chain((0..9).flat_map(|n| {
        (0..PLACES + 2)
            .for_each(|n| queue.ended(&light(n).delivery, DeliveryOutcome::Taken, Duration::from_secs(n as u64)));
        queue.ended("x", DeliveryOutcome::Taken, Duration::ZERO);
        sent(&mut queue, Duration::from_secs(n))
    }));
    assert_eq!(all.filter(|id| id == "x").count(), 1);
}
