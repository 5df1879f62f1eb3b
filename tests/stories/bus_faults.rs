//! A bus that loses acknowledgements, is cut off, or brings more than anybody can take: nothing is lost that a stream keeps,
//! and nothing counts twice.

use std::net::TcpListener;
use std::time::Duration;

use anyhow::ensure;
use async_nats::jetstream;
use async_nats::jetstream::consumer::{self, PullConsumer};
use serde_json::{Value, json};
use tidegate_tests::nats::{self, Server};
use tidegate_tests::nats_proxy::Proxy;
use tidegate_tests::process::{PATIENCE, Process};
use tokio::time::{Instant, sleep};

use crate::bus::{metric, node_down, ready_says, until};
use crate::bus_hosts::{folder, impatient, until_alerts};

const RULES: &str = r#"
event("down", #{ on: #{ kind: "node", reason: "NodeNotReady" }, alert: #{ name: "NodeDown", severity: "critical" } });
rule("tell", #{ then: escalate("somebody looks") });
"#;

/// How many nodes go down.
const NODES: usize = 30;

/// Waits until a stream has nothing left for its consumer.
async fn drained(consumer: &mut PullConsumer) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let info = consumer.info().await?;
        if info.num_ack_pending == 0 && info.num_pending == 0 {
            return Ok(());
        }
        ensure!(
            Instant::now() < deadline,
            "{} wait for an acknowledgement, {} unread",
            info.num_ack_pending,
            info.num_pending
        );
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledgements_that_are_lost_and_a_kill_before_them_lose_nothing_and_double_nothing() -> anyhow::Result<()> {
    let server = Server::start("2.15.1", &[]).await?;
    let client = server.client().await?;
    nats::make_stream(&client).await?;
    let mut consumer = impatient(&client).await?;
    let proxy = Proxy::start(server.address()).await?;
    let config = format!("[[bus.nats]]\nname = \"ops\"\nservers = [\"{}\"]\nstream = \"ops\"\n", proxy.address());
    let folder = folder(&config, Some(RULES))?;
    let host = Process::serve(folder.path(), &[]).await?;
    metric(&host, "tidegate_bus_reading{bus=\"ops\"}", |value| value == 1).await?;
    proxy.lose(true);
    for n in 0..NODES {
        nats::publish(&client, &node_down(&format!("n{n}"))).await?;
    }
    until_alerts(&host, "what came", NODES).await?;
    // The server sends them again, because it knows of nothing.
    metric(&host, "tidegate_bus_messages_total{bus=\"ops\",what=\"again\"}", |value| value >= NODES as u64).await?;
    ensure!(consumer.info().await?.num_ack_pending == NODES && proxy.lost() > 0, "{} were lost", proxy.lost());
    host.kill().await?;
    proxy.lose(false);
    let host = Process::serve(folder.path(), &[]).await?;
    drained(&mut consumer).await?;
    until_alerts(&host, "what came again", NODES).await?;
    host.kill().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_beyond_a_leaf_is_read_once_also_after_the_leaf_was_away() -> anyhow::Result<()> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let hub = Server::configured(
        "2.15.1",
        &format!(
            "server_name: hub\njetstream {{ store_dir: \"FOLDER/store\", domain: hub }}\nleafnodes {{ listen: \"127.0.0.1:{port}\" }}\n"
        ),
    )
    .await?;
    let mut leaf = Server::configured(
        "2.10.26",
        &format!(
            "server_name: edge\nleafnodes {{ reconnect: 1, remotes: [ {{ url: \"nats://127.0.0.1:{port}\" }} ] }}\n"
        ),
    )
    .await?;
    let (client, edge) = (hub.client().await?, leaf.client().await?);
    nats::make_stream(&client).await?;
    // One way to the stream is the hub itself, the other one the leaf, which asks the hub by its domain.
    let bus = |name: &str, server: &Server, more: &str| {
        format!(
            "[[bus.nats]]\nname = \"{name}\"\nservers = [\"{}\"]\nstream = \"ops\"\ndurable = \"{name}\"\n{more}\n",
            server.address()
        )
    };
    let config = [bus("hub", &hub, ""), bus("edge", &leaf, "domain = \"hub\"")].concat();
    let folder = folder(&config, Some(RULES))?;
    let host = Process::serve(folder.path(), &[]).await?;
    for name in ["hub", "edge"] {
        metric(&host, &format!("tidegate_bus_reading{{bus=\"{name}\"}}"), |value| value == 1).await?;
    }
    nats::publish(&edge, &node_down("beyond")).await?;
    until(&host, "what was published at the leaf", &[("NodeDown", 1)]).await?;
    leaf.stop().await?;
    nats::publish(&client, &node_down("here")).await?;
    until(&host, "what was published at the hub", &[("NodeDown", 2)]).await?;
    leaf.again().await?;
    let edge = leaf.client().await?;
    let deadline = Instant::now() + PATIENCE;
    while nats::stored(&edge, "hub", &node_down("again")).await.is_err() {
        ensure!(Instant::now() < deadline, "the leaf does not come back");
        sleep(Duration::from_millis(100)).await;
    }
    until(&host, "what was published at the leaf when it was back", &[("NodeDown", 3)]).await?;
    for name in ["hub", "edge"] {
        let row = format!("tidegate_bus_messages_total{{bus=\"{name}\",what=\"taken\"}}");
        metric(&host, &row, |value| value >= 3).await?;
    }
    until_alerts(&host, "the end", 3).await?;
    host.kill().await
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_anybody_can_take_at_once_is_taken_in_time() -> anyhow::Result<()> {
    // A server that gives up clients for which more than 6 MiB wait.
    let server = Server::configured(
        "2.15.1",
        "max_pending: 6291456\nwrite_deadline: \"500ms\"\njetstream { store_dir: \"FOLDER/store\" }\n",
    )
    .await?;
    let client = server.client().await?;
    nats::make_stream(&client).await?;
    let address = server.address();
    let config = format!(
        "[[bus.nats]]\nname = \"ops\"\nservers = [\"{address}\"]\nstream = \"ops\"\nstart = \"all\"\n\
         [[bus.nats]]\nname = \"plain\"\nservers = [\"{address}\"]\nsubjects = [\"flood.>\"]\n"
    );
    let folder = folder(&config, Some(RULES))?;
    // 10 MiB wait before anybody reads.
    for n in 0..40 {
        let mut event = node_down(&format!("n{n}"));
        event["data"]["padding"] = Value::from("x".repeat(240 << 10));
        nats::publish(&client, &event).await?;
    }
    let host = Process::serve(folder.path(), &[]).await?;
    until_alerts(&host, "all that waited", 40).await?;
    let before = host.incidents().await?.len();
    metric(&host, "tidegate_bus_reading{bus=\"plain\"}", |value| value == 1).await?;
    // Without a stream some of a flood may be missed, and is counted; what comes behind it is heard.
    for n in 0..20_000 {
        client.publish("flood.x", json!({ "n": n }).to_string().into()).await?;
    }
    client.flush().await?;
    let deadline = Instant::now() + PATIENCE;
    while host.incidents().await?.len() == before {
        ensure!(Instant::now() < deadline, "what came behind the flood is not heard");
        let body = node_down("behind").to_string();
        client.publish("flood.x", body.into()).await?;
        client.flush().await?;
        sleep(Duration::from_millis(100)).await;
    }
    until_alerts(&host, "the end", 41).await?;
    host.kill().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_lets_nobody_ask_for_much_is_read_and_one_that_is_deleted_is_made_anew() -> anyhow::Result<()> {
    let server = Server::start("2.15.1", &[]).await?;
    let client = server.client().await?;
    nats::make_stream(&client).await?;
    let stream = jetstream::new(client.clone()).get_stream("ops").await?;
    let config = consumer::pull::Config {
        durable_name: Some("tidegate".into()),
        max_batch: 10,
        max_expires: Duration::from_secs(3),
        ..Default::default()
    };
    stream.create_consumer(config).await?;
    let address = server.address();
    let config = format!("[[bus.nats]]\nname = \"ops\"\nservers = [\"{address}\"]\nstream = \"ops\"\n");
    let folder = folder(&config, Some(RULES))?;
    let host = Process::serve(folder.path(), &[]).await?;
    for n in 0..15 {
        nats::publish(&client, &node_down(&format!("n{n}"))).await?;
    }
    until_alerts(&host, "what came by tens", 15).await?;
    stream.delete_consumer("tidegate").await?;
    nats::publish(&client, &node_down("behind")).await?;
    until_alerts(&host, "what came when the consumer was gone", 16).await?;
    host.kill().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_longer_than_anybody_may_publish_today_does_not_end_what_is_read() -> anyhow::Result<()> {
    let file = |longest: usize| format!("max_payload: {longest}\njetstream {{ store_dir: \"FOLDER/store\" }}\n");
    // As many bytes as may be published today, and fewer.
    for today in [8 << 20, 256 << 10] {
        let mut server = Server::configured("2.15.1", &file(8 << 20)).await?;
        let client = server.client().await?;
        nats::make_stream(&client).await?;
        let mut long = node_down("long");
        long["data"]["padding"] = Value::from("x".repeat(5 << 20));
        for event in [long, node_down("behind")] {
            let subject = event["subject"].as_str().unwrap_or_default().to_string();
            jetstream::new(client.clone()).publish(subject, event.to_string().into()).await?.await?;
        }
        server.stop().await?;
        server.configure(&file(today))?;
        server.again().await?;
        let config = format!(
            "[[bus.nats]]\nname = \"ops\"\nservers = [\"{}\"]\nstream = \"ops\"\nstart = \"all\"\n",
            server.address()
        );
        let folder = folder(&config, Some(RULES))?;
        let host = Process::serve(folder.path(), &[]).await?;
        until_alerts(&host, "what stands behind a long message", 1).await?;
        host.kill().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_too_old_and_subjects_that_no_stream_has_are_said_once() -> anyhow::Result<()> {
    let (old, new) = (Server::start("debian", &[]).await?, Server::start("2.15.1", &[]).await?);
    for server in [&old, &new] {
        nats::make_stream(&server.client().await?).await?;
    }
    let bus = |name: &str, server: &Server, subjects: &str| {
        format!(
            "[[bus.nats]]\nname = \"{name}\"\nservers = [\"{}\"]\nstream = \"ops\"\nsubjects = [{subjects}]\n",
            server.address()
        )
    };
    let two = "\"ops.clusters.*.nodes.>\", \"ops.other.>\"";
    let config = [bus("old", &old, two), bus("new", &new, two), bus("elsewhere", &new, "\"opps.>\"")].concat();
    // Two that read one stream share its messages, unless each has a place of its own.
    let folder = folder(&(config + "durable = \"elsewhere\"\n"), Some(RULES))?;
    let host = Process::serve(folder.path(), &[]).await?;
    let ready = ready_says(&host, "the bus old: its server is of version 2.9").await?;
    ensure!(ready["ready"] == true && !ready.to_string().contains("the consumer sends the whole stream"), "{ready:#}");
    let ready = ready_says(&host, "keeps ops.>, so that no message of it has a subject opps.>").await?;
    ensure!(!ready.to_string().contains("the bus new: "), "{ready:#}");
    // What was not asked for is left out, whatever the server sends.
    let client = old.client().await?;
    client.publish("ops.unasked", node_down("n1").to_string().into()).await?;
    nats::publish(&client, &node_down("n2")).await?;
    metric(&host, "tidegate_bus_messages_total{bus=\"old\",what=\"elsewhere\"}", |value| value == 1).await?;
    until_alerts(&host, "what was asked for", 1).await?;
    let log = host.stop().await?;
    ensure!(log.matches("is too old for a setting").count() == 1, "{log}");
    Ok(())
}
