//! Events that rules send on, from when what else they mean is durable until the bus has them.
//!
//! They wait in memory, so many and so long at most: nothing but they themselves waits for a bus that is away. What one must
//! not lose is held in its stream meanwhile, for a while, by a message that is not acknowledged yet ([`Arrival`]).

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use tokio::sync::{Notify, mpsc};

use super::outlet::Sent;
use crate::domain::event::Forward;
use crate::ports::Clock;

/// How many wait for one bus, and bytes of all of them.
const MOST: usize = 2_000;
const BYTES: usize = 16 << 20;
/// Bytes of one beside its data.
const BESIDE: usize = 1 << 10;
/// How long one is tried.
const KEPT: Duration = Duration::from_secs(600);
/// How many are under way at a time.
const AT_ONCE: usize = 32;
/// The shortest and the longest pause before what was not taken is sent again.
const PAUSE: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(5);

/// Is held by whatever has not arrived yet.
#[derive(Clone, Debug)]
pub struct UnderWay(#[expect(dead_code, reason = "it says something by being there")] mpsc::Sender<Infallible>);

/// When all that was sent on together has arrived, or was given up.
#[derive(Debug)]
pub struct Arrival(mpsc::Receiver<Infallible>);

impl Arrival {
    /// Of what holds the other part.
    pub fn new() -> (UnderWay, Self) {
        let (under_way, arrival) = mpsc::channel(1);
        (UnderWay(under_way), Self(arrival))
    }

    /// Comes back then.
    pub async fn wait(mut self) {
        while self.0.recv().await.is_some() {}
    }
}

/// One that waits.
struct One {
    forward: Arc<Forward>,
    since: Duration,
    _under_way: UnderWay,
}

impl One {
    fn size(&self) -> usize {
        self.forward.said.size + BESIDE
    }
}

/// What becomes of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Became {
    Arrived,
    Lost,
}

/// Those that wait for one bus.
#[derive(Default)]
pub(super) struct Onward {
    waiting: Mutex<Waiting>,
    came: Notify,
}

#[derive(Default)]
struct Waiting {
    all: VecDeque<One>,
    bytes: usize,
    /// How many of those that were taken out have not arrived yet.
    under_way: usize,
}

impl Onward {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more; false where too many wait already.
    pub fn add(&self, forward: &Arc<Forward>, under_way: &UnderWay, now: Duration) -> bool {
        let one = One { forward: Arc::clone(forward), since: now, _under_way: under_way.clone() };
        let size = one.size();
        let mut waiting = self.waiting();
        if waiting.all.len() >= MOST || waiting.bytes + size > BYTES {
            return false;
        }
        waiting.bytes += size;
        waiting.all.push_back(one);
        drop(waiting);
        self.came.notify_one();
        true
    }

    /// How many have not arrived yet.
    pub fn count(&self) -> usize {
        let waiting = self.waiting();
        waiting.all.len() + waiting.under_way
    }

    /// Fills a group up with those that have waited longest.
    fn fill(&self, group: &mut Vec<One>) {
        let mut waiting = self.waiting();
        while group.len() < AT_ONCE {
            let Some(one) = waiting.all.pop_front() else { break };
            waiting.bytes = waiting.bytes.saturating_sub(one.size());
            group.push(one);
        }
        waiting.under_way = group.len();
    }

