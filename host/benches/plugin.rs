//! What a call of a plugin costs, each in a fresh instance: the bundled Grafana source decodes a body of
//! three alerts, on one worker and on two, by each way to get memory; beside it the source that is
//! built in. `cargo bench -p tidegate --bench plugin`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot run must stop"
)]

#[path = "common/measure.rs"]
mod measure;
#[path = "common/plugins.rs"]
mod plugins;

use std::sync::Arc;
use std::time::{Duration, Instant};

use measure::{head, line, measure, ratio, took};
use plugins::{GRAFANA, Loading, decode};
use tidegate::plugin::Plugins;
use tidegate::plugin::engine::Allocation;
use tidegate::source::BuiltIn;

/// That of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const LENGTH: Duration = Duration::from_secs(3);
const WARM_UP: usize = 200;
const ALERTMANAGER: &str = include_str!("../../tests/data/kubepodnotready.json");

fn main() {
    head("calls/s");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let native = measure(5_000, || runtime.block_on(decode(&BuiltIn, "alertmanager", ALERTMANAGER)));
    line("built in: Alertmanager, 3 alerts", native, &format!("{:.0}", 1.0 / native.median.as_secs_f64()));
    let plugin = runtime.block_on(Loading::default().load());
    let called = measure(5_000, || runtime.block_on(decode(&plugin, "grafana", GRAFANA)));
    line("plugin: Grafana, 3 alerts", called, &ratio(called.median.as_secs_f64(), native.median.as_secs_f64()));
    drop(plugin);
    for allocation in [Allocation::PooledWithScan, Allocation::Pooled, Allocation::OnDemand] {
        let mut alone = None;
        for workers in [1, 2] {
            let (each, seconds) = calls(allocation, workers);
            let pace = each.len() as f64 / seconds;
            let alone = *alone.get_or_insert(pace);
            let times = format!("{pace:.0} ({})", ratio(pace, alone));
            line(&format!("plugin: Grafana, 3 alerts, {allocation:?}, workers: {workers}"), took(each), &times);
        }
    }
}

/// How long each call took, and all of them together in seconds: as many tasks as workers, each one
/// call after the other.
fn calls(allocation: Allocation, workers: usize) -> (Vec<Duration>, f64) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let plugins = Arc::new(Loading { allocation: Some(allocation), ..Loading::default() }.load().await);
        for _ in 0..WARM_UP {
            decode(plugins.as_ref(), "grafana", GRAFANA).await;
        }
        let begin = Instant::now();
        let tasks: Vec<_> = (0..workers).map(|_| tokio::spawn(call(Arc::clone(&plugins)))).collect();
        let mut each = Vec::new();
        for task in tasks {
            each.extend(task.await.expect("a worker that does not fail"));
        }
        (each, begin.elapsed().as_secs_f64())
    })
}

async fn call(plugins: Arc<Plugins>) -> Vec<Duration> {
    let (begin, mut each) = (Instant::now(), Vec::new());
    while begin.elapsed() < LENGTH {
        let started = Instant::now();
        decode(plugins.as_ref(), "grafana", GRAFANA).await;
        each.push(started.elapsed());
    }
    each
}
