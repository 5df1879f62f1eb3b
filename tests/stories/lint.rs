//! A policy names a tool that no server has: the command line and the running host say so, and
//! neither says anything about a server that does not start.

use std::fs;

use serde_json::{Value, json};
use tidegate_tests::process::{PATIENCE, Process, run};
use tidegate_tests::rig::Rig;

/// One misspelt tool of the server that runs, one of a server that does not.
const POLICY: &str = r#"
gate("patches", #{
    on: #{ tool: "kubernetes.kubectl_pach" },
    ask: #{ who: "anybody", within: "30m" },
});
rule("elsewhere", #{
    on: #{ alertname: "Elsewhere" },
    then: |i| remediate(act("broken.restart"), "it hangs"),
});
"#;

const MISSPELT: &str = "there is no tool \"kubernetes.kubectl_pach\"; did you mean \"kubernetes.kubectl_patch\"?";

/// Waits until `/readyz` says something, or does not.
async fn told(host: &Process, part: &str, wanted: bool) -> anyhow::Result<Value> {
    let deadline = std::time::Instant::now() + PATIENCE;
    loop {
        let ready = host.get("/readyz").await?;
        if ready["problems"].to_string().contains(part) == wanted {
            return Ok(ready);
        }
        anyhow::ensure!(std::time::Instant::now() < deadline, "{part:?} in {ready:#} should be {wanted}");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_that_do_not_exist_are_named_where_that_can_be_known() -> anyhow::Result<()> {
    let rig = Rig::new(POLICY, None).await?;
    let servers = rig.folder().join("servers.json");
    let mut defined: Value = serde_json::from_str(&fs::read_to_string(&servers)?)?;
    defined["mcpServers"]["broken"] = json!({"command": "/nowhere/server"});
    fs::write(&servers, defined.to_string())?;

    let (code, output, problems) = run(rig.folder(), &rig.environment, &["policy", "lint"]).await?;
    assert_eq!(code, 1, "{output}{problems}");
    let lines: Vec<&str> = output.lines().collect();
    assert_eq!(lines[0], format!("story.rhai:2: gate `patches`: `on`, `tool`: {MISSPELT}"), "{output}");
    assert_eq!(lines[1], "1 finding", "{output}");
    assert!(lines[2].starts_with("not checked: the tools of broken: "), "{output}");
    assert!(lines[2].contains("/nowhere/server"), "{output}");

    let (code, output, problems) = run(rig.folder(), &rig.environment, &["policy", "lint", "--offline"]).await?;
    assert_eq!(code, 0, "{output}{problems}");
    assert!(output.contains("not checked: the tools of MCP servers, because --offline"), "{output}");

    let host = rig.serve().await?;
    let ready = told(&host, "kubectl_pach", true).await?;
    assert_eq!(ready["ready"], true);
    assert!(!ready["problems"].to_string().contains("broken.restart"), "{ready:#}");
    // A reload is taken with another unknown tool in it, and that is said as well.
    let policy = rig.folder().join("policies/story.rhai");
    fs::write(&policy, POLICY.replace("kubectl_pach", "kubectl_patch").replace("broken.restart", "gone.restart"))?;
    let ready = told(&host, "no tool server or plugin is called", true).await?;
    assert!(ready["problems"].to_string().contains("story.rhai:8: there is no tool"), "{ready:#}");
    told(&host, "kubectl_pach", false).await?;
    let log = fs::read_to_string(rig.folder().join("stderr.log"))?;
    assert!(log.contains("the policies were reloaded") && log.contains("gone.restart"), "{log}");
    host.kill().await
}

/// A tool of a plugin is known without any server.
#[tokio::test(flavor = "multi_thread")]
async fn the_shipped_policies_pass_with_the_real_server_and_with_none() -> anyhow::Result<()> {
    let rig = Rig::new("", None).await?;
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../policies");
    let (code, output, problems) = run(rig.folder(), &rig.environment, &["policy", "lint", shipped]).await?;
    assert_eq!((code, output.as_str()), (0, "nothing to complain about\n"), "{problems}");

    fs::write(rig.folder().join("tidegate.toml"), "")?;
    fs::write(
        rig.folder().join("policies/story.rhai"),
        "rule(\"a\", #{ then: |i| remediate([act(\"kubernetes-workload.nothing\"), act(\"any.tool\")], \"x\") });",
    )?;
    let (code, output, problems) = run(rig.folder(), &rig.environment, &["policy", "lint"]).await?;
    assert_eq!(code, 1, "{output}{problems}");
    assert!(output.contains("story.rhai:1: there is no tool \"kubernetes-workload.nothing\""), "{output}");
    assert!(output.contains("1 finding\nnot checked: the tools of MCP servers, because `[tools] servers`"), "{output}");
    Ok(())
}
