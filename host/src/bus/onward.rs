//! Events that rules send on, from when what else they mean is durable until the bus has them.
//!
//! They wait in memory, so many and so long at most. What a stream has brought stays in that stream meanwhile, by its message
//! that is not acknowledged yet ([`Arrival`]), and whoever reads that stream waits for a while where there is no room for more;
//! then the oldest are given up. What has come otherwise is kept nowhere else: of that nobody waits, and what there is no room for is left out.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::{join_all, select};
use tokio::sync::{Notify, mpsc};

use super::publish::Sent;
use crate::domain::event::Forward;
use crate::ports::Clock;

/// How many of each kind wait for one bus, and bytes of these: senders of requests leave those who read streams their room.
const MOST: usize = 2_000;
const BYTES: usize = 16 << 20;
/// Bytes of one beside its data.
const BESIDE: usize = 1 << 10;
/// How long the oldest of those that a stream has brought may keep others out of room. No copy holds up alerts for longer.
pub(super) const HOLDS: Duration = Duration::from_secs(30);
/// How long one is tried.
pub(super) const KEPT: Duration = Duration::from_secs(600);
/// How many are under way at a time.
const AT_ONCE: usize = 32;
/// The shortest and the longest pause before what was not taken is sent again.
const PAUSE: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(5);

/// Whether somebody has an event still until it has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// A stream has it, because its message is not acknowledged before.
    InStream,
    /// Nobody has: it came in a request, from a watch, or from a subject that no stream keeps.
    Nowhere,
}

/// Is held by whatever has not arrived yet.
#[derive(Clone, Debug)]
pub struct UnderWay {
    _held: mpsc::Sender<Infallible>,
    let_go: Arc<AtomicBool>,
    settling: Settling,
}

/// When all that was sent on together has arrived, or was given up.
#[derive(Debug)]
pub struct Arrival {
    held: mpsc::Receiver<Infallible>,
    let_go: Arc<AtomicBool>,
    settling: Settling,
}

/// Whether the message that all of it came with is acknowledged, or needs no acknowledgement any more: it never comes again.
#[derive(Clone, Debug, Default)]
pub struct Settling(Arc<AtomicBool>);

