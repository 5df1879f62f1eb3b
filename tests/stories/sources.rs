//! A watched cluster and Alertmanager tell of one workload: it is one incident, in which both are named, and people hear of it once.

use std::time::Duration;

use anyhow::ensure;
use serde_json::{Value, json};
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
