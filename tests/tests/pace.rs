//! How many fresh-instance calls a second the plugin room makes, with one and two tasks on two
//! workers. Prints figures and judges nothing: run it by name with `--ignored --nocapture`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tidegate::plugin::engine::Allocation;
use tidegate_tests::guests::{Room, build, decode};

const LENGTH: Duration = Duration::from_secs(2);

#[test]
#[ignore = "measures, and takes a while"]
fn calls_per_second() {
    let folder = build(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap();
    for allocation in [Allocation::PooledWithScan, Allocation::Pooled, Allocation::OnDemand] {
        for tasks in [1, 2] {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            let calls = runtime.block_on(count(&folder, allocation, tasks));
            println!("{allocation:?}, {tasks} tasks: {:.0} calls/s", calls as f64 / LENGTH.as_secs_f64());
        }
    }
}

async fn count(folder: &Path, allocation: Allocation, tasks: usize) -> u64 {
    let room = Room { allocation: Some(allocation), ..Room::default() };
    let (plugins, _) = room.load(folder).await.unwrap();
    let workers: Vec<_> = (0..tasks)
        .map(|_| {
            let plugins = Arc::clone(&plugins);
            tokio::spawn(async move {
                let (started, mut calls) = (Instant::now(), 0);
                while started.elapsed() < LENGTH {
                    decode(&plugins, "echo-source", "x").await.unwrap();
                    calls += 1;
                }
                calls
            })
        })
        .collect();
    let mut calls = 0;
    for worker in workers {
        calls += worker.await.unwrap();
    }
    calls
}
