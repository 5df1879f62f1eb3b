//! The real kubectl against the stand-in: it lists, describes, patches, rolls back, deletes and scales.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking, also in its helpers")]

#[path = "support/cluster.rs"]
mod cluster;

use std::time::Duration;

use cluster::Cluster;
use tidegate_fakes::{Fault, Scenario};

const LIMIT: Duration = Duration::from_secs(10);
const IMAGE: &str = r#"{"spec":{"template":{"spec":{"containers":[{"name":"nginx","image":"nginx:1.25"}]}}}}"#;

fn quick(scenario: Scenario) -> Scenario {
    scenario.start_delay(Duration::from_millis(30))
}

#[tokio::test]
async fn lists_and_descriptions_read_as_on_a_cluster() {
    let cluster = Cluster::start(Scenario::bad_image_tag()).await;
    let pods = cluster.kubectl(&["get", "pods"]).await.expect("pods");
    assert!(pods.starts_with("NAME "), "{pods}");
    for suffix in ["6kmxz", "g8d82", "ws758"] {
        let row = pods.lines().find(|row| row.starts_with(&format!("nginx-deployment-85c88b48cd-{suffix}")));
        assert!(row.expect("the pod").contains("ImagePullBackOff"), "{pods}");
    }
    let pod = "nginx-deployment-85c88b48cd-6kmxz";
    let described = cluster.kubectl(&["describe", "pod", pod]).await.expect("a description");
    for part in [
        "Controlled By:  ReplicaSet/nginx-deployment-85c88b48cd",
        "Reason:       ImagePullBackOff",
        "Back-off pulling image \"nginx:1.25-\"",
    ] {
        assert!(described.contains(part), "{described}");
    }
    let none = cluster.kubectl(&["get", "pods", "-l", "app=other"]).await.expect("no pods");
    assert_eq!(none, "");
    let missing = cluster.kubectl(&["get", "pod", "nope"]).await.expect_err("no such pod");
    assert_eq!(missing, "Error from server (NotFound): pods \"nope\" not found\n");
}

#[tokio::test]
async fn a_patched_image_repairs_the_deployment_pod_by_pod() {
    let cluster = Cluster::start(quick(Scenario::bad_image_tag())).await;
    let said = cluster.kubectl(&["patch", "deployment", "nginx-deployment", "-p", IMAGE]).await;
    assert_eq!(said.as_deref(), Ok("deployment.apps/nginx-deployment patched\n"));
    cluster
        .kubectl(&["rollout", "status", "deployment/nginx-deployment", "--timeout=10s"])
        .await
        .expect("a finished rollout");
    let want = ["jcn4m", "l548t", "sh8zk"].map(|suffix| format!("nginx-deployment-5c989f4f99-{suffix}"));
    assert_eq!(cluster.pods("default"), want);
    assert_eq!(cluster.api.mutations().len(), 1);
    assert_eq!(cluster.api.mutations()[0].status, Some(200));
}

#[tokio::test]
async fn an_undo_brings_back_the_revision_that_was_fine() {
    let cluster = Cluster::start(quick(Scenario::crash_loop_after_rollout())).await;
    let pods = cluster.kubectl(&["-n", "shop", "get", "pods"]).await.expect("pods");
    assert!(pods.contains("CrashLoopBackOff"), "{pods}");
    let log = cluster.kubectl(&["-n", "shop", "logs", "checkout-6b7c9d8f57-n8wlc"]).await.expect("a log");
    assert!(log.contains("PAYMENT_URL"), "{log}");
    let said = cluster.kubectl(&["-n", "shop", "rollout", "undo", "deployment/checkout"]).await;
    assert_eq!(said.as_deref(), Ok("deployment.apps/checkout rolled back\n"));
    cluster.api.until_healthy(LIMIT).await.expect("the old revision runs");
    let pods = cluster.pods("shop");
    assert!(pods.len() == 2 && pods.iter().all(|pod| pod.starts_with("checkout-7d9f8c6b54-")), "{pods:?}");
    let history =
        cluster.kubectl(&["-n", "shop", "rollout", "history", "deployment/checkout"]).await.expect("a history");
    assert!(history.contains("\n2 ") && history.contains("\n3 ") && !history.contains("\n1 "), "{history}");
}

#[tokio::test]
async fn an_undo_without_an_earlier_revision_is_refused() {
    let cluster = Cluster::start(Scenario::bad_image_tag()).await;
    let said =
        cluster.kubectl(&["rollout", "undo", "deployment/nginx-deployment"]).await.expect_err("nothing to go back to");
    assert!(said.contains("no rollout history found"), "{said}");
    assert!(cluster.api.mutations().is_empty());
}

#[tokio::test]
async fn a_restart_replaces_every_pod() {
    let cluster = Cluster::start(quick(Scenario::healthy())).await;
    let before = cluster.pods("default");
    cluster.kubectl(&["rollout", "restart", "deployment/nginx-deployment"]).await.expect("a restart");
    cluster.api.until_healthy(LIMIT).await.expect("a finished restart");
    let after = cluster.pods("default");
    assert!(after.len() == 3 && after.iter().all(|pod| !before.contains(pod)), "{after:?}");
}

