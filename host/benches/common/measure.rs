//! How the benches measure and print. This machine is shared and noisy: medians, 99th percentiles
//! and ratios within one run say more than a mean.

use std::time::{Duration, Instant};

/// How long one call takes.
#[derive(Clone, Copy)]
pub struct Took {
    /// Half of the calls take no longer.
    pub median: Duration,
    /// All but one in a hundred take no longer.
    pub p99: Duration,
}

/// Sorts and picks. Stops when nothing was measured.
pub fn took(mut each: Vec<Duration>) -> Took {
    each.sort();
    Took { median: each[each.len() / 2], p99: each[each.len() * 99 / 100] }
}

/// Calls so many times, after a tenth of it to warm up.
pub fn measure(times: usize, mut call: impl FnMut()) -> Took {
    for _ in 0..times / 10 + 1 {
        call();
    }
    let one = |_| {
        let started = Instant::now();
        call();
        started.elapsed()
    };
    took((0..times).map(one).collect())
}

/// The head of a table whose last column is this.
pub fn head(last: &str) {
    println!("{:<60} {:>12} {:>12} {last:>14}", "", "median", "p99");
}

/// One line of it.
pub fn line(what: &str, took: Took, last: &str) {
    let (median, p99) = (format!("{:.1?}", took.median), format!("{:.1?}", took.p99));
    println!("{what:<60} {median:>12} {p99:>12} {last:>14}");
}

/// How many times the base.
pub fn ratio(value: f64, base: f64) -> String {
    format!("{:.2}×", value / base)
}
