//! How workloads stand is watched while rules ask for it, and told once: also across a kill, a version that is forgotten, and
//! lists of many pages.

use std::fs;

use serde_json::{Value, json};
use tidegate_fakes::{FakeKubernetes, Fault, Scenario};
use tidegate_tests::process::{Process, binary};

use crate::watch::{OF_WORKLOADS, ago, folder, metric, told, until, watched};

/// Objects of more pages than one.
const PODS: usize = 600;

fn object(kind: &str, name: &str, spec: Value, status: Value) -> Value {
    let group = if kind == "Job" { "batch/v1" } else { "apps/v1" };
    let group = if kind == "Pod" { "v1" } else { group };
    json!({
        "apiVersion": group, "kind": kind, "metadata": { "name": name, "namespace": "shop", "generation": 2 },
        "spec": spec, "status": status,
    })
}

fn set(updated: u64) -> Value {
    let status = json!({
        "observedGeneration": 2, "replicas": 3, "readyReplicas": 3, "availableReplicas": 3, "updatedReplicas": updated,
        "currentRevision": "db-1", "updateRevision": if updated < 3 { "db-2" } else { "db-1" },
    });
    object("StatefulSet", "db", json!({ "replicas": 3, "updateStrategy": { "type": "RollingUpdate" } }), status)
}

fn daemons(updated: u64) -> Value {
    let status = json!({
        "observedGeneration": 2, "desiredNumberScheduled": 4, "currentNumberScheduled": 4, "numberReady": 4,
        "numberAvailable": 4, "updatedNumberScheduled": updated, "numberMisscheduled": 0,
    });
    object("DaemonSet", "agent", json!({ "updateStrategy": { "type": "RollingUpdate" } }), status)
}

fn job(name: &str, kind: &str) -> Value {
    let reason = if kind == "Failed" { "BackoffLimitExceeded" } else { "CompletionsReached" };
    let condition = json!({ "type": kind, "status": "True", "reason": reason, "lastTransitionTime": ago(0) });
    object("Job", name, json!({ "backoffLimit": 1 }), json!({ "failed": 1, "conditions": [condition] }))
}

fn pod(name: &str, state: Value) -> Value {
    let container = json!({ "name": "web", "ready": false, "restartCount": 4, "state": state });
    object(
        "Pod",
        name,
        json!({ "containers": [{ "name": "web", "image": "web:1" }] }),
        json!({ "containerStatuses": [container] }),
    )
}

/// Incidents by name and object: those of workloads, and not of the events that the scenario brings along.
async fn of_workloads(host: &Process) -> anyhow::Result<Vec<String>> {
    Ok(told(host).await?.into_iter().filter(|line| !line.starts_with("Crash: ")).collect())
}

/// What of them fires.
async fn fires(host: &Process) -> anyhow::Result<Vec<String>> {
    Ok(of_workloads(host).await?.into_iter().filter(|line| !line.ends_with(" 0")).collect())
}

async fn until_fires(host: &Process, what: &str, wanted: &[&str]) -> anyhow::Result<()> {
    let mut last = Vec::new();
    let waited = until(what, async || {
        last = fires(host).await?;
        Ok(last.iter().map(String::as_str).eq(wanted.iter().copied()))
    });
    waited.await.map_err(|error| error.context(format!("{last:#?}")))
}

