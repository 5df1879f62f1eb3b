//! The policies that ship: a pod that was killed for its memory is deleted, because the gate has seen
//! itself whose it is and how many there are; the next one of the same workload has to wait.

use serde_json::json;
use tidegate_fakes::Scenario;
use tidegate_tests::rig::Rig;

#[tokio::test(flavor = "multi_thread")]
async fn one_pod_of_two_is_restarted_and_the_second_within_the_hour_is_not() -> anyhow::Result<()> {
    let scenario = Scenario::oom_killed_pod().start_delay(std::time::Duration::from_millis(100));
    let rig = Rig::with_scenario(scenario, "", None).await?;
    rig.ship_policies()?;
    std::fs::write(rig.folder().join("policies/15-another.rhai"), ANOTHER)?;
    let host = rig.serve().await?;
    let alert = |name: &str, pod: &str| {
        json!({"version": "4", "status": "firing", "alerts": [{
            "status": "firing",
            "labels": {"alertname": name, "namespace": "shop", "pod": pod, "severity": "warning"},
            "annotations": {}, "startsAt": "2026-07-01T12:00:00Z", "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "", "fingerprint": format!("{name}-{pod}"),
        }]})
    };
    let (status, answer) =
        host.post_json("/alert", &alert("KubePodOOMKilled", "report-worker-84f6d7c9b5-vb2mz")).await?;
    assert_eq!(status, 200, "{answer}");
    let incident = host.until("the report", |incident| incident["report"].is_string()).await?;
    assert_eq!(incident["outcome"], "fixed", "{incident:#}");
    assert_eq!(incident["actions"][0]["tool"], "kubernetes.kubectl_delete");
    let id = incident["id"].as_str().unwrap();
    let (_, timeline, _) =
        tidegate_tests::process::run(rig.folder(), &rig.environment, &["incidents", "show", "--all", id]).await?;
    assert_eq!(timeline.matches("to rule on a1").count(), 3, "pod, ReplicaSet, Deployment:\n{timeline}");
    // Another rule, another incident, the other pod of the same Deployment.
    let (status, answer) = host.post_json("/alert", &alert("Another", "report-worker-84f6d7c9b5-hx9t4")).await?;
    assert_eq!(status, 200, "{answer}");
    let deadline = std::time::Instant::now() + tidegate_tests::process::PATIENCE;
    let second = loop {
        let all = host.incidents().await?;
        if let Some(other) = all.iter().find(|one| one["id"] != id && one["report"].is_string()) {
            break other.clone();
        }
        anyhow::ensure!(std::time::Instant::now() < deadline, "the second incident has no report: {all:#?}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    let action = &second["actions"][0];
    assert_eq!((&action["state"], &action["rule"]), (&json!("denied"), &json!("builtin.budget")), "{action:#}");
    let reason = action["ruling_reason"].as_str().unwrap();
    assert!(
        reason.starts_with("budget pod-restarts|kubernetes|shop|deployment/report-worker#2 has spent 1 of 1"),
        "{reason}"
    );
    rig.reproduces().await?;
    host.kill().await
}

const ANOTHER: &str = r#"
rule("another", #{
    on: #{ alertname: "Another" },
    then: |i| remediate(act("kubernetes.kubectl_delete", #{
        resourceType: "pod", name: i.firing[0].labels.pod, namespace: i.firing[0].labels.namespace,
    })),
});
"#;
