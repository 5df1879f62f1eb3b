//! The library as a whole: folders, pages and the past together.

use serde_json::json;

use super::*;
use crate::clock::SystemClock;
use crate::domain::{Alert, Entry, Fact, IncidentId};
use crate::ports::KnowledgeBase as _;

fn incident(annotations: serde_json::Value) -> Incident {
    let alert: Alert = serde_json::from_value(json!({
        "source": "s", "name": "KubePodCrashLooping", "status": "firing", "severity": "warning", "fingerprint": "f",
        "labels": {"namespace": "shop"}, "annotations": annotations,
    }))
    .unwrap();
    let opened = Fact::Opened { group_key: "g".into(), source: "s".into(), alerts: vec![alert] };
    Incident::open(IncidentId("i1".into()), &Entry { at: jiff::Timestamp::UNIX_EPOCH, fact: opened }).unwrap()
}

fn library(folder: &std::path::Path, fetch: &[&str]) -> IndexedKnowledge {
    let options = Options {
        folders: vec![folder.to_path_buf()],
        fetch: fetch.iter().map(|text| Grant::parse(text).unwrap()).collect(),
        directory: None,
    };
    let library = IndexedKnowledge::open(options, Arc::new(Network::default()), Arc::new(SystemClock)).unwrap();
    library.follow_folders();
    library
}

#[tokio::test]
async fn what_is_known_is_quoted_without_secrets_and_hidden_letters() {
    let folder = tempfile::tempdir().unwrap();
    let text =
        "---\nalerts: KubePodCrashLooping\n---\n# Crash\u{202e} loops\nlogin with password=hunter22 \u{200b}first\n";
    std::fs::write(folder.path().join("crash.md"), text).unwrap();
    let known = library(folder.path(), &[]).recall(&incident(json!({}))).await;
    let [quote] = known.runbooks.as_slice() else { panic!("{known:?}") };
    assert!(!quote.excerpt.contains("hunter22") && !quote.excerpt.contains('\u{200b}'), "{quote:?}");
    assert!(!quote.title.contains('\u{202e}'), "{quote:?}");
    assert_eq!((quote.source.as_str(), quote.because), ("crash.md", MatchReason::Declared));
}

#[tokio::test]
async fn a_page_is_fetched_only_where_that_is_granted_and_never_from_a_private_address() {
    let folder = tempfile::tempdir().unwrap();
    let asked = |url: &str| incident(json!({"runbook_url": url}));
    let library = library(folder.path(), &["http://127.0.0.1:9/", "http://localhost:9/", "http://169.254.169.254/"]);
    for url in ["https://elsewhere.example/x", "file:///etc/passwd", "no address", "http://127.0.0.1:10/x"] {
        assert!(library.recall(&asked(url)).await.is_empty(), "{url}");
    }
    // Granted or not, what an alert names is nothing that the host may reach inside.
    for url in [
        "http://127.0.0.1:9/x",
        "http://0x7f.1:9/x",
        "http://localhost:9/x",
        "http://169.254.169.254/latest/meta-data/",
    ] {
        let known = library.recall(&asked(url)).await;
        assert!(known.runbooks.is_empty(), "{url}");
        let [why] = known.unread.as_slice() else { panic!("{url}: {known:?}") };
        assert!(why.contains("which is"), "{url}: {why}");
    }
}
