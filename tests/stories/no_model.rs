//! A policy sends the incident to a plugin, the gate allows its patch, pods run, people are told.

use serde_json::Value;
use tidegate_tests::process::run;
use tidegate_tests::rig::{POD_NOT_READY, Rig};

/// Three pods, one deployment: the plugin plans, the gate allows what it plans for deployments, and the
/// deployment itself shows whether it helped.
pub const POLICY: &str = r#"
rule("pod-not-ready", #{
    on: #{ alertname: "KubePodNotReady" },
    then: |i| plan("kubernetes-workload"),
});
gate("image-repair-by-the-plugin", #{
    on: #{ tool: re(".*\\.kubectl_patch"), origin: "plugin", kind: "deployment" },
    allow: budget(#{ max: 3, per: ["cluster", "namespace"], within: "1h" }),
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
    assert_eq!(incident["alerts"], 3);
    assert_eq!(incident["verdict"]["rule"], "pod-not-ready");
    assert_eq!(incident["model"]["calls"], 0);
    let actions = incident["actions"].as_array().unwrap();
    assert_eq!(actions.len(), 1, "{actions:#?}");
    assert_eq!(actions[0]["tool"], "kubernetes.kubectl_patch");
    assert_eq!(actions[0]["ruling"], "allow");
    assert_eq!(actions[0]["state"], "verified");
    assert_eq!(rig.patches(), 1, "the patch must reach the API exactly once");
    let deployment = rig.kubernetes.object("deployments", "default", "nginx-deployment").unwrap();
    assert_eq!(deployment["spec"]["template"]["spec"]["containers"][0]["image"], "nginx:1.25");
    rig.kubernetes.until_healthy(std::time::Duration::from_secs(10)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_a_plugin_and_a_gate_repair_the_deployment() -> anyhow::Result<()> {
    let rig = Rig::new(POLICY, None).await?;
    let host = rig.serve().await?;
    let (status, answer) = host.post("/alert", POD_NOT_READY).await?;
    assert_eq!(status, 200, "{answer}");
    // The same body again is a repeat and opens nothing.
    let (status, answer) = host.post("/alert", POD_NOT_READY).await?;
    assert_eq!(status, 200, "{answer}");

    let incident = host.until("the report", |incident| incident["report"].is_string()).await?;
    end_state(&rig, &incident).await?;
    let report = incident["report"].as_str().unwrap();
    for part in ["KubePodNotReady", "nginx:1.25", "pod-not-ready", "image-repair-by-the-plugin"] {
        assert!(report.contains(part), "the report lacks {part}:\n{report}");
    }

    let deadline = std::time::Instant::now() + tidegate_tests::process::PATIENCE;
    while rig.feishu.cards().is_empty() && std::time::Instant::now() < deadline {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(rig.feishu.cards().len(), 1, "{:?}", rig.feishu.refusals());
    assert!(rig.feishu.refusals().is_empty(), "{:?}", rig.feishu.refusals());

    let id = incident["id"].as_str().unwrap();
    let (code, timeline, problems) = run(rig.folder(), &rig.environment, &["incidents", "show", id]).await?;
    assert_eq!(code, 0, "{problems}");
    assert!(timeline.contains("pod-not-ready"), "{timeline}");
    let (code, verified, problems) = run(rig.folder(), &rig.environment, &["journal", "verify"]).await?;
    assert_eq!(code, 0, "{verified}{problems}");
    rig.reproduces().await?;
    host.kill().await
}

#[tokio::test(flavor = "multi_thread")]
async fn handle_runs_the_whole_pipeline_in_one_process() -> anyhow::Result<()> {
    let rig = Rig::new(POLICY, None).await?;
    let payload = rig.payload()?;
    let arguments = ["handle", payload.to_str().unwrap(), "--json"];
    let (code, output, problems) = run(rig.folder(), &rig.environment, &arguments).await?;
    assert_eq!(code, 0, "{output}{problems}");
    let document: Value = serde_json::from_str(&output)?;
    end_state(&rig, &document["incidents"][0]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn in_observe_mode_nothing_is_changed_and_the_report_says_what_would_have_been() -> anyhow::Result<()> {
    let rig = Rig::new(POLICY, None).await?;
    let payload = rig.payload()?;
    let arguments = ["--mode", "observe", "handle", payload.to_str().unwrap(), "--json"];
    let (code, output, problems) = run(rig.folder(), &rig.environment, &arguments).await?;
    assert_eq!(code, 4, "{output}{problems}");
    let document: Value = serde_json::from_str(&output)?;
    let incident = &document["incidents"][0];
    assert_eq!(incident["outcome"], "needs_person");
    assert_eq!(incident["actions"][0]["ruling"], "allow");
    assert_eq!(incident["actions"][0]["state"], "observed");
    assert_eq!(rig.patches(), 0);
    Ok(())
}
