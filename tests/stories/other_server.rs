//! The stories again through the server that writes objects as a whole: a plugin repairs and a gate allows,
//! the shipped policies ask a person, a model proposes, the host dies on the way.

use std::time::Duration;

use serde_json::{Value, json};
use tidegate_fakes::Scenario;
use tidegate_fakes::model::Scripted;
use tidegate_tests::process::{Process, run};
use tidegate_tests::rig::{POD_NOT_READY, Rig, ToolServer};

use super::with_model;

/// The plugin plans, the gate allows what it plans for deployments, and the deployment shows whether it helped.
const POLICY: &str = r#"
rule("pod-not-ready", #{
    on: #{ alertname: "KubePodNotReady" },
    then: |i| plan("kubernetes-workload"),
});
gate("image-repair-by-the-plugin", #{
    on: #{ tool: glob("*.resources_create_or_update"), origin: "plugin", kind: "deployment" },
    allow: budget(#{ max: 3, per: ["cluster", "namespace"], within: "1h" }),
});
check("a-written-deployment-is-available", #{
    on: #{ tool: glob("*.resources_create_or_update") },
    verify: |a, i| verification(
        look(a.server + ".resources_get", #{
            apiVersion: "apps/v1", kind: "Deployment", name: a.target_name, namespace: a.namespace,
        }), #{
            present: [
                "$[?$.status.observedGeneration >= $.metadata.generation]",
                "$[?$.status.updatedReplicas == $.spec.replicas]",
                "$[?$.status.availableReplicas == $.spec.replicas]",
            ],
            applied: ["$.spec.template.spec.containers[?@.image == 'nginx:1.25']"],
            within: "1m", every: "500ms",
        }),
});
route("everything", #{ to: ["feishu-oncall"] });
"#;

async fn rig(policy: &str, script: Option<Vec<Scripted>>) -> anyhow::Result<Rig> {
    let scenario = Scenario::bad_image_tag().start_delay(Duration::from_millis(100));
    Rig::with_server(ToolServer::Native, scenario, policy, script).await
}

/// A host with the shipped policies that has taken the alert.
async fn under_shipped_policies() -> anyhow::Result<(Rig, Process)> {
    let rig = rig("", None).await?;
    rig.ship_policies()?;
    let host = rig.serve().await?;
    let (status, answer) = host.post("/alert", POD_NOT_READY).await?;
    assert_eq!(status, 200, "{answer}");
    Ok((rig, host))
}

async fn end_state(rig: &Rig, incident: &Value) -> anyhow::Result<()> {
    assert_eq!(incident["outcome"], "fixed", "{incident:#}");
    let action = incident["actions"].as_array().unwrap().last().unwrap();
    assert_eq!(action["tool"], "kubernetes.resources_create_or_update");
    assert_eq!(action["state"], "verified");
    assert_eq!(rig.patches(), 1, "the write must reach the API exactly once");
    let deployment = rig.kubernetes.object("deployments", "default", "nginx-deployment").unwrap();
    assert_eq!(deployment["spec"]["template"]["spec"]["containers"][0]["image"], "nginx:1.25");
    rig.kubernetes.until_healthy(Duration::from_secs(10)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_repairs_by_writing_the_whole_and_people_see_the_change() -> anyhow::Result<()> {
    let rig = rig(POLICY, None).await?;
    let host = rig.serve().await?;
    let (status, answer) = host.post("/alert", POD_NOT_READY).await?;
    assert_eq!(status, 200, "{answer}");
    let incident = host.until("the report", |incident| incident["report"].is_string()).await?;
    end_state(&rig, &incident).await?;
    assert_eq!(incident["actions"].as_array().unwrap().len(), 1);
    let report = incident["report"].as_str().unwrap();
    let change = "spec.template.spec.containers[nginx].image: \"nginx:1.25-\" → \"nginx:1.25\"";
    assert!(report.contains(change), "the report shows what changed:\n{report}");
    for head in ["managedFields", "terminationMessagePath", "last-applied-configuration"] {
        assert!(!report.contains(head), "the report shows {head}:\n{report}");
    }
    assert!(report.contains("the registry has none of that name"), "{report}");
    let id = incident["id"].as_str().unwrap();
    let (code, all, problems) = run(rig.folder(), &rig.environment, &["evidence", id]).await?;
    assert!(code == 0 && all.contains("1. ") && all.contains("ErrImagePull"), "{all}{problems}");
    let (code, whole, problems) = run(rig.folder(), &rig.environment, &["evidence", id, "1"]).await?;
    assert!(code == 0 && whole.contains("apiVersion: v1"), "the whole answer: {whole}{problems}");
    let (code, _, problems) = run(rig.folder(), &rig.environment, &["evidence", id, "99"]).await?;
    assert!(code != 0 && problems.contains("there is no number 99"), "{problems}");
    rig.reproduces().await?;
    host.kill().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shipped_policies_ask_and_take_back_what_does_not_help() -> anyhow::Result<()> {
    let (rig, host) = under_shipped_policies().await?;
    with_model::approve(&rig, &host).await?;
    let incident = host.until("the report", |incident| incident["report"].is_string()).await?;
    end_state(&rig, &incident).await?;
    let action = &incident["actions"][0];
    assert_eq!((&action["rule"], &action["ruling"]), (&json!("repairs-need-a-person"), &json!("ask")), "{action:#}");
    rig.reproduces().await?;
    host.kill().await
}

/// What stands there changes between the question and the answer: the write would overwrite it.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_elses_change_is_overwritten() -> anyhow::Result<()> {
    let (rig, host) = under_shipped_policies().await?;
    host.until("a question to a person", |incident| incident["state"] == "awaiting_approval").await?;
    let client = tidegate::network::builder().build()?;
    let deployment = format!("{}/apis/apps/v1/namespaces/default/deployments/nginx-deployment", rig.kubernetes.url());
    let minimum = json!({"spec": {"minReadySeconds": 7}});
    let request =
        client.patch(&deployment).header("content-type", "application/merge-patch+json").body(minimum.to_string());
    anyhow::ensure!(request.send().await?.status().is_success(), "somebody else changes it");
    let incident = host.until("the question", |incident| incident["state"] == "awaiting_approval").await?;
    let (id, action) = (incident["id"].as_str().unwrap(), incident["actions"][0]["id"].as_str().unwrap());
    let arguments = ["--listen", host.url.trim_start_matches("http://"), "approve", id, action, "--as", "ada"];
    let (code, output, problems) = run(rig.folder(), &rig.environment, &arguments).await?;
    anyhow::ensure!(code == 0, "{output}{problems}");
    let incident = host.until("the report", |incident| incident["report"].is_string()).await?;
    assert_eq!(incident["outcome"], "needs_person", "{incident:#}");
    let deployment = rig.kubernetes.object("deployments", "default", "nginx-deployment").unwrap();
    assert_eq!(deployment["spec"]["minReadySeconds"], 7, "what somebody else wrote stays");
    assert_eq!(deployment["spec"]["template"]["spec"]["containers"][0]["image"], "nginx:1.25-");
    host.kill().await
}

/// A model looks, then writes what is to change; a person sees the fields and says yes.
#[tokio::test(flavor = "multi_thread")]
async fn a_model_proposes_and_a_person_sees_what_would_change() -> anyhow::Result<()> {
    let policy = POLICY.replace("then: |i| plan(\"kubernetes-workload\")", "then: investigate()").replace(
        "allow: budget(#{ max: 3, per: [\"cluster\", \"namespace\"], within: \"1h\" })",
        "ask: #{ who: \"anybody\", within: \"30m\" }",
    );
    let policy = policy.replace("origin: \"plugin\", ", "");
    let pod = "nginx-deployment-85c88b48cd-6kmxz";
    let deployment =
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "nginx-deployment", "namespace": "default"});
    let written = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "nginx-deployment", "namespace": "default"},
        "spec": {"template": {"spec": {"containers": [{"name": "nginx", "image": "nginx:1.25"}]}}},
    });
    let script = vec![
        Scripted::tool_call("pods_get", json!({"name": pod, "namespace": "default"})),
        Scripted::tool_call("resources_get", deployment),
        Scripted::tool_call("resources_create_or_update", json!({"resource": written.to_string()})),
    ];
    let rig = rig(&policy, Some(script)).await?;
    let host = rig.serve().await?;
    let (status, answer) = host.post("/alert", POD_NOT_READY).await?;
    assert_eq!(status, 200, "{answer}");
    with_model::approve(&rig, &host).await?;
    let incident = host.until("the report", |incident| incident["report"].is_string()).await?;
    end_state(&rig, &incident).await?;
    let model = rig.model.as_ref().unwrap();
    assert!(model.refused().is_empty(), "{:?}", model.refused());
    let report = incident["report"].as_str().unwrap();
    assert!(report.contains("image: \"nginx:1.25-\" → \"nginx:1.25\""), "{report}");
    rig.reproduces().await?;
    host.kill().await
}

#[tokio::test(flavor = "multi_thread")]
async fn at_each_boundary_of_the_write() -> anyhow::Result<()> {
    for kind in ["proposed", "ruled", "intent", "result", "verified"] {
        for boundary in [format!("before:{kind}"), format!("after:{kind}")] {
            let rig = rig(POLICY, None).await?;
            let mut host = rig.serve_until(&boundary).await?;
            let _ = host.post("/alert", POD_NOT_READY).await;
            host.died().await?;
            host = rig.serve().await?;
            let (status, answer) = host.post("/alert", POD_NOT_READY).await?;
            assert_eq!(status, 200, "{boundary}: {answer}");
            let incident = host.until(&boundary, |incident| incident["report"].is_string()).await?;
            end_state(&rig, &incident).await.map_err(|error| error.context(boundary))?;
            host.kill().await?;
        }
    }
    Ok(())
}
