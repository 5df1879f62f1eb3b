//! How events wait for a bus, and what becomes of them.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::FutureExt;

use super::*;
use crate::bus::Completion;
use crate::clock::{SystemClock, TokioClock};
use crate::domain::event::{Envelope, Event};

fn forward(subject: &str, size: usize) -> Arc<Forward> {
    let said = Envelope { subject: subject.into(), size, ..Envelope::default() };
    Arc::new(Event::new(said).forwarded("ops.copy"))
}

/// Follows until nothing moves any more, or for so long; how many arrived, and how many were lost.
async fn followed<F>(queue: &ForwardQueue, length: Duration, send: impl Fn(Arc<Forward>) -> F) -> [usize; 3]
where
    F: Future<Output = Result<(), PublishFailure>>,
{
    let counts = [AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0)];
    let finished = |outcome, _: &FinishedForward<'_>| {
        counts[outcome as usize].fetch_add(1, Ordering::Relaxed);
    };
    let clock = SystemClock;
    let followed = tokio::time::timeout(length, queue.run(&clock, send, finished));
    assert!(followed.await.is_err(), "it goes on for ever");
    counts.map(AtomicUsize::into_inner)
}

fn add(queue: &ForwardQueue, subject: &str) -> Completion {
    let (guard, completion) = Completion::new();
    assert!(queue.try_push(&forward(subject, 10), &guard, Redelivery::ByStream, Duration::ZERO));
    completion
}

#[test]
fn so_many_and_so_much_may_wait() {
    let queue = ForwardQueue::default();
    let (guard, _completion) = Completion::new();
    let mut taken = 0;
    while queue.try_push(&forward("a", 10), &guard, Redelivery::Never, Duration::ZERO) {
        taken += 1;
    }
    assert_eq!((taken, queue.len()), (MAX_QUEUED, MAX_QUEUED));
    let queue = ForwardQueue::default();
    let large = (0..100)
        .filter(|_| queue.try_push(&forward("a", 256 << 10), &guard, Redelivery::Never, Duration::ZERO))
        .count();
    assert!(large < 64, "{large}");
    let group = queue.take_due(Duration::ZERO).unwrap();
    assert_eq!((group.len(), queue.len()), (CONCURRENCY, large));
    assert!(queue.try_push(&forward("a", 256 << 10), &guard, Redelivery::Never, Duration::ZERO), "room is given back");
}

#[tokio::test]
async fn what_arrives_is_told_and_what_does_not_is_sent_again_while_others_pass() {
    let queue = ForwardQueue::default();
    let (stuck, passes, never) = (add(&queue, "stuck"), add(&queue, "passes"), add(&queue, "never"));
    let tries = AtomicUsize::new(0);
    let send = |forward: Arc<Forward>| {
        let subject = forward.said.subject.clone();
        let again = subject == "stuck" && tries.fetch_add(1, Ordering::Relaxed) < 1;
        async move {
            match subject.as_str() {
                _ if again => Err(PublishFailure::Retry("no answer".into())),
                "never" => Err(PublishFailure::Rejected("too long".into())),
                _ => Ok(()),
            }
        }
    };
    let early = tokio::time::timeout(Duration::from_millis(50), async {
        queue.run(&SystemClock, send, |_, _| ()).await;
    });
    assert!(early.await.is_err());
    assert_eq!([passes, never].map(|one| one.wait().now_or_never()), [Some(true); 2]);
    // Whoever stops following lets go of what was under way, and not of what waits for its turn.
    let under_way = add(&queue, "stuck");
    let never_answers = |_| std::future::pending::<Result<(), PublishFailure>>();
    let broken_off = tokio::time::timeout(Duration::from_millis(50), async {
        queue.run(&SystemClock, never_answers, |_, _| ()).await;
    });
    assert!(broken_off.await.is_err());
    assert_eq!(under_way.wait().now_or_never(), Some(false), "it has not arrived");
    assert_eq!(followed(&queue, Duration::from_millis(500), send).await, [1, 0, 0]);
    assert_eq!((tries.into_inner(), stuck.wait().now_or_never()), (2, Some(true)));
}

