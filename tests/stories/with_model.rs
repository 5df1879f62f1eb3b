//! No rule matches: evidence is collected, the model proposes, a person approves, the host executes.

use std::time::Duration;

use serde_json::Value;
use tidegate_fakes::model::recorded;
use tidegate_tests::process::{Process, run};
use tidegate_tests::rig::{POD_NOT_READY, Rig};

/// No rule; a person must approve patches; the deployment itself shows whether they helped.
pub const POLICY: &str = r#"
evidence("the-pod", #{
    on: #{ alertname: "KubePodNotReady" },
    collect: |i| [look("kubernetes.kubectl_describe", #{
        resourceType: "pod", name: i.firing[0].labels.pod, namespace: i.labels.namespace,
    })],
});
gate("patches-need-a-person", #{
    on: #{ tool: re(".*\\.kubectl_patch") },
    ask: #{ who: "anybody", within: "30m" },
});
check("a-patched-deployment-is-available", #{
    on: #{ tool: re(".*\\.kubectl_patch") },
    verify: |a, i| verification(
        look(a.server + ".kubectl_get", #{
            resourceType: a.arguments.resourceType, name: a.arguments.name,
            namespace: a.arguments.namespace, output: "json",
        }), #{
            present: [
                "$[?$.status.observedGeneration >= $.metadata.generation]",
                "$[?$.status.updatedReplicas == $.spec.replicas]",
                "$[?$.status.availableReplicas == $.spec.replicas]",
            ],
            applied: ["$.spec.template.spec.containers[?@.image == '"
                + a.arguments.patchData.spec.template.spec.containers[0].image + "']"],
            within: "1m", every: "500ms",
        }),
});
route("everything", #{ to: ["feishu-oncall"] });
"#;

/// What must hold at the end, however often the host died on the way.
pub async fn end_state(rig: &Rig, incident: &Value) -> anyhow::Result<()> {
    assert_eq!(incident["outcome"], "fixed", "{incident:#}");
    assert_eq!(incident["verdict"]["rule"], Value::Null);
    let patch = incident["actions"].as_array().unwrap().last().unwrap();
    assert_eq!(patch["tool"], "kubernetes.kubectl_patch");
    assert_eq!(patch["ruling"], "ask");
    assert_eq!(patch["state"], "verified");
    assert_eq!(rig.patches(), 1, "the patch must reach the API exactly once");
    let calls = incident["model"]["calls"].as_u64().unwrap();
    assert!((1..=3).contains(&calls), "{calls} model calls");
    rig.kubernetes.until_healthy(Duration::from_secs(10)).await
}

/// Waits for the question and answers it on the command line.
pub async fn approve(rig: &Rig, host: &Process) -> anyhow::Result<()> {
    let incident = host
        .until("a question to a person", |incident| {
            incident["state"] == "awaiting_approval" || incident["outcome"].is_string()
        })
        .await?;
    assert_eq!(incident["state"], "awaiting_approval", "{incident:#}");
    assert_eq!(rig.patches(), 0, "nothing may be changed before a person has approved");
    let id = incident["id"].as_str().unwrap();
    let action = incident["actions"].as_array().unwrap().last().unwrap()["id"].as_str().unwrap();
    let arguments = ["--listen", host.url.trim_start_matches("http://"), "approve", id, action, "--as", "ada"];
    let (code, output, problems) = run(rig.folder(), &rig.environment, &arguments).await?;
    anyhow::ensure!(code == 0, "{output}{problems}");
    Ok(())
}

async fn story(script: Vec<tidegate_fakes::Scripted>) -> anyhow::Result<()> {
    let rig = Rig::new(POLICY, Some(script)).await?;
    let host = rig.serve().await?;
    let (status, answer) = host.post("/alert", POD_NOT_READY).await?;
    assert_eq!(status, 200, "{answer}");
    approve(&rig, &host).await?;
    let incident = host.until("the report", |incident| incident["report"].is_string()).await?;
    end_state(&rig, &incident).await?;
    let report = incident["report"].as_str().unwrap();
    assert!(report.contains("ada"), "the report names who approved:\n{report}");
    // Whoever answers once more is told that nobody waits, and is neither shown nor asked anything.
    let (id, action) = (incident["id"].as_str().unwrap(), incident["actions"].as_array().unwrap().last().unwrap());
    let (action, state) = (action["id"].as_str().unwrap(), action["state"].as_str().unwrap());
    for word in ["approve", "deny"] {
        let arguments = ["--listen", host.url.trim_start_matches("http://"), word, id, action, "--as", "ada"];
        let (code, output, problems) = run(rig.folder(), &rig.environment, &arguments).await?;
        let wanted = format!("action {action} of {id} waits for nobody: it is {state}");
        anyhow::ensure!(code == 1 && output.is_empty() && problems.contains(&wanted), "{output}{problems}");
    }
    let model = rig.model.as_ref().unwrap();
    assert!(model.refused().is_empty(), "{:?}", model.refused());
    assert_eq!(model.beyond_script(), 0);
    rig.reproduces().await?;
    host.kill().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_recorded_answers_in_fenced_yaml() -> anyhow::Result<()> {
    story(recorded::fenced()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_decisions_as_native_tool_calls() -> anyhow::Result<()> {
    story(recorded::native()).await
}