impl Settling {
    /// It is.
    pub fn settle(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether it is.
    pub fn is_settled(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Arrival {
    /// Of what holds the other part.
    pub fn new() -> (UnderWay, Self) {
        let (sender, held) = mpsc::channel(1);
        let (let_go, settling) = (Arc::<AtomicBool>::default(), Settling::default());
        let under_way = UnderWay { _held: sender, let_go: Arc::clone(&let_go), settling: settling.clone() };
        (under_way, Self { held, let_go, settling })
    }

    /// To say that its message is acknowledged.
    pub fn settling(&self) -> Settling {
        self.settling.clone()
    }

    /// Comes back then; false where something of it was let go of before, as when the host stops.
    pub async fn wait(mut self) -> bool {
        while self.held.recv().await.is_some() {}
        !self.let_go.load(Ordering::Acquire)
    }
}

/// One that waits.
struct One {
    /// Its number since the start.
    number: u64,
    forward: Arc<Forward>,
    kept: Kept,
    since: Duration,
    under_way: UnderWay,
    /// When it is sent next, and how long after that once more.
    due: Duration,
    pause: Duration,
    /// It has arrived, or was given up.
    over: bool,
}

impl Drop for One {
    fn drop(&mut self) {
        if !self.over {
            self.under_way.lets_go();
        }
    }
}

impl UnderWay {
    /// Tells whether its message is acknowledged.
    pub(super) fn settling(&self) -> &Settling {
        &self.settling
    }

    /// It will not arrive, and comes again.
    pub(super) fn lets_go(&self) {
        self.let_go.store(true, Ordering::Release);
    }
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
    /// It can never be sent on.
    Lost,
    /// It was tried for as long as any is.
    Late,
}

/// One that waits no longer.
pub(super) struct Gone<'a> {
    pub forward: &'a Forward,
    /// Of what a stream has still.
    pub settling: Option<&'a Settling>,
}

/// Those that wait for one bus.
#[derive(Default)]
pub(super) struct Onward {
    waiting: Mutex<Waiting>,
    came: Notify,
    /// Some of them wait no longer.
    left: Notify,
}

#[derive(Default)]
struct Waiting {
    all: VecDeque<One>,
    /// By [`Kept`].
    taken: [Taken; 2],
    /// How many there were since the start.
    numbers: u64,
    /// Those that were taken out and have not arrived yet: their numbers, and who has them still.
    under_way: Vec<(u64, Kept)>,
}

/// The room that those of one kind take.
#[derive(Clone, Copy, Default)]
struct Taken {
    count: usize,
    bytes: usize,
}

impl Taken {
    fn hold(&mut self, one: &One) {
        self.count += 1;
        self.bytes += one.size();
    }

    fn free(&mut self, one: &One) {
        self.count = self.count.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(one.size());
    }
}

impl Waiting {
    /// The number of the one that has waited longest: it may be under way, or wait to be sent again while newer ones are.
    fn first(&self) -> Option<u64> {
        let under_way = self.under_way.iter().map(|(number, _)| *number);
        under_way.chain(self.all.front().map(|one| one.number)).min()
    }

    fn taken(&mut self, kept: Kept) -> &mut Taken {
        let [in_stream, nowhere] = &mut self.taken;
        match kept {
            Kept::InStream => in_stream,
            Kept::Nowhere => nowhere,
        }
    }
}

/// What had not arrived at the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Left {
    /// Comes again from its stream.
    pub again: u64,
    /// Does not come again.
    pub lost: u64,
}

impl Onward {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more; false where too many wait already.
    pub fn add(&self, forward: &Arc<Forward>, under_way: &UnderWay, kept: Kept, now: Duration) -> bool {
        let mut waiting = self.waiting();
        let (number, forward) = (waiting.numbers, Arc::clone(forward));
        let (since, under_way) = (now, under_way.clone());
        let mut one = One { number, forward, kept, since, under_way, due: now, pause: PAUSE, over: false };
        let size = one.size();
        let taken = waiting.taken(kept);
        // However large one is, it is no more than one.
        if taken.count >= MOST || taken.count > 0 && taken.bytes + size > BYTES {
            // Whoever asked knows, and may ask again.
            one.over = true;
            return false;
        }
        taken.hold(&one);
        waiting.numbers += 1;
        waiting.all.push_back(one);
        drop(waiting);
        self.came.notify_one();
        true
    }

    /// One more, once there is room for it; how many others were given up for that, because they had kept it out for long
    /// enough.
    pub async fn add_in_time(
        &self,
        forward: &Arc<Forward>,
        under_way: &UnderWay,
        kept: Kept,
        clock: &dyn Clock,
    ) -> u64 {
        let mut given_up = 0;
        loop {
            let mut left = pin!(self.left.notified());
            left.as_mut().enable();
            let now = clock.elapsed();
            if self.add(forward, under_way, kept, now) {
                return given_up;
            }
            match self.make_room(kept, now) {
                None => given_up += 1,
                Some(pause) => {
                    select(left, clock.sleep(pause)).await;
                }
            }
        }
    }

    /// Gives up the oldest of a kind, or says after how long that may be done.
    fn make_room(&self, kept: Kept, now: Duration) -> Option<Duration> {
        let mut waiting = self.waiting();
        let mut all = waiting.all.iter().enumerate();
        let Some((at, oldest)) = all.find(|(_, one)| one.kept == kept) else { return Some(HOLDS) };
        let age = now.saturating_sub(oldest.since);
        if age < HOLDS {
            return Some(HOLDS - age);
        }
        if let Some(mut one) = waiting.all.remove(at) {
            one.over = true;
            waiting.taken(kept).free(&one);
        }
        drop(waiting);
        self.left.notify_waiters();
        None
    }

    /// How many have not arrived yet.
    pub fn count(&self) -> usize {
        let waiting = self.waiting();
        waiting.all.len() + waiting.under_way.len()
    }

    /// Waits until all that are there now have arrived or were given up.
    pub async fn drained(&self) {
        let end = self.waiting().numbers;
        loop {
            let mut left = pin!(self.left.notified());
            left.as_mut().enable();
            let first = self.waiting().first();
            if first.is_none_or(|first| first >= end) {
                return;
            }
            left.await;
        }
    }

