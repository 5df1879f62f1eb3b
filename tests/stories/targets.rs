//! People ask who would be told and try their targets: what is answered with and without a host, what refuses says why, and
//! a host that is asked tells the same as its files.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use tidegate_fakes::FakeWebhook;
use tidegate_tests::process::{PATIENCE, Process, run};

const POLICIES: &str = r#"
rule("quiet", #{ on: #{ alertname: "Watchdog" }, then: suppress("it always fires") });
silence("move", #{ on: #{ app: "web" }, from: "2026-07-06T00:00:00Z", until: "2026-07-07T00:00:00Z", author: "ann", comment: "the move" });
rule("lasting", #{ on: #{ alertname: "Slow" }, for_at_least: "10m", then: escalate("it lasts") });
rule("tell", #{ then: escalate("somebody looks") });
route("page", #{ on: #{ severity: "critical", outcome: not(["fixed"]) }, to: ["pager", "nowhere"], fallback: "chat", and_continue: true });
route("nights", #{ when: during("22:00-06:00", "UTC"), to: "night" });
route("rest", #{ to: "chat" });
"#;

fn folder(target: &FakeWebhook) -> anyhow::Result<TempDir> {
    let folder = TempDir::new()?;
    fs::create_dir_all(folder.path().join("policies"))?;
    fs::write(folder.path().join("policies/story.rhai"), POLICIES)?;
    let url = target.url();
    let mut config = String::from("[policies]\npath = \"policies\"\n");
    for (name, url, grant, more) in [
        ("chat", format!("{url}/chat?key=very-secret-word"), url, ""),
        ("pager", format!("{url}/pager"), "https://elsewhere.example", ""),
        ("night", format!("{url}/night"), url, ", timeout_ms = 300"),
        ("dead", "http://127.0.0.1:9/".into(), "http://127.0.0.1:9", ""),
    ] {
        config += &format!(
            "[notifiers.{name}]\nplugin = \"webhook\"\nsettings = {{ url = \"{url}\"{more} }}\n\
             grant = [{{ origin = \"{grant}\", methods = [\"POST\"], private = true }}]\n"
        );
    }
    fs::write(folder.path().join("tidegate.toml"), config)?;
    Ok(folder)
}

async fn cli(folder: &TempDir, listen: &str, arguments: &[&str]) -> anyhow::Result<(i32, String, String)> {
    let listen: &[&str] = if listen.is_empty() { &[] } else { &["--listen", listen] };
    run(folder.path(), &[], &[listen, arguments].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_would_be_told_is_said_without_a_host() -> anyhow::Result<()> {
    let target = FakeWebhook::start().await?;
    let folder = folder(&target)?;
    for (arguments, wanted, parts) in [
        (
            vec!["HostDown", "severity=critical", "--at", "2026-07-06T12:00:00Z", "--expect", "pager,chat"],
            0,
            vec!["yes  page", "no   nights", "its time is not", "yes  rest", "passed over", "nowhere"],
        ),
        (
            vec!["HostDown", "--severity", "critical", "--at", "2026-07-06T23:00:00Z", "--expect", "pager,chat"],
            1,
            vec!["told is night, pager, expected chat, pager"],
        ),
        (vec!["HostDown", "severity=critical", "--outcome", "fixed", "--expect", "pager"], 1, vec!["outcome is"]),
        (
            vec!["Watchdog", "severity=critical", "--expect", ""],
            0,
            vec!["nobody is told now: the policies suppress it"],
        ),
        (
            vec!["HostDown", "app=web", "--at", "2026-07-06T12:00:00Z", "--expect", ""],
            0,
            vec!["silence:move holds it back until 2026-07-07", "else there would be told", "the move"],
        ),
        (
            vec!["Slow", "--at", "2026-07-06T12:00:00Z", "--expect", "chat"],
            0,
            vec!["its rule waits first, until 2026-07-06T12:10:00Z"],
        ),
        (vec!["HostDown", "--occasion", "answered"], 2, vec!["write report, approval or resolved"]),
        (vec!["HostDown", "--severity", "bad"], 2, vec!["write info, warning, error or critical"]),
        (
            vec!["HostDown", "severity=bad"],
            1,
            vec!["is no severity that is known: write info, warning, error or critical"],
        ),
        (vec!["", "severity=critical"], 1, vec!["the name of the alert is empty: write a word such as HostDown"]),
        (vec!["HostDown", "--source", ""], 1, vec!["the name of the source is empty", "tidegate plugin list"]),
        (vec!["no/such.json"], 1, vec!["no/such.json cannot be read"]),
    ] {
        let all = [&["routes", "test"][..], &arguments].concat();
        let (code, text, problems) = cli(&folder, "", &all).await?;
        assert_eq!(code, wanted, "{arguments:?}: {text}{problems}");
        for part in parts {
            assert!(format!("{text}{problems}").contains(part), "{part:?} of {arguments:?}: {text}{problems}");
        }
    }
    let payload = json!({ "alerts": [{ "status": "firing", "labels": { "alertname": "A", "severity": "critical" } }] });
    fs::write(folder.path().join("alert.json"), payload.to_string())?;
    let arguments = ["routes", "test", "alert.json", "--at", "2026-07-06T12:00:00Z", "--json"];
    let (code, text, problems) = cli(&folder, "", &arguments).await?;
    let read: Value = serde_json::from_str(&text)?;
    let told = &read["incidents"][0]["told"];
    assert_eq!(
        (code, &told[0]["target"], &told[1]["target"]),
        (0, &json!("pager"), &json!("chat")),
        "{text}{problems}"
    );
    assert!(target.requests().is_empty(), "nothing is sent");
    // Where no route matches, that is said.
    let only = POLICIES.replace("route(\"rest\", #{ to: \"chat\" });", "");
    fs::write(folder.path().join("policies/story.rhai"), only)?;
    let arguments = ["routes", "test", "HostDown", "--at", "2026-07-06T12:00:00Z"];
    let (code, text, problems) = cli(&folder, "", &arguments).await?;
    assert!(code == 0 && text.contains("NOBODY is told: no route matches"), "{text}{problems}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn targets_are_tried_and_say_what_is_wrong() -> anyhow::Result<()> {
    let target = FakeWebhook::start().await?;
    let folder = folder(&target)?;
    let (code, _, problems) = cli(&folder, "127.0.0.1:9", &["notify", "test", "chat", "--as", "ann"]).await?;
    assert!(code == 1 && problems.contains("no tidegate answers at 127.0.0.1:9"), "{problems}");
    let host = Process::serve(folder.path(), &[]).await?;
    let listen = host.url.trim_start_matches("http://").to_string();
    let test = |name: &'static str| {
        let (folder, listen) = (&folder, &listen);
        async move { cli(folder, listen, &["notify", "test", name, "--as", "ann"]).await }
    };
    let (code, text, problems) = test("chat").await?;
    assert!(code == 0 && text.contains("chat (plugin webhook) took the test message after"), "{text}{problems}");
    let request = target.requests().pop().expect("it was sent");
    let body = String::from_utf8_lossy(&request.body).into_owned();
    for part in ["[Test] ", "Nothing is wrong", "ann", "TidegateTest", "\"severity\":\"info\""] {
        assert!(body.contains(part), "{part} in {body}");
    }

    target.fail(1, 401, None);
    let (code, text, problems) = test("chat").await?;
    assert!(
        code == 1 && text.contains("answered 401") && text.contains("what to do: where the words"),
        "{text}{problems}"
    );
    target.hang(1);
    let (code, text, problems) = test("night").await?;
    assert!(code == 1 && text.contains("did NOT take") && text.contains("in time"), "{text}{problems}");
    let (code, text, problems) = test("dead").await?;
    assert!(code == 1 && text.contains("did NOT take") && text.contains("this machine reaches"), "{text}{problems}");
    let (code, text, problems) = test("pager").await?;
    assert!(code == 1 && text.contains("configuration would need: [notifiers.pager] grant"), "{text}{problems}");
    assert!(text.contains("what to do: add what the words above name"), "{text}");
    let (code, text, problems) = test("chta").await?;
    assert!(
        code == 1 && problems.contains("there is no target \"chta\"; there are chat, dead, night, pager"),
        "{text}{problems}"
    );

    let (status, answer) =
        host.post_json("/v1/targets/chat/test", &json!({ "person": "bob", "severity": "loud" })).await?;
    assert!(status == 400 && answer.contains("loud"), "{status} {answer}");
    let text = audited(&folder).await?;
    for part in
        ["POST /v1/targets/{name}/test", "/v1/targets/pager/test", "pager did not take it", "\"ann\"", "\"failed\""]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    let log = host.stop().await?;
    let all = [text, log, fs::read_to_string(folder.path().join("stderr.log"))?].concat();
    assert!(!all.contains("very-secret-word"), "{all}");
    Ok(())
}

/// Who did what, once all of it stands there: it is written beside the answers.
async fn audited(folder: &TempDir) -> anyhow::Result<String> {
    let began = Instant::now();
    loop {
        let (code, text, problems) = cli(folder, "", &["audit", "--json"]).await?;
        if code == 0 && text.contains("pager did not take it") && text.contains("/v1/targets/chta/test") {
            return Ok(text);
        }
        anyhow::ensure!(began.elapsed() < PATIENCE, "waited in vain: {text}{problems}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// All three are told, and that they are is in the record.
async fn settled(host: &Process, target: &FakeWebhook) -> anyhow::Result<()> {
    let began = Instant::now();
    loop {
        let all = host.incidents().await?;
        let metrics = host.text("/metrics").await?;
        let queued =
            metrics.lines().any(|line| line.starts_with("tidegate_deliveries_queued{") && !line.ends_with(" 0"));
        let reported = all.iter().filter(|one| one["report"].is_string()).count();
        if reported == 3 && target.requests().len() == 3 && !queued {
            return Ok(());
        }
        anyhow::ensure!(began.elapsed() < PATIENCE, "waited in vain: {all:#?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_asked_tells_the_same_as_its_files() -> anyhow::Result<()> {
    let target = FakeWebhook::start().await?;
    let folder = folder(&target)?;
    let host = Process::serve(folder.path(), &[]).await?;
    let listen = host.url.trim_start_matches("http://").to_string();
    let alert = |name: &str| json!({ "status": "firing", "labels": { "alertname": name, "namespace": name } });
    let alerts: Vec<Value> = ["one", "two", "three"].into_iter().map(alert).collect();
    host.post_json("/alert", &json!({ "alerts": alerts })).await?;
    settled(&host, &target).await?;
    // Elsewhere there are no files at all.
    let elsewhere = TempDir::new()?;
    fs::write(elsewhere.path().join("tidegate.toml"), "")?;
    for arguments in [
        vec!["incidents"],
        vec!["incidents", "--limit", "2", "--json"],
        vec!["incidents", "--state", "closed"],
        vec!["incidents", "show", "latest"],
        vec!["incidents", "show", "latest", "--all"],
        vec!["incidents", "show", "latest", "--json"],
        vec!["incidents", "show", "nope"],
        vec!["report", "latest"],
        vec!["evidence", "latest"],
        vec!["evidence", "latest", "--json"],
        vec!["evidence", "latest", "7"],
        vec!["similar", "latest"],
        vec!["similar", "latest", "--json"],
        vec!["search", "stuck"],
        vec!["search", " "],
    ] {
        let of_files = cli(&folder, "", &arguments).await?;
        let of_host = cli(&elsewhere, &listen, &arguments).await?;
        assert_eq!(of_files, of_host, "{arguments:?}");
    }
    let (code, _, problems) = cli(&elsewhere, "", &["incidents"]).await?;
    assert!(code == 1 && problems.contains("there is no journal"), "{problems}");
    host.kill().await?;
    let (code, _, problems) = cli(&elsewhere, &listen, &["incidents"]).await?;
    assert!(code == 1 && problems.contains("no tidegate answers at"), "{problems}");
    Ok(())
}
