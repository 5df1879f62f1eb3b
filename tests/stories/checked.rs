//! A configuration that is wrong in many ways is corrected after one run of `check`: each mistake is named where it stands, whichever
//! part of the host finds it.

use std::fs;

use tempfile::TempDir;
use tidegate_tests::process::run;

const POLICIES: &str = r#"
rule("tell", #{ then: escalate("somebody looks") });
gate("drain", #{ on: #{ tool: "kubernetes.kubectl_drain" }, ask: #{ who: "night-shift", within: "30m" } });
route("page", #{ on: #{ severity: "critical" }, to: ["pagr"] });
"#;

const CONFIG: &str = r#"[policies]
path = "policies"
[server]
lisen = "127.0.0.1:1"
max_requests = 0
[notifiers.pager]
plugin = "slak"
colour = "red"
[notifiers.mail]
settings = {}
[sources.grafanna]
enabled = true
[[cluster]]
name = "kestrel"
tool = "k8s"
[[cluster]]
name = "osprey"
tools = ["nowhere"]
[people]
sre = ["nobody"]
[users.ada]
notify = "ada-phone"
[[bus.nats]]
name = "ops"
servers = ["nats://u:s3cret%4@127.0.0.1:4222"]
stream = "ops"
[[bus.nats]]
name = "other"
servers = ["nats://127.0.0.1:4222"]
subjects = ["a.>"]
source = "nothing"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn one_run_names_every_mistake_with_its_place() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    fs::create_dir_all(folder.path().join("policies"))?;
    fs::write(folder.path().join("policies/story.rhai"), POLICIES)?;
    fs::write(folder.path().join("tidegate.toml"), CONFIG)?;
    let (code, text, problems) = run(folder.path(), &[], &["check"]).await?;
    assert_eq!(code, 1, "{text}{problems}");
    for want in [
        "tidegate.toml:4: server.lisen: unknown field `lisen`",
        "tidegate.toml:5: server.max_requests: at least 1",
        "tidegate.toml:6: notifiers.pager: there is no plugin `slak`",
        "tidegate.toml:8: notifiers.pager.colour: unknown field `colour`",
        "tidegate.toml:9: notifiers.mail: missing field `plugin`",
        "tidegate.toml:11: sources.grafanna: there is no source of this name",
        "tidegate.toml:15: cluster.0.tool: unknown field `tool`",
        "cluster: osprey: tools: there is no tool server \"nowhere\"",
        "people.sre: nobody has no way to prove this name",
        "users.ada.notify: there is no [notifiers.ada-phone]",
        "bus.nats: ops: servers: a % in a name or password",
        "bus.nats: other: there is no source \"nothing\"",
        "story.rhai:3: gate drain asks \"night-shift\", which is no group",
        "story.rhai:4: route `page` leads to pagr alone, which is no target",
    ] {
        assert!(problems.contains(want), "{want}\n  is not in\n{problems}");
    }
    assert!(!problems.contains("s3cret") && !text.contains("s3cret"), "{text}{problems}");
    // Nothing is told that is only wrong because something else is.
    for follows in ["mail alone", "no [[bus.nats]]"] {
        assert!(!problems.contains(follows), "{follows}\n  is in\n{problems}");
    }
    let (code, text, problems) = run(folder.path(), &[], &["check", "--json"]).await?;
    let checked: serde_json::Value = serde_json::from_str(&text)?;
    let named = checked["problems"].as_array().map_or(0, Vec::len);
    assert!(code == 1 && named >= 14, "{text}{problems}");
    Ok(())
}
