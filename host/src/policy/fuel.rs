//! How long one evaluation may run: an operation budget and a deadline, per thread.
//!
//! rhai's own operation limit does not see what happens inside native functions and their
//! callbacks, so the budget is counted here, in the hook that rhai calls for every operation. An
//! evaluation never leaves its thread. Outside of [`run`] the tank is empty: nothing runs unguarded.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// How much one evaluation may do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Operations as rhai counts them.
    pub operations: u64,
    /// Wall time.
    pub time: Duration,
}

impl Limits {
    /// One `when`, `then` or other closure.
    pub const CLOSURE: Self = Self { operations: 200_000, time: Duration::from_millis(50) };
    /// All closures of one decision together.
    pub const DECISION: Self = Self { operations: 2_000_000, time: Duration::from_millis(500) };
    /// The top level of one file, which declares the rules.
    pub const FILE: Self = Self { operations: 50_000_000, time: Duration::from_secs(20) };
}

#[derive(Clone, Copy)]
struct FuelMeter {
    operations: u64,
    deadline: Option<Instant>,
    /// The deadline counts from here on: what has done next to nothing was only kept waiting by a
    /// busy machine, and must not be judged differently for it, unless it takes far too long.
    busy_below: u64,
    end: Option<Instant>,
}

const EMPTY: FuelMeter = FuelMeter { operations: 0, deadline: None, busy_below: 0, end: None };

/// Operations that count as next to nothing.
const IDLE: u64 = 1_000;
/// How many times the deadline is far too long.
const FAR: u32 = 5;

impl FuelMeter {
    fn late(&self) -> bool {
        let now = Instant::now();
        let past = |at: Option<Instant>| at.is_none_or(|at| now >= at);
        past(self.end) || (self.operations <= self.busy_below && past(self.deadline))
    }
}

thread_local! {
    static CLOSURE: Cell<FuelMeter> = const { Cell::new(EMPTY) };
    static DECISION: Cell<Option<FuelMeter>> = const { Cell::new(None) };
}

/// How often the clock is read. A single operation may be a native one that takes a millisecond
/// (sorting a full array), so this bounds how far a deadline is overrun.
const CLOCK_EVERY: u64 = 16;

/// rhai's hook: whether the evaluation must end, and why. Once empty, the tank stays empty, so that
/// a script that catches the error gains nothing.
pub(super) fn burn() -> Option<&'static str> {
    CLOSURE.with(|cell| {
        let mut tank = cell.get();
        if tank.operations == 0 {
            return Some("it ran longer than a policy may; make it simpler");
        }
        tank.operations -= 1;
        if tank.operations.is_multiple_of(CLOCK_EVERY) && tank.late() {
            tank.operations = 0;
        }
        cell.set(tank);
        None
    })
}

/// Runs one evaluation with a fresh budget, out of the decision's if there is one.
pub(super) fn run<T>(limits: Limits, evaluate: impl FnOnce() -> T) -> T {
    let whole = DECISION.with(Cell::get);
    let start = Instant::now();
    let earlier = |at: Instant, limit: Option<Instant>| limit.map_or(at, |limit| limit.min(at));
    let operations = limits.operations.min(whole.map_or(u64::MAX, |whole| whole.operations));
    let tank = FuelMeter {
        operations,
        deadline: Some(earlier(start + limits.time, whole.and_then(|whole| whole.deadline))),
        busy_below: operations.saturating_sub(IDLE),
        end: Some(earlier(start + limits.time * FAR, whole.and_then(|whole| whole.end))),
    };
    let outer = CLOSURE.with(|cell| cell.replace(tank));
    let _restore = LimitGuard(outer, operations);
    evaluate()
}

struct LimitGuard(FuelMeter, u64);

impl Drop for LimitGuard {
    fn drop(&mut self) {
        let left = CLOSURE.with(|cell| cell.replace(self.0)).operations;
        let used = self.1.saturating_sub(left);
        DECISION.with(|cell| {
            cell.set(cell.get().map(|tank| FuelMeter { operations: tank.operations.saturating_sub(used), ..tank }));
        });
    }
}

/// Runs all evaluations of one decision within a common budget.
pub(super) fn decision<T>(limits: Limits, decide: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let tank = FuelMeter {
        operations: limits.operations,
        deadline: Some(start + limits.time),
        busy_below: limits.operations,
        end: Some(start + limits.time * FAR),
    };
    let outer = DECISION.with(|cell| cell.replace(Some(tank)));
    let _end = End(outer);
    decide()
}

struct End(Option<FuelMeter>);

impl Drop for End {
    fn drop(&mut self) {
        DECISION.with(|cell| cell.set(self.0));
    }
}
