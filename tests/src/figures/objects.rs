//! What a watch of very many pods and events takes.

use std::time::{Duration, Instant};

use anyhow::ensure;
use serde_json::{Value, json};
use tidegate_fakes::{FakeKubernetes, Scenario};
use tokio::time::sleep;

use super::usage::Usage;
use super::{folder, metric};
use crate::process::Process;

const RULES: &str = r#"
event("crash", #{ on: #{ observation: "events", kind: "pod", reason: "BackOff" }, alert: #{ name: "Crash", ends_after: "1h" } });
event("loops", #{ on: #{ observation: "status", kind: "pod", reason: "CrashLoopBackOff" }, alert: #{ name: "Loops", ends_after: "1h" } });
rule("tell", #{ then: escalate("somebody looks") });
"#;

/// Changes behind the list.
const CHANGES: usize = 1_000;

/// A pod of the size that pods have: most of it is of no concern here.
fn pod(n: usize, state: &Value) -> Value {
    let fields: Vec<Value> =
        (0..12).map(|field| json!({ "manager": "kubelet", "field": field, "x": "y".repeat(100) })).collect();
    let environment: Vec<Value> =
        (0..20).map(|n| json!({ "name": format!("VARIABLE_{n}"), "value": "z".repeat(60) })).collect();
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": format!("web-{n}"), "namespace": "shop", "managedFields": fields, "labels": { "app": "web" } },
        "spec": { "containers": [{ "name": "web", "image": "registry.example/web:1", "env": environment }] },
        "status": { "phase": "Running", "containerStatuses": [{ "name": "web", "restartCount": 0, "ready": true, "state": state }] },
    })
}

fn event(n: usize) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Event", "metadata": { "name": format!("web-{n}.17e0"), "namespace": "shop" },
        "involvedObject": { "kind": "Pod", "apiVersion": "v1", "namespace": "shop", "name": format!("web-{n}") },
        "reason": "Killing", "message": "Stopping container web", "type": "Normal", "count": 1,
        "lastTimestamp": "2026-11-27T04:12:09Z",
    })
}

/// Has a host watch so many pods and so many events.
pub async fn measure(objects: usize) -> anyhow::Result<()> {
    let running = json!({ "running": { "startedAt": "2026-07-01T12:00:00Z" } });
    for most in [0, objects] {
        let kubernetes = FakeKubernetes::start(Scenario::empty()).await?;
        for n in 0..most {
            kubernetes.put("pods", pod(n, &running));
            kubernetes.put("events", event(n));
        }
        let folder = folder(
            "[[cluster]]\nname = \"kestrel\"\nkubeconfig = \"kubeconfig.yaml\"\nwatch = [\"events\", \"pods\"]\n",
            RULES,
        )?;
        kubernetes.kubeconfig_path(folder.path())?;
        let began = Instant::now();
        let host = Process::serve(folder.path(), &[]).await?;
        let row = |name: &str, of: &str| format!("tidegate_watch_{name}{{cluster=\"kestrel\",resource=\"{of}\"}}");
        let until = began + Duration::from_secs(600);
        while metric(&host, &row("lists_total", "pods")).await? == 0
            || metric(&host, &row("lists_total", "events")).await? == 0
        {
            ensure!(Instant::now() < until, "the lists do not come to their end");
            sleep(Duration::from_millis(50)).await;
        }
        let (listed, usage) = (began.elapsed().as_secs_f64(), Usage::of(host.pid()?)?);
        ensure!(metric(&host, &row("objects_total", "pods")).await? >= most as u64, "not all were seen");
        let crashes = json!({ "waiting": { "reason": "CrashLoopBackOff" } });
        for n in 0..CHANGES {
            kubernetes.put("pods", pod(n, &crashes));
        }
        while metric(&host, &row("news_total", "pods")).await? < CHANGES as u64 {
            ensure!(Instant::now() < until, "what changed is not told");
            sleep(Duration::from_millis(50)).await;
        }
        let after = Usage::of(host.pid()?)?;
        println!(
            "a watch of {most} pods and {most} events: listed after {listed:.1} s, with {:.1} s of processor time; memory {:.0} MB then, \
             {:.0} MB with {CHANGES} alerts of pods, {:.0} MB at most",
            usage.processor, usage.memory, after.memory, after.peak
        );
        host.kill().await?;
    }
    Ok(())
}
