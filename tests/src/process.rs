//! The real binary as a child process: start, talk to, kill, start again.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use reqwest::header::{AUTHORIZATION, HeaderMap};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

/// How long anything may take before a test fails; generous, for a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The binary of the profile under test, built if it is not fresh.
pub fn binary() -> anyhow::Result<PathBuf> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let built = BUILT.get_or_init(|| build().map_err(|error| format!("{error:#}")));
    built.clone().map_err(anyhow::Error::msg)
}

fn build() -> anyhow::Result<PathBuf> {
    let exe = std::env::current_exe()?;
    // target/<profile>/deps/<test>-<hash> for a test, target/<profile>/<name> for a program.
    let folder = exe.parent().context("the test binary lies in no folder")?;
    let profile = if folder.ends_with("deps") { folder.parent() } else { Some(folder) };
    let profile = profile.context("the test binary lies in no target directory")?;
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("tests/ has no parent")?;
    let mut cargo = std::process::Command::new(env!("CARGO"));
    // All programs at once, as `tests/run` builds them: alone it would have other features, and be built a second time.
    cargo.args(["build", "--quiet", "--workspace", "--bins"]).current_dir(workspace);
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    cargo.arg("--target-dir").arg(profile.parent().context("the profile has no target directory")?);
    // What cargo says of this crate to its tests is no setting of a build: a build script that watches it would run again, and
    // half of the host would be compiled anew.
    for name in std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()) {
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(name);
        }
    }
    ensure!(cargo.status()?.success(), "the binary does not build");
    Ok(profile.join("tidegate"))
}

/// A running host.
pub struct Process {
    child: Child,
    /// Where it listens, such as `http://127.0.0.1:41234`.
    pub url: String,
    http: reqwest::Client,
    log: PathBuf,
}

impl Process {
    /// Starts `tidegate serve` with the configuration in `folder` and waits until it listens.
    pub async fn serve(folder: &Path, environment: &[(String, String)]) -> anyhow::Result<Self> {
        Self::serve_at("127.0.0.1:0", folder, environment).await
    }

    /// The same at an address, such as the one of a host that was killed.
    pub async fn serve_at(listen: &str, folder: &Path, environment: &[(String, String)]) -> anyhow::Result<Self> {
        let log = folder.join("stderr.log");
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&log)?;
        let mut child = command(folder, environment)?
            .args(["serve", "--listen", listen])
            .stdout(Stdio::piped())
            .stderr(file)
            .kill_on_drop(true)
            .spawn()?;
        let stdout = child.stdout.take().context("no stdout")?;
        let mut lines = BufReader::new(stdout).lines();
        let listening = async {
            while let Some(line) = lines.next_line().await? {
                let word = line.split_whitespace().find(|word| word.starts_with("http://127.0.0.1:"));
                if let Some(url) = word {
                    return Ok(url.trim_end_matches(['/', '.', ',']).to_string());
                }
            }
            bail!("it ended before it listened")
        };
        let url = timeout(PATIENCE, listening).await.unwrap_or_else(|_| bail!("it does not listen"));
        let url = url.with_context(|| std::fs::read_to_string(&log).unwrap_or_default())?;
        // The pipe must not fill up.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        // Who has a token shows it, as the command line does.
        let own = environment.iter().find(|(name, _)| name == "TIDEGATE_USER_TOKEN");
        let mut headers = HeaderMap::new();
        if let Some((_, token)) = own {
            headers.insert(AUTHORIZATION, format!("Bearer {token}").parse()?);
        }
        let http = tidegate::network::builder().default_headers(headers).build()?;
        Ok(Self { child, url, http, log })
    }

    /// Posts a body.
    pub async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> anyhow::Result<(u16, String)> {
        let response = self.http.post(format!("{}{path}", self.url)).body(body).send().await?;
        Ok((response.status().as_u16(), response.text().await?))
    }

    /// Posts JSON.
    pub async fn post_json(&self, path: &str, body: &Value) -> anyhow::Result<(u16, String)> {
        let request = self.http.post(format!("{}{path}", self.url)).json(body);
        let response = request.send().await?;
        Ok((response.status().as_u16(), response.text().await?))
    }

    /// Reads JSON.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let response = self.http.get(format!("{}{path}", self.url)).send().await?;
        let status = response.status();
        let text = response.text().await?;
        serde_json::from_str(&text).with_context(|| format!("{path} answered {status}: {text}"))
    }

    /// Reads a text.
    pub async fn text(&self, path: &str) -> anyhow::Result<String> {
        Ok(self.http.get(format!("{}{path}", self.url)).send().await?.text().await?)
    }

    /// All incidents.
    pub async fn incidents(&self) -> anyhow::Result<Vec<Value>> {
        let list = self.get("/v1/incidents").await?;
        Ok(list["incidents"].as_array().cloned().unwrap_or_default())
    }

    /// Waits until the only incident satisfies `wanted`.
    pub async fn until(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
        let deadline = Instant::now() + PATIENCE;
        let mut last = Value::Null;
        while Instant::now() < deadline {
            if let Ok(incidents) = self.incidents().await {
                if let [incident] = incidents.as_slice()
                    && wanted(incident)
                {
                    return Ok(incident.clone());
                }
                last = Value::Array(incidents);
            }
            sleep(Duration::from_millis(50)).await;
        }
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        bail!("waited in vain for {what}; it stands at {last:#}\n{log}")
    }

    /// The number of the process.
    ///
    /// # Errors
    /// When it has ended.
    pub fn pid(&self) -> anyhow::Result<u32> {
        self.child.id().context("it has ended")
    }

    /// SIGKILL, and waits until it is gone.
    pub async fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill().await?;
        Ok(())
    }

    /// SIGTERM, and waits until it has ended in order; what it has written to its log.
    pub async fn stop(mut self) -> anyhow::Result<String> {
        let sent = Command::new("kill").args(["-TERM", &self.pid()?.to_string()]).status().await?;
        ensure!(sent.success(), "it is not told to stop");
        let ended = timeout(PATIENCE, self.child.wait()).await.context("it does not stop")??;
        let log = std::fs::read_to_string(&self.log)?;
        ensure!(ended.success(), "it stops with {ended}\n{log}");
        Ok(log)
    }

    /// Waits until the process has died by itself.
    pub async fn died(mut self) -> anyhow::Result<()> {
        timeout(PATIENCE, self.child.wait()).await.context("it should have died")??;
        Ok(())
    }

    /// Whether the process has ended.
    pub fn ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }
}

/// `tidegate --config <folder>/tidegate.toml`, to which a subcommand is added.
pub fn command(folder: &Path, environment: &[(String, String)]) -> anyhow::Result<Command> {
    let mut command = Command::new(binary()?);
    command.arg("--config").arg(folder.join("tidegate.toml"));
    command.envs(environment.iter().map(|(name, value)| (name, value))).current_dir(folder);
    Ok(command)
}

/// Runs a subcommand to its end: exit code, standard output, standard error.
pub async fn run(
    folder: &Path,
    environment: &[(String, String)],
    arguments: &[&str],
) -> anyhow::Result<(i32, String, String)> {
    let output = timeout(PATIENCE, command(folder, environment)?.args(arguments).kill_on_drop(true).output());
    let output = output.await.context("the command does not end")??;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok((output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr)))
}