#[tokio::test(flavor = "multi_thread")]
async fn how_workloads_stand_is_heard_while_rules_ask_and_ends_when_they_are_well() -> anyhow::Result<()> {
    binary()?;
    let kubernetes = FakeKubernetes::start(Scenario::bad_image_tag()).await?;
    kubernetes.put("statefulsets", set(1));
    kubernetes.put("daemonsets", daemons(3));
    kubernetes.put("jobs", job("backup-1", "Failed"));
    for n in 0..PODS {
        kubernetes.put("pods", pod(&format!("web-{n}"), json!({ "running": { "startedAt": ago(60) } })));
    }
    kubernetes
        .put("pods", pod("cart-1", json!({ "waiting": { "reason": "CrashLoopBackOff", "message": "back-off 5m0s" } })));
    let folder = folder(&kubernetes, "", "")?;
    let host = Process::serve(folder.path(), &[]).await?;
    watched(&host).await?;
    let asked = |plural: &str| kubernetes.requests().iter().filter(|request| request.path.ends_with(plural)).count();
    assert_eq!(asked("/deployments") + asked("/jobs") + asked("/pods"), 0, "nobody has asked for them");
    assert!(!host.text("/metrics").await?.contains("resource=\"jobs\""));

    // A rule asks.
    let rules = folder.path().join("policies/events.rhai");
    let text = fs::read_to_string(&rules)?;
    fs::write(&rules, format!("{text}{OF_WORKLOADS}"))?;
    let all = [
        "Failed: job shop/backup-1 in kestrel 1",
        "Loops: pod shop/cart-1 in kestrel 1",
        "Stuck: daemonset shop/agent in kestrel 1",
        "Stuck: deployment default/nginx-deployment in kestrel 1",
        "Stuck: statefulset shop/db in kestrel 1",
    ];
    until_fires(&host, "what is not well", &all).await?;
    let pages = kubernetes.requests().iter().filter(|request| !request.parameter("continue").is_empty()).count();
    assert!(pages >= 2, "{PODS} pods come in {pages} pages behind the first");
    assert!(asked("/deployments") > 0 && metric(&host, "objects_total", "pods").await? >= PODS as u64);

    // What is well again ends, what is at its end is told once, and what was deleted while nobody looked ends as well.
    kubernetes.put("statefulsets", set(3));
    kubernetes.put("jobs", job("report-1", "Complete"));
    let rest = [
        "Done: job shop/report-1 in kestrel 1",
        "Failed: job shop/backup-1 in kestrel 1",
        "Loops: pod shop/cart-1 in kestrel 1",
        "Stuck: daemonset shop/agent in kestrel 1",
        "Stuck: deployment default/nginx-deployment in kestrel 1",
    ];
    until_fires(&host, "what is well again", &rest).await?;
    let news = metric(&host, "news_total", "jobs").await?;
    // A mark at the end of each watch keeps its place although all changes are forgotten; an API that is silent is asked for all.
    kubernetes.compact();
    kubernetes.set_fault(Fault::empty_watch().on_path("/jobs").times(2));
    kubernetes.end_watches();
    until("another list", async || Ok(metric(&host, "lists_total", "jobs").await? >= 2)).await?;
    assert_eq!((metric(&host, "gone_total", "jobs").await?, metric(&host, "lists_total", "pods").await?), (0, 1));
    assert_eq!(metric(&host, "news_total", "jobs").await?, news, "a list of what was seen");
    until("the places", async || Ok(folder.path().join("data/watch/jobs@@kestrel.json").is_file())).await?;
    host.kill().await?;
    kubernetes.remove("jobs", "shop", "backup-1");
    kubernetes.put("daemonsets", daemons(4));
    repaired(&kubernetes).await?;
    let host = Process::serve(folder.path(), &[]).await?;
    let last = ["Done: job shop/report-1 in kestrel 1", "Loops: pod shop/cart-1 in kestrel 1"];
    until_fires(&host, "what ended while nobody looked", &last).await?;
    assert_eq!(of_workloads(&host).await?.len(), 6, "each was one incident");

    // Nobody asks any more.
    fs::write(&rules, text)?;
    until("the end of the watch", async || Ok(!host.text("/metrics").await?.contains("resource=\"jobs\""))).await?;
    host.kill().await
}

/// The deployment gets an image that there is.
async fn repaired(kubernetes: &FakeKubernetes) -> anyhow::Result<()> {
    let path = "/apis/apps/v1/namespaces/default/deployments/nginx-deployment";
    let patch =
        json!({ "spec": { "template": { "spec": { "containers": [{ "name": "nginx", "image": "nginx:1.25" }] } } } });
    let request = tidegate::network::builder().build()?.patch(format!("{}{path}", kubernetes.url()));
    let request = request.header("content-type", "application/strategic-merge-patch+json").body(patch.to_string());
    anyhow::ensure!(request.send().await?.status().is_success(), "the patch is refused");
    kubernetes.until_healthy(tidegate_tests::process::PATIENCE).await
}
