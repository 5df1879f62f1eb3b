//! How long it takes from an event to what is known of it elsewhere: its alert on the bus, which is read off the journal, and
//! the message at people's target.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::ensure;
use futures::StreamExt;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{interval, sleep};

use super::folder;
use crate::nats::{self, Server};
use crate::process::Process;

/// Events a second.
const RATE: u64 = 100;

const RULES: &str = r#"
event("down", #{ on: #{ kind: "deployment", reason: "Down" }, alert: #{ name: "Down", severity: "critical", ends_after: "1h" } });
rule("tell", #{ then: escalate("somebody looks") });
route("everybody", #{ to: ["default"] });
"#;

/// When something about a workload was seen for the first time.
type FirstSeen = Arc<Mutex<HashMap<String, Instant>>>;

fn note(seen: &FirstSeen, text: &str) {
    let now = Instant::now();
    // Names are of one length, so that none is the beginning of another.
    if let Some(at) = text.find("figure-")
        && let Some(name) = text.get(at..at + "figure-000000".len())
    {
        seen.lock().unwrap_or_else(PoisonError::into_inner).entry(name.to_string()).or_insert(now);
    }
}

/// One event each hundredth of a second, for so long.
pub async fn measure(seconds: u64) -> anyhow::Result<()> {
    let server = Server::start("2.15.1", &[]).await?;
    let client = server.client().await?;
    nats::make_stream(&client).await?;
    let (alerts, messages) = (FirstSeen::default(), FirstSeen::default());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let target = format!("http://{}", listener.local_addr()?);
    let of_target = Arc::clone(&messages);
    let receiver = tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            tokio::spawn(receive(connection, Arc::clone(&of_target)));
        }
    });
    let config = format!(
        "[[bus.nats]]\nname = \"ops\"\nservers = [\"{}\"]\nstream = \"ops\"\ncluster = \"kestrel\"\npublish = {{ topics = [\"alerts\"] }}\n\
         [notifiers.default]\nplugin = \"webhook\"\nsettings = {{ url = \"{target}/hook\" }}\n\
         grant = [{{ origin = \"{target}\", methods = [\"POST\"], private = true }}]\n",
        server.address()
    );
    let folder = folder(&config, RULES)?;
    let host = Process::serve(folder.path(), &[]).await?;
    while super::metric(&host, "tidegate_bus_reading{bus=\"ops\"}").await? == 0 {
        sleep(Duration::from_millis(20)).await;
    }
    let mut told = client.subscribe("ops.clusters.kestrel.namespaces.*.deployments.web.alerts").await?;
    client.flush().await?;
    let of_bus = Arc::clone(&alerts);
    let hearing = tokio::spawn(async move {
        while let Some(message) = told.next().await {
            note(&of_bus, &message.subject);
        }
    });
    let (mut sent, mut pace) = (HashMap::new(), interval(Duration::from_millis(1_000 / RATE)));
    for n in 0..seconds * RATE {
        pace.tick().await;
        let name = format!("figure-{n:06}");
        sent.insert(name.clone(), Instant::now());
        nats::publish(&client, &down(&name)).await?;
    }
    let until = Instant::now() + Duration::from_secs(60);
    let count = |seen: &FirstSeen| seen.lock().unwrap_or_else(PoisonError::into_inner).len();
    while count(&alerts) < sent.len() || count(&messages) < sent.len() {
        ensure!(
            Instant::now() < until,
            "of {} events {} alerts and {} messages came",
            sent.len(),
            count(&alerts),
            count(&messages)
        );
        sleep(Duration::from_millis(50)).await;
    }
    for (what, seen) in
        [("its alert on the bus, behind the journal", &alerts), ("the message at its target", &messages)]
    {
        let seen = seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let delays = sent.iter().filter_map(|(name, at)| Some(seen.get(name)?.duration_since(*at).as_secs_f64() * 1e3));
        let mut delays: Vec<f64> = delays.collect();
        delays.sort_by(f64::total_cmp);
        let part = |percent: usize| delays.get(delays.len() * percent / 100).copied().unwrap_or_default();
        println!("from an event to {what}, {RATE} a second: p50 {:.1} ms, p99 {:.1} ms", part(50), part(99));
    }
    hearing.abort();
    receiver.abort();
    host.kill().await
}

fn down(name: &str) -> Value {
    json!({
        "specversion": "1.0", "id": name, "source": "figures", "type": "Kube",
        "subject": format!("ops.clusters.kestrel.namespaces.{name}.deployments.web.events"), "cluster": "kestrel",
        "data": { "reason": "Down", "message": format!("{name} is down") },
    })
}

/// Takes requests, as far as their bodies are concerned.
async fn receive(mut connection: TcpStream, seen: FirstSeen) -> std::io::Result<()> {
    let mut came = Vec::new();
    let mut piece = vec![0; 16 << 10];
    loop {
        let length = connection.read(&mut piece).await?;
        if length == 0 {
            return Ok(());
        }
        came.extend_from_slice(piece.get(..length).unwrap_or_default());
        let text = String::from_utf8_lossy(&came).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok()).flatten()
        });
        if body.len() >= length.unwrap_or_default() {
            note(&seen, body);
            connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await?;
            came.clear();
        }
    }
}
