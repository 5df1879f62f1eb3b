//! Programs of others read the record through MCP, over HTTP and over standard input and output, and propose a change that
//! people decide on.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tidegate::token::{self, Hash};
use tidegate_tests::process::{PATIENCE, Process, binary};
use tidegate_tests::rig::{POD_NOT_READY, Rig};
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use super::with_model;

/// Clients of others: how they are started.
fn clients() -> [(&'static str, Vec<PathBuf>); 2] {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = tests.join("toolchains/clients/bin/python");
    [
        ("@modelcontextprotocol/sdk", vec!["node".into(), tests.join("node/mcp-client.mjs")]),
        ("mcp of PyPI", vec![python, tests.join("clients/mcp_client.py")]),
    ]
}

/// Lets a client do what a document says.
async fn drive(client: &[PathBuf], wanted: &Value) -> anyhow::Result<Value> {
    let (program, arguments) = client.split_first().context("a client has a program")?;
    let mut command = Command::new(program);
    command.args(arguments).arg(wanted.to_string()).stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output()).await.context("the client does not end")??;
    let problems = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "{}: {problems}", program.display());
    serde_json::from_slice(&output.stdout).with_context(|| problems)
}

fn over_http(host: &Process, token: &str, calls: &Value) -> Value {
    json!({"url": format!("{}/mcp", host.url), "token": token, "calls": calls})
}

fn over_stdio(host: &Process, rig: &Rig, token: &str, calls: &Value) -> anyhow::Result<Value> {
    let address = host.url.trim_start_matches("http://");
    let config = rig.folder().join("tidegate.toml");
    Ok(json!({
        "command": binary()?, "args": ["--config", config, "--listen", address, "mcp"],
        "env": {"TIDEGATE_USER_TOKEN": token, "PATH": "/usr/bin:/bin"}, "calls": calls,
    }))
}

fn names(seen: &Value) -> Vec<&str> {
    seen["tools"].as_array().into_iter().flatten().filter_map(|tool| tool["name"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_clients_read_over_both_transports_and_a_proposal_is_for_people() -> anyhow::Result<()> {
    let rig = Rig::new(with_model::POLICY, None).await?;
    let (ada, vera) = (token::generate().map_err(anyhow::Error::msg)?, token::generate().map_err(anyhow::Error::msg)?);
    let users = format!(
        "[mcp]\nwrite = [\"propose\", \"silence\"]\n[users.ada]\ntokens = [\"{}\"]\n[users.vera]\nrole = \"viewer\"\n\
         tokens = [\"{}\"]\n[sources.alertmanager]\nenabled = true\n",
        Hash::of(ada.expose()),
        Hash::of(vera.expose())
    );
    let path = rig.folder().join("tidegate.toml");
    std::fs::write(&path, std::fs::read_to_string(&path)? + users.as_str())?;
    let mut environment = rig.environment.clone();
    environment.push(("TIDEGATE_USER_TOKEN".into(), ada.expose().to_string()));
    let host = Process::serve(rig.folder(), &environment).await?;
    let (status, _) = host.post("/alert", POD_NOT_READY).await?;
    ensure!(status == 200);
    let known = host.until("a decision", |incident| incident["verdict"].is_object()).await?;
    let id = known["id"].as_str().context("an id")?;

    let deadline = Instant::now() + PATIENCE;
    while !host.text("/metrics").await?.contains("tidegate_tool_server_up{server=\"kubernetes\"} 1") {
        ensure!(Instant::now() < deadline, "the tool server does not come up");
        sleep(Duration::from_millis(50)).await;
    }

    let calls = json!([
        ["incidents", {}], ["incident", {"incident": id}], ["explain", {"incident": id}], ["alerts", {"limit": 1}],
        ["tools", {}], ["policies", {}], ["status", {}], ["approve", {"incident": id}],
    ]);
    for (name, client) in clients() {
        for wanted in [over_http(&host, vera.expose(), &calls), over_stdio(&host, &rig, vera.expose(), &calls)?] {
            let seen = drive(&client, &wanted).await.with_context(|| name)?;
            ensure!(seen["server"]["name"] == "tidegate", "{name}: {seen:#}");
            let offered = names(&seen);
            ensure!(offered.contains(&"incidents") && !offered.contains(&"action_propose"), "{name}: {offered:?}");
            let data = |at: usize| &seen["answers"][at]["structuredContent"]["data"];
            ensure!(data(0)["incidents"][0]["id"] == id, "{name}: {seen:#}");
            ensure!(data(1)["incident"]["source"] == "alertmanager", "{name}: {:#}", data(1));
            ensure!(
                data(2)["incident"] == id && data(3)["count"] == 3 && data(3)["next"].is_string(),
                "{name}: {seen:#}"
            );
            ensure!(data(4)["tools"].as_array().is_some_and(|tools| !tools.is_empty()), "{name}: {:#}", data(4));
            ensure!(data(5)["policies"].as_array().is_some_and(|all| !all.is_empty()), "{name}: {:#}", data(5));
            ensure!(data(6)["ready"] == true, "{name}: {:#}", data(6));
            let refused = seen["answers"][7]["refused"].as_str().unwrap_or_default();
            ensure!(refused.contains("there is no tool approve"), "{name}: {refused:?}");
        }
    }

    let patch = json!({
        "resourceType": "deployment", "name": "nginx-deployment", "namespace": "default", "patchType": "strategic",
        "patchData": {"spec": {"template": {"spec": {"containers": [{"name": "nginx", "image": "nginx:1.25"}]}}}},
    });
    let calls = json!([
        ["action_propose", {"tool": "kubernetes.kubectl_patch", "arguments": patch, "reason": "the tag does not exist"}],
        ["silence_create", {"match": "alertname=\"Other\"", "for": "1h", "comment": "the move"}],
        ["silences", {}],
    ]);
    let [(_, client), _] = clients();
    let seen = drive(&client, &over_stdio(&host, &rig, ada.expose(), &calls)?).await?;
    let proposed = &seen["answers"][0]["structuredContent"]["data"];
    ensure!(proposed["rulings"][0]["state"] == "asked", "{seen:#}");
    let asked = host.get(&format!("/v1/incidents/{}", proposed["incident"].as_str().unwrap_or_default())).await?;
    ensure!(asked["state"] == "awaiting_approval" && rig.patches() == 0, "{asked:#}");
    ensure!(asked["source"] == "mcp" && asked["actions"][0]["origin"]["program"] == true, "{asked:#}");
    ensure!(asked["title"].as_str().is_some_and(|title| title.starts_with("ProposedByProgram")), "{asked:#}");
    let silence = &seen["answers"][2]["structuredContent"]["data"]["silences"][0];
    ensure!(silence["by"] == "ada (as mcp)", "{silence:#}");
    host.kill().await
}
