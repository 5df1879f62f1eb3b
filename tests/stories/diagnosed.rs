//! What no plugin repairs is named by the host itself and told, with either server and without a model.

use serde_json::{Value, json};
use tidegate_fakes::Scenario;
use tidegate_tests::process::run;
use tidegate_tests::rig::{Rig, ToolServer};

async fn told(server: ToolServer, scenario: Scenario, name: &str, pod: &str) -> anyhow::Result<(Value, String)> {
    let rig = Rig::with_server(server, scenario, "", None).await?;
    rig.ship_policies()?;
    let host = rig.serve().await?;
    let alert = json!({"version": "4", "status": "firing", "alerts": [{
        "status": "firing",
        "labels": {"alertname": name, "namespace": "shop", "pod": pod, "severity": "warning"},
        "annotations": {}, "startsAt": "2026-07-01T12:00:00Z", "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "", "fingerprint": format!("{name}-{pod}"),
    }]});
    let (status, answer) = host.post_json("/alert", &alert).await?;
    assert_eq!(status, 200, "{answer}");
    let incident = host.until("the report", |incident| incident["report"].is_string()).await?;
    let id = incident["id"].as_str().unwrap();
    let (_, timeline, _) = run(rig.folder(), &rig.environment, &["incidents", "show", "--all", id]).await?;
    rig.reproduces().await?;
    assert_eq!(incident["outcome"], "needs_person", "{incident:#}");
    assert_eq!((&incident["model"]["calls"], rig.patches()), (&json!(0), 0));
    host.kill().await?;
    Ok((incident, timeline))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_nobody_has_pushed_is_named() -> anyhow::Result<()> {
    for server in [ToolServer::Kubectl, ToolServer::Native] {
        let (incident, timeline) =
            told(server, Scenario::unknown_image(), "KubePodNotReady", "web-7f9c6d5b84-x2k4p").await?;
        assert_eq!(incident["verdict"]["rule"], "image-does-not-exist", "{timeline}");
        let report = incident["report"].as_str().unwrap();
        assert!(report.contains("web:9.9") && report.contains("the registry has none of that name"), "{report}");
        assert!(timeline.contains("image-tag-missing"), "{timeline}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variable_that_is_not_set_is_read_off_the_log() -> anyhow::Result<()> {
    for server in [ToolServer::Kubectl, ToolServer::Native] {
        let (incident, timeline) =
            told(server, Scenario::missing_variable(), "KubePodCrashLooping", "orders-6d4cf56db6-q9w2e").await?;
        assert_eq!(incident["verdict"]["rule"], "program-lacks-something", "{timeline}");
        assert!(incident["report"].as_str().unwrap().contains("PAYMENT_URL"), "{incident:#}");
    }
    Ok(())
}
