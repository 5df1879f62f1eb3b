//! Whose turn it is to compute: what a call has used, and who may go on.
//!
//! A guest gives its thread back after every slice. Calls that have computed for long go on only a
//! few at a time, in turns, so that however many of them there are, the short ones find a free
//! thread. So do all calls of a plugin that computes much in many short ones (`usage`), while others are called.

mod usage;

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub(super) use usage::Usage;
use usage::{OTHERS, WINDOW};

/// A call that has computed for this long is a long one.
const LONG: Duration = Duration::from_millis(10);

/// The turns of long calls.
pub(super) struct CpuShare {
    turns: Arc<Semaphore>,
    begun: Instant,
    /// The window in which a plugin that computes little was last called.
    light: AtomicU64,
}

impl CpuShare {
    /// Leaves half of the threads to short calls, or all but one where there are few.
    pub fn new() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self::with((threads / 2).max(1))
    }

    fn with(turns: usize) -> Self {
        Self { turns: Arc::new(Semaphore::new(turns)), begun: Instant::now(), light: AtomicU64::new(0) }
    }

    /// The number of the window of time that this is. The first is long after 0, where nobody was called.
    fn window(&self) -> u64 {
        let passed = self.begun.elapsed().as_millis() / WINDOW.as_millis();
        u64::try_from(passed).unwrap_or(u64::MAX).saturating_add(2 * OTHERS)
    }

    /// Whether a call takes turns from its beginning: its plugin computes much, and others are called.
    fn takes_turns(&self, usage: &Usage) -> bool {
        let window = self.window();
        if !usage.is_heavy(window) {
            self.light.store(window, Ordering::Relaxed);
            return false;
        }
        window.saturating_sub(self.light.load(Ordering::Relaxed)) <= OTHERS
    }

    /// Notes what a call of a plugin has computed.
    pub fn note(&self, usage: &Usage, meter: &Meter) {
        usage.add(self.window(), meter.spent());
    }

    /// Runs a call, with its time on a thread added up in `meter`.
    pub async fn run<T>(&self, usage: &Usage, meter: &Meter, call: impl Future<Output = T>) -> T {
        let heavy = self.takes_turns(usage);
        let mut call = pin!(call);
        let mut queue = Queue::default();
        poll_fn(|context| {
            let _turn = if !heavy && meter.spent() < LONG {
                None
            } else {
                match queue.poll(&self.turns, context) {
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
        let (share, usage) = (CpuShare::new(), Usage::default());
        share.run(&usage, &meter, tokio::time::sleep(Duration::from_millis(30))).await;
        // As on a machine on which others are at work.
        share.run(&usage, &meter, async { std::thread::sleep(Duration::from_millis(30)) }).await;
        assert!(meter.spent() < Duration::from_millis(20), "{:?}", meter.spent());
    }

    #[tokio::test]
    async fn long_calls_take_turns() {
        let cpu_share = &CpuShare::with(1);
        let busy = |slices: u32| async move {
            let meter = Meter::default();
            let work = async {
                for _ in 0..slices {
                    let start = thread_time();
                    while thread_time() - start < 4_000_000 {}
                    tokio::task::yield_now().await;
                }
            };
            cpu_share.run(&Usage::default(), &meter, work).await;
            meter.spent()
        };
        let (one, two) = tokio::join!(busy(8), busy(8));
        assert!(one >= Duration::from_millis(32) && two >= Duration::from_millis(32));
        assert_eq!(cpu_share.turns.available_permits(), 1);
    }

    #[tokio::test]
    async fn a_plugin_that_computes_much_takes_turns_while_others_are_called() {
        let (share, heavy, light) = (CpuShare::with(1), Usage::default(), Usage::default());
        assert!(!share.takes_turns(&heavy), "nothing is known of it");
        share.light.store(0, Ordering::Relaxed);
        heavy.add(share.window(), Duration::from_secs(1));
        assert!(!share.takes_turns(&heavy), "nobody else is called");
        assert!(!share.takes_turns(&light));
        assert!(share.takes_turns(&heavy));
        // The only turn is taken: its call waits, and that of the other does not.
        let turn = Arc::clone(&share.turns).acquire_owned().await.unwrap();
        let meter = Meter::default();
        let mut waits = pin!(share.run(&heavy, &meter, async {}));
        assert!(futures::poll!(&mut waits).is_pending());
        share.run(&light, &Meter::default(), async {}).await;
        drop(turn);
        waits.await;
    }
}
