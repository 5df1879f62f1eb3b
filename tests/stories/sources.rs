//! A watched cluster and Alertmanager tell of one workload: it is one incident, in which both are named, and people hear of it once.
//! Whoever may look in that cluster alone sees what is told of it by senders that name none.

use std::time::Duration;

use anyhow::ensure;
use serde_json::{Value, json};
use tidegate::token::{self, Hash};
use tidegate_fakes::{FakeKubernetes, Scenario};
use tidegate_tests::process::{Process, run};
use tokio::time::sleep;

use crate::watch::{ago, folder, until, watched};

const JOINED: &str = "[correlate]\njoin_sources = [\"alertmanager\", \"events\"]\n";

fn event(pod: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Event", "metadata": { "name": format!("{pod}.17e0"), "namespace": "shop" },
        "involvedObject": { "kind": "Pod", "apiVersion": "v1", "namespace": "shop", "name": pod },
        "reason": "BackOff", "message": "Back-off restarting failed container", "type": "Warning",
        "firstTimestamp": ago(1), "lastTimestamp": ago(0), "count": 3, "eventTime": null,
    })
}

/// What Alertmanager posts of what has fired since then, of which it does not say in which cluster it is.
async fn posts(host: &Process, since: &str, name: &str, severity: &str) -> anyhow::Result<()> {
    let labels = json!({ "alertname": name, "severity": severity, "namespace": "shop", "deployment": "web" });
    let alert = json!({ "status": "firing", "fingerprint": name, "startsAt": since, "labels": labels });
    let (status, answer) = host.post_json("/alert", &json!({ "alerts": [alert] })).await?;
    ensure!(status == 200, "{status}: {answer}");
    Ok(())
}

async fn counts(host: &Process) -> anyhow::Result<Vec<u64>> {
    let mut counts: Vec<u64> =
        host.incidents().await?.iter().filter_map(|incident| incident["alerts"].as_u64()).collect();
    counts.sort_unstable();
    Ok(counts)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_sources_tell_of_a_workload_is_one_incident_where_both_are_named() -> anyhow::Result<()> {
    for (more, once, behind_a_restart) in [(JOINED, &[1, 2][..], &[1, 3][..]), ("", &[1, 1, 1], &[1, 1, 1, 1])] {
        let kubernetes = FakeKubernetes::start(Scenario::empty()).await?;
        let folder = folder(&kubernetes, "", more)?;
        let host = Process::serve(folder.path(), &[]).await?;
        watched(&host).await?;
        kubernetes.put("events", event("web-85754b9c87-x2k4p"));
        let since = ago(0);
        let first = host.until("what the cluster tells", |incident| incident["outcome"] == "needs_person").await?;
        posts(&host, &since, "KubeDeploymentReplicasMismatch", "warning").await?;
        // What is worse than what people were told of is told by itself.
        posts(&host, &since, "KubeDeploymentDown", "critical").await?;
        until("the alerts", async || Ok(counts(&host).await? == once)).await?;
        let id = first["id"].as_str().unwrap_or_default();
        let (_, shown, problems) = run(folder.path(), &[], &["incidents", "show", id]).await?;
        ensure!(shown.contains("alertmanager tells of it as well") != more.is_empty(), "{shown} {problems}");
        // It stays so behind a restart; what is said once more is a repeat, however late it comes.
        host.kill().await?;
        sleep(Duration::from_secs(1)).await;
        let host = Process::serve(folder.path(), &[]).await?;
        posts(&host, &since, "KubeDeploymentReplicasMismatch", "warning").await?;
        posts(&host, &since, "KubeDeploymentGenerationMismatch", "warning").await?;
        until("the alerts behind a restart", async || Ok(counts(&host).await? == behind_a_restart)).await?;
        host.kill().await?;
    }
    Ok(())
}

/// The titles of the incidents that somebody sees.
async fn seen(host: &Process, token: &str) -> anyhow::Result<Vec<String>> {
    let http = tidegate::network::builder().build()?;
    let answer = http.get(format!("{}/v1/incidents", host.url)).bearer_auth(token).send().await?;
    let listed: Value = answer.json().await?;
    let titles = listed["incidents"].as_array().into_iter().flatten().filter_map(|incident| incident["title"].as_str());
    let mut titles: Vec<String> = titles.map(str::to_string).collect();
    titles.sort();
    Ok(titles)
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_looks_in_the_only_cluster_sees_what_names_none() -> anyhow::Result<()> {
    let kubernetes = FakeKubernetes::start(Scenario::empty()).await?;
    let (eve, kim) = (token::generate().map_err(anyhow::Error::msg)?, token::generate().map_err(anyhow::Error::msg)?);
    let mut people = String::new();
    for (name, token, cluster) in [("eve", &eve, "kestrel"), ("kim", &kim, "osprey")] {
        people += &format!(
            "[users.{name}]\ntokens = [\"{}\"]\n[[access]]\npeople = [\"{name}\"]\nrole = \"viewer\"\ncluster = \"{cluster}\"\n",
            Hash::of(token.expose())
        );
    }
    let folder = folder(&kubernetes, "", &people)?;
    let host = Process::serve(folder.path(), &[]).await?;
    let event = json!({
        "specversion": "1.0", "id": "1", "source": "s", "type": "Kube", "subject": "ops.clusters.-.namespaces.shop.pods.cart-1.events",
        "data": { "reason": "BackOff", "message": "it crashes" },
    });
    posts(&host, &ago(0), "KubeDeploymentReplicasMismatch", "warning").await?;
    let (status, answer) = host.post_json("/v1/alerts/events", &event).await?;
    ensure!(status == 200, "{status}: {answer}");
    let labels = json!({ "alertname": "Elsewhere", "namespace": "shop", "cluster": "osprey" });
    let other = json!({ "alerts": [{ "status": "firing", "labels": labels }] });
    let (status, answer) = host.post_json("/alert", &other).await?;
    ensure!(status == 200, "{status}: {answer}");
    until("what names none", async || Ok(seen(&host, eve.expose()).await?.len() == 2)).await?;
    let told = seen(&host, eve.expose()).await?;
    ensure!(told.iter().all(|title| title.ends_with(" in kestrel")), "{told:?}");
    ensure!(seen(&host, kim.expose()).await?.len() == 1, "the sender's own word stays");
    host.kill().await
}
