//! Tools against the real Kubernetes MCP servers and the stand-in cluster.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use tidegate::domain::{Call, Risk};
use tidegate::ports::{ToolError, Tools};
use tidegate::tools::{Definitions, Jitter, Options, Phase, Servers};
use tidegate_fakes::{FakeKubernetes, Scenario, tools};
use tidegate_tests::permits::look;

#[expect(clippy::disallowed_methods, reason = "the servers need the PATH of this machine")]
fn env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn start(definitions: Value) -> anyhow::Result<Arc<Servers>> {
    start_with(definitions, Options::default())
}

fn start_with(definitions: Value, options: Options) -> anyhow::Result<Arc<Servers>> {
    let options = Options {
        servers: Definitions::Inline(json!({"mcpServers": definitions})),
        check_every: Duration::from_millis(500),
        ..options
    };
    let jitter: Jitter = Arc::new(|| 0.0);
    Servers::start(&options, &env, &jitter).map_err(|checked| anyhow::anyhow!("{checked:?}"))
}

fn stdio(command: &[PathBuf], kubeconfig: &std::path::Path) -> anyhow::Result<Value> {
    let (program, args) = command.split_first().context("a command")?;
    Ok(json!({"command": program, "args": args, "env": {"KUBECONFIG": kubeconfig}}))
}

fn call(tool: &str, arguments: &Value) -> Call {
    Call { tool: tool.into(), arguments: arguments.as_object().cloned().unwrap_or_default() }
}

#[tokio::test]
async fn both_servers_list_what_they_may_and_look() -> anyhow::Result<()> {
    let cluster = FakeKubernetes::start(Scenario::bad_image_tag()).await?;
    let folder = tempfile::tempdir()?;
    let kubeconfig = cluster.kubeconfig_path(folder.path())?;
    let servers = start(json!({
        "go": stdio(&tools::kubernetes_mcp_server()?, &kubeconfig)?,
        "node": stdio(&tools::mcp_server_kubernetes()?, &kubeconfig)?,
    }))?;
    ensure!(servers.wait_ready(Duration::from_secs(30)).await, "{:?}", servers.status());
    let catalogue = servers.catalogue();
    for (tool, risk) in [
        ("go.pods_list", Risk::Read),
        ("go.resources_create_or_update", Risk::High),
        ("node.kubectl_get", Risk::Read),
        ("node.kubectl_patch", Risk::High),
        ("node.node_management", Risk::Irreversible),
    ] {
        ensure!(catalogue.get(tool).context(tool)?.risk == risk, "{tool}");
    }
    for tool in ["go.configuration_view", "go.pods_exec", "node.kubectl_generic", "node.kubectl_context"] {
        ensure!(catalogue.get(tool).is_none(), "{tool}");
        let refused = look(&*servers, &call(tool, &json!({}))).await;
        ensure!(matches!(refused, Err(ToolError::Refused(_))), "{tool}: {refused:?}");
    }
    let go = look(&*servers, &call("go.pods_list_in_namespace", &json!({"namespace": "default"}))).await?;
    ensure!(go.ok && go.text.matches("ImagePullBackOff").count() == 3, "{go:?}");
    let pods = json!({"resourceType": "pods", "namespace": "default"});
    let node = look(&*servers, &call("node.kubectl_get", &pods)).await?;
    ensure!(node.ok && node.text.matches("ImagePullBackOff").count() == 3, "{node:?}");
    let missing = json!({"resourceType": "pod", "name": "nope", "namespace": "default"});
    let missing = look(&*servers, &call("node.kubectl_describe", &missing)).await?;
    ensure!(!missing.ok && missing.text.contains("not found"), "{missing:?}");
    let elsewhere = json!({"resourceType": "pods", "context": "other"});
    let elsewhere = look(&*servers, &call("node.kubectl_get", &elsewhere)).await;
    ensure!(matches!(elsewhere, Err(ToolError::Refused(_))), "{elsewhere:?}");
    servers.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_server_behind_an_address_goes_away_and_comes_back() -> anyhow::Result<()> {
    let cluster = FakeKubernetes::start(Scenario::bad_image_tag()).await?;
    let folder = tempfile::tempdir()?;
    let kubeconfig = cluster.kubeconfig_path(folder.path())?;
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let command = tools::kubernetes_mcp_server()?;
    let program = command.first().context("a command")?;
    let run = || {
        tokio::process::Command::new(program)
            .args(["--port", &port.to_string(), "--bind-address", "127.0.0.1"])
            .env("KUBECONFIG", &kubeconfig)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
    };
    let mut server = run()?;
    // A look waits for a server that is gone as long as it may take, half a minute at most.
    let options = Options { look_within: Duration::from_secs(3), ..Options::default() };
    let far = json!({"far": {"type": "http", "url": format!("http://127.0.0.1:{port}/mcp")}});
    let servers = start_with(far, options)?;
    let pods = call("far.pods_list_in_namespace", &json!({"namespace": "default"}));
    ensure!(looks(&servers, &pods).await, "{:?}", servers.status());

    server.kill().await?;
    let gone = look(&*servers, &pods).await;
    ensure!(gone.is_err(), "{gone:?}");
    let until = Instant::now() + Duration::from_secs(20);
    while servers.status().iter().any(|status| status.phase == Phase::Ready) {
        ensure!(Instant::now() < until, "nobody noticed that the server is gone");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let down = look(&*servers, &pods).await;
    ensure!(matches!(down, Err(ToolError::Unavailable(_))), "{down:?}");

    let _again = run()?;
    ensure!(looks(&servers, &pods).await, "{:?}", servers.status());
    servers.shutdown().await;
    Ok(())
}

async fn looks(servers: &Servers, call: &Call) -> bool {
    let until = Instant::now() + Duration::from_secs(20);
    while Instant::now() < until {
        if look(servers, call).await.is_ok_and(|answer| answer.ok) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    false
}

/// When the host is killed nobody ends the servers: the end of their input must.
#[tokio::test]
async fn the_end_of_their_input_ends_the_servers() -> anyhow::Result<()> {
    let cluster = FakeKubernetes::start(Scenario::healthy()).await?;
    let folder = tempfile::tempdir()?;
    let kubeconfig = cluster.kubeconfig_path(folder.path())?;
    let (native, kubectl) = (tools::kubernetes_mcp_server()?, tools::mcp_server_kubernetes()?);
    tokio::try_join!(ends_with_its_input(&native, &kubeconfig), ends_with_its_input(&kubectl, &kubeconfig))?;
    Ok(())
}

async fn ends_with_its_input(command: &[PathBuf], kubeconfig: &std::path::Path) -> anyhow::Result<()> {
    let (program, args) = command.split_first().context("a command")?;
    let mut child = tokio::process::Command::new(program)
        .args(args)
        .env("KUBECONFIG", kubeconfig)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    drop(child.stdin.take());
    if tokio::time::timeout(Duration::from_secs(5), child.wait()).await.is_err() {
        bail!("{} outlives its input", program.display());
    }
    Ok(())
}
