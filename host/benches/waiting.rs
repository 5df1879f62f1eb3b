//! Calls that wait: a thousand notifiers at the same time for an HTTP server that takes its time, on two workers. How
//! long they take together, what each holds in memory meanwhile, and what a source's call takes beside them.
//! `cargo bench -p tidegate --bench waiting`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot run must stop"
)]

#[path = "common/measure.rs"]
#[allow(dead_code, reason = "not every bench needs all of it")]
mod measure;
#[path = "common/plugins.rs"]
mod plugins;
#[path = "common/resident.rs"]
mod resident;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use measure::{head, line, ratio, took};
use plugins::{GRAFANA, Loading, decode};
use tidegate::domain::Occasion;
use tidegate::domain::message::{Content, Stage};
use tidegate::plugin::Plugins;
use tidegate::ports::{Message, Notifiers as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// That of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CALLS: usize = 1_000;
/// The server's time for each.
const SLOW: Duration = Duration::from_secs(2);

fn main() {
    let address = serve();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(run(address));
}

async fn run(address: SocketAddr) {
    let tables = format!(
        "[webhook]\nsettings = {{ url = \"http://{address}/\" }}\nlimits = {{ concurrency = {CALLS} }}\n\
         grant = [{{ origin = \"http://{address}\", methods = [\"POST\"], private = true }}]\n[grafana]\n"
    );
    let plugins = Arc::new(Loading { tables: &tables, ..Loading::default() }.load().await);
    deliver(&plugins, 0).await;
    let alone = neighbour(Arc::clone(&plugins), SLOW / 2).await;

    let (before, started) = (resident::bytes(), Instant::now());
    let calls: Vec<_> = (0..CALLS)
        .map(|i| {
            let plugins = Arc::clone(&plugins);
            tokio::spawn(async move { deliver(&plugins, i).await })
        })
        .collect();
    tokio::time::sleep(SLOW / 2).await;
    let held = resident::bytes().saturating_sub(before);
    let beside = neighbour(Arc::clone(&plugins), SLOW / 4).await;
    for call in calls {
        call.await.expect("a call that does not panic");
    }
    let together = started.elapsed();
    head("");
    line("plugin: Grafana, 3 alerts, alone", took(alone.clone()), "");
    let times = ratio(took(beside.clone()).p99.as_secs_f64(), took(alone).p99.as_secs_f64());
    line(&format!("the same beside {CALLS} calls that wait"), took(beside), &format!("p99 {times}"));
    let times = ratio(together.as_secs_f64(), SLOW.as_secs_f64());
    println!(
        "{CALLS} calls, each of which waits {SLOW:?}: {together:.2?} together ({times}), {} KiB each",
        held / CALLS / 1024
    );
}

async fn neighbour(plugins: Arc<Plugins>, length: Duration) -> Vec<Duration> {
    let calls = async move {
        let (begin, mut each) = (Instant::now(), Vec::new());
        while begin.elapsed() < length {
            let started = Instant::now();
            decode(plugins.as_ref(), "grafana", GRAFANA).await;
            each.push(started.elapsed());
        }
        each
    };
    tokio::spawn(calls).await.expect("a task that does not panic")
}

async fn deliver(plugins: &Plugins, number: usize) {
    let id = format!("i{number}-report-x");
    let message = Message {
        delivery: id.clone(),
        message: id,
        incident: serde_json::from_value(serde_json::json!("i1")).expect("an id"),
        occasion: Occasion::Report,
        stage: Stage::First,
        earlier: vec![],
        severity: "warning".into(),
        outcome: "fixed".into(),
        content: Content { title: "a title".into(), body: "a body".repeat(100), ..Content::default() },
        language: "en".into(),
    };
    plugins.deliver("webhook", &message, Timestamp::UNIX_EPOCH).await.unwrap_or_else(|error| panic!("{error:?}"));
}

/// A server on a thread of its own, whose work is not the host's.
fn serve() -> SocketAddr {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            tell.send(listener.local_addr().expect("an address")).expect("a listener");
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut buffer = vec![0; 64 << 10];
                    let _request = stream.read(&mut buffer).await;
                    drop(buffer);
                    tokio::time::sleep(SLOW).await;
                    let _gone =
                        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
                });
            }
        });
    });
    told.recv().expect("an address")
}
