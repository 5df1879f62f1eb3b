//! Plugins that come and change while the host runs: loaded when first called, read anew, left alone.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking, also in its helpers")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tidegate::app::BUNDLED;
use tidegate::bus::Buses;
use tidegate::clock::SystemClock;
use tidegate::domain::message::{Content, Stage};
use tidegate::domain::{Occasion, Risk};
use tidegate::journal::Memory;
use tidegate::network::Network;
use tidegate::plugin::{Plugins, Setup, Transport, Wire};
use tidegate::ports::{Message, Notifiers as _, NotifyError, Sources as _};
use tidegate_tests::guests::{LoadOptions, build, decode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

#[tokio::test]
async fn what_is_bundled_and_named_nowhere_is_loaded_when_it_is_first_called() {
    let wire = Arc::new(Wire(Arc::new(Network::default())));
    let setup = Setup {
        bundled: BUNDLED,
        folder: None,
        cache: Some(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("golden-compiled")),
        plugins: &BTreeMap::new(),
        notifiers: &BTreeMap::new(),
        environment: &BTreeMap::<String, String>::new(),
        transport: Arc::clone(&wire) as Arc<dyn Transport>,
        mail: wire,
        bus: Arc::<Buses>::default(),
        state: Arc::new(Memory::new()),
        least_risk: Arc::new(|_| Risk::Read),
        clock: Arc::new(SystemClock),
        allocation: None,
    };
    let (plugins, problems) = Plugins::load(setup).await.unwrap();
    assert!(problems.is_empty(), "{problems:?}");
    let loaded = |plugins: &Plugins| {
        let status = plugins.status().into_iter().filter(|status| status.sha256.is_some());
        status.map(|status| status.name).collect::<Vec<_>>()
    };
    assert!(loaded(&plugins).is_empty(), "nothing is loaded before it is needed");
    assert!(plugins.names().contains(&"grafana".to_string()), "it is there all the same");
    let body = r#"{"version":"1","orgId":1,"alerts":[{"status":"firing","labels":{"alertname":"A"}}]}"#;
    let calls = (0..8).map(|_| decode(&plugins, "grafana", body));
    assert!(futures::future::join_all(calls).await.iter().all(|alerts| alerts.as_ref().unwrap().len() == 1));
    assert_eq!(loaded(&plugins), ["grafana"]);
    let unused = plugins.status().into_iter().find(|status| status.name == "feishu").unwrap();
    assert!(!unused.usable, "a notifier that is given nothing has no target");
}

/// A folder of plugins of its own, with this guest.
async fn folder_with(scratch: &Path, guest: &str) -> PathBuf {
    let built = tokio::task::spawn_blocking(|| build(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap()).await.unwrap();
    let folder = scratch.join("plugins");
    std::fs::create_dir_all(folder.join(guest)).unwrap();
    for file in ["plugin.toml".to_string(), format!("{guest}.wasm")] {
        std::fs::copy(built.join(guest).join(&file), folder.join(guest).join(&file)).unwrap();
    }
    folder
}

/// The same code under another digest.
fn another_component(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes.extend([0, 5, 4, b'n', b'o', b't', b'e']);
    std::fs::write(path, bytes).unwrap();
}

fn message(orders: &str) -> Message {
    Message {
        delivery: "d".into(),
        message: "m".into(),
        incident: serde_json::from_value(serde_json::json!("i1")).unwrap(),
        occasion: Occasion::Report,
        stage: Stage::First,
        earlier: vec![],
        severity: "warning".into(),
        outcome: String::new(),
        content: Content { body: orders.into(), ..Content::default() },
        language: "en".into(),
    }
}

/// A server that takes one request, says so, and answers when it is told to.
async fn slow() -> (String, oneshot::Receiver<()>, oneshot::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let (arrived, has_arrived) = oneshot::channel();
    let (answer, may_answer) = oneshot::channel();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 4096];
        let _ = stream.read(&mut buffer).await.unwrap();
        arrived.send(()).unwrap();
        may_answer.await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone").await.unwrap();
    });
    (origin, has_arrived, answer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_is_read_anew_and_the_calls_under_way_end_with_what_they_began_with() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = folder_with(scratch.path(), "echo-notifier").await;
    let (origin, arrived, answer) = slow().await;
    let options = LoadOptions {
        plugins: format!(
            "[echo-notifier]\nsettings = {{ note = \"own\" }}\ngrant = [{{ origin = \"{origin}\", methods = [\"GET\"], private = true }}]"
        ),
        cache: Some(scratch.path().join("compiled")),
        ..LoadOptions::default()
    };
    let (plugins, problems) = options.load(&folder).await.unwrap();
    assert!(problems.is_empty(), "{problems:?}");
    let before = plugins.status()[0].sha256.clone().unwrap();
    let under_way = tokio::spawn({
        let (plugins, orders) = (Arc::clone(&plugins), format!("send GET {origin}/"));
        async move { plugins.deliver("echo-notifier", &message(&orders), Timestamp::UNIX_EPOCH).await }
    });
    arrived.await.unwrap();

    let component = folder.join("echo-notifier/echo-notifier.wasm");
    another_component(&component);
    let manifest = folder.join("echo-notifier/plugin.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, text.replace("version = \"0.1.0\"", "version = \"0.2.0\"")).unwrap();
    let reloaded = plugins.reload("echo-notifier", None).await.unwrap();
    assert!(reloaded.changed && reloaded.to == "echo-notifier 0.2.0" && reloaded.sha256 != before, "{reloaded:?}");
    assert_eq!(plugins.status()[0].sha256.as_ref(), Some(&reloaded.sha256));
    let after = plugins.deliver("echo-notifier", &message("settings"), Timestamp::UNIX_EPOCH).await.unwrap().unwrap();
    assert!(after.contains("own"), "what it was given it still has: {after}");

    answer.send(()).unwrap();
    let done = tokio::time::timeout(Duration::from_secs(20), under_way).await.unwrap().unwrap().unwrap().unwrap();
    assert!(done.starts_with("200"), "{done}");

    // Whatever is wrong with the next one, this one stays.
    for (file, content, why) in [
        (&component, b"garbage".as_slice(), "component"),
        (&manifest, b"name = \"echo-notifier\"\nkind = \"source\"\nversion = \"1\"".as_slice(), "restart"),
        (&manifest, b"name = \"other\"\nkind = \"notifier\"\nversion = \"1\"".as_slice(), "name"),
        (&manifest, b"name = ".as_slice(), "plugin.toml"),
    ] {
        let kept = std::fs::read(file).unwrap();
        std::fs::write(file, content).unwrap();
        let problems = plugins.reload("echo-notifier", None).await.unwrap_err().join("; ");
        assert!(problems.contains(why), "{problems}");
        std::fs::write(file, kept).unwrap();
        assert_eq!(plugins.status()[0].sha256.as_ref(), Some(&reloaded.sha256));
    }
    // What was refused at the start is not half in use afterwards.
    let whole = std::fs::read(&component).unwrap();
    std::fs::write(&component, b"garbage").unwrap();
    let (refused, problems) = LoadOptions::default().load(&folder).await.unwrap();
    assert!(!problems.is_empty());
    std::fs::write(&component, whole).unwrap();
    let text = refused.reload("echo-notifier", None).await.unwrap_err().join("; ");
    assert!(text.contains("start the host anew"), "{text}");
    let nobody = plugins.reload("nobody", None).await.unwrap_err().join("; ");
    assert!(nobody.contains("there are echo-notifier"), "{nobody}");
}

