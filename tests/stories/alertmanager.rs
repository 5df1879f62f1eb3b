//! The real Prometheus and Alertmanager: a rule fires, Alertmanager posts, an incident opens; the
//! rule stops, the incident closes.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tidegate_fakes::tools;
use tidegate_tests::process::Process;

pub struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Neither program says which port it got, so one is picked that was free a moment ago.
pub fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

pub fn start(program: &Path, folder: &Path, arguments: &[String]) -> anyhow::Result<Running> {
    let log = fs::OpenOptions::new().create(true).append(true).open(folder.join("upstream.log"))?;
    let child = Command::new(program).args(arguments).current_dir(folder).stdout(Stdio::null()).stderr(log).spawn()?;
    Ok(Running(child))
}

pub fn rule(expression: &str) -> String {
    format!(
        r#"
groups:
- name: story
  rules:
  - alert: DiskAlmostFull
    expr: {expression}
    labels: {{ severity: warning, instance: db-1 }}
    annotations: {{ summary: "the disk of db-1 is almost full" }}
"#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_fires_and_stops() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    fs::create_dir(folder.join("policies"))?;
    fs::write(
        folder.join("policies/story.rhai"),
        r#"rule("disks", #{ then: |i| escalate("a disk needs a person") });"#,
    )?;
    fs::write(folder.join("tidegate.toml"), "[policies]\npath = \"policies\"\n")?;
    let host = Process::serve(folder, &[]).await?;

    let (prometheus_port, alertmanager_port) = (free_port()?, free_port()?);
    fs::write(
        folder.join("alertmanager.yml"),
        format!(
            r#"
route: {{ receiver: tidegate, group_wait: 0s, group_interval: 1s, repeat_interval: 1h, group_by: [alertname] }}
receivers:
- name: tidegate
  webhook_configs: [{{ url: "{}/alert", send_resolved: true }}]
"#,
            host.url
        ),
    )?;
    fs::write(
        folder.join("prometheus.yml"),
        format!(
            r#"
global: {{ scrape_interval: 1s, evaluation_interval: 1s }}
rule_files: [rules.yml]
alerting: {{ alertmanagers: [{{ static_configs: [{{ targets: ["127.0.0.1:{alertmanager_port}"] }}] }}] }}
"#
        ),
    )?;
    fs::write(folder.join("rules.yml"), rule("vector(1)"))?;
    let _alertmanager = start(
        &tools::alertmanager()?,
        folder,
        &[
            "--config.file=alertmanager.yml".into(),
            "--storage.path=alertmanager".into(),
            format!("--web.listen-address=127.0.0.1:{alertmanager_port}"),
            "--cluster.listen-address=".into(),
        ],
    )?;
    let prometheus = start(
        &tools::prometheus()?,
        folder,
        &[
            "--config.file=prometheus.yml".into(),
            "--storage.tsdb.path=prometheus".into(),
            format!("--web.listen-address=127.0.0.1:{prometheus_port}"),
            "--web.enable-lifecycle".into(),
            // The first alert may be raised before Alertmanager is discovered; it comes again soon.
            "--rules.alert.resend-delay=1s".into(),
        ],
    )?;
    let opened = host.until("an incident", |incident| incident["outcome"] == "needs_person").await?;
    assert_eq!(opened["alerts"], 1);
    assert_eq!(opened["state"], "watching");
    assert_eq!(opened["verdict"]["rule"], "disks");

    fs::write(folder.join("rules.yml"), rule("vector(1) < 0"))?;
    let reload = format!("http://127.0.0.1:{prometheus_port}/-/reload");
    let answer = tidegate::network::builder().build()?.post(reload).send().await?;
    assert!(answer.status().is_success());
    let closed = host.until("the incident's end", |incident| incident["state"] == "closed").await?;
    assert_eq!(closed["id"], opened["id"]);
    assert_eq!(closed["firing"], 0);
    drop(prometheus);
    host.kill().await
}