    /// Sends them for ever, the oldest first, several at a time. `became` hears what became of each.
    pub async fn follow<F>(&self, clock: &dyn Clock, send: impl Fn(Arc<Forward>) -> F, became: impl Fn(Became))
    where
        F: Future<Output = Result<(), Sent>>,
    {
        let mut group: Vec<One> = Vec::new();
        let mut pause = PAUSE;
        loop {
            self.fill(&mut group);
            if group.is_empty() {
                self.came.notified().await;
                continue;
            }
            let sent = join_all(group.iter().map(|one| send(Arc::clone(&one.forward)))).await;
            let now = clock.elapsed();
            let mut later = Vec::new();
            let mut any = false;
            for (one, sent) in group.drain(..).zip(sent) {
                match sent {
                    Ok(()) => {
                        any = true;
                        became(Became::Arrived);
                    }
                    Err(Sent::Later(_)) if now.saturating_sub(one.since) < KEPT => later.push(one),
                    Err(_) => became(Became::Lost),
                }
            }
            group = later;
            self.waiting().under_way = group.len();
            if any {
                pause = PAUSE;
            }
            if !group.is_empty() {
                clock.sleep(pause).await;
                pause = (pause * 2).min(LONGEST);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::FutureExt;

    use super::*;
    use crate::clock::SystemClock;
    use crate::domain::event::{Envelope, Event};

    fn forward(subject: &str, size: usize) -> Arc<Forward> {
        let said = Envelope { subject: subject.into(), size, ..Envelope::default() };
        Arc::new(Event::new(said).forwarded("ops.copy"))
    }

    /// Follows until nothing moves any more, or for so long; how many arrived, and how many were lost.
    async fn followed<F>(onward: &Onward, length: Duration, send: impl Fn(Arc<Forward>) -> F) -> [usize; 2]
    where
        F: Future<Output = Result<(), Sent>>,
    {
        let counts = [AtomicUsize::new(0), AtomicUsize::new(0)];
        let became = |became| {
            counts[became as usize].fetch_add(1, Ordering::Relaxed);
        };
        let clock = SystemClock;
        let followed = tokio::time::timeout(length, onward.follow(&clock, send, became));
        assert!(followed.await.is_err(), "it goes on for ever");
        counts.map(AtomicUsize::into_inner)
    }

    fn add(onward: &Onward, subject: &str) -> Arrival {
        let (under_way, arrival) = Arrival::new();
        assert!(onward.add(&forward(subject, 10), &under_way, Duration::ZERO));
        arrival
    }

    #[test]
    fn so_many_and_so_much_may_wait() {
        let onward = Onward::default();
        let (under_way, _arrival) = Arrival::new();
        let mut taken = 0;
        while onward.add(&forward("a", 10), &under_way, Duration::ZERO) {
            taken += 1;
        }
        assert_eq!((taken, onward.count()), (MOST, MOST));
        let onward = Onward::default();
        let large = (0..100).filter(|_| onward.add(&forward("a", 256 << 10), &under_way, Duration::ZERO)).count();
        assert!(large < 64, "{large}");
        let mut group = Vec::new();
        onward.fill(&mut group);
        assert_eq!((group.len(), onward.count()), (AT_ONCE, large));
        assert!(onward.add(&forward("a", 256 << 10), &under_way, Duration::ZERO), "room is given back");
    }

    #[tokio::test]
    async fn what_arrives_is_told_and_what_does_not_is_sent_again_while_others_pass() {
        let onward = Onward::default();
        let (stuck, passes, never) = (add(&onward, "stuck"), add(&onward, "passes"), add(&onward, "never"));
        let tries = AtomicUsize::new(0);
        let send = |forward: Arc<Forward>| {
            let subject = forward.said.subject.clone();
            let again = subject == "stuck" && tries.fetch_add(1, Ordering::Relaxed) < 1;
            async move {
                match subject.as_str() {
                    _ if again => Err(Sent::Later("no answer".into())),
                    "never" => Err(Sent::Never("too long".into())),
                    _ => Ok(()),
                }
            }
        };
        let early = tokio::time::timeout(Duration::from_millis(50), async {
            onward.follow(&SystemClock, send, |_| ()).await;
        });
        assert!(early.await.is_err());
        assert!(passes.wait().now_or_never().is_some() && never.wait().now_or_never().is_some());
        // Whoever stops following lets go of what was under way.
        assert!(stuck.wait().now_or_never().is_some());
        let _stuck = add(&onward, "stuck");
        tries.store(0, Ordering::Relaxed);
        assert_eq!(followed(&onward, Duration::from_millis(500), send).await, [1, 0]);
        assert_eq!(tries.into_inner(), 2);
    }

    #[tokio::test]
    async fn what_nobody_takes_for_long_is_given_up_and_waited_for_no_longer() {
        let onward = Onward::default();
        let arrival = add(&onward, "a");
        let clock = OldClock;
        let lost = AtomicUsize::new(0);
        let became = |became| {
            lost.fetch_add(usize::from(became == Became::Lost), Ordering::Relaxed);
        };
        let follow = onward.follow(&clock, |_| async { Err(Sent::Later("away".into())) }, became);
        assert!(tokio::time::timeout(Duration::from_millis(20), follow).await.is_err());
        assert!(arrival.wait().now_or_never().is_some());
        assert_eq!(lost.into_inner(), 1);
    }

    /// A clock of a process that has run for longer than anything is kept.
    struct OldClock;

    impl Clock for OldClock {
        fn now(&self) -> jiff::Timestamp {
            jiff::Timestamp::UNIX_EPOCH
        }

        fn elapsed(&self) -> Duration {
            KEPT
        }

        fn sleep(&self, length: Duration) -> futures::future::BoxFuture<'static, ()> {
            SystemClock.sleep(length)
        }
    }
}
