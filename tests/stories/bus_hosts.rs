//! Several servers and several hosts: what is sent on holds up nothing and arrives once, and hosts make nothing of each other.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use anyhow::ensure;
use async_nats::jetstream::{self, consumer};
use serde_json::Value;
use tempfile::TempDir;
use tidegate_tests::nats::{self, Server};
use tidegate_tests::process::{PATIENCE, Process};
use tokio::time::{Instant, sleep};

use crate::bus::{metric, node_down};

const RULES: &str = r#"
event("down", #{ on: #{ kind: "node", reason: "NodeNotReady" }, alert: #{ name: "NodeDown", severity: "critical" } });
event("copy", #{ on: #{ kind: "node" }, forward: "copy" });
rule("tell", #{ then: escalate("somebody looks") });
"#;

/// How many nodes go down: more than are acknowledged together, and than are under way to another bus at a time.
const NODES: usize = 200;

pub(crate) fn folder(config: &str, rules: Option<&str>) -> anyhow::Result<TempDir> {
    let folder = TempDir::new()?;
    let mut text = "[journal]\npath = \"data/journal.db\"\n".to_string();
    if let Some(rules) = rules {
        fs::create_dir_all(folder.path().join("policies"))?;
        fs::write(folder.path().join("policies/events.rhai"), rules)?;
        text += "[policies]\npath = \"policies\"\n";
    }
    fs::write(folder.path().join("tidegate.toml"), text + config)?;
    Ok(folder)
}

/// A consumer that was made before the host began, so that a message that is not acknowledged comes again soon.
pub(crate) async fn impatient(client: &async_nats::Client) -> anyhow::Result<consumer::PullConsumer> {
    let config = consumer::pull::Config {
        durable_name: Some("tidegate".into()),
        ack_wait: Duration::from_secs(1),
        ..Default::default()
    };
    let stream = jetstream::new(client.clone()).get_stream("ops").await?;
    Ok(stream.create_consumer(config).await?)
}

/// Waits until so many alerts are known, each once: those of one batch may be one incident.
pub(crate) async fn until_alerts(host: &Process, what: &str, wanted: usize) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let incidents = host.incidents().await?;
        let sum = |member: &str| -> u64 { incidents.iter().filter_map(|incident| incident[member].as_u64()).sum() };
        if sum("alerts") == wanted as u64 && sum("firing") == wanted as u64 {
            return Ok(());
        }
        let ready = host.get("/readyz").await?;
        let there = sum("alerts");
        ensure!(Instant::now() < deadline, "{what}: {there} alerts of {wanted}; {ready}");
        sleep(Duration::from_millis(50)).await;
    }
}

/// How often each subject of the stream was told.
async fn copies(client: &async_nats::Client) -> anyhow::Result<BTreeMap<String, usize>> {
    let stream = jetstream::new(client.clone()).get_stream("ops").await?;
    let mut told = BTreeMap::new();
    for sequence in 1..=stream.cached_info().state.last_sequence {
        *told.entry(stream.get_raw_message(sequence).await?.subject.to_string()).or_default() += 1;
    }
    Ok(told)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_answers_nothing_holds_up_nothing_and_gets_everything_once_when_it_does() -> anyhow::Result<()> {
    let (near, far) = (Server::start("2.15.1", &[]).await?, Server::start("debian", &[]).await?);
    let (client, other) = (near.client().await?, far.client().await?);
    nats::make_stream(&client).await?;
    nats::make_stream(&other).await?;
    let mut consumer = impatient(&client).await?;
    let folder = folder(
        &format!(
            "[[bus.nats]]\nname = \"near\"\nservers = [\"{}\"]\nstream = \"ops\"\n\
             [[bus.nats]]\nname = \"far\"\nservers = [\"{}\"]\npublish = {{ topics = [\"findings\"] }}\n",
            near.address(),
            far.address()
        ),
        Some(RULES),
    )?;
    let host = Process::serve(folder.path(), &[]).await?;
    metric(&host, "tidegate_bus_reading{bus=\"near\"}", |value| value == 1).await?;
    metric(&host, "tidegate_bus_connected{bus=\"far\"}", |value| value == 1).await?;
    far.signal("STOP").await?;
    let began = Instant::now();
    for n in 0..NODES {
        nats::publish(&client, &node_down(&format!("n{n}"))).await?;
    }
    until_alerts(&host, "what comes while another server is dead", NODES).await?;
    let (status, answer) = host.post_json("/v1/alerts/events", &node_down("over-http")).await?;
    ensure!(status == 200, "{status}: {answer}");
    ensure!(began.elapsed() < Duration::from_secs(30), "it took {:?}", began.elapsed());
    metric(&host, "tidegate_bus_onward{bus=\"far\"}", |value| value == NODES as u64 + 1).await?;
    let pending = consumer.info().await?.num_ack_pending;
    ensure!(pending == NODES, "{pending} messages wait for what they sent on");

    // Dead before anything has arrived: the stream has it still.
    host.kill().await?;
    let host = Process::serve(folder.path(), &[]).await?;
    metric(&host, "tidegate_bus_reading{bus=\"near\"}", |value| value == 1).await?;
    far.signal("CONT").await?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut told = copies(&other).await?;
        told.remove("ops.clusters.kestrel.nodes.over-http.copy");
        ensure!(told.values().all(|count| *count == 1), "{told:#?}");
        let pending = consumer.info().await?.num_ack_pending;
        if told.len() == NODES && pending == 0 {
            break;
        }
        ensure!(Instant::now() < deadline, "{} were told, and {pending} messages wait", told.len());
        sleep(Duration::from_millis(100)).await;
    }
    until_alerts(&host, "the end", NODES + 1).await?;
    host.kill().await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hosts_on_one_bus_make_one_incident_each_of_one_event() -> anyhow::Result<()> {
    let server = Server::start("2.15.1", &[]).await?;
    let client = server.client().await?;
    nats::make_stream(&client).await?;
    let mut hosts = Vec::new();
    for name in ["kestrel", "osprey"] {
        let config = format!(
            "[[bus.nats]]\nname = \"ops\"\nservers = [\"{}\"]\nstream = \"ops\"\ndurable = \"{name}\"\ncluster = \"{name}\"\n\
             publish = {{ prefix = \"ops\" }}\n",
            server.address()
        );
        // By the rules that ship.
        let folder = folder(&config, None)?;
        let host = Process::serve(folder.path(), &[]).await?;
        metric(&host, "tidegate_bus_reading{bus=\"ops\"}", |value| value == 1).await?;
        hosts.push((folder, host));
    }
    nats::publish(&client, &node_down("n1.lan")).await?;
    let read = "tidegate_bus_messages_total{bus=\"ops\",what=";
    for (_, host) in &hosts {
        metric(host, "tidegate_bus_messages_total{bus=\"ops\",what=\"told\"}", |value| value >= 2).await?;
    }
    // Each has heard all that there is, and all of the other.
    let deadline = Instant::now() + PATIENCE;
    loop {
        let last = jetstream::new(client.clone()).get_stream("ops").await?.cached_info().state.last_sequence;
        let mut heard = Vec::new();
        for (_, host) in &hosts {
            let text = host.text("/metrics").await?;
            let count = |what: &str| -> u64 {
                let row = format!("{read}\"{what}\"}} ");
                text.lines().find_map(|line| line.strip_prefix(&row)?.parse().ok()).unwrap_or_default()
            };
            ensure!(count("own") < last - 1, "what the other tells is not its own");
            heard.push(count("taken") + count("own"));
        }
        if heard.iter().all(|heard| *heard == last) {
            break;
        }
        ensure!(Instant::now() < deadline, "of {last} messages {heard:?} were heard");
        sleep(Duration::from_millis(100)).await;
    }
    for (_, host) in hosts {
        let incidents = host.incidents().await?;
        let titles: Vec<&Value> = incidents.iter().map(|incident| &incident["title"]).collect();
        ensure!(titles.len() == 1, "{titles:?}");
        host.kill().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_waits_for_what_is_to_be_sent_on_and_says_what_it_could_not_wait_for() -> anyhow::Result<()> {
    let server = Server::start("2.15.1", &[]).await?;
    let client = server.client().await?;
    nats::make_stream(&client).await?;
    let folder = folder(
        &format!(
            "[server]\nstop_timeout = \"2s\"\n[[bus.nats]]\nname = \"ops\"\nservers = [\"{}\"]\npublish = {{ topics = [\"findings\"] }}\n",
            server.address()
        ),
        Some(RULES),
    )?;
    for (waited_for, name) in [(true, "late"), (false, "lost")] {
        let host = Process::serve(folder.path(), &[]).await?;
        metric(&host, "tidegate_bus_connected{bus=\"ops\"}", |value| value == 1).await?;
        server.signal("STOP").await?;
        for n in 0..3 {
            let (status, answer) = host.post_json("/v1/alerts/events", &node_down(&format!("{name}-{n}"))).await?;
            ensure!(status == 200, "{status}: {answer}");
        }
        let (log, ()) = futures::future::try_join(host.stop(), async {
            if waited_for {
                sleep(Duration::from_millis(300)).await;
                server.signal("CONT").await?;
            }
            Ok(())
        })
        .await?;
        if !waited_for {
            server.signal("CONT").await?;
        }
        let said = log.lines().filter(|line| line.contains("3 are lost")).count();
        ensure!(said == usize::from(!waited_for), "{log}");
        let told = copies(&client).await?;
        for n in 0..3 {
            let copy = format!("ops.clusters.kestrel.nodes.{name}-{n}.copy");
            ensure!(!waited_for || told.get(&copy) == Some(&1), "{copy} in {told:?}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_host_has_sent_on_over_one_bus_is_its_own_on_another_one() -> anyhow::Result<()> {
    let server = Server::start("2.15.1", &[]).await?;
    let client = server.client().await?;
    nats::make_stream(&client).await?;
    let bus = |name: &str| {
        format!(
            "[[bus.nats]]\nname = \"{name}\"\nservers = [\"{}\"]\nstream = \"ops\"\ndurable = \"{name}\"\n\
             publish = {{ topics = [\"findings\"] }}\n",
            server.address()
        )
    };
    let folder = folder(&[bus("one"), bus("two")].concat(), Some(RULES))?;
    let host = Process::serve(folder.path(), &[]).await?;
    for name in ["one", "two"] {
        metric(&host, &format!("tidegate_bus_reading{{bus=\"{name}\"}}"), |value| value == 1).await?;
    }
    nats::publish(&client, &node_down("n1")).await?;
    for name in ["one", "two"] {
        let row = |what: &str| format!("tidegate_bus_messages_total{{bus=\"{name}\",what=\"{what}\"}}");
        metric(&host, &row("own"), |value| value >= 1).await?;
        metric(&host, &row("taken"), |value| value == 1).await?;
        metric(&host, &row("untold"), |value| value == 0).await?;
    }
    let log = host.stop().await?;
    ensure!(!log.contains("is not sent on"), "{log}");
    Ok(())
}