#[tokio::test]
async fn what_says_again_and_again_that_it_is_misconfigured_is_left_alone_until_it_is_read_anew() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = folder_with(scratch.path(), "echo-notifier").await;
    let options = LoadOptions {
        plugins: "[echo-notifier]\nsettings = { note = \"own\" }".into(),
        cache: Some(scratch.path().join("compiled")),
        ..LoadOptions::default()
    };
    let (plugins, _) = options.load(&folder).await.unwrap();
    let deliver = async |orders: &str| plugins.deliver("echo-notifier", &message(orders), Timestamp::UNIX_EPOCH).await;
    let calls = || plugins.calls()[0].1.all();
    // What ends otherwise says nothing about how it is set up.
    for kind in ["other", "unavailable", "invalid-input"] {
        for _ in 0..5 {
            deliver(&format!("fail {kind}")).await.unwrap_err();
        }
    }
    assert!(deliver("settings").await.is_ok());
    for _ in 0..3 {
        deliver("fail misconfigured").await.unwrap_err();
    }
    let made = calls();
    let Err(NotifyError::Permanent(reason)) = deliver("settings").await else {
        unreachable!("it would be well again, but nobody asks it")
    };
    assert!(reason.contains("disabled for") && reason.contains("3 times in a row"), "{reason}");
    assert_eq!(calls(), made, "it was not called");
    assert!(
        plugins.status()[0].problems.iter().any(|problem| problem.contains("misconfigured")),
        "{:?}",
        plugins.status()
    );
    plugins.reload("echo-notifier", None).await.unwrap();
    assert!(deliver("settings").await.is_ok());
}
