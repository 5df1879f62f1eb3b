//! A folder with a configuration, the fake cluster, robot and model, and the real MCP server.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use tidegate_fakes::{FakeFeishu, FakeKubernetes, FakeModel, Scenario, Scripted, tools};

use crate::process::{Process, run};

/// The recorded body: three pods of one deployment with the image tag `nginx:1.25-`.
pub const POD_NOT_READY: &str = include_str!("../data/kubepodnotready.json");

/// The key with which the robot checks signatures.
pub const SIGN_SECRET: &str = "demo-secret";

/// Through which MCP server the host reaches the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToolServer {
    /// mcp-server-kubernetes, which wraps kubectl and patches.
    Kubectl,
    /// kubernetes-mcp-server, which writes objects as a whole.
    Native,
}

impl ToolServer {
    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kubectl => "mcp-server-kubernetes",
            Self::Native => "kubernetes-mcp-server",
        }
    }

    fn command(self) -> anyhow::Result<Vec<PathBuf>> {
        match self {
            Self::Kubectl => tools::mcp_server_kubernetes(),
            Self::Native => tools::kubernetes_mcp_server(),
        }
    }
}

/// Everything around the host.
pub struct Rig {
    folder: TempDir,
    /// The cluster.
    pub kubernetes: FakeKubernetes,
    /// The robot.
    pub feishu: FakeFeishu,
    /// The model, where there is one.
    pub model: Option<FakeModel>,
    /// What the host finds in its environment.
    pub environment: Vec<(String, String)>,
}

impl Rig {
    /// A rig in mode `enforce` with one policy file. A script adds a model.
    pub async fn new(policy: &str, script: Option<Vec<Scripted>>) -> anyhow::Result<Self> {
        let scenario = Scenario::bad_image_tag().start_delay(Duration::from_millis(100));
        Self::with_scenario(scenario, policy, script).await
    }

    /// The same with another cluster.
    pub async fn with_scenario(
        scenario: Scenario,
        policy: &str,
        script: Option<Vec<Scripted>>,
    ) -> anyhow::Result<Self> {
        Self::with_server(ToolServer::Kubectl, scenario, policy, script).await
    }

    /// The same with another MCP server.
    pub async fn with_server(
        server: ToolServer,
        scenario: Scenario,
        policy: &str,
        script: Option<Vec<Scripted>>,
    ) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let kubernetes = FakeKubernetes::start(scenario).await?;
        let feishu = FakeFeishu::start(Some(SIGN_SECRET)).await?;
        let model = match script {
            Some(script) => Some(FakeModel::start(script).await?),
            None => None,
        };
        let kubeconfig = kubernetes.kubeconfig_path(folder.path())?;
        let server = server.command()?;
        let [program, arguments @ ..] = server.as_slice() else {
            anyhow::bail!("the MCP server has no program");
        };
        let servers = json!({"mcpServers": {"kubernetes": {
            "command": program,
            "args": arguments,
            "env": {"KUBECONFIG": kubeconfig},
        }}});
        fs::write(folder.path().join("servers.json"), servers.to_string())?;
        fs::create_dir(folder.path().join("policies"))?;
        fs::write(folder.path().join("policies/story.rhai"), policy)?;
        let origin = origin(&feishu.url());
        let model_section = model.as_ref().map_or_else(String::new, |model| {
            format!("[model]\nurl = \"{}\"\nname = \"scripted\"\n", model.base_url())
        });
        let config = format!(
            r#"
mode = "enforce"
[journal]
path = "data/journal.db"
[policies]
path = "policies"
[tools]
servers = "servers.json"
{model_section}
[notifiers.feishu-oncall]
plugin = "feishu"
settings = {{ sign = true }}
secrets = {{ "webhook-url" = {{ env = "FEISHU_URL" }}, "sign-secret" = {{ env = "FEISHU_SECRET" }} }}
grant = [{{ origin = "{origin}", methods = ["POST"], secrets = ["webhook-url", "sign-secret"], private = true }}]
"#
        );
        fs::write(folder.path().join("tidegate.toml"), config)?;
        let environment = vec![("FEISHU_URL".into(), feishu.url()), ("FEISHU_SECRET".into(), SIGN_SECRET.into())];
        Ok(Self { folder, kubernetes, feishu, model, environment })
    }

    /// Puts the policies that ship in the place of those that the rig was made with.
    pub fn ship_policies(&self) -> anyhow::Result<()> {
        let (from, to) = (Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies"), self.folder().join("policies"));
        fs::remove_file(to.join("story.rhai"))?;
        for folder in ["", "lib", "collectors"] {
            fs::create_dir_all(to.join(folder))?;
            for entry in fs::read_dir(from.join(folder))? {
                let path = entry?.path();
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                if (name.ends_with(".rhai") && !name.ends_with(".d.rhai")) || name.ends_with(".toml") {
                    fs::copy(&path, to.join(folder).join(name))?;
                }
            }
        }
        Ok(())
    }

    /// Where configuration and data lie.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A file with the recorded body.
    pub fn payload(&self) -> anyhow::Result<PathBuf> {
        let path = self.folder().join("alert.json");
        fs::write(&path, POD_NOT_READY)?;
        Ok(path)
    }

    /// Starts the host.
    pub async fn serve(&self) -> anyhow::Result<Process> {
        Process::serve(self.folder(), &self.environment).await
    }

    /// Starts a host that dies at a boundary of its journal.
    pub async fn serve_until(&self, boundary: &str) -> anyhow::Result<Process> {
        let mut environment = self.environment.clone();
        environment.push(("TIDEGATE_TEST_CRASH".into(), boundary.into()));
        Process::serve(self.folder(), &environment).await
    }

    /// Replays the journal against the policies that wrote it: they decide again as they did.
    pub async fn reproduces(&self) -> anyhow::Result<()> {
        let backtest = ["policy", "backtest", "--since", "1d"];
        let (code, text, problems) = run(self.folder(), &self.environment, &backtest).await?;
        anyhow::ensure!(code == 0 && !text.contains("not reproduced"), "{text}{problems}");
        Ok(())
    }

    /// How often a patch reached the cluster.
    pub fn patches(&self) -> usize {
        self.kubernetes.mutations().iter().filter(|request| request.method == "PATCH").count()
    }
}

fn origin(url: &str) -> String {
    let mut parts = url.splitn(4, '/');
    let (scheme, host) = (parts.next().unwrap_or_default(), parts.nth(1).unwrap_or_default());
    format!("{scheme}//{host}")
}
