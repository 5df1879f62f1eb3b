//! Messages on the subject of a bus, as a target of routes: each once by its name, whoever dies, and none becomes an alert.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use async_nats::jetstream;
use futures::StreamExt;
use serde_json::Value;
use tidegate_tests::nats::{self, Server};
use tidegate_tests::process::{PATIENCE, Process};
use tokio::time::{Duration, Instant, sleep, timeout};

use crate::bus::{metric, node_down, ready_says, until};
use crate::bus_hosts::folder;

const RULES: &str = r#"
event("down", #{ on: #{ kind: "node", reason: "NodeNotReady" }, alert: #{ name: "NodeDown", severity: "critical" } });
event("reported", #{ on: #{ subject: glob("ops.*") }, alert: #{ name: "Reported", ends_after: "1h" } });
rule("tell", #{ then: escalate("somebody looks") });
route("all", #{ to: ["bus", "raw"] });
"#;

/// What the stream holds on subjects that begin so.
async fn told(
    client: &async_nats::Client,
    prefix: &str,
) -> anyhow::Result<Vec<async_nats::jetstream::message::StreamMessage>> {
    let stream = jetstream::new(client.clone()).get_stream("ops").await?;
    let mut all = Vec::new();
    for sequence in 1..=stream.cached_info().state.last_sequence {
        let message = stream.get_raw_message(sequence).await?;
        if message.subject.starts_with(prefix) {
            all.push(message);
        }
    }
    Ok(all)
}

async fn until_told(client: &async_nats::Client, prefix: &str, wanted: usize) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let there = told(client, prefix).await?.len();
        if there >= wanted {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "{there} of {wanted} messages on {prefix}");
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_on_its_subject_once_whoever_dies_and_means_nothing_to_who_has_sent_it() -> anyhow::Result<()> {
    let mut server = Server::start("2.15.1", &["--user", "app", "--pass", "s3cret-of-the-bus"]).await?;
    let client = server.client().await?;
    nats::make_stream(&client).await?;
    let config = format!(
        "[[bus.nats]]\nname = \"ops\"\nservers = [\"http://app:s3cret-of-the-bus@{}\"]\nstream = \"ops\"\ncluster = \"kestrel\"\n\
         [notifiers.bus]\nplugin = \"nats\"\nbus = {{ name = \"ops\", subjects = [\"ops.notifications.>\"] }}\n\
         [notifiers.raw]\nplugin = \"nats\"\nsettings = {{ format = \"raw\", subject = \"ops.raw.{{severity}}\" }}\n\
         bus = {{ name = \"ops\", subjects = [\"ops.raw.*\"] }}\n",
        server.address()
    );
    let folder = folder(&config, Some(RULES))?;
    let host = Process::serve(folder.path(), &[]).await?;
    metric(&host, "tidegate_bus_reading{bus=\"ops\"}", |value| value == 1).await?;
    nats::publish(&client, &node_down("n1.lan")).await?;
    until_told(&client, "ops.notifications.", 1).await?;
    until_told(&client, "ops.raw.critical", 1).await?;

    // The bus is away while something happens, and the host dies before it could tell.
    server.stop().await?;
    let (status, answer) = host.post_json("/v1/alerts/events", &node_down("n2.lan")).await?;
    ensure!(status == 200, "{status}: {answer}");
    let said = ready_says(&host, "the connection broke").await?;
    ensure!(said["ready"] == true, "{said}");
    host.kill().await?;
    server.again().await?;
    let client = server.client().await?;
    let host = Process::serve(folder.path(), &[]).await?;
    until_told(&client, "ops.notifications.", 2).await?;
    until_told(&client, "ops.raw.critical", 2).await?;
    // It hears its own words, and makes nothing of them whatever their form is.
    metric(&host, "tidegate_bus_messages_total{bus=\"ops\",what=\"own\"}", |value| value >= 2).await?;
    until(&host, "the end", &[("NodeDown", 2)]).await?;
    host.kill().await?;

    let mut ids: BTreeMap<String, usize> = BTreeMap::new();
    for message in told(&client, "ops.").await? {
        let body: Value = serde_json::from_slice(&message.payload)?;
        let header = |name: &str| message.headers.get(name).map(|value| value.as_str().to_string()).unwrap_or_default();
        if header("Tidegate-Source").is_empty() {
            continue;
        }
        ensure!(header("Tidegate-Source") == "tidegate/kestrel/ops" && !header("Nats-Msg-Id").is_empty(), "{body}");
        let id = if message.subject.starts_with("ops.raw.") {
            body["delivery_id"].as_str().context("a message without a name")?
        } else {
            ensure!(body["specversion"] == "1.0" && body["source"] == "tidegate/kestrel/ops", "{body}");
            ensure!(body["type"] == "tidegate.message.report" && body["subject"] == message.subject.as_str(), "{body}");
            ensure!(body["data"]["alerts"][0]["name"] == "NodeDown" && body["cluster"] == "kestrel", "{body}");
            body["id"].as_str().context("an event without a name")?
        };
        *ids.entry(format!("{} {id}", message.subject)).or_default() += 1;
    }
    ensure!(ids.len() == 4 && ids.values().all(|count| *count == 1), "{ids:#?}");
    let log = std::fs::read_to_string(folder.path().join("stderr.log"))?;
    ensure!(!log.contains("s3cret-of-the-bus"), "{log}");
    Ok(())
}

const REFUSED: &str = r#"
rule("tell", #{ then: escalate("somebody looks") });
route("all", #{ to: ["plain", "refused", "nowhere", "unknown"] });
"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_a_bus_does_not_take_is_said_with_what_to_do_and_a_small_one_gets_less() -> anyhow::Result<()> {
    let server = Server::configured(
        "2.15.1",
        "max_payload: 6144\njetstream { store_dir: \"FOLDER/store\" }\n\
         authorization { default_permissions: { publish: { deny: \"refused.>\" } }, users: [ { user: app, password: pw1 } ] }\n",
    )
    .await?;
    let options = async_nats::ConnectOptions::with_user_and_password("app".into(), "pw1".into());
    let client = options.connect(server.address()).await?;
    let target = |name: &str, subject: &str, more: &str| {
        format!(
            "[notifiers.{name}]\nplugin = \"nats\"\nsettings = {{ subject = \"{subject}\" }}\n\
             bus = {{ name = \"ops\", subjects = [\"plain.x\", \"refused.>\", \"nowhere.>\"]{more} }}\n"
        )
    };
    let config = [
        format!("[[bus.nats]]\nname = \"ops\"\nservers = [\"nats://app:pw1@{}\"]\n", server.address()),
        target("plain", "plain.x", ", acknowledged = false"),
        target("refused", "refused.x", ""),
        target("nowhere", "nowhere.x", ""),
        target("unknown", "other.x", ""),
    ];
    let folder = folder(&config.concat(), Some(REFUSED))?;
    let mut heard = client.subscribe("plain.x").await?;
    client.flush().await?;
    let host = Process::serve(folder.path(), &[]).await?;
    let annotations = serde_json::json!({ "description": "x".repeat(900), "log": "y".repeat(9_000) });
    let labels = serde_json::json!({ "alertname": "Crash", "pod": "a", "namespace": "b" });
    let alert = serde_json::json!({ "status": "firing", "labels": labels, "annotations": annotations });
    host.post("/alert", serde_json::json!({ "alerts": [alert] }).to_string()).await?;
    let message = timeout(PATIENCE, heard.next()).await?.context("nothing was heard")?;
    let event: Value = serde_json::from_slice(&message.payload)?;
    let left_out = event["data"]["alerts_left_out"].as_u64().unwrap_or_default();
    ensure!(message.payload.len() < 6_144 && left_out > 0, "{} bytes: {event}", message.payload.len());
    for said in [
        "the server does not let the host publish on refused.x",
        "no stream keeps the subject nowhere.x",
        "[notifiers.unknown.bus] subjects = [",
    ] {
        ready_says(&host, said).await?;
    }
    host.kill().await
}
