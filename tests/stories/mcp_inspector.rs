//! MCP's own inspector takes the tools and their schemas as they are, over HTTP and over standard input and output.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tidegate::token::{self, Hash};
use tidegate_fakes::tools;
use tidegate_tests::process::{PATIENCE, Process, binary};
use tokio::process::Command;

/// Lets the inspector do one thing; what it prints.
async fn inspects(folder: &Path, arguments: &[&str]) -> anyhow::Result<(Value, String)> {
    let inspector = tools::mcp_inspector()?;
    let (program, script) = inspector.split_first().context("the inspector has a program")?;
    let mut command = Command::new(program);
    // It keeps files of its own below a home.
    command.args(script).args(arguments).current_dir(folder).env("HOME", folder).env("NO_COLOR", "1");
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output()).await.context("the inspector does not end")??;
    let problems = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "{arguments:?}: {}: {problems}", output.status);
    let said = serde_json::from_slice(&output.stdout);
    Ok((said.with_context(|| format!("{}{problems}", String::from_utf8_lossy(&output.stdout)))?, problems))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inspector_takes_the_tools_as_they_are() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path();
    fs::create_dir(path.join("policies"))?;
    fs::write(path.join("policies/story.rhai"), r#"rule("tell", #{ then: escalate("somebody looks") });"#)?;
    let token = token::generate().map_err(anyhow::Error::msg)?.expose().to_string();
    let vera = format!("[users.vera]\nrole = \"viewer\"\ntokens = [\"{}\"]\n", Hash::of(&token));
    fs::write(path.join("tidegate.toml"), format!("[policies]\npath = \"policies\"\n{vera}"))?;
    let environment = [("TIDEGATE_USER_TOKEN".to_string(), token.clone())];
    let host = Process::serve(path, &environment).await?;
    let alert = json!({ "status": "firing", "labels": { "alertname": "Disk", "severity": "warning" } });
    let (status, told) = host.post("/alert", json!({ "status": "firing", "alerts": [alert] }).to_string()).await?;
    ensure!(status == 200, "{told}");
    let known = host.until("a decision", |incident| incident["verdict"].is_object()).await?;

    let listen = host.url.trim_start_matches("http://");
    let command = json!({
        "command": binary()?, "args": ["--config", path.join("tidegate.toml"), "--listen", listen, "mcp"],
        "env": { "TIDEGATE_USER_TOKEN": token, "PATH": "/usr/bin:/bin" },
    });
    let servers = json!({ "mcpServers": { "tidegate": command } });
    fs::write(path.join("servers.json"), servers.to_string())?;
    let (url, header) = (format!("{}/mcp", host.url), format!("Authorization: Bearer {token}"));
    let http = ["--transport", "http", "--server-url", &url, "--header", &header];
    let stdio = ["--config", "servers.json", "--server", "tidegate"];
    // --strict ends with an error where a schema is one that some client cannot use.
    let list = [&http[..], &["--method", "tools/list", "--strict"]].concat();
    let id = format!("incident={}", known["id"].as_str().unwrap_or_default());
    let one = [&http[..], &["--method", "tools/call", "--tool-name", "incident", "--tool-arg", &id]].concat();
    let all = ["--method", "tools/call", "--tool-name", "alerts", "--tool-arg", "limit=1"];
    let all = [&stdio[..], &all[..]].concat();
    let ((listed, problems), (one, _), (all, _)) =
        tokio::try_join!(inspects(path, &list), inspects(path, &one), inspects(path, &all))?;
    let names = listed["tools"].as_array().map_or(0, Vec::len);
    ensure!(names > 8 && !problems.to_lowercase().contains("error"), "{names} tools: {problems}");
    ensure!(one["structuredContent"]["data"]["incident"]["id"] == known["id"], "{one:#}");
    ensure!(all["structuredContent"]["data"]["count"] == 1, "{all:#}");
    host.kill().await
}
