//! How long redaction takes: `cargo bench -p tidegate --bench redact`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot run must stop"
)]

use std::hint::black_box;
use std::time::Instant;

use tidegate::redact::redact;

fn main() {
    let pod = "web-6d4cf56db6-x7k2q   1/1   Running   0   5d   10.0.3.17   node-3\n";
    let log = "{\"time\":\"2026-01-01T00:00:00Z\",\"level\":\"info\",\"msg\":\"GET /healthz\",\"status\":200,\"took_ms\":3}\n";
    let yaml = "- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: web-1\n    uid: 3f2b1c4d-5e6f-4a7b-8c9d-0e1f2a3b4c5d\n  status:\n    phase: Running\n";
    let secret =
        "{\"kind\":\"Secret\",\"metadata\":{\"name\":\"db\"},\"data\":{\"user\":\"eA==\",\"password\":\"eQ==\"}}\n";
    println!("{:24}{:>14}{:>14}", "a text of", "of 1 KiB, µs", "of 8 MiB, MB/s");
    for (name, piece) in [("a listing", pod), ("a log in JSON", log), ("YAML", yaml), ("Secrets", secret)] {
        let small = piece.repeat(1024 / piece.len() + 1);
        assert!(!redact(&small).contains("eQ=="), "nothing of a Secret is left");
        let began = Instant::now();
        for _ in 0..200 {
            black_box(redact(black_box(&small)));
        }
        let each = began.elapsed().as_secs_f64() * 1e6 / 200.0;
        let large = piece.repeat((8 << 20) / piece.len());
        let began = Instant::now();
        black_box(redact(black_box(&large)));
        let rate = large.len() as f64 / 1e6 / began.elapsed().as_secs_f64();
        println!("{name:24}{each:>14.1}{rate:>14.1}");
    }
}
