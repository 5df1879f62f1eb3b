//! The one door through which time comes in.

use std::sync::OnceLock;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::ports::Clock;

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

/// The moment from which [`SystemClock::elapsed`] counts.
static FIRST: OnceLock<Instant> = OnceLock::new();

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the door")]
        Timestamp::now()
    }

    fn elapsed(&self) -> Duration {
        FIRST.get_or_init(Instant::now).elapsed()
    }

    fn sleep(&self, length: Duration) -> BoxFuture<'static, ()> {
        // Waking now and then costs nothing and follows a wall clock that was set.
        tokio::time::sleep(length.min(Duration::from_secs(60))).boxed()
    }
}

/// A clock that runs with tokio's, which a test can pause: simulated hours pass in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct TokioClock {
    start: Instant,
    epoch: Timestamp,
}

impl TokioClock {
    /// A clock that says `epoch` now. Must be called inside a runtime.
    pub fn starting_at(epoch: Timestamp) -> Self {
        Self { start: Instant::now(), epoch }
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        self.epoch.saturating_add(self.elapsed()).unwrap_or(Timestamp::MAX)
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&self, length: Duration) -> BoxFuture<'static, ()> {
        tokio::time::sleep(length).boxed()
    }
}