    /// Lets go of all of them.
    pub fn give_up(&self) -> Left {
        let mut left = Left::default();
        let Waiting { all, under_way, .. } = {
            let mut waiting = self.waiting();
            let numbers = waiting.numbers;
            std::mem::replace(&mut *waiting, Waiting { numbers, ..Waiting::default() })
        };
        for kept in all.iter().map(|one| one.kept).chain(under_way.into_iter().map(|(_, kept)| kept)) {
            match kept {
                Kept::InStream => left.again += 1,
                Kept::Nowhere => left.lost += 1,
            }
        }
        left
    }

    /// Takes out those that are due and have waited longest; where none is, when one will be.
    fn due(&self, now: Duration) -> Result<Vec<One>, Option<Duration>> {
        let mut waiting = self.waiting();
        let mut group = Vec::new();
        let mut at = 0;
        while group.len() < AT_ONCE {
            match waiting.all.get(at).map(|one| one.due <= now) {
                None => break,
                Some(false) => at += 1,
                Some(true) => {
                    let Some(one) = waiting.all.remove(at) else { break };
                    waiting.taken(one.kept).free(&one);
                    group.push(one);
                }
            }
        }
        if group.is_empty() {
            return Err(waiting.all.iter().map(|one| one.due).min());
        }
        waiting.under_way = group.iter().map(|one| (one.number, one.kept)).collect();
        drop(waiting);
        self.left.notify_waiters();
        Ok(group)
    }

    /// Puts back those that are sent again later, each to its place.
    fn put_back(&self, later: Vec<One>) {
        let mut waiting = self.waiting();
        waiting.under_way.clear();
        for one in later {
            waiting.taken(one.kept).hold(&one);
            let at = waiting.all.partition_point(|other| other.number < one.number);
            waiting.all.insert(at, one);
        }
        drop(waiting);
        self.left.notify_waiters();
    }

