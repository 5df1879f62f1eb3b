//! People hold back what they know of: what is covered waits across a kill, what is not goes on, and what still fires at the
//! end is decided and told.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;
use tidegate_tests::process::{Process, run};

const RULES: &str = r#"
rule("tell", #{ then: escalate("somebody looks") });
silence_gate("payments-are-heard", #{ on: #{ namespace: "payments" }, deny: "what concerns money is heard" });
silence_gate("prod-for-a-shift", #{ on: #{ cluster: "prod" }, max: "8h" });
"#;

fn folder() -> anyhow::Result<TempDir> {
    let folder = TempDir::new()?;
    fs::create_dir_all(folder.path().join("policies"))?;
    fs::write(folder.path().join("policies/story.rhai"), RULES)?;
    fs::write(folder.path().join("tidegate.toml"), "[policies]\npath = \"policies\"\n")?;
    Ok(folder)
}

fn alert(pod: &str) -> String {
    let labels = json!({ "alertname": "PodStuck", "namespace": "shop", "pod": pod, "severity": "critical" });
    json!({ "status": "firing", "alerts": [{ "status": "firing", "labels": labels }] }).to_string()
}

/// The incident about a pod.
async fn about(host: &Process, pod: &str, wanted: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
    for _ in 0..400 {
        let incidents = host.incidents().await?;
        let found = incidents.iter().find(|one| one["title"].as_str().is_some_and(|title| title.contains(pod)));
        if let Some(incident) = found.filter(|one| wanted(one)) {
            return Ok(incident.clone());
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    anyhow::bail!("waited in vain for {pod}: {:#?}", host.incidents().await?)
}

fn told(incident: &Value) -> bool {
    incident["outcome"] == "needs_person"
}

fn held(incident: &Value) -> bool {
    incident["verdict"]["kind"] == "hold"
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_silenced_waits_across_a_kill_and_is_told_at_the_end() -> anyhow::Result<()> {
    let folder = folder()?;
    let host = Process::serve(folder.path(), &[]).await?;
    let listen = host.url.trim_start_matches("http://").to_string();
    let add = ["--listen", &listen, "silence", "add", "--for", "2h", "--comment", "the move", "--as", "ann"];
    let (code, text, problems) =
        run(folder.path(), &[], &[&add[..], &["namespace!=payments", "pod=~db-.*"]].concat()).await?;
    assert_eq!(code, 0, "{text}{problems}");
    assert!(text.contains("covers 0 of 0 alerts that fire"), "{text}");

    host.post("/alert", alert("web-1")).await?;
    host.post("/alert", alert("db-1")).await?;
    about(&host, "web-1", told).await?;
    let incident = about(&host, "db-1", held).await?;
    let id = incident["id"].as_str().unwrap();
    assert!(
        incident["verdict"]["reason"].as_str().unwrap().contains("silenced by ann (unproven): the move"),
        "{incident:#}"
    );
    host.kill().await?;

    let host = Process::serve(folder.path(), &[]).await?;
    let listen = host.url.trim_start_matches("http://").to_string();
    let cli = |arguments: &[&str]| {
        let all: Vec<String> = ["--listen", &listen].iter().chain(arguments).map(|word| word.to_string()).collect();
        let folder = folder.path().to_path_buf();
        async move { run(&folder, &[], &all.iter().map(String::as_str).collect::<Vec<_>>()).await }
    };
    let listed = host.get("/v1/silences").await?;
    let silence = &listed["silences"][0];
    assert_eq!((&silence["state"], &silence["covers"]["alerts"]), (&json!("active"), &json!(1)), "{listed:#}");
    assert_eq!(silence["hidden"], json!({ "incidents": 1, "alerts": 1 }));
    let (_, shown, _) = cli(&["incidents", "show", id]).await?;
    assert!(shown.contains("silence ") && shown.contains("holds it back until"), "{shown}");

    // An alert that nobody silenced joins in another incident, and is told at once.
    host.post("/alert", alert("web-2")).await?;
    about(&host, "web-2", told).await?;
    let silence = silence["id"].as_str().unwrap();
    let (code, text, problems) = cli(&["silence", "expire", &silence[..8], "--as", "bob"]).await?;
    assert_eq!(code, 0, "{text}{problems}");
    let incident = about(&host, "db-1", told).await?;
    assert_eq!(incident["verdict"]["rule"], "tell");
    let (_, listed, _) = cli(&["silence", "list", "--all"]).await?;
    assert!(listed.contains("expired") && listed.contains("1 of 1 incidents"), "{listed}");
    host.kill().await
}

#[tokio::test(flavor = "multi_thread")]
async fn too_much_is_stopped_and_gates_have_the_last_word() -> anyhow::Result<()> {
    let folder = folder()?;
    let host = Process::serve(folder.path(), &[]).await?;
    let listen = host.url.trim_start_matches("http://").to_string();
    let add = |arguments: &[&str]| {
        let words = ["--listen", &listen, "silence", "add", "--comment", "x", "--as", "ann"];
        let all: Vec<String> = words.iter().chain(arguments).map(|word| word.to_string()).collect();
        let folder = folder.path().to_path_buf();
        async move { run(&folder, &[], &all.iter().map(String::as_str).collect::<Vec<_>>()).await }
    };
    for (arguments, wanted) in [
        (
            vec!["--for", "1h", "severity=critical", "namespace!=payments", "cluster!=prod"],
            "nothing is silenced: no matcher says",
        ),
        (vec!["--for", "1h", "PodStuck", "cluster=test"], "payments-are-heard says no: what concerns money is heard"),
        (vec!["--for", "9h", "PodStuck", "namespace=shop"], "prod-for-a-shift says no: 8h at most, not 9h"),
        (vec!["--for", "1h", "namespace=~("], "is not a pattern that can be used"),
        (vec!["--until", "2020-01-01T00:00:00Z", "namespace=shop"], "start time must be before end time"),
    ] {
        let (code, text, problems) = add(&arguments).await?;
        assert!(code != 0 && problems.contains(wanted), "{arguments:?}: {text}{problems}");
    }
    assert_eq!(host.get("/v1/silences").await?["silences"], json!([]));
    let broad = ["--for", "1h", "severity=critical", "namespace!=payments", "cluster!=prod", "--broad"];
    let (code, text, problems) = add(&broad).await?;
    assert_eq!(code, 0, "{text}{problems}");
    let (code, text, problems) = add(&["--for", "8h", "PodStuck", "namespace=shop", "--preview"]).await?;
    assert_eq!((code, text.contains("covers 0 of 0")), (0, true), "{text}{problems}");
    assert_eq!(host.get("/v1/silences").await?["silences"].as_array().unwrap().len(), 1);
    host.kill().await
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_on_it_close_it_and_have_it_decided_anew() -> anyhow::Result<()> {
    let folder = folder()?;
    let host = Process::serve(folder.path(), &[]).await?;
    let listen = host.url.trim_start_matches("http://").to_string();
    let cli = |arguments: &[&str]| {
        let all: Vec<String> =
            ["--listen", &listen, "incidents"].iter().chain(arguments).map(|word| word.to_string()).collect();
        let folder = folder.path().to_path_buf();
        async move { run(&folder, &[], &all.iter().map(String::as_str).collect::<Vec<_>>()).await }
    };
    host.post("/alert", alert("web-1")).await?;
    let first = about(&host, "web-1", told).await?["id"].as_str().unwrap().to_string();
    for (arguments, wanted) in [
        (vec!["ack", &first, "--as", "ann"], "you are on it"),
        (vec!["comment", &first, "the disk is new", "--as", "ann"], "noted"),
    ] {
        let (code, text, problems) = cli(&arguments).await?;
        assert!(code == 0 && text.contains(wanted), "{arguments:?}: {text}{problems}");
    }
    assert_eq!(host.get(&format!("/v1/incidents/{first}")).await?["acknowledged_by"], "ann (unproven)");
    let (code, text, problems) = cli(&["rerun", &first, "--as", "bob"]).await?;
    assert!(code == 0 && text.contains("goes on as "), "{text}{problems}");
    let second = text.trim().rsplit(' ').next().unwrap().to_string();
    let shown = cli(&["show", &first]).await?.1;
    for wanted in
        ["ann (name not proven) is on it", "says: the disk is new", "has it decided anew", "closed: bob (unproven)"]
    {
        assert!(shown.contains(wanted), "{wanted}: {shown}");
    }
    about(&host, "web-1", |one| one["id"] == second.as_str() && told(one)).await?;

    let (code, _, problems) = cli(&["close", &second, "--as", "bob"]).await?;
    assert!(code != 0 && problems.contains("comment: is missing"), "{problems}");
    let (code, text, problems) = cli(&["close", &second, "replaced the disk", "--as", "bob"]).await?;
    assert!(code == 0 && text.contains("1 of its alerts still fire"), "{text}{problems}");
    let closed = about(&host, "web-1", |one| one["id"] == second.as_str() && one["state"] == "closed").await?;
    assert_eq!(closed["outcome"], "closed_by_person", "{closed:#}");
    assert_eq!(closed["reason"], "bob (unproven) closed it: replaced the disk", "{closed:#}");
    // What is decided anew goes on elsewhere, and its first incident needs nobody any more either.
    for left in (0..400).rev() {
        let listed = host.get("/v1/incidents?outcome=closed_by_person").await?;
        if listed["incidents"].as_array().map(Vec::len) == Some(2) {
            break;
        }
        assert!(left > 0, "{listed:#}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let (code, _, problems) = cli(&["comment", "latest", "late", "--as", "bob"]).await?;
    assert!(
        code != 0 && problems.contains("may mean another incident than you saw, so nothing was noted"),
        "{problems}"
    );
    let (code, _, problems) = cli(&["comment", &second, "late", "--as", "bob"]).await?;
    assert!(code != 0 && problems.contains("is closed"), "{problems}");
    host.kill().await
}
