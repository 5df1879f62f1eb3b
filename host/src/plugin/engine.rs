//! The WASM engine: one per process, with the ticker that interrupts guests and the places for
//! concurrent calls.
//!
//! Memory for instances is reserved once and reused, since that makes a fresh instance per call
//! cheap. Where the reservation is refused (a limit on address space) or the kernel cannot scan
//! pages, slower settings take over; nothing else changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle, Thread};
use std::time::Duration;

use tokio::sync::Semaphore;
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::cpu_share::CpuShare;
use super::limiter::{AllMemories, TABLES};
use super::options::MOST_MEMORY_MIB;

/// A guest is interrupted this often, so that it delays others by no more.
pub const SLICE: Duration = Duration::from_millis(5);

/// Calls at the same time, all plugins together. Most of them wait for others and hold some tens of KiB; what those
/// that compute may take is bounded by their turns (`cpu_share`) and by what all memories may have (`limiter`).
pub const PLACES: u32 = 1024;

/// How instances get their memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allocation {
    /// From a pool; used pages are found by a scan and reset in place.
    PooledWithScan,
    /// From a pool; used pages are given back.
    Pooled,
    /// From the system, each time.
    OnDemand,
}

/// The engine with its ticker.
pub struct Runtime {
    engine: Engine,
    allocation: Allocation,
    places: Semaphore,
    cpu_share: CpuShare,
    memories: AllMemories,
    active: Arc<AtomicUsize>,
    ticker: Ticker,
}

impl Runtime {
    /// Builds the best engine that this system allows. The error is a sentence.
    pub fn new() -> Result<Self, String> {
        let mut last = String::new();
        for allocation in [Allocation::PooledWithScan, Allocation::Pooled, Allocation::OnDemand] {
            match Self::with(allocation) {
                Ok(runtime) => return Ok(runtime),
                Err(error) => {
                    tracing::info!(?allocation, error, "this system does not allow the allocation");
                    last = error;
                }
            }
        }
        Err(format!("no WASM engine can be built: {last}"))
    }

    /// Builds an engine that allocates in this way.
    pub fn with(allocation: Allocation) -> Result<Self, String> {
        let engine = Engine::new(&config(allocation)).map_err(|error| format!("{error:#}"))?;
        let active = Arc::new(AtomicUsize::new(0));
        let ticker = Ticker::start(engine.clone(), Arc::clone(&active)).map_err(|e| e.to_string())?;
        Ok(Self {
            engine,
            allocation,
            places: Semaphore::new(PLACES as usize),
            cpu_share: CpuShare::new(),
            memories: AllMemories::default(),
            active,
            ticker,
        })
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// How instances get their memory.
    pub fn allocation(&self) -> Allocation {
        self.allocation
    }

    /// The places for concurrent calls.
    pub(super) fn places(&self) -> &Semaphore {
        &self.places
    }

    /// The turns of calls that compute for long.
    pub(super) fn cpu_share(&self) -> &CpuShare {
        &self.cpu_share
    }

    /// What the memories of all calls have.
    pub(super) fn memories(&self) -> &AllMemories {
        &self.memories
    }

    /// Keeps the ticker going for as long as the answer lives.
    pub(super) fn enter(&self) -> Active<'_> {
        if self.active.fetch_add(1, Ordering::SeqCst) == 0 {
            self.ticker.thread.unpark();
        }
        Active(&self.active)
    }
}

/// A call under way.
pub(super) struct Active<'a>(&'a AtomicUsize);

impl Drop for Active<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// An engine that only compiles; every other one of this program can load its code.
pub(super) fn for_compiling() -> Result<Engine, String> {
    Engine::new(&config(Allocation::OnDemand)).map_err(|error| format!("{error:#}"))
}

fn config(allocation: Allocation) -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .memory_init_cow(true)
        .max_wasm_stack(512 << 10)
        .async_stack_size(2 << 20)
        // Less would put bounds checks back into the compiled code. Equal in all modes, so that
        // code compiled in one can be loaded in another.
        .memory_reservation(4 << 30)
        .memory_guard_size(32 << 20);
    let mut pool = PoolingAllocationConfig::new();
    // A component may consist of many core instances, and some languages' have several memories.
    pool.total_component_instances(PLACES)
        .total_stacks(PLACES)
        // Most have one memory and two tables: room for the average of calls at the same time, because tables and
        // stacks count as used on a machine that lends no memory.
        .total_core_instances(PLACES * 4)
        .total_memories(PLACES * 2)
        .total_tables(PLACES * 2)
        .max_memory_size((MOST_MEMORY_MIB as usize) << 20)
        .table_elements(TABLES)
        .max_core_instances_per_component(64)
        .max_memories_per_component(8)
        .max_tables_per_component(64)
        .max_component_instance_size(1 << 20)
        .max_core_instance_size(1 << 20)
        .max_unused_warm_slots(64);
    match allocation {
        Allocation::PooledWithScan => {
            pool.linear_memory_keep_resident(1 << 20).table_keep_resident(64 << 10).pagemap_scan(Enabled::Yes);
        }
        Allocation::Pooled => {
            // Without the scan all that is kept would be cleared each time, used or not.
            pool.linear_memory_keep_resident(64 << 10).pagemap_scan(Enabled::No);
        }
        Allocation::OnDemand => return config,
    }
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}

/// Advances the engine's epoch while calls are under way, and sleeps while there are none.
struct Ticker {
    thread: Thread,
    stop: Arc<AtomicBool>,
    handle: Option<JoinHandle<()>>,
}

impl Ticker {
    fn start(engine: Engine, active: Arc<AtomicUsize>) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let handle = thread::Builder::new().name("plugin-ticker".into()).spawn(move || {
            while !stopped.load(Ordering::SeqCst) {
                if active.load(Ordering::SeqCst) == 0 {
                    // An `unpark` between the check and this line makes it return at once.
                    thread::park();
                } else {
                    thread::sleep(SLICE);
                    engine.increment_epoch();
                }
            }
        })?;
        Ok(Self { thread: handle.thread().clone(), stop, handle: Some(handle) })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.unpark();
        if let Some(handle) = self.handle.take() {
            // It ends within one slice; a panic of it has been printed already.
            let _ended = handle.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_engine_can_be_built_and_ends_with_its_ticker() {
        let runtime = Runtime::new().unwrap();
        drop(runtime.enter());
        drop(runtime);
        Runtime::with(Allocation::OnDemand).unwrap();
    }
}
