//! The real `kubernetes-mcp-server` against the stand-in: it lists, gets, reads events, applies,
//! scales and deletes.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking, also in its helpers")]

#[path = "support/mcp.rs"]
mod mcp;

use std::time::Duration;

use mcp::Mcp;
use mcp::cluster::Cluster;
use serde_json::json;
use tidegate_fakes::{Scenario, tools};

const LIMIT: Duration = Duration::from_secs(10);

async fn start(scenario: Scenario) -> (Cluster, Mcp) {
    let command = tools::kubernetes_mcp_server().expect("kubernetes-mcp-server is installed");
    let cluster = Cluster::start(scenario.start_delay(Duration::from_millis(50))).await;
    let mcp = Mcp::start(&cluster, command).await;
    (cluster, mcp)
}

#[tokio::test]
async fn pods_and_events_are_read() {
    let (_cluster, mut mcp) = start(Scenario::bad_image_tag()).await;
    let text = mcp.call("pods_list_in_namespace", json!({ "namespace": "default" })).await.expect("pods");
    let header: Vec<_> = text.lines().next().expect("a header").split_whitespace().collect();
    assert_eq!(&header[..8], ["NAMESPACE", "APIVERSION", "KIND", "NAME", "READY", "STATUS", "RESTARTS", "AGE"]);
    assert_eq!(text.matches("ImagePullBackOff").count(), 3, "{text}");
    let name = "nginx-deployment-85c88b48cd-6kmxz";
    let pod = mcp.call("pods_get", json!({ "name": name, "namespace": "default" })).await.expect("a pod");
    assert!(pod.starts_with("apiVersion: v1\nkind: Pod\nmetadata:\n"), "{pod}");
    assert!(pod.contains("reason: ImagePullBackOff"), "{pod}");
    let events = mcp.call("events_list", json!({ "namespace": "default" })).await.expect("events");
    assert!(events.contains("Back-off pulling image"), "{events}");
    let missing = mcp.call("pods_get", json!({ "name": "nope", "namespace": "default" })).await;
    assert_eq!(
        missing.expect_err("no such pod"),
        "failed to get pod nope in namespace default: pods \"nope\" not found"
    );
}

#[tokio::test]
async fn a_deployment_is_applied_and_scaled() {
    let (cluster, mut mcp) = start(Scenario::bad_image_tag()).await;
    let manifest = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: nginx-deployment\n  namespace: default\nspec:\n  \
        selector:\n    matchLabels:\n      app: nginx-deployment\n  template:\n    metadata:\n      labels:\n        app: nginx-deployment\n    \
        spec:\n      containers:\n      - name: nginx\n        image: nginx:1.25\n";
    mcp.call("resources_create_or_update", json!({ "resource": manifest })).await.expect("applied");
    cluster.api.until_healthy(LIMIT).await.expect("a repaired deployment");
    let target = json!({ "apiVersion": "apps/v1", "kind": "Deployment", "name": "nginx-deployment", "namespace": "default", "scale": 2 });
    let scale = mcp.call("resources_scale", target).await.expect("scaled");
    assert!(scale.contains("kind: Scale") && scale.contains("replicas: 2"), "{scale}");
    assert_eq!(cluster.pods("default").len(), 2);
}

#[tokio::test]
async fn a_pod_is_deleted() {
    let (cluster, mut mcp) = start(Scenario::oom_killed_pod()).await;
    let name = "report-worker-84f6d7c9b5-vb2mz";
    mcp.call("pods_delete", json!({ "name": name, "namespace": "shop" })).await.expect("a deletion");
    cluster.api.until_healthy(LIMIT).await.expect("a pod in its place");
    let deletions = cluster.api.mutations();
    assert_eq!(deletions.iter().filter(|request| request.method == "DELETE").count(), 1);
}
