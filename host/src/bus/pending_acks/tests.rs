//! What is acknowledged when.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::BoxFuture;

use super::*;
use crate::bus::Message;
use crate::clock::SystemClock;
use crate::domain::Labels;
use crate::ports::Inbound;

#[derive(Default)]
struct Replies {
    in_progress: AtomicUsize,
    acked: AtomicUsize,
    confirmed: AtomicUsize,
}

struct Fake(u64, Arc<Replies>);

impl Delivery for Fake {
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

    fn reply(&self, reply: Reply) -> BoxFuture<'_, ()> {
        let counts = [(Reply::InProgress, &self.1.in_progress), (Reply::Ack, &self.1.acked)];
        counts.iter().filter(|(one, _)| *one == reply).for_each(|(_, count)| {
            count.fetch_add(1, Ordering::Relaxed);
        });
        Box::pin(std::future::ready(()))
    }

    fn ack_and_confirm(&self) -> BoxFuture<'_, Result<(), String>> {
        self.1.confirmed.fetch_add(1, Ordering::Relaxed);
        Box::pin(std::future::ready(Ok(())))
    }
}

#[tokio::test(start_paused = true)]
async fn while_others_can_be_read_none_is_acknowledged_before_it_has_arrived() {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (mut pending, heard, second) = (PendingAcks::default(), Arc::<Replies>::default(), Arc::<Replies>::default());
    pending.attach("1", Duration::from_secs(30));
    let mut all = Vec::new();
    for number in 0..600 {
        let (guard, completion) = Completion::new();
        pending.add(&clock, Fake(number, Arc::clone(&heard)), Vec::new(), completion);
        all.push(guard);
    }
    // The consumer was lost, and one of them comes again.
    pending.attach("1", Duration::from_secs(30));
    assert!(pending.replace_redelivered(Fake(7, Arc::clone(&second))).is_none());
    assert!(pending.replace_redelivered(Fake(700, Arc::clone(&second))).is_some(), "nobody waits for it");
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert_eq!((pending.count(), heard.confirmed.load(Ordering::Relaxed)), (600, 0));
    assert!(second.in_progress.load(Ordering::Relaxed) >= 29, "the server is told so");
    drop(all);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let settled = [&heard, &second].map(|heard| heard.confirmed.load(Ordering::Relaxed));
    assert_eq!((pending.count(), settled), (0, [599, 1]), "the delivery that came last is acknowledged");
    // What has waited for a while is acknowledged where nothing else could come, and not once more when it arrives.
    let (guard, completion) = Completion::new();
    pending.add(&clock, Fake(800, Arc::clone(&heard)), Vec::new(), completion);
    assert_eq!(pending.acknowledge_overdue(clock.elapsed()).await, 0, "it has not waited yet");
    tokio::time::sleep(MAX_BLOCKING).await;
    assert_eq!((pending.acknowledge_overdue(clock.elapsed()).await, pending.count()), (1, 0));
    drop(guard);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let all = [&heard.acked, &heard.confirmed].map(|count| count.load(Ordering::Relaxed));
    assert_eq!(all, [1, 599]);
    // The end of an alert is not acknowledged before its beginning, whatever becomes of that.
    for abandoned in [false, true] {
        let (first, behind) = (Arc::<Replies>::default(), Arc::<Replies>::default());
        let (guard, completion) = Completion::new();
        let about = || vec!["events down".to_string()];
        let base = if abandoned { 910 } else { 900 };
        pending.add(&clock, Fake(base, Arc::clone(&first)), about(), completion);
        assert_eq!(pending.telling_of(&["events up".to_string()]), Vec::<u64>::new());
        let others = pending.telling_of(&about()).into_iter().filter(|other| *other >= base).collect();
        pending.add_behind(&clock, Fake(base + 1, Arc::clone(&behind)), about(), others);
        tokio::time::sleep(Duration::from_secs(20)).await;
        assert_eq!(behind.confirmed.load(Ordering::Relaxed), 0);
        assert!(behind.in_progress.load(Ordering::Relaxed) > 0, "the server is told so");
        if abandoned {
            guard.abandon();
        }
        drop(guard);
        tokio::time::sleep(Duration::from_secs(1)).await;
        let settled = [&first, &behind].map(|heard| heard.confirmed.load(Ordering::Relaxed));
        assert_eq!(settled, if abandoned { [0, 0] } else { [1, 1] });
    }
    // At a stop all of them are given back, the oldest first.
    for (number, about) in [(4, ""), (1, "a"), (3, "a"), (2, "b")] {
        let (guard, completion) = Completion::new();
        let about = Some(about).filter(|about| !about.is_empty()).map(str::to_string);
        pending.add(&clock, Fake(number, Arc::clone(&heard)), about.into_iter().collect(), completion);
        guard.abandon();
    }
    let back: Vec<u64> = pending.take_all().iter().map(|one| one.sequence()).filter(|number| *number < 10).collect();
    assert_eq!((back, pending.count()), (vec![1, 2, 3, 4], 0));
    // Of another stream nothing is left.
    let (_guard, completion) = Completion::new();
    pending.add(&clock, Fake(1, heard), Vec::new(), completion);
    pending.attach("2", Duration::from_secs(30));
    assert_eq!(pending.count(), 0);
}
