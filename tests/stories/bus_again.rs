//! Messages that come again behind a restart: what a healthy bus has it gets no second time, and what was read and not taken is
//! there at once.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::ensure;
use async_nats::jetstream::{self, consumer, stream};
use serde_json::Value;
use tempfile::TempDir;
use tidegate_tests::nats::{self, Server};
use tidegate_tests::process::{PATIENCE, Process};
use tokio::time::{Instant, sleep};

use crate::bus::{metric, node_down};
use crate::bus_hosts::{folder, until_alerts};

const RULES: &str = r#"
event("down", #{ on: #{ kind: "node", reason: "NodeNotReady" }, alert: #{ name: "NodeDown", severity: "critical" } });
event("up", #{ on: #{ kind: "node", reason: "NodeReady" }, resolve: "NodeDown" });
event("copy", #{ on: #{ kind: "node" }, forward: "copy" });
rule("tell", #{ then: escalate("somebody looks") });
"#;

/// How many nodes go down.
const NODES: usize = 20;

/// A stream that knows repetitions for a moment alone: whoever is away for longer than others do is away for long.
async fn forgetful(client: &async_nats::Client) -> anyhow::Result<stream::Stream> {
    let config = stream::Config {
        name: "ops".into(),
        subjects: vec!["ops.>".into()],
        duplicate_window: Duration::from_millis(100),
        ..Default::default()
    };
    Ok(jetstream::new(client.clone()).create_stream(config).await?)
}

/// How often each copy is there.
async fn copies(client: &async_nats::Client) -> anyhow::Result<BTreeMap<String, usize>> {
    let stream = jetstream::new(client.clone()).get_stream("ops").await?;
    let mut told = BTreeMap::new();
    for sequence in 1..=stream.cached_info().state.last_sequence {
        let subject = stream.get_raw_message(sequence).await?.subject.to_string();
        if subject.ends_with(".copy") {
            *told.entry(subject).or_default() += 1;
        }
    }
    Ok(told)
}

async fn until_copies(client: &async_nats::Client, wanted: usize) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let told = copies(client).await?;
        ensure!(told.values().all(|count| *count == 1), "{told:#?}");
        if told.len() == wanted {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "{} copies of {wanted}", told.len());
        sleep(Duration::from_millis(100)).await;
    }
}

/// A host that reads one server and sends on to both.
struct Two {
    near: Server,
    far: Server,
    folder: TempDir,
}

impl Two {
    async fn start(stop: &str) -> anyhow::Result<Self> {
        let (near, far) = (Server::start("2.15.1", &[]).await?, Server::start("2.15.1", &[]).await?);
        let bus = |name: &str, server: &Server, more: &str| {
            format!(
                "[[bus.nats]]\nname = \"{name}\"\nservers = [\"{}\"]\n{more}publish = {{ topics = [\"findings\"] }}\n",
                server.address()
            )
        };
        let reads = "stream = \"ops\"\nsubjects = [\"ops.clusters.*.nodes.*.events\"]\nstart = \"all\"\n";
        let server = format!("[server]\nstop_timeout = \"{stop}\"\n");
        let folder = folder(&[server, bus("near", &near, reads), bus("far", &far, "")].concat(), Some(RULES))?;
        Ok(Self { near, far, folder })
    }

    async fn host(&self) -> anyhow::Result<Process> {
        let host = Process::serve(self.folder.path(), &[]).await?;
        metric(&host, "tidegate_bus_reading{bus=\"near\"}", |value| value == 1).await?;
        Ok(host)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bus_that_is_away_doubles_nothing_at_those_that_are_there() -> anyhow::Result<()> {
    let two = Two::start("1s").await?;
    let (client, other) = (two.near.client().await?, two.far.client().await?);
    let stream = forgetful(&client).await?;
    nats::make_stream(&other).await?;
    let config = consumer::pull::Config {
        durable_name: Some("tidegate".into()),
        ack_wait: Duration::from_secs(1),
        filter_subject: "ops.clusters.*.nodes.*.events".into(),
        ..Default::default()
    };
    stream.create_consumer(config).await?;
    let host = two.host().await?;
    metric(&host, "tidegate_bus_connected{bus=\"far\"}", |value| value == 1).await?;
    two.far.signal("STOP").await?;
    for n in 0..NODES {
        nats::publish(&client, &node_down(&format!("n{n}"))).await?;
    }
    until_copies(&client, NODES).await?;
    // What has arrived is written down a moment later.
    sleep(Duration::from_millis(2_500)).await;
    host.kill().await?;
    let host = two.host().await?;
    let taken = "tidegate_bus_messages_total{bus=\"near\",what=\"taken\"}";
    metric(&host, taken, |value| value == NODES as u64).await?;
    two.far.signal("CONT").await?;
    until_copies(&other, NODES).await?;
    until_copies(&client, NODES).await?;
    until_alerts(&host, "the end", NODES).await?;
    // Nothing is remembered for longer than it may come again.
    metric(&host, "tidegate_bus_onward{bus=\"far\"}", |value| value == 0).await?;
    host.kill().await
}

fn node_up(name: &str) -> Value {
    let mut event = node_down(name);
    event["id"] = format!("{name} up").into();
    event["data"]["reason"] = "NodeReady".into();
    event["time"] = "2026-11-27T04:14:00.5Z".into();
    event["data"]["eventTime"] = "2026-11-27T12:13:59+08:00".into();
    event
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_gives_back_what_it_has_read_and_no_alert_that_is_over_begins_anew() -> anyhow::Result<()> {
    let two = Two::start("1s").await?;
    let (client, other) = (two.near.client().await?, two.far.client().await?);
    let stream = forgetful(&client).await?;
    nats::make_stream(&other).await?;
    let config = consumer::pull::Config {
        durable_name: Some("tidegate".into()),
        ack_wait: Duration::from_secs(600),
        filter_subject: "ops.clusters.*.nodes.*.events".into(),
        ..Default::default()
    };
    stream.create_consumer(config).await?;
    let host = two.host().await?;
    metric(&host, "tidegate_bus_connected{bus=\"far\"}", |value| value == 1).await?;
    two.far.signal("STOP").await?;
    for event in [node_down("n1"), node_down("n2"), node_up("n1")] {
        nats::publish(&client, &event).await?;
    }
    until_copies_of_events(&client, 3).await?;
    host.stop().await?;
    let stream = jetstream::new(client.clone()).get_stream("ops").await?;
    let found = stream.get_consumer("tidegate").await;
    let mut consumer: consumer::PullConsumer = found.map_err(|error| anyhow::anyhow!("{error}"))?;
    ensure!(consumer.info().await?.ack_floor.stream_sequence == 0, "nothing is acknowledged before it has arrived");

    // The server waits ten minutes for whoever says nothing; what was given back is there at once, a beginning and its end as
    // well, and no alert is made of it anew.
    let host = two.host().await?;
    let again = "tidegate_bus_messages_total{bus=\"near\",what=\"again\"}";
    metric(&host, again, |value| value == 3).await?;
    for round in 0..2 {
        let incidents = host.incidents().await?;
        let firing: u64 = incidents.iter().filter_map(|incident| incident["firing"].as_u64()).sum();
        ensure!(firing == 1, "one node is down still, and the other one is not: {incidents:#?}");
        ensure!(host.text("/metrics").await?.contains("{bus=\"near\",what=\"taken\"} 0"), "nothing of it is new");
        if round == 0 {
            two.far.signal("CONT").await?;
            metric(&host, "tidegate_bus_onward{bus=\"far\"}", |value| value == 0).await?;
        }
    }
    // The other server may have had all of them in its ear when it fell asleep.
    metric(&host, "tidegate_bus_onward{bus=\"far\"}", |value| value == 0).await?;
    until_copies_of_events(&client, 3).await?;
    let log = host.stop().await?;
    ensure!(!log.contains("panicked"), "{log}");
    Ok(())
}

/// Waits until there are so many copies, several of which may have one subject.
async fn until_copies_of_events(client: &async_nats::Client, wanted: usize) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let told: usize = copies(client).await?.values().sum();
        ensure!(told <= wanted, "{told} copies of {wanted}");
        if told == wanted {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "{told} copies of {wanted}");
        sleep(Duration::from_millis(100)).await;
    }
}
