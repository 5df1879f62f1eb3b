//! A whole cluster is looked at through either MCP server, by hand and by a host that runs, and people are told.

use std::time::Duration;

use serde_json::Value;
use tidegate_fakes::Scenario;
use tidegate_tests::process::run;
use tidegate_tests::rig::{Rig, ToolServer};

const INSPECTION: &str = "\n[[inspection]]\nname = \"daily\"\nschedule = \"0 8 * * *\"\nalerts = true\n";

/// Nothing listens there, so that the command makes the run itself.
const NOBODY: [&str; 2] = ["--listen", "127.0.0.1:1"];

async fn rig(server: ToolServer, scenario: Scenario) -> anyhow::Result<Rig> {
    let scenario = scenario.start_delay(Duration::from_millis(100));
    let rig = Rig::with_server(server, scenario, "", None).await?;
    rig.ship_policies()?;
    let config = rig.folder().join("tidegate.toml");
    std::fs::write(&config, std::fs::read_to_string(&config)? + INSPECTION)?;
    std::fs::write(rig.folder().join("policies/89-told.rhai"), r#"route("all", #{ to: ["feishu-oncall"] });"#)?;
    Ok(rig)
}

/// The names of findings in a list of a run.
fn names(run: &Value, list: &str) -> Vec<String> {
    let all = run[list].as_array().cloned().unwrap_or_default();
    let name = |one: &Value| {
        let what = &one["finding"]["what"];
        what["cause"].as_str().or(what["is"].as_str()).unwrap_or_default().to_string()
    };
    all.iter().map(name).collect()
}

async fn inspected(server: ToolServer, scenario: Scenario) -> anyhow::Result<Rig> {
    let rig = rig(server, scenario).await?;
    let arguments = [&NOBODY[..], &["inspect", "daily", "--json"]].concat();
    let (code, output, problems) = run(rig.folder(), &rig.environment, &arguments).await?;
    anyhow::ensure!(code == 4, "{code}: {output}{problems}");
    let first: Value = serde_json::from_str(&output)?;
    anyhow::ensure!(names(&first, "new").iter().any(|name| name == "image-tag-missing"), "{first:#}");
    anyhow::ensure!(first["first"] == true && rig.patches() == 0, "nothing is changed: {first:#}");
    let blind =
        first["parts"].as_array().cloned().unwrap_or_default().into_iter().find(|part| !part["blind"].is_null());
    anyhow::ensure!(blind.is_none(), "everything was seen: {blind:#?}");
    let cards = Value::from(rig.feishu.cards()).to_string();
    anyhow::ensure!(
        cards.contains("Inspection daily") && cards.contains("the registry has none of that name"),
        "{cards}"
    );
    let (code, output, problems) = run(rig.folder(), &rig.environment, &arguments).await?;
    let second: Value = serde_json::from_str(&output)?;
    let still = names(&second, "still");
    anyhow::ensure!(code == 4 && still.iter().any(|name| name == "image-tag-missing"), "{second:#}{problems}");
    anyhow::ensure!(names(&second, "new").is_empty(), "{second:#}");
    Ok(rig)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sees_nothing_does_not_say_that_nothing_is_wrong() -> anyhow::Result<()> {
    let rig = rig(ToolServer::Native, Scenario::healthy()).await?;
    std::fs::write(rig.folder().join("servers.json"), r#"{"mcpServers": {}}"#)?;
    let arguments = [&NOBODY[..], &["inspect", "daily"]].concat();
    let (code, output, problems) = run(rig.folder(), &rig.environment, &arguments).await?;
    assert!(
        code == 1 && output.starts_with("# Inspection daily: nothing could be seen\n"),
        "{code}: {output}{problems}"
    );
    assert!(output.contains("\n- no tool server is there"), "{output}{problems}");
    let cards = Value::from(rig.feishu.cards()).to_string();
    assert!(cards.contains("Inspection daily: nothing could be seen"), "{cards}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn either_server_shows_what_is_wrong_and_the_next_run_what_changed() -> anyhow::Result<()> {
    // Where rights are bound namespace by namespace, the same is found.
    let (wide, narrow) = (Scenario::bad_image_tag, || Scenario::bad_image_tag().narrow());
    let (rig, ..) = tokio::try_join!(
        inspected(ToolServer::Native, wide()),
        inspected(ToolServer::Kubectl, wide()),
        inspected(ToolServer::Native, narrow()),
        inspected(ToolServer::Kubectl, narrow()),
    )?;
    let host = rig.serve().await?;
    let address = host.url.trim_start_matches("http://").to_string();
    let arguments = ["--listen", &address, "inspect", "daily", "--as", "ada"];
    let (code, output, problems) = run(rig.folder(), &rig.environment, &arguments).await?;
    assert!(code == 4 && output.starts_with("# Inspection daily"), "{output}{problems}");
    assert!(output.contains("0 new") && output.contains("the registry has none of that name"), "{output}{problems}");
    let (code, output, problems) =
        run(rig.folder(), &rig.environment, &["--listen", &address, "inspect", "--list"]).await?;
    assert!(code == 0 && output.contains("0 8 * * *"), "{output}{problems}");
    host.kill().await
}
