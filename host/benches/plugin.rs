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

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use measure::{head, line, measure, ratio, took};
use tidegate::app::BUNDLED;
use tidegate::journal::Memory;
use tidegate::network::Network;
use tidegate::plugin::engine::Allocation;
use tidegate::plugin::{Plugins, Setup, Wire};
use tidegate::ports::{Inbound, Sources};
use tidegate::source::BuiltIn;

const LENGTH: Duration = Duration::from_secs(3);
const WARM_UP: usize = 200;
const ALERTS: usize = 3;
const GRAFANA: &str = include_str!("../../plugins/source/grafana/testdata/v9_mixed_firing_and_resolved/body.json");
const ALERTMANAGER: &str = include_str!("../../tests/data/kubepodnotready.json");

fn main() {
    head("calls/s");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let native = measure(5_000, || runtime.block_on(decode(&BuiltIn, "alertmanager", ALERTMANAGER)));
    line("built in: Alertmanager, 3 alerts", native, &format!("{:.0}", 1.0 / native.median.as_secs_f64()));
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
        let plugins = Arc::new(load(allocation).await);
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

async fn load(allocation: Allocation) -> Plugins {
    let environment: BTreeMap<String, String> = BTreeMap::new();
    let setup = Setup {
        bundled: BUNDLED,
        folder: None,
        cache: None,
        plugins: &BTreeMap::new(),
        notifiers: &BTreeMap::new(),
        environment: &environment,
        transport: Arc::new(Wire(Arc::new(Network::default()))),
        mail: Arc::new(Wire(Arc::new(Network::default()))),
        clock: Arc::new(tidegate::clock::SystemClock),
        state: Arc::new(Memory::new()),
        least_risk: Arc::new(|_| tidegate::domain::Risk::Read),
        allocation: Some(allocation),
    };
    let (plugins, problems) = Plugins::load(setup).await.unwrap_or_else(|error| panic!("{error}"));
    assert!(problems.is_empty(), "{problems:?}");
    plugins
}

async fn decode(sources: &dyn Sources, source: &str, body: &str) {
    let request = Inbound {
        method: "POST".into(),
        headers: Default::default(),
        query: Vec::new(),
        body: body.to_string(),
        received_at: jiff::Timestamp::UNIX_EPOCH,
    };
    let alerts = sources.decode(source, request).await.unwrap_or_else(|error| panic!("{source}: {error}"));
    assert_eq!(alerts.alerts.len(), ALERTS, "{source}");
}
