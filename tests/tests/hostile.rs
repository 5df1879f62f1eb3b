//! Every guest under `guests/hostile` ends as a named error within its budget and delays nobody.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking, also in its helpers"
)]

#[path = "hostile/exports.rs"]
mod exports;
#[path = "hostile/outside.rs"]
mod outside;
#[path = "hostile/written.rs"]
mod written;

use std::path::Path;
use std::sync::Arc;

use tidegate::plugin::Plugins;
use tidegate::plugin::engine::Allocation;
use tidegate::ports::{DecodeError, Sources as _};
use tidegate_tests::guests::{LoadOptions, build, decode, names};
use tokio::sync::OnceCell;

/// A guest, the body that it gets, and what the error says.
const CALLS: [(&str, &str, &str); 7] = [
    ("spins", "", "plugin spins 0.1.0 used more than its 500 ms of CPU time"),
    ("spins-in-host-calls", "", "plugin spins-in-host-calls 0.1.0 used more than its 500 ms of CPU time"),
    (
        "eats-memory",
        "",
        "plugin eats-memory 0.1.0 asked for more than its 64 MiB of memory (its last log line: hungry)",
    ),
    ("traps", "", "plugin traps 0.1.0 crashed: it stopped itself, as a panic does (its last log line: panicked at"),
    ("recursion", "", "plugin recursion 0.1.0 crashed: it reached outside its memory, as a recursion without end"),
    ("returns-huge", "big", "plugin returns-huge 0.1.0 handed over more than 16 MiB at once"),
    ("floods-log", "", "plugin floods-log 0.1.0 logged more than its 64 KiB (its last log line: all work"),
];

/// Guests with tests of their own.
const ELSEWHERE: [&str; 5] = [
    "misbehaves-as-notifier",
    "misbehaves-as-remediation",
    "misbehaves-as-source",
    "oversteps",
    "returns-duplicate-labels",
];

/// A guest that is not even loaded, and what `tidegate check` says about it.
const REFUSED: [(&str, &str); 3] = [
    ("wrong-kind", "its manifest says notifier, but it exports source@0.1.0"),
    ("undeclared-import", "it imports http-client@0.1.0, which a source may not import"),
    ("undeclared-import", "its manifest says source, but it exports notifier@0.1.0"),
];

/// On a busy machine 500 ms of CPU time may take long: the clock on the wall ends no test.
const PATIENT: &str = r#"
spins = { limits = { wall_ms = 300000 } }
spins-in-host-calls = { limits = { wall_ms = 300000 } }
eats-memory = { limits = { wall_ms = 300000 } }
recursion = { limits = { wall_ms = 300000 } }
floods-log = { limits = { wall_ms = 300000 } }
traps = { limits = { wall_ms = 300000 } }
"#;

/// Built once for all tests of this file.
async fn folder() -> &'static Path {
    static FOLDER: OnceCell<std::path::PathBuf> = OnceCell::const_new();
    let build = || async {
        let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
        tokio::task::spawn_blocking(move || build(scratch).unwrap()).await.unwrap()
    };
    FOLDER.get_or_init(build).await
}

/// Where compiled guests are, for loading some of them from elsewhere.
async fn cache() -> std::path::PathBuf {
    folder().await.with_file_name("guest-compiled")
}

fn patient() -> LoadOptions {
    LoadOptions { plugins: PATIENT.into(), ..LoadOptions::default() }
}

async fn loaded() -> Arc<Plugins> {
    patient().load(folder().await).await.unwrap().0
}

