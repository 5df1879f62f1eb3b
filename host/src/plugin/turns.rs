//! Whose turn it is to compute: what a call has used, and who may go on.
//!
//! A guest gives its thread back after every slice. Calls that have computed for long go on only a
//! few at a time, in turns, so that however many of them there are, the short ones find a free
//! thread.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A call that has computed for this long is a long one.
const LONG: Duration = Duration::from_millis(10);

/// The turns of long calls.
#[derive(Clone)]
pub(super) struct Turns(Arc<Semaphore>);

impl Turns {
    /// Leaves half of the threads to short calls, or all but one where there are few.
    pub fn new() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self(Arc::new(Semaphore::new((threads / 2).max(1))))
    }

    /// Runs a call, with its time on a thread added up in `meter`.
    pub async fn run<T>(&self, meter: &Meter, call: impl Future<Output = T>) -> T {
        let mut call = pin!(call);
        let mut queue = Queue::default();
        poll_fn(|context| {
            let _turn = if meter.spent() < LONG {
                None
            } else {
                match queue.poll(&self.0, context) {
                    Poll::Ready(turn) => turn,
                    Poll::Pending => return Poll::Pending,
                }
            };
            meter.begin();
            let polled = call.as_mut().poll(context);
            meter.end();
            polled
        })
        .await
    }
}

/// The wait for a turn.
#[derive(Default)]
struct Queue(Option<BoxFuture<'static, Option<OwnedSemaphorePermit>>>);

impl Queue {
    fn poll(&mut self, turns: &Arc<Semaphore>, context: &mut Context<'_>) -> Poll<Option<OwnedSemaphorePermit>> {
        let wait = self.0.get_or_insert_with(|| {
            let turns = Arc::clone(turns);
            Box::pin(async move { turns.acquire_owned().await.ok() })
        });
        let turn = Pin::new(wait).poll(context);
        if turn.is_ready() {
            self.0 = None;
        }
        turn
    }
}

/// Time that a call has spent on a thread. Waiting, for others or for a turn, is not in it.
pub(super) struct Meter {
    origin: Instant,
    spent: AtomicU64,
    /// Nanoseconds from `origin` to the start of the slice under way; 0 between slices.
    since: AtomicU64,
}

impl Meter {
    pub fn new() -> Self {
        Self { origin: Instant::now(), spent: AtomicU64::new(0), since: AtomicU64::new(0) }
    }

    /// What has been spent so far, the slice under way included.
    pub fn spent(&self) -> Duration {
        let spent = self.spent.load(Ordering::Relaxed);
        let since = self.since.load(Ordering::Relaxed);
        let slice = if since == 0 { 0 } else { self.now().saturating_sub(since) };
        Duration::from_nanos(spent + slice)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX).max(1)
    }

    fn begin(&self) {
        self.since.store(self.now(), Ordering::Relaxed);
    }

    fn end(&self) {
        self.spent.store(u64::try_from(self.spent().as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.since.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waiting_is_not_counted() {
        let meter = Meter::new();
        Turns::new().run(&meter, tokio::time::sleep(Duration::from_millis(30))).await;
        assert!(meter.spent() < Duration::from_millis(20), "{:?}", meter.spent());
    }

    #[tokio::test]
    async fn long_calls_take_turns() {
        let turns = Turns(Arc::new(Semaphore::new(1)));
        let busy = |slices: u32| {
            let turns = turns.clone();
            async move {
                let meter = Meter::new();
                let work = async {
                    for _ in 0..slices {
                        let start = Instant::now();
                        while start.elapsed() < Duration::from_millis(4) {}
                        tokio::task::yield_now().await;
                    }
                };
                turns.run(&meter, work).await;
                meter.spent()
            }
        };
        let (one, two) = tokio::join!(busy(8), busy(8));
        assert!(one >= Duration::from_millis(32) && two >= Duration::from_millis(32));
        assert_eq!(turns.0.available_permits(), 1);
    }
}
