//! One call: a fresh store and instance, limits on everything, and a named cause when it ends
//! badly.
//!
//! Nothing survives a call. A guest that was interrupted can never be entered again, since its
//! store is gone.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use tokio::sync::Semaphore;
use wasmtime::component::{Instance, InstancePre};
use wasmtime::{Store, Trap, UpdateDeadline};

use super::counters::CallCounters;
use super::cpu_share::{Meter, Usage};
use super::engine::Runtime;
use super::error::{Cause, Failure};
use super::imports::State;
use super::imports::deadline::Deadline;
use super::kind::CallError;
use super::limiter::Halt;
use super::wasi;

/// What a guest may hand to the host in one piece, in bytes as they stand in the host's memory.
const TRANSFER: usize = 16 << 20;

/// A plugin's code, linked and ready, with the limits of its calls.
pub(super) struct Code {
    pub label: String,
    pub pre: InstancePre<State>,
    pub cpu: Duration,
    pub wall: Duration,
    pub memory: usize,
    /// The plugin's own places, so that it cannot take all of the host's.
    pub places: Semaphore,
    /// Of all its calls.
    pub tally: CallCounters,
    /// What they compute.
    pub usage: Usage,
}

/// Says that what a call borrows (`'env`) outlives its use of the store (`'a`).
pub(super) type Outlives<'a, 'env> = PhantomData<&'a &'env ()>;

impl Code {
    /// Runs one call and gives back what it answered.
    pub async fn call<'env, T, W>(
        &self,
        runtime: &Runtime,
        state: State,
        work: W,
    ) -> Result<Result<T, CallError>, Failure>
    where
        W: for<'a> FnOnce(
            &'a mut Store<State>,
            Instance,
            Outlives<'a, 'env>,
        ) -> BoxFuture<'a, wasmtime::Result<Result<T, CallError>>>,
    {
        self.call_in(&self.places, runtime, state, work).await
    }

    /// The same in one of these places: what hangs in them leaves other users of the plugin theirs.
    pub async fn call_in<'env, T, W>(
        &self,
        places: &Semaphore,
        runtime: &Runtime,
        state: State,
        work: W,
    ) -> Result<Result<T, CallError>, Failure>
    where
        W: for<'a> FnOnce(
            &'a mut Store<State>,
            Instance,
            Outlives<'a, 'env>,
        ) -> BoxFuture<'a, wasmtime::Result<Result<T, CallError>>>,
    {
        let started = Instant::now();
        let ended = self.call_since(started, places, runtime, state, work).await;
        self.tally.took(started.elapsed());
        ended
    }

    async fn call_since<'env, T, W>(
        &self,
        started: Instant,
        places: &Semaphore,
        runtime: &Runtime,
        state: State,
        work: W,
    ) -> Result<Result<T, CallError>, Failure>
    where
        W: for<'a> FnOnce(
            &'a mut Store<State>,
            Instance,
            Outlives<'a, 'env>,
        ) -> BoxFuture<'a, wasmtime::Result<Result<T, CallError>>>,
    {
        let fail = |cause| Failure::of(self.label.clone(), cause);
        let places = async { (places.acquire().await, runtime.places().acquire().await) };
        let Ok((Ok(_own), Ok(_shared))) = tokio::time::timeout(self.wall, places).await else {
            return Err(fail(Cause::Busy(self.wall)));
        };

        let mut store = Store::new(runtime.engine(), state);
        let limiter = &mut store.data_mut().limiter;
        (limiter.most, limiter.all) = (self.memory, runtime.memories().clone());
        store.data_mut().deadline = Deadline::of(started, self.wall);
        store.limiter(|state| &mut state.limiter);
        store.set_hostcall_fuel(TRANSFER);
        // The first tick asks the callback; a deadline of zero would trap at once.
        store.set_epoch_deadline(1);
        let meter = Arc::new(Meter::default());
        let (cpu, metered) = (self.cpu, Arc::clone(&meter));
        store.epoch_deadline_callback(move |_| {
            if metered.spent() > cpu {
                return Err(Halt(Cause::Cpu(cpu)).into());
            }
            // Going on only after others had their turn.
            Ok(UpdateDeadline::Yield(1))
        });

        let active = runtime.enter();
        let call = async {
            let instance = self.pre.instantiate_async(&mut store).await?;
            work(&mut store, instance, PhantomData).await
        };
        let left = self.wall.saturating_sub(started.elapsed());
        let ended = tokio::time::timeout(left, runtime.cpu_share().run(&self.usage, &meter, call)).await;
        drop(active);
        // Memory that is given back is work as well, and more of it than all else where a guest has filled much.
        let state = runtime.cpu_share().run(&self.usage, &meter, async { store.into_data() }).await;
        runtime.cpu_share().note(&self.usage, &meter);
        let printed = state.wasi.as_deref().and_then(wasi::Wasi::printed);
        if let Some(text) = &printed {
            tracing::debug!(target: "plugin", plugin = state.binding.name, "it printed: {text}");
        }
        match ended {
            Ok(Ok(answer)) => Ok(match state.deadline.silent() {
                Some(who) => answer.map_err(|error| error.unanswered(&who)),
                None => answer,
            }),
            Ok(Err(error)) => Err(Failure { printed, ..self.failure(&error, state) }),
            Err(_) => {
                let (last_log, unanswered) = (state.log.last, state.deadline.silent().map(Into::into));
                Err(Failure { last_log, printed, unanswered, ..fail(Cause::Wall(self.wall)) })
            }
        }
    }

    fn failure(&self, error: &wasmtime::Error, state: State) -> Failure {
        let cause = match (error.downcast_ref::<Halt>(), error.downcast_ref::<Trap>()) {
            (Some(Halt(cause)), _) => cause.clone(),
            // A guest that is refused memory mostly stops itself with a trap that says nothing.
            (None, Some(trap)) => state.limiter.denied.clone().unwrap_or_else(|| match trap {
                Trap::StackOverflow => Cause::Stack,
                trap => Cause::Trap(describe(*trap)),
            }),
            (None, None) if let Some(status) = wasi::exit_status(error) => {
                Cause::Trap(format!("it ended itself with exit status {status}"))
            }
            (None, None) => {
                let text = error.root_cause().to_string();
                if text.contains("fuel allocated for hostcalls") {
                    Cause::Transfer(TRANSFER)
                } else if error.is::<wasmtime::PoolConcurrencyLimitError>() {
                    Cause::Busy(Duration::ZERO)
                } else {
                    state.limiter.denied.clone().unwrap_or(Cause::Answer(text))
                }
            }
        };
        let (last_log, unanswered) = (state.log.last, state.deadline.silent().map(Into::into));
        Failure { last_log, unanswered, ..Failure::of(self.label.clone(), cause) }
    }
}

fn describe(trap: Trap) -> String {
    match trap {
        Trap::UnreachableCodeReached => "it stopped itself, as a panic does".into(),
        Trap::MemoryOutOfBounds => "it reached outside its memory, as a recursion without end does".into(),
        other => other.to_string(),
    }
}