    /// Sends them for ever, the oldest first, several at a time; what is not taken lets others pass. `became` hears what became of
    /// each.
    pub async fn follow<F>(
        &self,
        clock: &dyn Clock,
        send: impl Fn(Arc<Forward>) -> F,
        became: impl Fn(Became, &Gone<'_>),
    ) where
        F: Future<Output = Result<(), Sent>>,
    {
        loop {
            let mut group = match self.due(clock.elapsed()) {
                Ok(group) => group,
                Err(None) => {
                    self.came.notified().await;
                    continue;
                }
                Err(Some(due)) => {
                    let pause = due.saturating_sub(clock.elapsed());
                    select(pin!(self.came.notified()), clock.sleep(pause)).await;
                    continue;
                }
            };
            let sent = join_all(group.iter().map(|one| send(Arc::clone(&one.forward)))).await;
            let now = clock.elapsed();
            let mut later = Vec::new();
            for (mut one, sent) in group.drain(..).zip(sent) {
                let what = match sent {
                    // A stream may be on its way, as after an election or when it is made anew.
                    Err(Sent::Never(_)) => Became::Lost,
                    Err(_) if now.saturating_sub(one.since) < KEPT => {
                        one.due = now + one.pause;
                        one.pause = (one.pause * 2).min(LONGEST);
                        later.push(one);
                        continue;
                    }
                    Err(_) => Became::Late,
                    Ok(()) => Became::Arrived,
                };
                one.over = true;
                let kept = one.kept == Kept::InStream;
                became(what, &Gone { forward: &one.forward, settling: kept.then(|| one.under_way.settling()) });
            }
            self.put_back(later);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use futures::FutureExt;

    use super::*;
    use crate::clock::SystemClock;
    use crate::domain::event::{Envelope, Event};

    fn forward(subject: &str, size: usize) -> Arc<Forward> {
        let said = Envelope { subject: subject.into(), size, ..Envelope::default() };
        Arc::new(Event::new(said).forwarded("ops.copy"))
    }

    /// Follows until nothing moves any more, or for so long; how many arrived, and how many were lost.
    async fn followed<F>(onward: &Onward, length: Duration, send: impl Fn(Arc<Forward>) -> F) -> [usize; 3]
    where
        F: Future<Output = Result<(), Sent>>,
    {
        let counts = [AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0)];
        let became = |became, _: &Gone<'_>| {
            counts[became as usize].fetch_add(1, Ordering::Relaxed);
        };
        let clock = SystemClock;
        let followed = tokio::time::timeout(length, onward.follow(&clock, send, became));
        assert!(followed.await.is_err(), "it goes on for ever");
        counts.map(AtomicUsize::into_inner)
    }

    fn add(onward: &Onward, subject: &str) -> Arrival {
        let (under_way, arrival) = Arrival::new();
        assert!(onward.add(&forward(subject, 10), &under_way, Kept::InStream, Duration::ZERO));
        arrival
    }

    #[test]
    fn so_many_and_so_much_may_wait() {
        let onward = Onward::default();
        let (under_way, _arrival) = Arrival::new();
        let mut taken = 0;
        while onward.add(&forward("a", 10), &under_way, Kept::Nowhere, Duration::ZERO) {
            taken += 1;
        }
        assert_eq!((taken, onward.count()), (MOST, MOST));
        let onward = Onward::default();
        let large = (0..100)
            .filter(|_| onward.add(&forward("a", 256 << 10), &under_way, Kept::Nowhere, Duration::ZERO))
            .count();
        assert!(large < 64, "{large}");
        let group = onward.due(Duration::ZERO).unwrap();
        assert_eq!((group.len(), onward.count()), (AT_ONCE, large));
        assert!(onward.add(&forward("a", 256 << 10), &under_way, Kept::Nowhere, Duration::ZERO), "room is given back");
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
            onward.follow(&SystemClock, send, |_, _| ()).await;
        });
        assert!(early.await.is_err());
        assert_eq!([passes, never].map(|one| one.wait().now_or_never()), [Some(true); 2]);
        // Whoever stops following lets go of what was under way, and not of what waits for its turn.
        let under_way = add(&onward, "stuck");
        let never_answers = |_| std::future::pending::<Result<(), Sent>>();
        let broken_off = tokio::time::timeout(Duration::from_millis(50), async {
            onward.follow(&SystemClock, never_answers, |_, _| ()).await;
        });
        assert!(broken_off.await.is_err());
        assert_eq!(under_way.wait().now_or_never(), Some(false), "it has not arrived");
        assert_eq!(followed(&onward, Duration::from_millis(500), send).await, [1, 0, 0]);
        assert_eq!((tries.into_inner(), stuck.wait().now_or_never()), (2, Some(true)));
    }

