//! Events come in from real NATS servers, old and new: none is lost and none counts twice, whoever dies.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use anyhow::{bail, ensure};
use async_nats::jetstream::{self, consumer};
use serde_json::{Value, json};
use tempfile::TempDir;
use tidegate_tests::nats::{self, Server, VERSIONS};
use tidegate_tests::process::{PATIENCE, Process};
use tokio::time::{Instant, sleep};

const RULES: &str = r#"
event("down", #{ on: #{ kind: "node", reason: "NodeNotReady" }, alert: #{ name: "NodeDown", severity: "critical" } });
event("crash", #{ on: #{ kind: "pod", reason: "BackOff" }, alert: #{ name: "Crash", ends_after: "1h" } });
event("found", #{
    on: #{ observation: "findings" }, when: |e| e.data.status == "alerting",
    alert: |e| #{ name: "Finding", labels: #{ host: e.data.host }, ends_after: "1h" },
});
event("told", #{
    on: #{ subject: glob("ops.notifications.*") }, alert: |e| #{ name: e.data.title, ends_after: "1h" },
});
rule("tell", #{ then: escalate("somebody looks") });
"#;

/// The messages of ops, each as it stands on the bus.
const SAMPLES: &str = include_str!("../data/bus/ops.jsonl");

fn folder(address: &str, more: &str) -> anyhow::Result<TempDir> {
    let folder = TempDir::new()?;
    fs::create_dir_all(folder.path().join("policies"))?;
    fs::write(folder.path().join("policies/events.rhai"), RULES)?;
    let config = format!(
        "[journal]\npath = \"data/journal.db\"\n[policies]\npath = \"policies\"\n\
         [[bus.nats]]\nname = \"ops\"\nservers = [\"http://{address}\"]\n{more}\n"
    );
    fs::write(folder.path().join("tidegate.toml"), config)?;
    Ok(folder)
}

fn node_down(name: &str) -> Value {
    json!({
        "specversion": "1.0", "id": name, "source": "https://github.com/shaowenchen/ops", "type": "Kube",
        "subject": format!("ops.clusters.kestrel.nodes.{name}.events"), "datacontenttype": "application/json",
        "time": "2026-11-27T04:13:00.5Z",
        "data": { "type": "Normal", "reason": "NodeNotReady", "eventTime": "2026-11-27T12:12:59+08:00", "message": name },
        "cluster": "kestrel",
    })
}

/// How many incidents there are by what they are about.
async fn titles(host: &Process) -> anyhow::Result<BTreeMap<String, usize>> {
    let mut titles = BTreeMap::new();
    for incident in host.incidents().await? {
        let alert = &incident["alerts"][0];
        *titles.entry(alert["name"].as_str().unwrap_or("?").to_string()).or_default() += 1;
    }
    Ok(titles)
}

/// Waits until there are so many incidents about each.
async fn until(host: &Process, what: &str, wanted: &[(&str, usize)]) -> anyhow::Result<()> {
    let wanted: BTreeMap<String, usize> = wanted.iter().map(|(name, count)| (name.to_string(), *count)).collect();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let there = titles(host).await.unwrap_or_default();
        if there == wanted {
            return Ok(());
        }
        if Instant::now() > deadline {
            let ready = host.get("/readyz").await?;
            bail!("{what}: there are {there:?} instead of {wanted:?}; {ready}");
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// Waits until a gauge or counter of the bus has a value.
async fn metric(host: &Process, row: &str, wanted: impl Fn(u64) -> bool) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let text = host.text("/metrics").await?;
        let value = text.lines().find_map(|line| line.strip_prefix(row)?.trim().parse().ok());
        if value.is_some_and(&wanted) {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "{row} is {value:?}");
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_event_of_a_stream_is_lost_or_counts_twice_whatever_dies() -> anyhow::Result<()> {
    let all = VERSIONS.map(|version| async move {
        stream_survives(version).await.map_err(|error| error.context(format!("nats-server of {version}")))
    });
    futures::future::try_join_all(all).await?;
    Ok(())
}

async fn stream_survives(version: &str) -> anyhow::Result<()> {
    let mut server = Server::start(version, &[]).await?;
    let folder = folder(&server.address(), "stream = \"ops\"\nstart = \"all\"")?;
    // There is no stream yet, and the host starts all the same.
    let host = Process::serve(folder.path(), &[]).await?;
    let client = server.client().await?;
    metric(&host, "tidegate_bus_connected{bus=\"ops\"}", |value| value == 1).await?;
    let ready = host.get("/readyz").await?;
    ensure!(ready["ready"] == true && ready.to_string().contains("there is no stream"), "{ready}");
    nats::make_stream(&client).await?;
    for line in SAMPLES.lines() {
        nats::publish(&client, &serde_json::from_str(line)?).await?;
    }
    // The same happening under another number, what nobody can read, and what nobody reads.
    let mut again: Value = serde_json::from_str(SAMPLES.lines().nth(1).unwrap_or_default())?;
    again["id"] = json!("another");
    nats::publish(&client, &again).await?;
    client.publish("ops.clusters.kestrel.x", "no event".into()).await?;
    let mut wanted = [("Crash", 1), ("Finding", 1), ("NodeDown", 1), ("storage", 1)];
    until(&host, "the samples", &wanted).await?;
    metric(&host, "tidegate_bus_messages_total{bus=\"ops\",what=\"taken\"}", |value| value == 9).await?;
    metric(&host, "tidegate_bus_messages_total{bus=\"ops\",what=\"unreadable\"}", |value| value == 1).await?;
    host.kill().await?;

    // What comes while nobody reads is read later, also from a server that was started anew.
    nats::publish(&client, &node_down("n1")).await?;
    server.stop().await?;
    server.again().await?;
    let client = server.client().await?;
    let host = Process::serve(folder.path(), &[]).await?;
    wanted[2].1 = 2;
    until(&host, "what came meanwhile", &wanted).await?;

    // The server goes while the host runs.
    server.stop().await?;
    server.again().await?;
    let client = { drop(client); server.client().await? };
    nats::publish(&client, &node_down("n2")).await?;
    wanted[2].1 = 3;
    until(&host, "what came after the server was away", &wanted).await?;

    // The stream is deleted and made anew: its numbers begin with 1 again.
    let streams = jetstream::new(client.clone());
    streams.delete_stream("ops").await?;
    nats::make_stream(&client).await?;
    nats::publish(&client, &node_down("n3")).await?;
    wanted[2].1 = 4;
    until(&host, "what came into the new stream", &wanted).await?;

    // Everything is sent again: to the host that knows it, and to one that was killed meanwhile.
    for kill in [false, true] {
        let stream = streams.get_stream("ops").await?;
        stream.delete_consumer("tidegate").await?;
        let config = consumer::pull::Config { durable_name: Some("tidegate".into()), ..Default::default() };
        let _ = stream.create_consumer(config).await;
        if kill {
            break;
        }
        nats::publish(&client, &node_down("n4")).await?;
        wanted[2].1 = 5;
        until(&host, "what came behind what was sent again", &wanted).await?;
    }
    host.kill().await?;
    let host = Process::serve(folder.path(), &[]).await?;
    metric(&host, "tidegate_bus_messages_total{bus=\"ops\",what=\"taken\"}", |value| value == 2).await?;
    until(&host, "what was sent again", &wanted).await?;
    host.kill().await
}
