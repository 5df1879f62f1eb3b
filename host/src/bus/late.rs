//! Messages whose alerts are durable, and whose events are still on their way to another bus: they are acknowledged once these
//! have arrived, so that a crash sends them anew. Their neighbours are read meanwhile, as long as the server lets more be
//! unacknowledged and there is room for more that waits ([`super::onward`]). Where it does not, those that have waited for a
//! while are acknowledged all the same: alerts go before copies.

use std::collections::{BTreeMap, HashMap};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::{Either, select};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::held::{Delivered, Word};
use super::onward::{Arrival, HOLDS, Settling};
use crate::ports::Clock;

/// The shortest and the longest pause between two words to the server that a message is being worked at.
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(30);

/// Those of one stream. When it is given up they are let go of, and come again.
#[derive(Default)]
pub struct Late {
    /// When the stream was made.
    created: String,
    tick: Duration,
    tasks: JoinSet<()>,
    waiting: Arc<Waiting>,
}

/// Messages by their numbers.
#[derive(Default)]
struct Waiting {
    all: Mutex<BTreeMap<u64, One>>,
    /// One of them waits no longer.
    left: Notify,
}

/// One of them, as it was delivered last: only that delivery is sure to be one that the server knows.
struct One {
    held: Arc<dyn Delivered>,
    /// Since when it waits.
    since: Duration,
    /// The alerts that it tells of.
    about: Vec<String>,
    /// Hears that it is acknowledged.
    settling: Settling,
}

impl Waiting {
    fn all(&self) -> MutexGuard<'_, BTreeMap<u64, One>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn held(&self, sequence: u64) -> Option<Arc<dyn Delivered>> {
        self.all().get(&sequence).map(|one| Arc::clone(&one.held))
    }

    fn has_any(&self, sequences: &[u64]) -> bool {
        let all = self.all();
        sequences.iter().any(|sequence| all.contains_key(sequence))
    }

    /// Waits until something has happened, and tells the server meanwhile that a message is worked at. What happened; none
    /// where the message waits no longer.
    async fn working<T>(
        &self,
        clock: &dyn Clock,
        tick: Duration,
        sequence: u64,
        happens: impl Future<Output = T>,
    ) -> Option<T> {
        let mut happens = pin!(happens);
        loop {
            match select(happens, clock.sleep(tick)).await {
                Either::Left((happened, _)) => return Some(happened),
                Either::Right(((), rest)) => {
                    self.held(sequence)?.say(Word::Working).await;
                    happens = rest;
                }
            }
        }
    }

    /// Acknowledges a message, as often as it takes: those behind it are not acknowledged before.
    async fn settle(&self, clock: &dyn Clock, tick: Duration, sequence: u64) {
        while let Some(held) = self.held(sequence) {
            match held.settle().await {
                Ok(()) => {
                    if let Some(one) = self.all().remove(&sequence) {
                        one.settling.settle();
                    }
                    self.left.notify_waiters();
                }
                Err(error) => {
                    tracing::debug!(%error, "a message was sent on, and the server does not know yet; it comes again");
                    clock.sleep(tick).await;
                }
            }
        }
    }
}

