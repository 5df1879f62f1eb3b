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
event("copy", #{ on: #{ observation: "findings" }, forward: ["alerts", "ops.copy"] });
event("reported", #{ on: #{ observation: "alerts" }, alert: #{ name: "Reported", ends_after: "1h" } });
rule("tell", #{ then: escalate("somebody looks") });
"#;

/// The messages of ops, each as it stands on the bus.
const SAMPLES: &str = include_str!("../data/bus/ops.jsonl");

fn folder(url: &str, more: &str) -> anyhow::Result<TempDir> {
    let folder = TempDir::new()?;
    fs::create_dir_all(folder.path().join("policies"))?;
    fs::write(folder.path().join("policies/events.rhai"), RULES)?;
    let config = format!(
        "[journal]\npath = \"data/journal.db\"\n[policies]\npath = \"policies\"\n\
         [[bus.nats]]\nname = \"ops\"\nservers = [\"{url}\"]\n{more}\n"
    );
    fs::write(folder.path().join("tidegate.toml"), config)?;
    Ok(folder)
}

pub(crate) fn node_down(name: &str) -> Value {
    json!({
        "specversion": "1.0", "id": name, "source": "https://github.com/shaowenchen/ops", "type": "Kube",
        "subject": format!("ops.clusters.kestrel.nodes.{name}.events"), "datacontenttype": "application/json",
        "time": "2026-11-27T04:13:00.5Z",
        "data": { "type": "Normal", "reason": "NodeNotReady", "eventTime": "2026-11-27T12:12:59+08:00", "message": name },
        "cluster": "kestrel",
    })
}

/// The alerts of the rules.
const ALERTS: [&str; 5] = ["Crash", "Finding", "NodeDown", "Reported", "storage"];

/// How many incidents there are by what they are about.
pub(crate) async fn titles(host: &Process) -> anyhow::Result<BTreeMap<String, usize>> {
    let mut titles = BTreeMap::new();
    for incident in host.incidents().await? {
        let title = incident["title"].as_str().unwrap_or_default();
        let name = ALERTS.iter().find(|name| title.contains(*name)).map_or(title, |name| *name);
        *titles.entry(name.to_string()).or_default() += 1;
    }
    Ok(titles)
}

/// Waits until there are so many incidents about each.
pub(crate) async fn until(host: &Process, what: &str, wanted: &[(&str, usize)]) -> anyhow::Result<()> {
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
pub(crate) async fn metric(host: &Process, row: &str, wanted: impl Fn(u64) -> bool) -> anyhow::Result<()> {
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

/// Waits until `/readyz` says something.
pub(crate) async fn ready_says(host: &Process, said: &str) -> anyhow::Result<Value> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let ready = host.get("/readyz").await?;
        let problems = ready["problems"].as_array().cloned().unwrap_or_default();
        if problems.iter().filter_map(Value::as_str).any(|problem| problem.contains(said)) {
            return Ok(ready);
        }
        ensure!(Instant::now() < deadline, "it does not say {said:?}: {ready:#}");
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
    let folder = folder(&format!("http://{}", server.address()), "stream = \"ops\"\nstart = \"all\"")?;
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
    let client = {
        drop(client);
        server.client().await?
    };
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

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_is_told_once_whatever_dies_and_not_heard_by_who_tells_it() -> anyhow::Result<()> {
    let all = VERSIONS.map(|version| async move {
        tells_once(version).await.map_err(|error| error.context(format!("nats-server of {version}")))
    });
    futures::future::try_join_all(all).await?;
    Ok(())
}

async fn tells_once(version: &str) -> anyhow::Result<()> {
    let mut server = Server::start(version, &["--user", "app", "--pass", "s3cret-of-the-bus"]).await?;
    let folder = folder(
        &format!("http://app:s3cret-of-the-bus@{}", server.address()),
        "stream = \"ops\"\ncluster = \"kestrel\"\npublish = { prefix = \"ops\" }",
    )?;
    let client = server.client().await?;
    nats::make_stream(&client).await?;
    let host = Process::serve(folder.path(), &[]).await?;
    metric(&host, "tidegate_bus_reading{bus=\"ops\"}", |value| value == 1).await?;
    nats::publish(&client, &node_down("n1.lan")).await?;
    // A rule sends it on: without a second alert, because the host does not hear itself.
    nats::publish(&client, &serde_json::from_str(SAMPLES.lines().nth(2).unwrap_or_default())?).await?;
    let told = "tidegate_bus_messages_total{bus=\"ops\",what=\"told\"}";
    metric(&host, told, |value| value >= 3).await?;
    metric(&host, "tidegate_bus_messages_total{bus=\"ops\",what=\"forwarded\"}", |value| value == 2).await?;
    metric(&host, "tidegate_events_total{what=\"forwarded\"}", |value| value == 2).await?;
    // It hears its own words and makes nothing of them.
    metric(&host, "tidegate_bus_messages_total{bus=\"ops\",what=\"own\"}", |value| value >= 3).await?;
    // The server is away while something happens, and the host dies before it could tell.
    server.stop().await?;
    let (status, answer) = host.post_json("/v1/alerts/events", &node_down("n2.lan")).await?;
    ensure!(status == 200, "{status}: {answer}");
    until(&host, "what came over HTTP", &[("Finding", 1), ("NodeDown", 2)]).await?;
    host.kill().await?;
    server.again().await?;
    let host = Process::serve(folder.path(), &[]).await?;
    metric(&host, told, |value| value >= 3).await?;
    metric(&host, "tidegate_bus_messages_total{bus=\"ops\",what=\"own\"}", |value| value >= 3).await?;
    until(&host, "the end", &[("Finding", 1), ("NodeDown", 2)]).await?;
    host.kill().await?;

    let stream = jetstream::new(server.client().await?).get_stream("ops").await?;
    let mut told: BTreeMap<String, usize> = BTreeMap::new();
    for sequence in 1..=stream.cached_info().state.last_sequence {
        let message = stream.get_raw_message(sequence).await?;
        let event: Value = serde_json::from_slice(&message.payload)?;
        ensure!(event["subject"] == message.subject.as_str(), "{event}");
        if event["source"] == "tidegate/kestrel/ops" || event["tidegatevia"] == "tidegate/kestrel/ops" {
            ensure!(message.headers.get("Nats-Msg-Id").is_some(), "{event}");
            let word = |name: &str| event[name].as_str().unwrap_or_default().to_string();
            *told.entry([word("type"), message.subject.to_string(), word("source")].join(" ")).or_default() += 1;
        }
    }
    ensure!(told.values().all(|count| *count == 1), "{told:#?}");
    let about = |what: &str| told.keys().filter(|key| key.starts_with(what)).count();
    ensure!(about("TaskRunReport ops.clusters.kestrel.nodes.n1.lan.alerts") == 1, "{told:#?}");
    ensure!(about("TaskRunReport ops.clusters.kestrel.nodes.n2.lan.alerts") == 1, "{told:#?}");
    ensure!(about("tidegate.incident.opened ops.clusters.kestrel.incidents.") == 3, "{told:#?}");
    ensure!(about("tidegate.incident.concluded ") == 3, "{told:#?}");
    // Once sent on, once told as the alert that was made of it.
    let finding = "TaskRunReport ops.clusters.kestrel.namespaces.ops-system.hosts.db-02.alerts ";
    ensure!(about("TaskRunReport ops.copy ") == 1 && about(finding) == 2, "{told:#?}");
    let log = fs::read_to_string(folder.path().join("stderr.log"))?;
    ensure!(!log.contains("s3cret-of-the-bus"), "{log}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_stream_what_is_published_is_heard_also_by_another_source() -> anyhow::Result<()> {
    // Over TLS, with an authority of its own.
    let files = TempDir::new()?;
    let certified = rcgen::generate_simple_self_signed(vec!["127.0.0.1".into()])?;
    let (certificate, key) = (files.path().join("cert.pem"), files.path().join("key.pem"));
    fs::write(&certificate, certified.cert.pem())?;
    fs::write(&key, certified.signing_key.serialize_pem())?;
    let paths = [certificate.display().to_string(), key.display().to_string()];
    let server = Server::start("debian", &["--tls", "--tlscert", &paths[0], "--tlskey", &paths[1]]).await?;
    let more = "subjects = [\"Alerts.>\"]\nsource = \"alertmanager\"\nqueue = \"tidegate\"";
    let folder =
        folder(&format!("https://{}", server.address()), &format!("{more}\nca = \"{}\"", certificate.display()))?;
    let host = Process::serve(folder.path(), &[]).await?;
    metric(&host, "tidegate_bus_reading{bus=\"ops\"}", |value| value == 1).await?;
    let client = server.client().await?;
    let alert =
        json!({ "alerts": [{ "status": "firing", "labels": { "alertname": "Crash", "pod": "a", "namespace": "b" } }] });
    // Who subscribes is known to the server some time after it has said so.
    let deadline = Instant::now() + PATIENCE;
    while titles(&host).await?.is_empty() {
        ensure!(Instant::now() < deadline, "nothing was heard");
        client.publish("alerts.prod", alert.to_string().into()).await?;
        client.flush().await?;
        sleep(Duration::from_millis(100)).await;
    }
    until(&host, "the alert", &[("Crash", 1)]).await?;
    host.kill().await
}
