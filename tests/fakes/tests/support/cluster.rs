//! A cluster with a kubeconfig in a folder of its own, and the real programs pointed at it.

use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;
use tidegate_fakes::{FakeKubernetes, Scenario, tools};
use tokio::process::Command;

pub struct Cluster {
    pub api: FakeKubernetes,
    pub folder: TempDir,
    pub kubeconfig: PathBuf,
}

impl Cluster {
    pub async fn start(scenario: Scenario) -> Self {
        let api = FakeKubernetes::start(scenario).await.expect("the API starts");
        let folder = tempfile::tempdir().expect("a folder");
        let kubeconfig = api.kubeconfig_path(folder.path()).expect("a kubeconfig");
        Self { api, folder, kubeconfig }
    }

    /// A program that sees this cluster and leaves its caches in the folder of the test.
    pub fn program(&self, program: PathBuf) -> Command {
        let mut command = Command::new(program);
        command
            .env("KUBECONFIG", &self.kubeconfig)
            .env("HOME", self.folder.path())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// Runs kubectl; what it prints, or its complaint.
    #[allow(dead_code, reason = "not every test file uses every helper")]
    pub async fn kubectl(&self, arguments: &[&str]) -> Result<String, String> {
        let kubectl = tools::kubectl().expect("kubectl is installed");
        let output = self.program(kubectl).args(arguments).output().await.expect("kubectl runs");
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    /// The names of the pods in a namespace.
    #[allow(dead_code, reason = "not every test file uses every helper")]
    pub fn pods(&self, namespace: &str) -> Vec<String> {
        let pods = self.api.objects("pods", namespace);
        let name = |pod: &Value| pod["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        pods.iter().map(name).collect()
    }
}
