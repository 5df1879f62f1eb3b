//! A day of events in minutes: how fast they are read, and what that costs.

use std::time::{Duration, Instant};

use anyhow::ensure;
use serde_json::json;
use tokio::time::sleep;

use super::usage::Usage;
use super::{disk, folder, metric};
use crate::nats::{self, Server};
use crate::process::Process;

/// Events of one object that mean something: its alert fires already at the second.
const REPEATED: u64 = 20;
/// Seconds of a day.
const DAY: f64 = 86_400.0;

const RULES: &str = r#"
event("crash", #{ on: #{ kind: "pod", reason: "BackOff" }, alert: #{ name: "Crash", ends_after: "1h" } });
rule("tell", #{ then: escalate("somebody looks") });
"#;

fn event(n: u64, percent: u64) -> (String, String) {
    let means = percent > 0 && n.is_multiple_of(100 / percent);
    let (pod, reason) = if means { (n / (100 / percent) / REPEATED, "BackOff") } else { (n, "Killing") };
    let subject = format!("ops.clusters.kestrel.namespaces.shop.pods.web-{pod}.events");
    let body = json!({
        "specversion": "1.0", "id": format!("0b7c1c52-5d0e-4a5e-9a3b-{n:012}"), "source": "https://github.com/shaowenchen/ops",
        "type": "Kube", "subject": subject, "datacontenttype": "application/json", "time": "2026-11-27T04:12:09.118204331Z",
        "data": { "type": "Normal", "reason": reason, "eventTime": "2026-11-27T12:12:08+08:00", "from": "kubelet",
                  "message": "container web keeps leaving, next start in 5m0s" },
        "cluster": "kestrel",
    });
    (subject, body.to_string())
}

/// Fills a stream with so many events, of which so many percent mean something, and has a host read it.
pub async fn measure(events: u64, percent: u64) -> anyhow::Result<()> {
    let server = Server::start("2.15.1", &[]).await?;
    let client = server.client().await?;
    nats::make_stream(&client).await?;
    for n in 0..events {
        let (subject, body) = event(n, percent);
        client.publish(subject, body.into()).await?;
        if n.is_multiple_of(10_000) {
            client.flush().await?;
        }
    }
    client.flush().await?;
    let stored = async || -> anyhow::Result<u64> {
        let stream = async_nats::jetstream::new(client.clone()).get_stream("ops").await?;
        Ok(stream.cached_info().state.messages)
    };
    let until = Instant::now() + Duration::from_secs(120);
    while stored().await? < events {
        ensure!(Instant::now() < until, "the server has stored {} of {events} events", stored().await?);
        sleep(Duration::from_millis(100)).await;
    }
    let config = format!(
        "[[bus.nats]]\nname = \"ops\"\nservers = [\"{}\"]\nstream = \"ops\"\ndurable = \"tidegate\"\nstart = \"all\"\n",
        server.address()
    );
    let folder = folder(&config, RULES)?;
    // What is read before the first look is as quick as the rest.
    let host = Process::serve(folder.path(), &[]).await?;
    let taken = "tidegate_bus_messages_total{bus=\"ops\",what=\"taken\"}";
    let (began, first, before) = (Instant::now(), metric(&host, taken).await?, Usage::of(host.pid()?)?);
    while metric(&host, taken).await? < events {
        sleep(Duration::from_millis(50)).await;
    }
    let took = began.elapsed().as_secs_f64();
    let after = Usage::of(host.pid()?)?;
    let incidents = metric(&host, "tidegate_incidents_live").await?;
    let (processor, share) = (after.processor - before.processor, (after.processor - before.processor) / DAY * 100.0);
    println!(
        "{events} events, {percent} % of them alerts: {took:.1} s, {:.0} a second; {processor:.1} s of processor time, {share:.3} % of a core \
         of a day; memory {:.0} MB before, {:.0} MB after, {:.0} MB at most; journal {:.1} MB; {incidents} live incidents",
        (events - first) as f64 / took,
        before.memory,
        after.memory,
        after.peak,
        disk(folder.path()) as f64 / 1e6,
    );
    host.kill().await
}