#[test]
fn no_hostile_guest_is_without_a_case() {
    let mut cases: Vec<&str> = CALLS.iter().map(|(name, ..)| *name).collect();
    cases.extend(REFUSED.iter().map(|(name, _)| *name));
    cases.extend(ELSEWHERE);
    cases.sort_unstable();
    cases.dedup();
    assert_eq!(names("hostile").unwrap(), cases);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_ends_as_a_named_error_within_its_budget() {
    let plugins = loaded().await;
    for (name, body, want) in CALLS {
        let error = decode(&plugins, name, body).await.unwrap_err();
        // What would end the same way again is not asked for again; where time ran out it may not.
        let text = match error {
            DecodeError::Unavailable(text) if text.contains(" CPU time") || text.contains("answer within") => text,
            DecodeError::Invalid(text) if !text.contains(" CPU time") => text,
            other => panic!("{name}: {other:?}"),
        };
        assert!(text.contains(want), "{name}: {text}");
        let status = plugins.status().into_iter().find(|status| status.name == name).unwrap();
        assert!(status.problems[0].contains(&text), "{:?}", status.problems);
    }
}

/// A limit of content is no fault of the host: the sender is not asked to send the same again for ever.
#[tokio::test]
async fn what_cannot_be_taken_costs_nothing_beside_it() {
    let plugins = loaded().await;
    assert_eq!(decode(&plugins, "returns-huge", "many").await.unwrap().len(), 10_000);
    let alerts = decode(&plugins, "returns-duplicate-labels", "beside others").await.unwrap();
    assert_eq!(alerts.len(), 2);
    let alone = decode(&plugins, "returns-duplicate-labels", "").await.unwrap_err();
    assert_eq!(alone, DecodeError::Invalid("alerts[0].labels has the key `job` twice, with two values".into()));
    let counts = [
        ("returns-duplicate-labels".to_string(), "label_with_two_values", 2),
        ("returns-huge".to_string(), "too_many_alerts", 10_000),
    ];
    assert_eq!(plugins.left_out(), counts);
    assert!(
        plugins
            .status()
            .iter()
            .all(|status| status.problems.is_empty() || REFUSED.iter().any(|(name, _)| status.name == *name))
    );
}

#[tokio::test]
async fn what_lies_about_itself_is_not_loaded() {
    let (plugins, problems) = LoadOptions::default().load(folder().await).await.unwrap();
    for (name, want) in REFUSED {
        let subject = format!("{name} 0.1.0");
        assert!(
            problems.iter().any(|problem| problem.subject == subject && problem.text.contains(want)),
            "{name}: {problems:?}"
        );
        assert!(!plugins.names().contains(&name.to_string()));
    }
    assert!(problems.iter().all(|problem| REFUSED.iter().any(|(name, _)| problem.subject.starts_with(name))));
}

/// The slow ways to allocate contain just as well.
#[tokio::test]
async fn limits_hold_without_a_pool() {
    for allocation in [Allocation::Pooled, Allocation::OnDemand] {
        let options = LoadOptions { allocation: Some(allocation), ..patient() };
        let (plugins, _) = options.load(folder().await).await.unwrap();
        for (name, body, want) in CALLS.iter().filter(|(name, ..)| ["spins", "eats-memory", "traps"].contains(name)) {
            let error = decode(&plugins, name, body).await.unwrap_err().to_string();
            assert!(error.contains(want), "{name}: {error}");
        }
    }
}

/// More attackers than workers, each at its own limit of concurrency; the neighbour's calls go on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_neighbour_is_not_delayed() {
    let plugins = loaded().await;
    decode(&plugins, "echo-source", "warm").await.unwrap();
    let attackers: Vec<_> = ["spins", "spins-in-host-calls", "traps", "eats-memory", "floods-log", "recursion"]
        .into_iter()
        .flat_map(|name| [name; 12])
        .map(|name| {
            let plugins = Arc::clone(&plugins);
            tokio::spawn(async move { decode(&plugins, name, "").await.is_err() })
        })
        .collect();
    for _ in 0..30 {
        let plugins = Arc::clone(&plugins);
        tokio::spawn(async move { decode(&plugins, "echo-source", "x").await.unwrap() }).await.unwrap();
    }
    let left = attackers.iter().filter(|attacker| !attacker.is_finished()).count();
    assert!(left > 0, "the neighbour's calls came after all attackers");
    for attacker in attackers {
        assert!(attacker.await.unwrap());
    }
}

/// A failed instance leaves nothing behind for the next call of the same plugin.
#[tokio::test]
async fn nothing_leaks_from_call_to_call() {
    let plugins = loaded().await;
    let first = decode(&plugins, "eats-memory", "").await.unwrap_err();
    let second = decode(&plugins, "eats-memory", "").await.unwrap_err();
    assert_eq!(first, second);
    let alerts = decode(&plugins, "echo-source", "hello").await.unwrap();
    assert_eq!(&alerts[0].annotations["summary"], "hello");
}