#[tokio::test]
async fn what_nobody_takes_for_long_is_given_up_and_waited_for_no_longer() {
    let queue = ForwardQueue::default();
    let completion = add(&queue, "a");
    let clock = OldClock;
    let lost = AtomicUsize::new(0);
    let finished = |outcome, _: &FinishedForward<'_>| {
        lost.fetch_add(usize::from(outcome == ForwardOutcome::TimedOut), Ordering::Relaxed);
    };
    let follow = queue.run(&clock, |_| async { Err(PublishFailure::Retry("away".into())) }, finished);
    assert!(tokio::time::timeout(Duration::from_millis(20), follow).await.is_err());
    assert_eq!(completion.wait().now_or_never(), Some(true));
    assert_eq!(lost.into_inner(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_stream_keeps_waits_for_room_that_nobody_else_takes() {
    let (queue, clock) = (ForwardQueue::default(), TokioClock::starting_at(jiff::Timestamp::UNIX_EPOCH));
    let (guard, _completion) = Completion::new();
    let fill = |redelivery| while queue.try_push(&forward("a", 10), &guard, redelivery, clock.elapsed()) {};
    fill(Redelivery::Never);
    assert!(queue.try_push(&forward("b", 10), &guard, Redelivery::ByStream, clock.elapsed()), "it has room of its own");
    fill(Redelivery::ByStream);
    let one = forward("b", 10);
    let mut waits = pin!(queue.push(&one, &guard, Redelivery::ByStream, &clock));
    assert!(waits.as_mut().now_or_never().is_none(), "it is full");
    while waits.as_mut().now_or_never().is_none() {
        assert!(queue.len() > 0, "room is told of");
        drop(queue.take_due(Duration::MAX));
    }
    let Discarded { redelivered, lost } = queue.discard_all();
    assert!(
        redelivered > MAX_QUEUED as u64 - 2 * CONCURRENCY as u64 && lost <= CONCURRENCY as u64,
        "{redelivered} {lost}"
    );
    assert_eq!((queue.len(), queue.discard_all()), (0, Discarded::default()), "and told of once");
    assert!(
        queue.try_push(&forward("c", MAX_BYTES), &guard, Redelivery::Never, clock.elapsed()),
        "it is no more than one"
    );
}

#[tokio::test(start_paused = true)]
async fn what_nobody_takes_lets_others_pass() {
    let queue = ForwardQueue::default();
    let stuck: Vec<Completion> = (0..3 * CONCURRENCY).map(|_| add(&queue, "nowhere")).collect();
    let passes = add(&queue, "somewhere");
    let send = |forward: Arc<Forward>| async move {
        if forward.said.subject == "nowhere" { Err(PublishFailure::Retry("no stream".into())) } else { Ok(()) }
    };
    assert_eq!(followed(&queue, Duration::from_secs(1), send).await, [1, 0, 0]);
    assert_eq!((passes.wait().now_or_never(), queue.len()), (Some(true), stuck.len()));
}

#[tokio::test(start_paused = true)]
async fn alerts_are_held_up_for_a_while_and_then_the_oldest_copies_give_way() {
    let queue = ForwardQueue::default();
    let clock = SystemClock;
    let oldest = add(&queue, "oldest");
    let (guard, completion) = Completion::new();
    while queue.try_push(&forward("a", 10), &guard, Redelivery::ByStream, Duration::ZERO) {}
    let began = clock.elapsed();
    let one = forward("b", 10);
    let given_up = queue.push(&one, &guard, Redelivery::ByStream, &clock).await;
    let held = clock.elapsed().saturating_sub(began);
    assert!(given_up == 1 && held <= MAX_BLOCKING, "{given_up} {held:?}");
    assert_eq!(oldest.wait().now_or_never(), Some(true), "nobody waits for it any more");
    // All of them are old now: nobody is held up again.
    let again = clock.elapsed();
    assert_eq!(queue.push(&one, &guard, Redelivery::ByStream, &clock).await, 1);
    assert!(clock.elapsed().saturating_sub(again) < Duration::from_secs(1));
    assert_eq!(queue.len(), MAX_QUEUED);
    drop((guard, completion));
}

#[tokio::test]
async fn a_stop_waits_for_what_is_there_and_for_nothing_that_comes_later() {
    let queue = ForwardQueue::default();
    assert!(queue.drained().now_or_never().is_some(), "there is nothing");
    let (_a, _b) = (add(&queue, "a"), add(&queue, "b"));
    let gate = Notify::new();
    let send = |forward: Arc<Forward>| {
        let gate = &gate;
        async move {
            if forward.said.subject == "late" {
                std::future::pending::<()>().await;
            }
            gate.notified().await;
            Ok(())
        }
    };
    let mut follow = pin!(queue.run(&SystemClock, send, |_, _| ()));
    assert!(follow.as_mut().now_or_never().is_none());
    let mut drained = pin!(queue.drained());
    assert!(drained.as_mut().now_or_never().is_none());
    let _late = add(&queue, "late");
    for _ in 0..2 {
        gate.notify_one();
        assert!(follow.as_mut().now_or_never().is_none());
    }
    assert!(drained.now_or_never().is_some());
    assert_eq!(queue.discard_all(), Discarded { redelivered: 1, lost: 0 });
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_for_what_is_sent_again_also_while_newer_ones_are_under_way() {
    let queue = ForwardQueue::default();
    let _older = add(&queue, "older");
    let older = queue.take_due(Duration::ZERO).unwrap();
    let mut drained = pin!(queue.drained());
    assert!(drained.as_mut().now_or_never().is_none());
    // It waits for its next turn, and what has come since is under way.
    let _newer = add(&queue, "newer");
    queue.requeue(older.into_iter().map(|one| later(one, MIN_BACKOFF)).collect());
    let newer = queue.take_due(Duration::ZERO).unwrap();
    assert!(newer.len() == 1 && drained.as_mut().now_or_never().is_none());
    drop(queue.take_due(MIN_BACKOFF).unwrap());
    queue.requeue(Vec::new());
    assert!(drained.now_or_never().is_some());
}

fn later(mut one: QueuedForward, due: Duration) -> QueuedForward {
    one.due = due;
    one
}

/// A clock of a process that has run for longer than anything is kept.
struct OldClock;

impl Clock for OldClock {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::UNIX_EPOCH
    }

    fn elapsed(&self) -> Duration {
        GIVE_UP_AFTER
    }

    fn sleep(&self, length: Duration) -> futures::future::BoxFuture<'static, ()> {
        SystemClock.sleep(length)
    }
}
