//! What a well-behaved plugin's calls take while a hostile one runs in all of its places, on two workers, beside what they
//! take alone. `cargo bench -p tidegate-tests --bench hostile`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot run must stop"
)]

#[path = "../../host/benches/common/measure.rs"]
#[allow(dead_code, reason = "not every bench needs all of it")]
mod measure;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use measure::{Took, head, line, ratio, took};
use tidegate::plugin::Plugins;
use tidegate_tests::guests::{LoadOptions, build, decode};

const LENGTH: Duration = Duration::from_secs(4);

/// As many as one plugin's calls at the same time by default.
const ATTACKERS: usize = 8;

const DEEDS: [&str; 9] =
    ["spin", "flood-settings", "flood-log", "recurse", "hoard", "panic", "grow", "reply 10000000", "refuse 9000000"];

fn main() {
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = build(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap_or_else(|error| panic!("{error:#}"));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let options = LoadOptions { cache: Some(scratch.path().join("compiled")), ..LoadOptions::default() };
        let (plugins, _) = options.load(&folder).await.unwrap_or_else(|error| panic!("{error:#}"));
        for _ in 0..200 {
            decode(&plugins, "echo-source", "x").await.expect("an alert");
        }
        head("ended a second");
        let alone = beside(&plugins, None).await.0;
        line("alone", alone, "");
        for deed in DEEDS {
            let (each, ended) = beside(&plugins, Some(deed)).await;
            let times = ratio(each.p99.as_secs_f64(), alone.p99.as_secs_f64());
            line(&format!("beside {ATTACKERS} calls of `{deed}`: p99 {times}"), each, &format!("{ended:.0}"));
        }
    });
}

/// The calls of the well-behaved one, and how many of the other's end in a second.
async fn beside(plugins: &Arc<Plugins>, deed: Option<&'static str>) -> (Took, f64) {
    let (stop, ended) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let attackers: Vec<_> = (0..deed.map_or(0, |_| ATTACKERS))
        .map(|_| {
            let (plugins, stop, ended) = (Arc::clone(plugins), Arc::clone(&stop), Arc::clone(&ended));
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    // Whatever comes of it: that is for the tests to judge.
                    let _ = decode(&plugins, "misbehaves-as-source", deed.unwrap_or_default()).await;
                    ended.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    tokio::time::sleep(LENGTH / 8).await;
    let (begin, mut each) = (Instant::now(), Vec::new());
    while begin.elapsed() < LENGTH {
        let plugins = Arc::clone(plugins);
        let call = async move {
            let started = Instant::now();
            decode(&plugins, "echo-source", "x").await.expect("an alert");
            started.elapsed()
        };
        each.push(tokio::spawn(call).await.expect("a call that does not panic"));
        // As requests come: not one right behind the other.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let seconds = begin.elapsed().as_secs_f64();
    stop.store(true, Ordering::Relaxed);
    for attacker in attackers {
        attacker.await.expect("an attacker that does not panic");
    }
    (took(each), ended.load(Ordering::Relaxed) as f64 / seconds)
}
