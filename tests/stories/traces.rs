//! What is done is told to a collector of traces, one trace an incident, and those who are called are told of it.

use std::time::Duration;

use anyhow::{Context, ensure};
use tidegate_fakes::model::recorded;
use tidegate_fakes::{FakeCollector, collector::Span};
use tidegate_tests::process::{PATIENCE, Process};
use tidegate_tests::rig::{POD_NOT_READY, Rig};
use tokio::time::{Instant, sleep};

use super::with_model;

const SENDER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

async fn until(collector: &FakeCollector, wanted: impl Fn(&[Span]) -> bool) -> anyhow::Result<Vec<Span>> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let spans = collector.spans();
        if wanted(&spans) {
            return Ok(spans);
        }
        let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
        ensure!(Instant::now() < deadline, "waited in vain; there are {names:?}, refused {:?}", collector.refusals());
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repair_is_one_trace_and_whoever_is_called_is_told_of_it() -> anyhow::Result<()> {
    let rig = Rig::new(with_model::POLICY, Some(recorded::native())).await?;
    let collector = FakeCollector::start().await?;
    let path = rig.folder().join("tidegate.toml");
    let traces = format!("[traces]\nendpoint = \"{}\"\nauthorization = {{ env = \"OTLP\" }}\n", collector.url());
    std::fs::write(&path, std::fs::read_to_string(&path)? + traces.as_str())?;
    let mut environment = rig.environment.clone();
    environment.push(("OTLP".into(), "Bearer s3cr3t-of-the-collector".into()));
    let host = Process::serve(rig.folder(), &environment).await?;
    let sent =
        tidegate::network::builder().build().unwrap().post(format!("{}/alert", host.url)).header("traceparent", SENDER);
    ensure!(sent.body(POD_NOT_READY).send().await?.status() == 200);

    with_model::approve(&rig, &host).await?;
    host.until("the end", |incident| incident["outcome"] == "fixed").await?;

    let whole = |spans: &[Span]| {
        let has = |name: &str| spans.iter().any(|span| span.name.starts_with(name));
        ["incident", "decide", "look ", "evidence", "chat ", "rule", "approval", "execute", "verify", "notify "]
            .into_iter()
            .all(has)
    };
    let spans = until(&collector, whole).await?;
    let root = spans.iter().find(|span| span.name == "incident").context("a root")?;
    ensure!(
        root.parent_span_id.is_empty() && root.attribute("tidegate.outcome").as_deref() == Some("fixed"),
        "{root:#?}"
    );
    ensure!(root.links.len() == 1 && SENDER.contains(&root.links[0].trace_id), "{root:#?}");
    for span in &spans {
        ensure!(span.trace_id == root.trace_id, "{span:#?}");
        ensure!(span.name == "incident" || span.parent_span_id == root.span_id, "{span:#?}");
    }
    let mut ids: Vec<&str> = spans.iter().map(|span| span.span_id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    ensure!(ids.len() == spans.len(), "each span is sent once: {} of {}", ids.len(), spans.len());
    ensure!(collector.refusals().is_empty(), "{:?}", collector.refusals());
    ensure!(collector.authorizations().iter().all(|value| value == "Bearer s3cr3t-of-the-collector"));
    let told = format!("00-{}-{}-01", root.trace_id, root.span_id);
    let model = rig.model.as_ref().context("a model")?;
    let heard = model.requests().iter().filter(|request| request.header("traceparent") == told).count();
    ensure!(heard == model.requests().len() && heard > 0, "the model hears of the trace: {heard}");
    let messages = rig.feishu.requests();
    let heard = messages.iter().filter(|request| request.header("traceparent") == told).count();
    ensure!(heard == messages.len() && heard > 0, "whoever is told hears of the trace: {heard}");
    let metrics = host.text("/metrics").await?;
    ensure!(metrics.contains("tidegate_traces_dropped_total 0") && !metrics.contains("s3cr3t"), "{metrics}");
    host.kill().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_costs_nothing() -> anyhow::Result<()> {
    let place = tempfile::tempdir()?;
    std::fs::write(place.path().join("tidegate.toml"), "[traces]\nendpoint = \"http://127.0.0.1:9\"\n")?;
    let host = Process::serve(place.path(), &[]).await?;
    let (status, _) = host.post("/alert", POD_NOT_READY).await?;
    ensure!(status == 200);
    host.until("the end", |incident| incident["outcome"].is_string()).await?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let metrics = host.text("/metrics").await?;
        let dropped = metrics.lines().find_map(|line| line.strip_prefix("tidegate_traces_dropped_total "));
        if dropped.and_then(|dropped| dropped.parse::<u64>().ok()).is_some_and(|dropped| dropped > 0) {
            break;
        }
        ensure!(Instant::now() < deadline, "{metrics}");
        sleep(Duration::from_millis(50)).await;
    }
    host.kill().await
}
