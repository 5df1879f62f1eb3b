//! Where the real programs are that tests drive. A missing one is an error that says what to do: a
//! test that skips itself proves nothing.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// `kubectl`.
pub fn kubectl() -> anyhow::Result<PathBuf> {
    program("kubectl")
}

/// Prometheus.
pub fn prometheus() -> anyhow::Result<PathBuf> {
    program("prometheus")
}

/// Alertmanager, under the name that Debian gives it.
pub fn alertmanager() -> anyhow::Result<PathBuf> {
    program("prometheus-alertmanager")
}

/// Chromium and its driver.
pub fn chromium() -> anyhow::Result<(PathBuf, PathBuf)> {
    let found = || Ok::<_, anyhow::Error>((program("chromium")?, program("chromedriver")?));
    let how =
        "no page is tested without a browser: apt-get install chromium chromium-driver, both at once, of one version";
    found().context(how)
}

/// The script of axe, which finds what people with other senses or hands cannot use on a page.
pub fn axe() -> anyhow::Result<PathBuf> {
    package("axe-core/axe.min.js")
}

/// The command line of MCP's own inspector: program and arguments.
pub fn mcp_inspector() -> anyhow::Result<Vec<PathBuf>> {
    let script = package("@modelcontextprotocol/inspector/clients/launcher/build/index.js")?;
    Ok(vec![program("node")?, script, "--cli".into()])
}

/// The command of the MCP server `mcp-server-kubernetes`, which calls `kubectl`: program and arguments.
pub fn mcp_server_kubernetes() -> anyhow::Result<Vec<PathBuf>> {
    kubectl()?;
    Ok(vec![program("node")?, package("mcp-server-kubernetes/dist/index.js")?])
}

/// The command of the MCP server `kubernetes-mcp-server`: a program for Linux on amd64 that needs nothing else.
pub fn kubernetes_mcp_server() -> anyhow::Result<Vec<PathBuf>> {
    let package_name = "kubernetes-mcp-server-linux-amd64";
    Ok(vec![package(&format!("{package_name}/bin/{package_name}"))?])
}

#[expect(clippy::disallowed_methods, reason = "tests look for the programs where the shell would")]
fn program(name: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut found = std::env::split_paths(&path).map(|folder| folder.join(name));
    found.find(|file| file.is_file()).with_context(|| format!("{name} is not installed: run tests/setup first"))
}

fn package(file: &str) -> anyhow::Result<PathBuf> {
    let fakes = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tests = fakes.parent().context("this crate lies in no folder")?;
    let file = tests.join("node/node_modules").join(file);
    if !file.is_file() {
        bail!("{} is missing: run tests/setup first", file.display());
    }
    Ok(file)
}
