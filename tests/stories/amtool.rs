//! The real amtool says the same of this host as of the real Alertmanager, and the real Prometheus pushes to it.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use regex::Regex;
use tempfile::TempDir;
use tidegate_fakes::tools;
use tidegate_tests::process::Process;

use crate::alertmanager::{free_port, rule, start};

/// What one server was asked, and what amtool printed.
struct Asked {
    url: String,
    said: Vec<(String, String)>,
    /// The silence that was made last.
    silence: String,
}

impl Asked {
    fn ask(&mut self, arguments: &str) -> anyhow::Result<()> {
        let words = arguments.split(' ').map(|word| match word {
            "ID" => self.silence.clone(),
            word => word.replace('_', " "),
        });
        let output = Command::new("amtool")
            .arg(format!("--alertmanager.url={}", self.url))
            .args(words)
            .env("HOME", "/nonexistent")
            .stdin(Stdio::null())
            .output()?;
        let (text, error) = (String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?);
        anyhow::ensure!(output.status.success(), "{} {arguments}: {text}{error}", self.url);
        if arguments.starts_with("silence add") {
            self.silence = text.trim().to_string();
        }
        self.said.push((arguments.to_string(), masked(&text)));
        Ok(())
    }
}

/// Without ids, times and what Alertmanager has set without being asked.
fn masked(text: &str) -> String {
    let mut text = text.to_string();
    for (pattern, mask) in [
        (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID"),
        (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( ?(UTC|Z))", "TIME"),
        // What amtool 0.25 prints for the id of a silence that it has updated.
        (r"0xc[0-9a-f]+", "POINTER"),
        (r"global:\n(  .*\n)+", "global: …\n"),
    ] {
        text = Regex::new(pattern).unwrap().replace_all(&text, mask).into_owned();
    }
    text
}

async fn ready(url: &str) -> anyhow::Result<()> {
    let client = tidegate::network::builder().build()?;
    for _ in 0..200 {
        if client.get(format!("{url}/-/ready")).send().await.is_ok_and(|answer| answer.status().is_success()) {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    anyhow::bail!("{url} does not become ready")
}

fn folder() -> anyhow::Result<TempDir> {
    let folder = TempDir::new()?;
    fs::create_dir(folder.path().join("policies"))?;
    let rules = r#"rule("tell", #{ then: |i| escalate("somebody looks") });"#;
    fs::write(folder.path().join("policies/story.rhai"), rules)?;
    fs::write(folder.path().join("tidegate.toml"), "[policies]\npath = \"policies\"\n")?;
    Ok(folder)
}

const IMPORT: &str = r#"[{"matchers":[{"name":"alertname","value":"Cpu.*","isRegex":true},{"name":"team","value":"x","isEqual":false,"isRegex":false}],
"startsAt":"2036-01-01T00:00:00.000Z","endsAt":"2036-01-02T00:00:00.000Z","createdBy":"ann","comment":"imported"}]"#;

fn commands(folder: &Path) -> Vec<String> {
    let import = folder.join("silences.json").display().to_string();
    let mut commands: Vec<String> = [
        "alert add alertname=Disk instance=db-1 severity=warning --annotation=summary=the_disk_is_full --generator-url=http://prometheus/g",
        "alert add Cpu instance=web-1",
        "alert query",
        "alert query -o json",
        "alert query -o extended alertname=Disk instance=~db-.*",
        "alert query instance!~.+",
        "silence query",
        "silence add Disk --comment=the_move --author=ann --duration=1h",
        "silence query",
        "silence query -o json",
        "silence query alertname=Disk",
        "silence query alertname=Other",
        "alert query",
        "alert query --silenced",
        "alert query --silenced -o extended",
        "silence update -q --duration=2h --comment=longer ID",
        "silence query -o extended",
        "silence expire ID",
        "silence query",
        "silence query --expired --within=1h",
        "silence query -q",
    ]
    .map(String::from)
    .to_vec();
    commands.push(format!("silence import {import}"));
    commands.extend(["silence query -o json --created-by=ann", "config show", "config routes"].map(String::from));
    commands
}

#[tokio::test(flavor = "multi_thread")]
async fn amtool_says_the_same_of_both() -> anyhow::Result<()> {
    let folder = folder()?;
    let path = folder.path();
    let config = "route: { receiver: tidegate }\nreceivers:\n- name: tidegate\n";
    fs::write(path.join("alertmanager.yml"), config)?;
    fs::write(path.join("silences.json"), IMPORT)?;
    let port = free_port()?;
    let arguments = [
        "--config.file=alertmanager.yml".to_string(),
        "--storage.path=alertmanager".into(),
        format!("--web.listen-address=127.0.0.1:{port}"),
        "--cluster.listen-address=".into(),
    ];
    let _alertmanager = start(&tools::alertmanager()?, path, &arguments)?;
    let host = Process::serve(path, &[]).await?;
    let servers = [format!("http://127.0.0.1:{port}"), host.url.clone()];
    let [mut real, mut ours] = servers.map(|url| Asked { url, said: Vec::new(), silence: String::new() });
    for server in [&real, &ours] {
        ready(&server.url).await?;
    }
    for command in commands(path) {
        real.ask(&command)?;
        ours.ask(&command)?;
    }
    for ((command, wanted), (_, got)) in real.said.iter().zip(&ours.said) {
        assert_eq!(got, wanted, "amtool {command}");
    }
    host.kill().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_prometheus_pushes_ends_when_it_pushes_no_more() -> anyhow::Result<()> {
    let folder = folder()?;
    let path = folder.path();
    let host = Process::serve(path, &[]).await?;
    let target = host.url.trim_start_matches("http://");
    let config = format!(
        r#"
global: {{ scrape_interval: 1s, evaluation_interval: 1s }}
rule_files: [rules.yml]
alerting: {{ alertmanagers: [{{ static_configs: [{{ targets: ["{target}"] }}] }}] }}
"#
    );
    fs::write(path.join("prometheus.yml"), config)?;
    fs::write(path.join("rules.yml"), rule("vector(1)"))?;
    let arguments = [
        "--config.file=prometheus.yml".to_string(),
        "--storage.tsdb.path=prometheus".into(),
        format!("--web.listen-address=127.0.0.1:{}", free_port()?),
        "--rules.alert.resend-delay=1s".into(),
    ];
    let prometheus = start(&tools::prometheus()?, path, &arguments)?;
    let opened = host.until("an incident", |incident| incident["outcome"] == "needs_person").await?;
    assert_eq!((&opened["source"], &opened["firing"]), (&"prometheus".into(), &1.into()));
    drop(prometheus);
    let closed = host.until("the end of what is pushed no more", |incident| incident["state"] == "closed").await?;
    assert_eq!(closed["id"], opened["id"]);
    host.kill().await
}
