//! The host's wall clock: tokio's paused time, and somebody who sets it now and then.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use tidegate::clock::TokioClock;
use tidegate::ports::Clock;

use super::world::World;

/// As long as the machine's clock sleeps before it looks again.
const LONGEST: Duration = Duration::from_secs(60);

/// The clock of one process.
pub struct SimClock {
    inner: TokioClock,
    world: Arc<World>,
    started_with: jiff::SignedDuration,
}

impl SimClock {
    /// Must be called inside the process's runtime, right after its birth.
    pub fn new(world: Arc<World>) -> Self {
        let (wall, started_with) = {
            let state = world.state();
            (state.wall(), state.skew())
        };
        Self { inner: TokioClock::starting_at(wall), world, started_with }
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        self.inner.now() + (self.world.state().skew() - self.started_with)
    }

    fn elapsed(&self) -> Duration {
        self.inner.elapsed()
    }

    fn sleep(&self, wait: Duration) -> BoxFuture<'static, ()> {
        let world = Arc::clone(&self.world);
        async move {
            let sleep = tokio::time::sleep(wait);
            if wait <= LONGEST {
                return sleep.await;
            }
            // A long sleep follows a clock that was set: whoever sleeps looks again.
            tokio::select! {
                biased;
                () = world.jumped.notified() => {}
                () = sleep => {}
            }
        }
        .boxed()
    }
}
