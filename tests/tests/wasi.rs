//! A plugin that imports WASI finds nothing in it, and whatever it tries ends as a sentence.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tidegate::plugin::Plugins;
use tidegate::ports::DecodeError;
use tidegate_tests::guests::{LoadOptions, decode};
use tidegate_tests::wasi_guest::build;
use tokio::sync::OnceCell;

/// What is tried, and how it ends: as an alert that says so.
const FINDS_NOTHING: [(&str, &str); 18] = [
    ("read /etc/passwd", "refused: "),
    ("read ../secrets", "refused: "),
    ("write /tmp/tidegate-was-here", "refused: "),
    ("write here", "refused: "),
    ("list /", "refused: "),
    ("list .", "refused: "),
    ("environment", "0 variables"),
    ("arguments", "0 arguments"),
    ("connect 127.0.0.1:22", "refused: "),
    ("connect 169.254.169.254:80", "refused: "),
    ("connect [::1]:22", "refused: "),
    ("listen 127.0.0.1:0", "refused: "),
    ("datagram 127.0.0.1:53", "refused: "),
    ("resolve localhost:80", "refused: "),
    ("input", "ok: 0"),
    ("run /bin/sh", "refused: "),
    ("thread", "refused: "),
    // The time of the request, and nothing to measure with.
    ("time", "0 ms, and then 0 ns"),
];

async fn folder() -> &'static Path {
    static FOLDER: OnceCell<PathBuf> = OnceCell::const_new();
    let build = || async {
        let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
        tokio::task::spawn_blocking(move || build(scratch).unwrap()).await.unwrap()
    };
    FOLDER.get_or_init(build).await
}

async fn loaded(limits: &str) -> Arc<Plugins> {
    let plugins = format!("uses-wasi = {{ limits = {{ {limits} }} }}");
    let (plugins, problems) = LoadOptions { plugins, ..LoadOptions::default() }.load(folder().await).await.unwrap();
    assert_eq!(problems, []);
    plugins
}

async fn outcome(plugins: &Plugins, body: &str) -> String {
    let alerts = decode(plugins, "uses-wasi", body).await.unwrap();
    alerts[0].annotations.get("outcome").unwrap().to_string()
}

/// What the operator hears of the last call.
fn problem(plugins: &Plugins) -> String {
    plugins.status().remove(0).problems.join("\n")
}

#[tokio::test]
async fn there_is_nothing_in_it() {
    let plugins = loaded("wall_ms = 60000").await;
    assert!(plugins.status()[0].wasi);
    for (body, want) in FINDS_NOTHING {
        let found = outcome(&plugins, body).await;
        assert!(found.starts_with(want), "{body}: {found}");
    }
    assert!(!Path::new("/tmp/tidegate-was-here").exists());
    // What comes again would make one of two things.
    assert_ne!(outcome(&plugins, "random").await, outcome(&plugins, "random").await);
}

#[tokio::test]
async fn what_a_guest_prints_is_for_its_author() {
    let plugins = loaded("wall_ms = 60000").await;
    let sender = decode(&plugins, "uses-wasi", "print").await.unwrap_err();
    let crashed = "plugin uses-wasi 0.1.0 crashed: it stopped itself, as a panic does";
    assert_eq!(sender, DecodeError::Invalid(crashed.into()), "a sender hears none of it");
    let operator = problem(&plugins);
    assert!(operator.starts_with(&format!("{crashed} (it printed: to the output\nto the error\n")), "{operator}");
    assert!(
        operator.contains("panicked at src/lib.rs") && operator.ends_with("what the author needs to see)"),
        "{operator}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_attempt_to_hold_the_host_up_ends_as_a_named_error() {
    let plugins = loaded("wall_ms = 60000").await;
    for (body, want) in [
        ("flood", "logged more than its 64 KiB (it printed: …xxx"),
        ("exit 3", "crashed: it ended itself with exit status 1"),
        ("exit 0", "crashed: it ended itself with exit status 0"),
        ("spin", "used more than its 500 ms of CPU time"),
    ] {
        decode(&plugins, "uses-wasi", body).await.unwrap_err();
        let problem = problem(&plugins);
        assert!(problem.contains(want), "{body}: {problem}");
    }
    let text = problem(&plugins);
    assert!(text.len() < 5_000, "{} bytes", text.len());

    // A sleep is no work, so only the clock on the wall ends it.
    let plugins = loaded("wall_ms = 1000").await;
    let start = Instant::now();
    let error = decode(&plugins, "uses-wasi", "sleep").await.unwrap_err();
    assert_eq!(error, DecodeError::Unavailable("plugin uses-wasi 0.1.0 did not answer within 1000 ms".into()));
    assert!(start.elapsed() < Duration::from_secs(20));
}