impl Late {
    /// Of the stream that was made then, whose server waits so long for an acknowledgement. Those of the same stream go on.
    pub fn attach(&mut self, created: &str, ack_wait: Duration) {
        self.tick = (ack_wait / 3).clamp(SHORTEST, LONGEST);
        if self.created != created {
            let tick = self.tick;
            *self = Self { created: created.into(), tick, ..Self::default() };
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.waiting.all().len()
    }

    /// Takes a message that has come again in place of the one that waits; gives it back if none does.
    pub fn renew<D: Delivered>(&self, mut held: D) -> Option<D> {
        let mut all = self.waiting.all();
        match all.get_mut(&held.sequence()) {
            None => return Some(held),
            Some(waiting) => {
                held.lighten();
                waiting.held = Arc::new(held);
            }
        }
        None
    }

    /// Acknowledges those that have waited for as long as copies may hold up alerts; what they sent on goes on. How many.
    pub async fn ease(&self, now: Duration) -> usize {
        let old = |_: &u64, one: &mut One| now.saturating_sub(one.since) >= HOLDS;
        let old: Vec<One> = self.waiting.all().extract_if(.., old).map(|(_, one)| one).collect();
        for one in &old {
            one.held.say(Word::Taken).await;
            one.settling.settle();
        }
        self.waiting.left.notify_waiters();
        old.len()
    }

    /// Those that wait and tell of one of these alerts.
    pub fn about(&self, alerts: &[String]) -> Vec<u64> {
        if alerts.is_empty() {
            return Vec::new();
        }
        let all = self.waiting.all();
        let same = all.iter().filter(|(_, one)| one.about.iter().any(|known| alerts.contains(known)));
        same.map(|(sequence, _)| *sequence).collect()
    }

    /// Acknowledges a message that tells of these alerts once what it sent on has arrived.
    pub fn add(&mut self, clock: &Arc<dyn Clock>, held: impl Delivered, about: Vec<String>, arrival: Arrival) {
        let sequence = self.wait(clock.as_ref(), held, about, arrival.settling());
        let (clock, tick, waiting) = (Arc::clone(clock), self.tick, Arc::clone(&self.waiting));
        self.tasks.spawn(async move {
            let arrived = waiting.working(clock.as_ref(), tick, sequence, arrival.wait()).await;
            if arrived == Some(true) {
                waiting.settle(clock.as_ref(), tick, sequence).await;
            }
            // What was let go of comes again, and so does all that stands behind it.
        });
    }

    /// Acknowledges a message that tells of these alerts once others have been: were it acknowledged before, and these came again
    /// alone, an alert that is over would begin once more.
    pub fn add_behind(&mut self, clock: &Arc<dyn Clock>, held: impl Delivered, about: Vec<String>, others: Vec<u64>) {
        let sequence = self.wait(clock.as_ref(), held, about, Settling::default());
        let (clock, tick, waiting) = (Arc::clone(clock), self.tick, Arc::clone(&self.waiting));
        self.tasks.spawn(async move {
            let gone = async {
                loop {
                    let mut left = pin!(waiting.left.notified());
                    left.as_mut().enable();
                    if !waiting.has_any(&others) {
                        return;
                    }
                    left.await;
                }
            };
            if waiting.working(clock.as_ref(), tick, sequence, gone).await.is_some() {
                waiting.settle(clock.as_ref(), tick, sequence).await;
            }
        });
    }

    /// Waits for none of them any longer. Those that may be given back: a server keeps no order among them, so that none of
    /// them tells of an alert of which another one tells as well.
    pub fn give_up(&mut self) -> Vec<Arc<dyn Delivered>> {
        self.tasks.abort_all();
        let all = std::mem::take(&mut *self.waiting.all());
        let mut told: HashMap<String, usize> = HashMap::new();
        all.values().flat_map(|one| &one.about).for_each(|alert| *told.entry(alert.clone()).or_default() += 1);
        let alone = |one: &One| one.about.iter().all(|alert| told.get(alert) == Some(&1));
        all.into_values().filter(alone).map(|one| one.held).collect()
    }

    fn wait(&mut self, clock: &dyn Clock, mut held: impl Delivered, about: Vec<String>, settling: Settling) -> u64 {
        while self.tasks.try_join_next().is_some() {}
        let sequence = held.sequence();
        held.lighten();
        self.waiting.all().insert(sequence, One { held: Arc::new(held), since: clock.elapsed(), about, settling });
        sequence
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::future::BoxFuture;

    use super::*;
    use crate::bus::Message;
    use crate::clock::SystemClock;
    use crate::domain::Labels;
    use crate::ports::Inbound;

    #[derive(Default)]
    struct Heard {
        working: AtomicUsize,
        taken: AtomicUsize,
        settled: AtomicUsize,
    }

    struct One(u64, Arc<Heard>);

    impl Delivered for One {
        fn sequence(&self) -> u64 {
            self.0
        }

        fn pending(&self) -> u64 {
            0
        }

        fn message(&self) -> Message {
            let (headers, query, body) = (Labels::new(), Vec::new(), String::new());
            let received_at = jiff::Timestamp::UNIX_EPOCH;
            Message {
                subject: String::new(),
                request: Inbound { method: String::new(), headers, query, body, received_at },
            }
        }

        fn say(&self, word: Word) -> BoxFuture<'_, ()> {
            let counts = [(Word::Working, &self.1.working), (Word::Taken, &self.1.taken)];
            counts.iter().filter(|(one, _)| *one == word).for_each(|(_, count)| {
                count.fetch_add(1, Ordering::Relaxed);
            });
            Box::pin(std::future::ready(()))
        }

        fn settle(&self) -> BoxFuture<'_, Result<(), String>> {
            self.1.settled.fetch_add(1, Ordering::Relaxed);
            Box::pin(std::future::ready(Ok(())))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn while_others_can_be_read_none_is_acknowledged_before_it_has_arrived() {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let (mut late, heard, second) = (Late::default(), Arc::<Heard>::default(), Arc::<Heard>::default());
        late.attach("1", Duration::from_secs(30));
        let mut all = Vec::new();
        for number in 0..600 {
            let (under_way, arrival) = Arrival::new();
            late.add(&clock, One(number, Arc::clone(&heard)), Vec::new(), arrival);
            all.push(under_way);
        }
        // The consumer was lost, and one of them comes again.
        late.attach("1", Duration::from_secs(30));
        assert!(late.renew(One(7, Arc::clone(&second))).is_none());
        assert!(late.renew(One(700, Arc::clone(&second))).is_some(), "nobody waits for it");
        tokio::time::sleep(Duration::from_secs(300)).await;
        assert_eq!((late.count(), heard.settled.load(Ordering::Relaxed)), (600, 0));
        assert!(second.working.load(Ordering::Relaxed) >= 29, "the server is told so");
        drop(all);
        tokio::time::sleep(Duration::from_secs(1)).await;
        let settled = [&heard, &second].map(|heard| heard.settled.load(Ordering::Relaxed));
        assert_eq!((late.count(), settled), (0, [599, 1]), "the delivery that came last is acknowledged");
        // What has waited for a while is acknowledged where nothing else could come, and not once more when it arrives.
        let (under_way, arrival) = Arrival::new();
        late.add(&clock, One(800, Arc::clone(&heard)), Vec::new(), arrival);
        assert_eq!(late.ease(clock.elapsed()).await, 0, "it has not waited yet");
        tokio::time::sleep(HOLDS).await;
        assert_eq!((late.ease(clock.elapsed()).await, late.count()), (1, 0));
        drop(under_way);
        tokio::time::sleep(Duration::from_secs(1)).await;
        let all = [&heard.taken, &heard.settled].map(|count| count.load(Ordering::Relaxed));
        assert_eq!(all, [1, 599]);
        // The end of an alert is not acknowledged before its beginning, whatever becomes of that.
        for let_go in [false, true] {
            let (first, behind) = (Arc::<Heard>::default(), Arc::<Heard>::default());
            let (under_way, arrival) = Arrival::new();
            let about = || vec!["events down".to_string()];
            let base = if let_go { 910 } else { 900 };
            late.add(&clock, One(base, Arc::clone(&first)), about(), arrival);
            assert_eq!(late.about(&["events up".to_string()]), Vec::<u64>::new());
            let others = late.about(&about()).into_iter().filter(|other| *other >= base).collect();
            late.add_behind(&clock, One(base + 1, Arc::clone(&behind)), about(), others);
            tokio::time::sleep(Duration::from_secs(20)).await;
            assert_eq!(behind.settled.load(Ordering::Relaxed), 0);
            assert!(behind.working.load(Ordering::Relaxed) > 0, "the server is told so");
            if let_go {
                under_way.lets_go();
            }
            drop(under_way);
            tokio::time::sleep(Duration::from_secs(1)).await;
            let settled = [&first, &behind].map(|heard| heard.settled.load(Ordering::Relaxed));
            assert_eq!(settled, if let_go { [0, 0] } else { [1, 1] });
        }
        // At a stop those are given back of whose alerts no other one tells: the others keep their order.
        for (number, about) in [(1, "a"), (2, "b"), (3, "a"), (4, "")] {
            let (under_way, arrival) = Arrival::new();
            let about = Some(about).filter(|about| !about.is_empty()).map(str::to_string);
            late.add(&clock, One(number, Arc::clone(&heard)), about.into_iter().collect(), arrival);
            under_way.lets_go();
        }
        let before = late.count();
        let back: Vec<u64> = late.give_up().iter().map(|held| held.sequence()).filter(|number| *number < 10).collect();
        assert_eq!((back, late.count()), (vec![2, 4], 0), "of {before}");
        // Of another stream nothing is left.
        let (_under_way, arrival) = Arrival::new();
        late.add(&clock, One(1, heard), Vec::new(), arrival);
        late.attach("2", Duration::from_secs(30));
        assert_eq!(late.count(), 0);
    }
}
