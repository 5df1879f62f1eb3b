//! WASI for plugins whose language cannot do without it: its interfaces are there, and nothing is behind them.
//!
//! No file, variable, argument or socket. The clock stands at the moment that the call is about, so that an answer is a
//! function of what was asked and no plugin can measure what others do. Random numbers are the machine's: numbers that
//! come again would make ids and nonces of two calls the same. A sleep is real and within the time of the call. What is
//! written to standard output and error is kept for the plugin's author, within the budget of its log lines.

mod captured_output;

use jiff::Timestamp;
use std::time::Duration;
use wasmtime::component::{Linker, ResourceTable};
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, I32Exit, WasiCtx, WasiCtxView, WasiView};

use super::imports::State;
use crate::random::unguessable;
use captured_output::CapturedOutput;

/// Packages of WASI that this host links.
const PACKAGES: [&str; 6] = ["cli", "clocks", "filesystem", "io", "random", "sockets"];

/// Streams, waits and whatever else of WASI a call may have at once.
const RESOURCES: usize = 1024;

/// Random bytes in one piece.
const RANDOM: u64 = 64 << 10;

/// What one call has of WASI.
pub(super) struct Wasi {
    ctx: WasiCtx,
    table: ResourceTable,
    printed: CapturedOutput,
}

impl Wasi {
    /// `log` is how many bytes may be written.
    fn new(now: Timestamp, log: usize) -> Self {
        let printed = CapturedOutput::new(log);
        let mut table = ResourceTable::new();
        table.set_max_capacity(RESOURCES);
        let ctx = WasiCtx::builder()
            // All of it is allowed unless it is refused.
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .stdout(printed.clone())
            .stderr(printed.clone())
            .wall_clock(FrozenClock(now))
            .monotonic_clock(FrozenClock(now))
            .max_random_size(RANDOM)
            .secure_random(random())
            .insecure_random(random())
            .build();
        Self { ctx, table, printed }
    }

    /// The end of what was written, if anything was.
    pub fn printed(&self) -> Option<String> {
        self.printed.end()
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let (now, log) = (self.now, (self.binding.limits.log_kib as usize) << 10);
        let wasi = self.wasi.get_or_insert_with(|| Box::new(Wasi::new(now, log)));
        WasiCtxView { ctx: &mut wasi.ctx, table: &mut wasi.table }
    }
}

/// Adds WASI to what a guest finds.
pub(super) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)
}

/// Whether an import is one of WASI's that [`link`] adds.
pub(super) fn is_offered(import: &str) -> bool {
    let interface = import.strip_prefix("wasi:").and_then(|rest| rest.split_once('/'));
    interface.is_some_and(|(package, rest)| {
        PACKAGES.contains(&package) && rest.split_once('@').is_some_and(|(_, version)| version.starts_with("0.2."))
    })
}

/// The exit status with which a guest ended itself.
pub(super) fn exit_status(error: &wasmtime::Error) -> Option<i32> {
    error.downcast_ref::<I32Exit>().map(|exit| exit.0)
}

fn random() -> rand::rngs::StdRng {
    let seed = unguessable().unwrap_or_else(|error| {
        tracing::error!(error, "a plugin's random numbers are weak");
        let random = crate::random::Random::from_system();
        std::array::from_fn(|_| random.next() as u8)
    });
    rand::SeedableRng::from_seed(seed)
}

/// A clock that stands.
struct FrozenClock(Timestamp);

impl HostWallClock for FrozenClock {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.as_millisecond()).unwrap_or(0))
    }
}

impl HostMonotonicClock for FrozenClock {
    fn resolution(&self) -> u64 {
        1_000_000
    }

    fn now(&self) -> u64 {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_linked_is_known_by_its_name() {
        for name in ["wasi:cli/stderr@0.2.12", "wasi:io/streams@0.2.0", "wasi:sockets/tcp@0.2.3"] {
            assert!(is_offered(name), "{name}");
        }
        for name in ["wasi:http/types@0.2.12", "wasi:cli/stderr@0.3.0", "wasi:cli/stderr", "cli/stderr@0.2.0"] {
            assert!(!is_offered(name), "{name}");
        }
    }
}
