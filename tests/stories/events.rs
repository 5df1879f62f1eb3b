//! Events come in by both doors; what they mean is decided, ended, and survives a kill.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;
use tidegate_tests::process::{Process, run};

const RULES: &str = r#"
event("down", #{ on: #{ kind: "node", reason: "NodeNotReady" }, alert: #{ name: "NodeDown", severity: "critical" } });
event("up", #{ on: #{ kind: "node", reason: "NodeReady" }, resolve: "NodeDown" });
event("crash", #{
    on: #{ kind: "pod", reason: "BackOff" }, count: #{ times: 2, within: "10m" },
    alert: #{ name: "Crash", ends_after: "2s" },
});
event("reported", #{ on: #{ observation: "alerts" }, alert: |e| #{ name: e.data.kind, ends_after: "1h" } });
rule("tell", #{ then: escalate("somebody looks") });
"#;

fn folder() -> anyhow::Result<TempDir> {
    let folder = TempDir::new()?;
    fs::create_dir_all(folder.path().join("policies"))?;
    fs::write(folder.path().join("policies/events.rhai"), RULES)?;
    let config =
        "[journal]\npath = \"data/journal.db\"\n[policies]\npath = \"policies\"\n[events]\ncluster = \"kestrel\"\n";
    fs::write(folder.path().join("tidegate.toml"), config)?;
    Ok(folder)
}

fn event(object: &str, reason: &str, at: &str) -> Value {
    json!({
        "specversion": "1.0", "id": at, "source": "test", "type": "Kube", "cluster": "kestrel",
        "subject": format!("ops.clusters.kestrel.{object}.events"),
        "data": { "type": "Warning", "reason": reason, "eventTime": at, "message": format!("{object}: {reason}") },
    })
}

async fn send(host: &Process, body: &Value) -> anyhow::Result<Value> {
    let (status, answer) = host.post_json("/v1/alerts/events", body).await?;
    anyhow::ensure!(status == 200, "{status}: {answer}");
    Ok(serde_json::from_str(&answer)?)
}

fn firing(incident: &Value) -> u64 {
    incident["firing"].as_u64().unwrap_or(u64::MAX)
}

async fn shown(folder: &Path, id: &str) -> anyhow::Result<String> {
    let (code, text, problems) = run(folder, &[], &["incidents", "show", id]).await?;
    anyhow::ensure!(code == 0, "{text}{problems}");
    Ok(text)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_opens_an_incident_and_another_ends_it_across_a_kill() -> anyhow::Result<()> {
    let folder = folder()?;
    let host = Process::serve(folder.path(), &[]).await?;
    // What nobody names leaves nothing behind.
    let noise = json!([event("namespaces.a.pods.p", "Killing", "2026-07-01T12:00:00Z"), { "no": "event" }]);
    let answer = send(&host, &noise).await?;
    assert_eq!((&answer["alerts"], answer["left_out"].as_array().map(Vec::len)), (&json!(0), Some(1)), "{answer}");
    assert_eq!(host.incidents().await?.len(), 0);
    let down = event("nodes.gpu-07.rack3.lan", "NodeNotReady", "2026-07-01T12:00:00Z");
    let answer = send(&host, &down).await?;
    assert_eq!(answer["alerts"], 1, "{answer}");
    // The same happening under another number is the same.
    let mut again = down.clone();
    again["id"] = json!("another");
    assert_eq!(send(&host, &again).await?["repeats"], 1);
    let incident = host.until("the node", |incident| firing(incident) == 1).await?;
    let text = shown(folder.path(), incident["id"].as_str().unwrap()).await?;
    assert!(text.contains("NodeDown") && text.contains("gpu-07.rack3.lan"), "{text}");
    host.kill().await?;

    let host = Process::serve(folder.path(), &[]).await?;
    let up = event("nodes.gpu-07.rack3.lan", "NodeReady", "2026-07-01T12:05:00Z");
    let answer = send(&host, &up).await?;
    assert_eq!(answer["alerts"], 1, "it is known from the record: {answer}");
    host.until("the end", |incident| firing(incident) == 0).await?;
    host.kill().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_heard_of_any_more_ends_also_after_a_kill() -> anyhow::Result<()> {
    let folder = folder()?;
    let host = Process::serve(folder.path(), &[]).await?;
    let pod = "namespaces.shop.pods.web-1";
    assert_eq!(send(&host, &event(pod, "BackOff", "2026-07-01T12:00:00Z")).await?["alerts"], 0, "once is not enough");
    assert_eq!(send(&host, &event(pod, "BackOff", "2026-07-01T12:00:00Z")).await?["alerts"], 0, "told twice");
    assert_eq!(send(&host, &event(pod, "BackOff", "2026-07-01T12:00:10Z")).await?["alerts"], 1);
    host.kill().await?;
    let host = Process::serve(folder.path(), &[]).await?;
    let incident = host.until("its end", |incident| firing(incident) == 0).await?;
    assert!(shown(folder.path(), incident["id"].as_str().unwrap()).await?.contains("Crash"));
    host.kill().await
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_of_ops_server_post_what_they_always_did() -> anyhow::Result<()> {
    let folder = folder()?;
    let host = Process::serve(folder.path(), &[]).await?;
    let report = json!({ "type": "TaskRunReport", "kind": "disk-full", "host": "db-02", "status": "alerting" });
    let path = "/api/v1/namespaces/ops-system/events/hosts.db-02.alerts";
    let (status, answer) = host.post_json(path, &report).await?;
    let answer: Value = serde_json::from_str(&answer)?;
    assert_eq!((status, &answer["code"], &answer["message"]), (200, &json!(0), &json!("success")), "{answer}");
    assert_eq!(answer["data"]["alerts"], 1, "{answer}");
    let incident = host.until("the report", |incident| firing(incident) == 1).await?;
    let text = shown(folder.path(), incident["id"].as_str().unwrap()).await?;
    assert!(text.contains("disk-full") && text.contains("db-02"), "{text}");
    let ignored = host.post_json("/api/v1/namespaces/a/events/pods.p.status", &json!({ "phase": "Running" })).await?;
    assert!(ignored.0 == 200 && ignored.1.contains("\"code\":0"), "{ignored:?}");
    let listed = host.get("/api/v1/events?search=db-02").await?;
    assert_eq!(
        listed["data"]["list"],
        json!(["ops.clusters.kestrel.namespaces.ops-system.hosts.db-02.alerts"]),
        "{listed}"
    );
    let shown = host.get("/api/v1/events/ops.clusters.%2A.namespaces.%3E?page_size=5").await?;
    let first = &shown["data"]["list"][0];
    assert_eq!((&shown["code"], &shown["data"]["total"]), (&json!(0), &json!(2)), "{shown}");
    assert_eq!(
        (&first["event"]["data"]["phase"], &first["event"]["type"]),
        (&json!("Running"), &json!("Default")),
        "{shown}"
    );
    for (path, body) in [(path, "[]"), (path, "no JSON"), ("/api/v1/namespaces/a/events/pods..p", "{}")] {
        let (status, answer) = host.post(path, body).await?;
        assert!(status == 400 && answer.contains("\"code\":-1"), "{path} {body}: {status} {answer}");
    }
    host.kill().await?;

    let file = folder.path().join("events.json");
    fs::write(
        &file,
        json!([event("nodes.n1", "NodeNotReady", "2026-07-01T12:00:00Z"), { "no": "event" }]).to_string(),
    )?;
    let arguments = ["policy", "explain", "--event", "events.json"];
    let (code, text, problems) = run(folder.path(), &[], &arguments).await?;
    let parts =
        ["it raises NodeDown (rule down)", "about node n1 of cluster kestrel", "rule tell", "left out", "reason is"];
    for part in parts {
        assert!(code == 0 && text.contains(part), "{part} in {text}{problems}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_must_show_something_for_events_must_do_so_at_both_doors() -> anyhow::Result<()> {
    let folder = folder()?;
    let config = folder.path().join("tidegate.toml");
    let auth = "[sources.events]\nauth = { bearer = { env = \"EVENTS_TOKEN\" } }\n";
    fs::write(&config, fs::read_to_string(&config)? + auth)?;
    let environment = [("EVENTS_TOKEN".to_string(), "a-token-of-some-length".to_string())];
    let host = Process::serve(folder.path(), &environment).await?;
    let (status, answer) = host.post("/api/v1/namespaces/a/events/pods.p.alerts", "{}").await?;
    assert!(status == 401 && answer.contains("\"code\":-1"), "{status} {answer}");
    let (status, answer) = host.post("/v1/alerts/events", "{}").await?;
    assert_eq!(status, 401, "{answer}");
    host.kill().await
}
