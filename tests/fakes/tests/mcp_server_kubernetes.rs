//! The real `mcp-server-kubernetes` against the stand-in, compared with what it answered on a real
//! cluster. The recorded incident is repaired from end to end.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking, also in its helpers")]

#[path = "support/mcp.rs"]
mod mcp;

use std::time::Duration;

use mcp::Mcp;
use mcp::cluster::Cluster;
use serde_json::{Value, json};
use tidegate_fakes::{Scenario, tools};

const LIMIT: Duration = Duration::from_secs(10);

async fn start(scenario: Scenario) -> (Cluster, Mcp) {
    let command = tools::mcp_server_kubernetes().expect("mcp-server-kubernetes is installed");
    let cluster = Cluster::start(scenario.start_delay(Duration::from_millis(50))).await;
    let mcp = Mcp::start(&cluster, command).await;
    (cluster, mcp)
}

/// The requests that the last call caused, as `METHOD path`.
fn calls(cluster: &Cluster, from: usize) -> Vec<String> {
    let requests = cluster.api.requests();
    let about_objects = requests[from..].iter().filter(|request| request.path.contains("/namespaces/"));
    about_objects.map(|request| format!("{} {}", request.method, request.path)).collect()
}

#[tokio::test]
async fn the_recorded_incident_is_repaired() {
    let (cluster, mut mcp) = start(Scenario::bad_image_tag()).await;
    let pods = json!({ "resourceType": "pods", "namespace": "default" });
    let text = mcp.call("kubectl_get", pods.clone()).await.expect("pods");
    let listed: Value = serde_json::from_str(&text).expect("JSON");
    let names: Vec<_> = listed["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|item| {
            assert_eq!(
                (&item["namespace"], &item["kind"], &item["status"]),
                (&json!("default"), &json!("Pod"), &json!("ImagePullBackOff"))
            );
            assert!(item["createdAt"].is_string());
            item["name"].as_str().expect("a name").to_owned()
        })
        .collect();
    assert_eq!(names, ["6kmxz", "g8d82", "ws758"].map(|suffix| format!("nginx-deployment-85c88b48cd-{suffix}")));

    let pod = json!({ "resourceType": "pod", "name": names[0], "namespace": "default" });
    let text = mcp.call("kubectl_describe", pod).await.expect("a description");
    // The columns differ between versions of kubectl.
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "Status: Pending",
        "Controlled By: ReplicaSet/nginx-deployment-85c88b48cd",
        "Image: nginx:1.25- ",
        "State: Waiting Reason: ImagePullBackOff Ready: False Restart Count: 0",
        "PodReadyToStartContainers True",
        "QoS Class: BestEffort",
        "kubelet Pulling image \"nginx:1.25-\"",
        "kubelet Failed to pull image \"nginx:1.25-\"",
    ] {
        assert!(text.contains(part), "{part:?} is missing in\n{text}");
    }

    let before = cluster.api.requests().len();
    let containers = json!([{ "name": "nginx", "image": "nginx:1.25" }]);
    let mut patch = json!({
        "resourceType": "deployment", "name": "nginx-deployment", "namespace": "default", "patchType": "strategic",
        "patchData": { "spec": { "template": { "spec": { "containers": containers } } } }, "dryRun": true,
    });
    let path = "/apis/apps/v1/namespaces/default/deployments/nginx-deployment";
    let said = mcp.call("kubectl_patch", patch.clone()).await.expect("a dry run");
    assert_eq!(said, "deployment.apps/nginx-deployment patched\n");
    assert_eq!(calls(&cluster, before), [format!("GET {path}")], "a dry run must not patch");

    let before = cluster.api.requests().len();
    patch["dryRun"] = json!(false);
    let said = mcp.call("kubectl_patch", patch).await.expect("a patch");
    assert_eq!(said, "deployment.apps/nginx-deployment patched\n");
    assert_eq!(calls(&cluster, before), [format!("GET {path}"), format!("PATCH {path}")]);
    assert_eq!(cluster.api.mutations().len(), 1);

    cluster.api.until_healthy(LIMIT).await.expect("a repaired deployment");
    let text = mcp.call("kubectl_get", pods).await.expect("pods");
    let listed: Value = serde_json::from_str(&text).expect("JSON");
    let items = listed["items"].as_array().expect("items");
    assert!(items.len() == 3 && items.iter().all(|item| item["status"] == "Running"), "{text}");
}

#[tokio::test]
async fn a_rollout_is_undone() {
    let (cluster, mut mcp) = start(Scenario::crash_loop_after_rollout()).await;
    let target = json!({ "subCommand": "undo", "resourceType": "deployment", "name": "checkout", "namespace": "shop" });
    let before = cluster.api.requests().len();
    let said = mcp.call("kubectl_rollout", target).await.expect("an undo");
    assert_eq!(said, "deployment.apps/checkout rolled back\n");
    let calls = calls(&cluster, before);
    let deployment = "/apis/apps/v1/namespaces/shop/deployments/checkout";
    assert!(calls.contains(&"GET /apis/apps/v1/namespaces/shop/replicasets".to_owned()), "{calls:?}");
    assert_eq!(calls.last(), Some(&format!("PATCH {deployment}")));
    cluster.api.until_healthy(LIMIT).await.expect("the old revision");
}

#[tokio::test]
async fn a_pod_is_deleted_and_a_deployment_is_scaled() {
    let (cluster, mut mcp) = start(Scenario::oom_killed_pod()).await;
    let name = "report-worker-84f6d7c9b5-vb2mz";
    let said = mcp.call("kubectl_delete", json!({ "resourceType": "pod", "name": name, "namespace": "shop" })).await;
    assert!(said.expect("a deletion").starts_with(&format!("pod \"{name}\" deleted")));
    cluster.api.until_healthy(LIMIT).await.expect("a pod in its place");
    assert!(!cluster.pods("shop").contains(&name.to_owned()));
    let said = mcp.call("kubectl_scale", json!({ "name": "report-worker", "replicas": 3, "namespace": "shop" })).await;
    let said: Value = serde_json::from_str(&said.expect("scaled")).expect("JSON");
    assert_eq!(said, json!({ "success": true, "message": "Scaled deployment report-worker to 3 replicas" }));
    cluster.api.until_healthy(LIMIT).await.expect("three pods");
    assert_eq!(cluster.pods("shop").len(), 3);
}

#[tokio::test]
async fn what_is_missing_is_not_found() {
    let (_cluster, mut mcp) = start(Scenario::healthy()).await;
    let missing = json!({ "resourceType": "pod", "name": "nope", "namespace": "default" });
    let said = mcp.call("kubectl_get", missing).await.expect_err("no such pod");
    let said: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(said, json!({ "error": "Resource pod/nope not found", "status": "not_found" }));
}
