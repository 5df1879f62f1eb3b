//! The real Prometheus pushes with a token: what fires opens an incident, which a host that was killed meanwhile still has, and
//! which ends when the rule does.

use std::fs;

use tidegate_fakes::tools;
use tidegate_tests::process::Process;

use crate::alertmanager::{free_port, rule, start};

const CONFIG: &str = r#"
[policies]
path = "policies"
[sources.prometheus]
auth = { bearer = { env = "PUSH" } }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_pushes_with_a_token_to_a_host_that_is_killed_meanwhile() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path();
    fs::create_dir(path.join("policies"))?;
    fs::write(path.join("policies/story.rhai"), r#"rule("tell", #{ then: escalate("somebody looks") });"#)?;
    fs::write(path.join("tidegate.toml"), CONFIG)?;
    let environment = [("PUSH".to_string(), "a-token-for-pushing".to_string())];
    let host = Process::serve(path, &environment).await?;
    let (status, _) = host.post("/api/v2/alerts", r#"[{"labels":{"alertname":"Forged"}}]"#).await?;
    assert_eq!(status, 401, "without the token nothing is taken");

    let target = host.url.trim_start_matches("http://").to_string();
    let config = format!(
        r#"
global: {{ scrape_interval: 1s, evaluation_interval: 1s, external_labels: {{ cluster: eu-1, replica: a }} }}
rule_files: [rules.yml]
alerting:
  alert_relabel_configs: [{{ regex: replica, action: labeldrop }}]
  alertmanagers:
  - authorization: {{ credentials: a-token-for-pushing }}
    static_configs: [{{ targets: ["{target}"] }}]
"#
    );
    fs::write(path.join("prometheus.yml"), config)?;
    fs::write(path.join("rules.yml"), rule("vector(1)"))?;
    let port = free_port()?;
    let arguments = [
        "--config.file=prometheus.yml".to_string(),
        "--storage.tsdb.path=prometheus".into(),
        format!("--web.listen-address=127.0.0.1:{port}"),
        "--web.enable-lifecycle".into(),
        "--rules.alert.resend-delay=1s".into(),
    ];
    let _prometheus = start(&tools::prometheus()?, path, &arguments)?;
    let opened = host.until("an incident", |incident| incident["outcome"] == "needs_person").await?;
    assert_eq!((&opened["source"], &opened["firing"]), (&"prometheus".into(), &1.into()));
    host.kill().await?;

    let host = Process::serve_at(&target, path, &environment).await?;
    let known = host.until("the same after the start", |incident| incident["id"] == opened["id"]).await?;
    assert_eq!((&known["state"], &known["firing"]), (&"watching".into(), &1.into()));
    fs::write(path.join("rules.yml"), rule("vector(1) < 0"))?;
    let reload = format!("http://127.0.0.1:{port}/-/reload");
    let answer = tidegate::network::builder().build()?.post(reload).send().await?;
    assert!(answer.status().is_success());
    // `until` sees to it that there is one incident and no other.
    let closed = host.until("the incident's end", |incident| incident["state"] == "closed").await?;
    assert_eq!((&closed["id"], &closed["firing"]), (&opened["id"], &0.into()));
    host.kill().await
}
