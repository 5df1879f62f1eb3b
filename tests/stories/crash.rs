//! SIGKILL at each boundary of the journal, then a start: the same end, the patch exactly once.

use futures::{StreamExt as _, TryStreamExt as _};
use tidegate_fakes::model::recorded;
use tidegate_tests::rig::{POD_NOT_READY, Rig};

use super::{no_model, with_model};

/// Kinds of entries in the order in which the stories write them.
const NO_MODEL: [&str; 13] = [
    "opened",
    "tools",
    "decided",
    "looked",
    "planned",
    "proposed",
    "ruled",
    "intent",
    "result",
    "verified",
    "concluded",
    "reported",
    "delivered",
];
const WITH_MODEL: [&str; 13] = [
    "opened",
    "tools",
    "decided",
    "looked",
    "collected",
    "answered",
    "proposed",
    "ruled",
    "approved",
    "intent",
    "result",
    "verified",
    "reported",
];

/// So many at a time: each has a host, a cluster and a robot of its own, and mostly waits for them.
const TOGETHER: usize = 3;

async fn at_each<F: Future<Output = anyhow::Result<()>>>(
    kinds: &[&str],
    story: impl Fn(String) -> F,
) -> anyhow::Result<()> {
    let boundaries = kinds.iter().flat_map(|kind| [format!("before:{kind}"), format!("after:{kind}")]);
    let told = |boundary: String| {
        let ended = story(boundary.clone());
        async move { ended.await.map_err(|error| error.context(boundary)) }
    };
    futures::stream::iter(boundaries).map(told).buffer_unordered(TOGETHER).try_collect().await
}

async fn without_model(boundary: String) -> anyhow::Result<()> {
    let boundary = boundary.as_str();
    let rig = Rig::new(no_model::POLICY, None).await?;
    let mut host = rig.serve_until(boundary).await?;
    let first = host.post("/alert", POD_NOT_READY).await;
    host.died().await?;
    host = rig.serve().await?;
    // A sender that heard no 2xx sends again; one that did sends its repeats anyway.
    let (status, answer) = host.post("/alert", POD_NOT_READY).await?;
    assert_eq!(status, 200, "{boundary}: {first:?}, then {answer}");
    let incident = host.until(boundary, |incident| incident["report"].is_string()).await?;
    no_model::end_state(&rig, &incident).await?;
    told_once(&rig).await;
    rig.reproduces().await?;
    host.kill().await
}

/// At least once, and after a crash between delivery and receipt perhaps twice.
async fn told_once(rig: &Rig) {
    let deadline = std::time::Instant::now() + tidegate_tests::process::PATIENCE;
    while rig.feishu.cards().is_empty() && std::time::Instant::now() < deadline {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let cards = rig.feishu.cards().len();
    assert!((1..=2).contains(&cards), "{cards} cards");
}

async fn with_a_model(boundary: String) -> anyhow::Result<()> {
    let boundary = boundary.as_str();
    // An answer that was lost in the crash is asked for again: the script has it twice. The first
    // answer looks; the second proposes, and is journaled together with its proposal.
    let mut script = recorded::fenced();
    let lost = match boundary {
        "before:answered" => Some(0),
        "before:proposed" => Some(1),
        _ => None,
    };
    if let Some(lost) = lost {
        script.insert(lost, recorded::fenced().remove(lost));
    }
    let rig = Rig::new(with_model::POLICY, Some(script)).await?;
    let mut host = rig.serve_until(boundary).await?;
    let _ = host.post("/alert", POD_NOT_READY).await;
    let late = ["approved", "intent", "result", "verified", "reported"];
    if late.iter().any(|kind| boundary.ends_with(kind)) {
        // The approval itself may be what the crash swallows.
        let _ = with_model::approve(&rig, &host).await;
    }
    host.died().await?;
    host = rig.serve().await?;
    let (status, answer) = host.post("/alert", POD_NOT_READY).await?;
    assert_eq!(status, 200, "{boundary}: {answer}");
    let asked = host
        .until(boundary, |incident| incident["state"] == "awaiting_approval" || incident["report"].is_string())
        .await?;
    if asked["state"] == "awaiting_approval" {
        with_model::approve(&rig, &host).await?;
    }
    let incident = host.until(boundary, |incident| incident["report"].is_string()).await?;
    with_model::end_state(&rig, &incident).await?;
    rig.reproduces().await?;
    host.kill().await
}

#[tokio::test(flavor = "multi_thread")]
async fn at_each_boundary_of_the_story_without_a_model() -> anyhow::Result<()> {
    at_each(&NO_MODEL, without_model).await
}

#[tokio::test(flavor = "multi_thread")]
async fn at_each_boundary_of_the_story_with_a_model() -> anyhow::Result<()> {
    at_each(&WITH_MODEL, with_a_model).await
}