#[tokio::test]
async fn a_deleted_pod_comes_back_under_a_new_name() {
    let cluster = Cluster::start(quick(Scenario::oom_killed_pod())).await;
    let killed = "report-worker-84f6d7c9b5-vb2mz";
    let reason = cluster.api.object("pods", "shop", killed).expect("the pod");
    assert_eq!(reason["status"]["containerStatuses"][0]["lastState"]["terminated"]["reason"], "OOMKilled");
    let said = cluster.kubectl(&["-n", "shop", "delete", "pod", killed]).await.expect("a deletion");
    assert!(said.starts_with(&format!("pod \"{killed}\" deleted")), "{said}");
    cluster.api.until_healthy(LIMIT).await.expect("a pod in its place");
    let pods = cluster.pods("shop");
    assert!(pods.len() == 2 && !pods.contains(&killed.to_owned()), "{pods:?}");
}

#[tokio::test]
async fn scaling_makes_and_removes_pods() {
    let cluster = Cluster::start(quick(Scenario::healthy())).await;
    for replicas in [5, 1] {
        let wanted = format!("--replicas={replicas}");
        cluster.kubectl(&["scale", "deployment", "nginx-deployment", &wanted]).await.expect("scaled");
        cluster.api.until_healthy(LIMIT).await.expect("as many pods as wanted");
        assert_eq!(cluster.pods("default").len(), replicas);
    }
}

#[tokio::test]
async fn what_the_api_would_refuse_is_refused_and_changes_nothing() {
    let cluster = Cluster::start(Scenario::healthy()).await;
    let before = cluster.api.object("deployments", "default", "nginx-deployment");
    let selector = r#"{"spec":{"selector":{"matchLabels":{"a":"b"}}}}"#;
    let said =
        cluster.kubectl(&["patch", "deployment", "nginx-deployment", "-p", selector]).await.expect_err("immutable");
    assert!(said.contains("field is immutable"), "{said}");
    let version = r#"{"metadata":{"resourceVersion":"1"},"spec":{"replicas":1}}"#;
    let said = cluster.kubectl(&["patch", "deployment", "nginx-deployment", "-p", version]).await.expect_err("stale");
    assert!(said.contains("the object has been modified"), "{said}");
    assert_eq!(cluster.api.object("deployments", "default", "nginx-deployment"), before);
}

#[tokio::test]
async fn faults_strike_as_often_as_told() {
    let cluster = Cluster::start(quick(Scenario::bad_image_tag())).await;
    let patch = ["patch", "deployment", "nginx-deployment", "-p", IMAGE];
    cluster.api.set_fault(Fault::forbidden().on_method("PATCH").times(1));
    let said = cluster.kubectl(&patch).await.expect_err("forbidden");
    assert!(
        said.contains("cannot patch resource \"deployments\" in API group \"apps\" in the namespace \"default\""),
        "{said}"
    );
    cluster.api.set_fault(Fault::conflict().on_method("PATCH").times(1));
    let said = cluster.kubectl(&patch).await.expect_err("a conflict");
    assert!(said.starts_with("Error from server (Conflict)"), "{said}");
    cluster.api.set_fault(Fault::server_error().on_path("/deployments/").times(1));
    let said = cluster.kubectl(&patch).await.expect_err("a server error");
    assert!(said.contains("InternalError"), "{said}");
    cluster.kubectl(&patch).await.expect("no more faults");
}

#[tokio::test]
async fn a_cut_connection_may_or_may_not_have_had_its_effect() {
    let cluster = Cluster::start(quick(Scenario::bad_image_tag())).await;
    let patch = ["patch", "deployment", "nginx-deployment", "-p", IMAGE];
    let image = || {
        let deployment = cluster.api.object("deployments", "default", "nginx-deployment").expect("the deployment");
        deployment["spec"]["template"]["spec"]["containers"][0]["image"].as_str().map(str::to_owned)
    };
    cluster.api.set_fault(Fault::cut_before_effect().on_method("PATCH").times(1));
    cluster.kubectl(&patch).await.expect_err("no answer");
    assert_eq!(image().as_deref(), Some("nginx:1.25-"));
    cluster.api.set_fault(Fault::cut_after_effect().on_method("PATCH").times(1));
    cluster.kubectl(&patch).await.expect_err("no answer");
    assert_eq!(image().as_deref(), Some("nginx:1.25"));
    let statuses: Vec<_> = cluster.api.mutations().iter().map(|request| request.status).collect();
    assert_eq!(statuses, [None, None]);
}

#[tokio::test]
async fn a_slow_api_is_slow_and_works() {
    let cluster = Cluster::start(Scenario::healthy()).await;
    let delay = Duration::from_millis(400);
    cluster.api.set_fault(Fault::latency(delay).on_path("/pods").times(1));
    let began = std::time::Instant::now();
    let pods = cluster.kubectl(&["get", "pods", "-o", "name"]).await.expect("pods");
    assert!(began.elapsed() >= delay && pods.lines().count() == 3, "{pods}");
}

#[tokio::test]
async fn a_watch_sees_every_step_of_a_pod() {
    let cluster = Cluster::start(quick(Scenario::oom_killed_pod())).await;
    let condition = ["-n", "shop", "wait", "--for=condition=Ready", "pod", "--all", "--timeout=10s"];
    let delete = ["-n", "shop", "delete", "pod", "report-worker-84f6d7c9b5-vb2mz"];
    cluster.kubectl(&delete).await.expect("a deletion");
    cluster.kubectl(&condition).await.expect("every pod is ready");
    let stalled = Cluster::start(quick(Scenario::crash_loop_after_rollout())).await;
    let status = ["-n", "shop", "rollout", "status", "deployment/checkout"];
    let said = stalled.kubectl(&status).await.expect_err("a rollout that hangs");
    assert!(said.contains("exceeded its progress deadline"), "{said}");
}