    #[tokio::test]
    async fn what_nobody_takes_for_long_is_given_up_and_waited_for_no_longer() {
        let onward = Onward::default();
        let arrival = add(&onward, "a");
        let clock = OldClock;
        let lost = AtomicUsize::new(0);
        let became = |became, _: &Gone<'_>| {
            lost.fetch_add(usize::from(became == Became::Late), Ordering::Relaxed);
        };
        let follow = onward.follow(&clock, |_| async { Err(Sent::Later("away".into())) }, became);
        assert!(tokio::time::timeout(Duration::from_millis(20), follow).await.is_err());
        assert_eq!(arrival.wait().now_or_never(), Some(true));
        assert_eq!(lost.into_inner(), 1);
    }

    #[tokio::test]
    async fn what_a_stream_keeps_waits_for_room_that_nobody_else_takes() {
        let onward = Onward::default();
        let (under_way, _arrival) = Arrival::new();
        let fill = |kept| while onward.add(&forward("a", 10), &under_way, kept, Duration::ZERO) {};
        fill(Kept::Nowhere);
        assert!(onward.add(&forward("b", 10), &under_way, Kept::InStream, Duration::ZERO), "it has room of its own");
        fill(Kept::InStream);
        let one = forward("b", 10);
        let mut waits = pin!(onward.add_in_time(&one, &under_way, Kept::InStream, &SystemClock));
        assert!(waits.as_mut().now_or_never().is_none(), "it is full");
        while waits.as_mut().now_or_never().is_none() {
            assert!(onward.count() > 0, "room is told of");
            drop(onward.due(Duration::MAX));
        }
        let Left { again, lost } = onward.give_up();
        assert!(again > MOST as u64 - 2 * AT_ONCE as u64 && lost <= AT_ONCE as u64, "{again} {lost}");
        assert_eq!((onward.count(), onward.give_up()), (0, Left::default()), "and told of once");
        assert!(onward.add(&forward("c", BYTES), &under_way, Kept::Nowhere, Duration::ZERO), "it is no more than one");
    }

    #[tokio::test(start_paused = true)]
    async fn what_nobody_takes_lets_others_pass() {
        let onward = Onward::default();
        let stuck: Vec<Arrival> = (0..3 * AT_ONCE).map(|_| add(&onward, "nowhere")).collect();
        let passes = add(&onward, "somewhere");
        let send = |forward: Arc<Forward>| async move {
            if forward.said.subject == "nowhere" { Err(Sent::Later("no stream".into())) } else { Ok(()) }
        };
        assert_eq!(followed(&onward, Duration::from_secs(1), send).await, [1, 0, 0]);
        assert_eq!((passes.wait().now_or_never(), onward.count()), (Some(true), stuck.len()));
    }

    #[tokio::test(start_paused = true)]
    async fn alerts_are_held_up_for_a_while_and_then_the_oldest_copies_give_way() {
        let onward = Onward::default();
        let clock = SystemClock;
        let oldest = add(&onward, "oldest");
        let (under_way, arrival) = Arrival::new();
        while onward.add(&forward("a", 10), &under_way, Kept::InStream, Duration::ZERO) {}
        let began = clock.elapsed();
        let one = forward("b", 10);
        let given_up = onward.add_in_time(&one, &under_way, Kept::InStream, &clock).await;
        let held = clock.elapsed().saturating_sub(began);
        assert!(given_up == 1 && held <= HOLDS, "{given_up} {held:?}");
        assert_eq!(oldest.wait().now_or_never(), Some(true), "nobody waits for it any more");
        // All of them are old now: nobody is held up again.
        let again = clock.elapsed();
        assert_eq!(onward.add_in_time(&one, &under_way, Kept::InStream, &clock).await, 1);
        assert!(clock.elapsed().saturating_sub(again) < Duration::from_secs(1));
        assert_eq!(onward.count(), MOST);
        drop((under_way, arrival));
    }

    #[tokio::test]
    async fn a_stop_waits_for_what_is_there_and_for_nothing_that_comes_later() {
        let onward = Onward::default();
        assert!(onward.drained().now_or_never().is_some(), "there is nothing");
        let (_a, _b) = (add(&onward, "a"), add(&onward, "b"));
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
        let mut follow = pin!(onward.follow(&SystemClock, send, |_, _| ()));
        assert!(follow.as_mut().now_or_never().is_none());
        let mut drained = pin!(onward.drained());
        assert!(drained.as_mut().now_or_never().is_none());
        let _late = add(&onward, "late");
        for _ in 0..2 {
            gate.notify_one();
            assert!(follow.as_mut().now_or_never().is_none());
        }
        assert!(drained.now_or_never().is_some());
        assert_eq!(onward.give_up(), Left { again: 1, lost: 0 });
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_waits_for_what_is_sent_again_also_while_newer_ones_are_under_way() {
        let onward = Onward::default();
        let _older = add(&onward, "older");
        let older = onward.due(Duration::ZERO).unwrap();
        let mut drained = pin!(onward.drained());
        assert!(drained.as_mut().now_or_never().is_none());
        // It waits for its next turn, and what has come since is under way.
        let _newer = add(&onward, "newer");
        onward.put_back(older.into_iter().map(|one| later(one, PAUSE)).collect());
        let newer = onward.due(Duration::ZERO).unwrap();
        assert!(newer.len() == 1 && drained.as_mut().now_or_never().is_none());
        drop(onward.due(PAUSE).unwrap());
        onward.put_back(Vec::new());
        assert!(drained.now_or_never().is_some());
    }

    fn later(mut one: One, due: Duration) -> One {
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
            KEPT
        }

        fn sleep(&self, length: Duration) -> futures::future::BoxFuture<'static, ()> {
            SystemClock.sleep(length)
        }
    }
}
