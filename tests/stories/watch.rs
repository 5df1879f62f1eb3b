//! Clusters are watched: what happens there becomes incidents, once, across kills, versions that are forgotten and an API
//! that goes away; and nothing is asked of it that the manifest of rights does not grant.

use std::fs;
use std::path::Path;
use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Value, json};
use tempfile::TempDir;
use tidegate::clock::SystemClock;
use tidegate::ports::Clock as _;
use tidegate_fakes::{FakeKubernetes, Fault, Request, Scenario};
use tidegate_tests::process::{PATIENCE, Process, binary, run};
use tokio::time::{Instant, sleep};

const RULES: &str = r#"
event("down", #{ on: #{ kind: "node", reason: "NodeNotReady" }, alert: #{ name: "NodeDown", severity: "critical" } });
event("up", #{ on: #{ kind: "node", reason: ["NodeReady", "DeletingNode"] }, resolve: "NodeDown" });
event("crash", #{ on: #{ kind: "pod", reason: "BackOff" }, alert: #{ name: "Crash", ends_after: "1h" } });
"#;

/// Rules that ask how workloads stand.
pub(crate) const OF_WORKLOADS: &str = r#"
event("stuck", #{
    on: #{
        observation: "status", kind: ["deployment", "statefulset", "daemonset"],
        reason: ["ProgressDeadlineExceeded", "RolloutIncomplete"],
    },
    alert: #{ name: "Stuck", ends_after: "1h" },
});
event("moves", #{
    on: #{
        observation: "status", kind: ["deployment", "statefulset", "daemonset"],
        reason: ["DeploymentProgressing", "RolloutComplete"],
    },
    resolve: "Stuck",
});
event("failed", #{
    on: #{ observation: "status", kind: "job", reason: "BackoffLimitExceeded" }, alert: #{ name: "Failed", ends_after: "1h" },
});
event("finished", #{ on: #{ observation: "status", kind: "job", reason: ["Completed", "JobNotFailed"] }, resolve: "Failed" });
event("done", #{ on: #{ observation: "status", kind: "job", reason: "Completed" }, alert: #{ name: "Done", ends_after: "1h" } });
event("loops", #{
    on: #{ observation: "status", kind: "pod", reason: "CrashLoopBackOff" }, alert: #{ name: "Loops", ends_after: "1h" },
});
"#;

const TELL: &str = r#"
rule("tell", #{ then: escalate("somebody looks") });
"#;

/// Now and then, in the words of Kubernetes.
pub(crate) fn ago(minutes: i64) -> String {
    let at = SystemClock.now() - SignedDuration::from_mins(minutes);
    format!("{at:.0}")
}

fn event(pod: &str, count: u64, minutes: i64) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Event", "metadata": { "name": format!("{pod}.17e0"), "namespace": "shop" },
        "involvedObject": { "kind": "Pod", "apiVersion": "v1", "namespace": "shop", "name": pod },
        "reason": "BackOff", "message": "Back-off restarting failed container", "type": "Warning",
        "firstTimestamp": ago(90), "lastTimestamp": ago(minutes), "count": count, "eventTime": null,
    })
}

fn node(ready: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Node", "metadata": { "name": "gpu-07.rack3" },
        "status": { "conditions": [{ "type": "Ready", "status": ready, "lastTransitionTime": ago(0), "message": "kubelet says so" }] },
    })
}

pub(crate) fn folder(kubernetes: &FakeKubernetes, rules: &str, more: &str) -> anyhow::Result<TempDir> {
    let folder = TempDir::new()?;
    kubernetes.kubeconfig_path(folder.path())?;
    fs::create_dir_all(folder.path().join("policies"))?;
    fs::write(folder.path().join("policies/events.rhai"), format!("{RULES}{rules}{TELL}"))?;
    let config = "[journal]\npath = \"data/journal.db\"\n[policies]\npath = \"policies\"\n\
                  [[cluster]]\nname = \"kestrel\"\nkubeconfig = \"kubeconfig.yaml\"\n";
    fs::write(folder.path().join("tidegate.toml"), format!("{config}{more}"))?;
    Ok(folder)
}

/// The incidents, as `alertname object firing`, in order.
pub(crate) async fn told(host: &Process) -> anyhow::Result<Vec<String>> {
    let one = |incident: &Value| {
        let title = incident["title"].as_str().unwrap_or_default();
        format!("{title} {}", incident["firing"])
    };
    let mut told: Vec<String> = host.incidents().await?.iter().map(one).collect();
    told.sort();
    Ok(told)
}

pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !holds().await? {
        anyhow::ensure!(Instant::now() < deadline, "waited in vain for {what}");
        sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

pub(crate) async fn metric(host: &Process, name: &str, resource: &str) -> anyhow::Result<u64> {
    let text = host.text("/metrics").await?;
    let line = format!("tidegate_watch_{name}{{cluster=\"kestrel\",resource=\"{resource}\"}} ");
    Ok(text.lines().find_map(|text| text.strip_prefix(&line)?.parse().ok()).unwrap_or_default())
}

pub(crate) async fn watched(host: &Process) -> anyhow::Result<()> {
    until("the watches", async || Ok(metric(host, "up", "events").await? + metric(host, "up", "nodes").await? == 2))
        .await
}

async fn problems(host: &Process) -> anyhow::Result<(bool, String)> {
    let ready = host.get("/readyz").await?;
    Ok((ready["ready"] == json!(true), ready["problems"].to_string()))
}

/// Waits until what was seen is written down.
async fn remembered(folder: &Path, kubernetes: &FakeKubernetes) -> anyhow::Result<()> {
    let newest = kubernetes.objects("events", "shop").iter().filter_map(version).max().unwrap_or_default();
    let file = folder.join("data/watch/events@@kestrel.json");
    let written = || -> Option<u64> {
        let kept: Value = serde_json::from_slice(&fs::read(&file).ok()?).ok()?;
        kept["version"].as_str()?.parse().ok()
    };
    until("the memory", async || Ok(written().is_some_and(|version| version >= newest))).await
}

fn version(object: &Value) -> Option<u64> {
    object["metadata"]["resourceVersion"].as_str()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_in_a_cluster_is_heard_once_whatever_happens_to_the_host_and_the_api() -> anyhow::Result<()> {
    // What is young when the test begins is old when the binary has been built.
    binary()?;
    let kubernetes = FakeKubernetes::start(Scenario::empty()).await?;
    kubernetes.put("events", event("old-1", 3, 50));
    kubernetes.put("events", event("young-1", 142, 1));
    let folder = folder(&kubernetes, OF_WORKLOADS, "")?;
    let host = Process::serve(folder.path(), &[]).await?;
    watched(&host).await?;
    let young = "Crash: pod shop/young-1 in kestrel 1";
    until("what is young", async || Ok(told(&host).await? == [young])).await?;
    // The same happening in another version says nothing new; one more does, on the same incident.
    let mut same = kubernetes.object("events", "shop", "young-1.17e0").unwrap_or_default();
    same["metadata"]["annotations"] = json!({ "somebody": "wrote" });
    kubernetes.put("events", same);
    kubernetes.put("events", event("young-1", 150, 0));
    kubernetes.put("nodes", node("Unknown"));
    until("the node", async || Ok(told(&host).await?.contains(&"NodeDown: node gpu-07.rack3 in kestrel 1".into())))
        .await?;
    until("both", async || Ok(metric(&host, "news_total", "events").await? == 2)).await?;
    remembered(folder.path(), &kubernetes).await?;
    host.kill().await?;

    // What happened meanwhile is news; what was told is none.
    kubernetes.put("events", event("meanwhile-1", 1, 0));
    kubernetes.remove("events", "shop", "old-1.17e0");
    kubernetes.put("nodes", node("True"));
    let host = Process::serve(folder.path(), &[]).await?;
    let meanwhile = "Crash: pod shop/meanwhile-1 in kestrel 1";
    let healed = ["Crash: pod shop/meanwhile-1 in kestrel 1", young, "NodeDown: node gpu-07.rack3 in kestrel 0"];
    until("what happened meanwhile", async || Ok(told(&host).await? == healed)).await?;
    assert_eq!((metric(&host, "news_total", "events").await?, metric(&host, "lists_total", "events").await?), (1, 0));

    // The version is forgotten: all is listed, and nothing of it is news.
    kubernetes.compact();
    until("the list", async || Ok(metric(&host, "lists_total", "events").await? == 1)).await?;
    assert_eq!((metric(&host, "gone_total", "events").await?, metric(&host, "news_total", "events").await?), (1, 1));
    // An API that answers a forgotten version with silence is asked for all after the second time.
    kubernetes.set_fault(Fault::empty_watch().on_path("/events").times(2));
    kubernetes.end_watches();
    until("another list", async || Ok(metric(&host, "lists_total", "events").await? >= 2)).await?;
    assert_eq!(metric(&host, "news_total", "events").await?, 1);

    // Rights that are missing are named, and the host is ready all the same.
    kubernetes.set_fault(Fault::forbidden().on_path("/events"));
    kubernetes.end_watches();
    until("the rights", async || {
        Ok(problems(&host).await?.1.contains("list and watch on events or events.events.k8s.io"))
    })
    .await?;
    assert!(problems(&host).await?.0);
    kubernetes.clear_faults();
    watched(&host).await?;

    // Away, and back with another history.
    let port = kubernetes.url().rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or_default();
    let requests = kubernetes.requests();
    drop(kubernetes);
    until("that it is away", async || {
        Ok(problems(&host).await?.1.contains("cluster kestrel: its events and nodes and deployments and"))
    })
    .await?;
    let kubernetes = FakeKubernetes::start_on(Scenario::empty(), port).await?;
    watched(&host).await?;
    kubernetes.put("events", event("back-1", 1, 0));
    let back = "Crash: pod shop/back-1 in kestrel 1";
    until("what happens then", async || Ok(told(&host).await?.contains(&back.into()))).await?;
    assert!(told(&host).await?.contains(&meanwhile.into()));
    until("all of it", async || Ok(!problems(&host).await?.1.contains("kestrel: its"))).await?;
    host.kill().await?;
    allowed(&requests)
}

/// Holds what was asked of the API against the manifest of rights: no more than it grants, and all of that.
pub(crate) fn allowed(requests: &[Request]) -> anyhow::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/deploy/watch-rbac.yaml");
    let text = fs::read_to_string(path)?;
    let role = text.split("\n---\n").find(|document| document.contains("kind: ClusterRole\n"));
    let role: Value = serde_json::to_value(serde_saphyr::from_str::<Value>(role.unwrap_or_default())?)?;
    let texts = |rule: &Value, key: &str| -> Vec<String> {
        rule[key].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_string).collect()
    };
    let mut granted = std::collections::BTreeSet::new();
    for rule in role["rules"].as_array().into_iter().flatten() {
        for group in texts(rule, "apiGroups") {
            for resource in texts(rule, "resources") {
                granted.extend(texts(rule, "verbs").into_iter().map(|verb| format!("{verb} {group}/{resource}")));
            }
        }
    }
    let mut made = std::collections::BTreeSet::new();
    for request in requests {
        assert_eq!(request.method, "GET", "{}", request.path);
        let verb = if request.parameter("watch").is_empty() { "list" } else { "watch" };
        let parts: Vec<&str> = request.path.trim_matches('/').split('/').collect();
        let (group, resource) = match parts.as_slice() {
            ["api", "v1", resource] => ("", *resource),
            ["apis", group, "v1", resource] => (*group, *resource),
            other => anyhow::bail!("{other:?} is asked for, which no list is"),
        };
        // The other view of events is tried where this one is forbidden, as it was for a while.
        if request.status != Some(403) && group != "events.k8s.io" {
            made.insert(format!("{verb} {group}/{resource}"));
        }
    }
    assert_eq!(made, granted);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_cluster_that_is_away_costs_another_nothing_and_mistakes_are_named_before_the_start() -> anyhow::Result<()>
{
    let kubernetes = FakeKubernetes::start(Scenario::empty()).await?;
    let away = "[[cluster]]\nname = \"osprey\"\nkubeconfig = \"osprey.yaml\"\nwatch = [\"events\"]\n\
                [sources.alertmanager]\ncluster = \"osprey\"\n";
    let folder = folder(&kubernetes, "", away)?;
    let (code, text, problems_of) = run(folder.path(), &[], &["check"]).await?;
    assert!(code != 0 && problems_of.contains("osprey.yaml: cannot be read"), "{text}{problems_of}");
    let nowhere = kubernetes.kubeconfig().replace(kubernetes.url(), "http://127.0.0.1:9");
    fs::write(folder.path().join("osprey.yaml"), nowhere)?;
    let (code, text, problems_of) = run(folder.path(), &[], &["check"]).await?;
    assert!(code == 0 && text.contains("clusters: kestrel (events, nodes, as far as rules ask deployments, statefulsets, daemonsets, jobs, pods), osprey (events)"), "{text}{problems_of}");
    kubernetes.set_fault(Fault::unauthorized().on_path("/nodes").times(1));
    let host = Process::serve(folder.path(), &[]).await?;
    watched(&host).await?;
    kubernetes.put("events", event("cart-1", 1, 0));
    until("the event", async || Ok(told(&host).await? == ["Crash: pod shop/cart-1 in kestrel 1"])).await?;
    // It is tried a few times before it is named.
    until("the cluster that is away", async || {
        let (ready, text) = problems(&host).await?;
        assert!(ready, "{text}");
        Ok(text.contains("cluster osprey: its events are not seen since"))
    })
    .await?;
    assert_eq!(metric(&host, "failures_total", "nodes").await?, 1);
    // A sender that names no cluster has the one of its source.
    let alert = json!({ "version": "4", "status": "firing", "alerts": [{
        "status": "firing", "labels": { "alertname": "Slow", "namespace": "shop" }, "annotations": {},
        "startsAt": ago(1), "endsAt": "0001-01-01T00:00:00Z", "fingerprint": "f",
    }] });
    let (status, answer) = host.post_json("/alert", &alert).await?;
    assert_eq!(status, 200, "{answer}");
    assert!(told(&host).await?.contains(&"Slow in osprey/shop 1".to_string()), "{:?}", told(&host).await?);
    host.kill().await
}
