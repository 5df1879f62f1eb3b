//! karma and Grafana's Alertmanager data source, which are in no registry here: the very requests that they make, with the
//! headers that they and their proxies add, against the real Alertmanager and against this host. What comes back is read as
//! strictly as they read it, and must be the same of both.
//!
//! Requests and types are those of karma's `internal/mapper/v017`, `internal/verprobe`, `cmd/karma/proxy.go` and its pages, and of
//! Grafana's `DataSource.ts`, `alertmanagerApi.ts`, `alertSilencesApi.ts`, `lotex_am.go`, `ngalert/api/util.go` and `proxyutil.go`.

mod grafana;
mod karma;
mod server;

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;
use tidegate::token::{self, Hash};
use tidegate_fakes::tools;
use tidegate_tests::process::Process;

use crate::alertmanager::{Running, free_port, start};
use server::Server;

/// Both servers, with the same alerts.
struct Both {
    real: Server,
    ours: Server,
    host: Process,
    _alertmanager: Running,
    _folder: TempDir,
}

/// Groups by everything, as this host does where nothing connects alerts.
const ALERTMANAGER: &str =
    "route: { receiver: tidegate, group_by: ['...'], group_wait: 0s }\nreceivers:\n- name: tidegate\n";

impl Both {
    async fn start() -> anyhow::Result<Self> {
        let folder = TempDir::new()?;
        let path = folder.path();
        fs::create_dir(path.join("policies"))?;
        fs::write(path.join("policies/story.rhai"), r#"rule("tell", #{ then: escalate("somebody looks") });"#)?;
        let token = token::generate().map_err(anyhow::Error::msg)?.expose().to_string();
        let ann = format!("[users.ann]\nrole = \"responder\"\ntokens = [\"{}\"]\n", Hash::of(&token));
        fs::write(path.join("tidegate.toml"), format!("[policies]\npath = \"policies\"\n{ann}"))?;
        fs::write(path.join("alertmanager.yml"), ALERTMANAGER)?;
        let port = free_port()?;
        let arguments = [
            "--config.file=alertmanager.yml".to_string(),
            "--storage.path=alertmanager".into(),
            format!("--web.listen-address=127.0.0.1:{port}"),
            "--cluster.listen-address=".into(),
        ];
        let alertmanager = start(&tools::alertmanager()?, path, &arguments)?;
        let host = Process::serve(path, &[]).await?;
        let real = Server::new(&format!("http://127.0.0.1:{port}"), &token)?;
        let ours = Server::new(&host.url, &token)?;
        let both = Self { real, ours, host, _alertmanager: alertmanager, _folder: folder };
        for server in [&both.real, &both.ours] {
            server.becomes_ready().await?;
            server.takes(&alerts()).await?;
        }
        Ok(both)
    }

    /// That both have answered the same.
    async fn agree(self) -> anyhow::Result<()> {
        for ((what, wanted), (_, got)) in self.real.said.iter().zip(&self.ours.said) {
            assert_eq!(got, wanted, "{what}");
        }
        assert_eq!(self.real.said.len(), self.ours.said.len());
        self.host.kill().await
    }
}

/// What fires: each a trouble of its own.
fn alerts() -> Value {
    let alert = |labels: Value| {
        json!({
            "labels": labels, "annotations": { "summary": "somebody \"looks\"\nat it" },
            "startsAt": "2026-01-01T00:00:00.123456789Z", "generatorURL": "http://prometheus.example/graph?g0.expr=up%3D%3D0",
        })
    };
    json!([
        alert(json!({ "alertname": "Disk", "instance": "db-1:9100", "job": "node", "severity": "warning" })),
        alert(json!({ "alertname": "Cpu", "instance": "web-1:9100", "severity": "critical" })),
        alert(json!({ "alertname": "告警", "team": "a,b=\"c\"" })),
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn karma_sees_and_silences_the_same() -> anyhow::Result<()> {
    let mut both = Both::start().await?;
    for server in [&mut both.real, &mut both.ours] {
        karma::uses(server).await?;
    }
    both.agree().await
}

#[tokio::test(flavor = "multi_thread")]
async fn grafana_sees_and_silences_the_same() -> anyhow::Result<()> {
    let mut both = Both::start().await?;
    for server in [&mut both.real, &mut both.ours] {
        grafana::uses(server).await?;
    }
    both.agree().await
}
