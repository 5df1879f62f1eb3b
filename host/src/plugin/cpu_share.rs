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
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A call that has computed for this long is a long one.
const LONG: Duration = Duration::from_millis(10);

/// The turns of long calls.
#[derive(Clone)]
pub(super) struct CpuShare(Arc<Semaphore>);

impl CpuShare {
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
    fn poll(&mut self, cpu_share: &Arc<Semaphore>, context: &mut Context<'_>) -> Poll<Option<OwnedSemaphorePermit>> {
        let wait = self.0.get_or_insert_with(|| {
            let cpu_share = Arc::clone(cpu_share);
            Box::pin(async move { cpu_share.acquire_owned().await.ok() })
        });
        let turn = Pin::new(wait).poll(context);
        if turn.is_ready() {
            self.0 = None;
        }
        turn
    }
}

/// Time that a call has spent on a processor. Waiting, for others, for a turn or for a processor on a
/// busy machine, is not in it: what others do ends no honest call.
#[derive(Default)]
pub(super) struct Meter {
    spent: AtomicU64,
    /// The time of the thread at the start of the slice under way; 0 between slices.
    since: AtomicU64,
}

impl Meter {
    /// What has been spent so far, the slice under way included. Asked by the thread that runs the
    /// slice, or between slices.
    pub fn spent(&self) -> Duration {
        let spent = self.spent.load(Ordering::Relaxed);
        let since = self.since.load(Ordering::Relaxed);
        let slice = if since == 0 { 0 } else { thread_time().saturating_sub(since) };
        Duration::from_nanos(spent + slice)
    }

    fn begin(&self) {
        self.since.store(thread_time().max(1), Ordering::Relaxed);
    }

    fn end(&self) {
        self.spent.store(u64::try_from(self.spent().as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.since.store(0, Ordering::Relaxed);
    }
}

/// Nanoseconds for which this thread has been on a processor.
fn thread_time() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let (seconds, nanos) = (u64::try_from(time.tv_sec), u64::try_from(time.tv_nsec));
    seconds.unwrap_or(0).saturating_mul(1_000_000_000).saturating_add(nanos.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waiting_is_not_counted() {
        let meter = Meter::default();
        CpuShare::new().run(&meter, tokio::time::sleep(Duration::from_millis(30))).await;
        // As on a machine on which others are at work.
        CpuShare::new().run(&meter, async { std::thread::sleep(Duration::from_millis(30)) }).await;
        assert!(meter.spent() < Duration::from_millis(20), "{:?}", meter.spent());
    }

    #[tokio::test]
    async fn long_calls_take_turns() {
        let cpu_share = CpuShare(Arc::new(Semaphore::new(1)));
        let busy = |slices: u32| {
            let cpu_share = cpu_share.clone();
            async move {
                let meter = Meter::default();
                let work = async {
                    for _ in 0..slices {
                        let start = thread_time();
                        while thread_time() - start < 4_000_000 {}
                        tokio::task::yield_now().await;
                    }
                };
                cpu_share.run(&meter, work).await;
                meter.spent()
            }
        };
        let (one, two) = tokio::join!(busy(8), busy(8));
        assert!(one >= Duration::from_millis(32) && two >= Duration::from_millis(32));
        assert_eq!(cpu_share.0.available_permits(), 1);
    }
}
