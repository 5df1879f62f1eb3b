//! The host's process: start, kill, stop in order, and whether it should be answering now.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use reqwest::{Client, Response};
use serde_json::Value;
use tokio::process::{Child, Command};
use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};

/// How long a start or an orderly stop may take before it counts as hung.
const PATIENCE: Duration = Duration::from_secs(60);

/// The host under test.
pub struct Host {
    binary: PathBuf,
    folder: PathBuf,
    /// `http://127.0.0.1:<port>`.
    pub url: String,
    /// For short requests.
    pub http: Client,
    child: Mutex<Option<Child>>,
    /// Odd while it should answer.
    life: AtomicU64,
    pid: AtomicU64,
}

impl Host {
    /// One that is not started yet.
    ///
    /// # Errors
    /// When there is no such program.
    pub fn new(binary: &Path, folder: &Path, port: u16) -> anyhow::Result<Self> {
        anyhow::ensure!(
            binary.is_file(),
            "there is no {}: cargo build --release, or name one with --binary",
            binary.display()
        );
        Ok(Self {
            binary: binary.into(),
            folder: folder.into(),
            url: format!("http://127.0.0.1:{port}"),
            http: tidegate::network::builder().timeout(Duration::from_secs(30)).build()?,
            child: Mutex::default(),
            life: AtomicU64::new(0),
            pid: AtomicU64::new(0),
        })
    }

    /// Starts it and waits until it answers; how long that took.
    ///
    /// # Errors
    /// When it ends or does not answer, with the end of its log.
    pub async fn start(&self) -> anyhow::Result<Duration> {
        let begin = Instant::now();
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log())?;
        let mut child =
            self.command().arg("serve").env("TIDEGATE_LOG", "warn").stdout(Stdio::null()).stderr(log).spawn()?;
        while begin.elapsed() < PATIENCE {
            if let Some(status) = child.try_wait()? {
                bail!("it ended with {status}: {}", self.last_words());
            }
            let asked = self.http.get(format!("{}/healthz", self.url)).timeout(Duration::from_secs(1)).send().await;
            if asked.is_ok_and(|answer| answer.status().is_success()) {
                // Before it answers it has no handler for any signal but an order to stop.
                self.pid.store(child.id().map_or(0, u64::from), Ordering::SeqCst);
                *self.child.lock().await = Some(child);
                self.life.fetch_add(1, Ordering::SeqCst);
                return Ok(begin.elapsed());
            }
            sleep(Duration::from_millis(20)).await;
        }
        child.kill().await?;
        bail!("it does not answer: {}", self.last_words())
    }

    /// The life that it is in, if it should be answering.
    pub fn life(&self) -> Option<u64> {
        let life = self.life.load(Ordering::SeqCst);
        (life % 2 == 1).then_some(life)
    }

    /// Its process.
    pub fn pid(&self) -> u64 {
        self.pid.load(Ordering::SeqCst)
    }

    /// Takes its child out, after which nobody expects an answer.
    async fn end(&self) -> anyhow::Result<Child> {
        let child = self.child.lock().await.take().context("it does not run")?;
        self.life.fetch_add(1, Ordering::SeqCst);
        Ok(child)
    }

    /// SIGKILL.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn kill(&self) -> anyhow::Result<()> {
        Ok(self.end().await?.kill().await?)
    }

    /// SIGTERM; how long it took to end.
    ///
    /// # Errors
    /// When it does not end, or with another code than 0.
    pub async fn stop(&self) -> anyhow::Result<Duration> {
        let mut child = self.end().await?;
        let begin = Instant::now();
        signal("TERM", self.pid());
        let Ok(ended) = timeout(PATIENCE, child.wait()).await else {
            child.kill().await?;
            bail!("it did not end within {} s of SIGTERM", PATIENCE.as_secs());
        };
        let status = ended?;
        anyhow::ensure!(status.success(), "it ended with {status} after SIGTERM: {}", self.last_words());
        Ok(begin.elapsed())
    }

    /// `tidegate --config …`, to which a subcommand is added.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command.arg("--config").arg(self.folder.join("tidegate.toml")).current_dir(&self.folder).kill_on_drop(true);
        command.stdin(Stdio::null());
        command
    }

    /// Asks for a path.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn get(&self, path: &str) -> anyhow::Result<Response> {
        Ok(self.http.get(format!("{}{path}", self.url)).send().await?)
    }

    /// Asks for JSON.
    ///
    /// # Errors
    /// When it is refused, or is none.
    pub async fn json(&self, path: &str) -> anyhow::Result<Value> {
        let answer = self.get(path).await?;
        let status = answer.status();
        let text = answer.text().await?;
        anyhow::ensure!(status.is_success(), "{path} answered {status}: {text}");
        Ok(serde_json::from_str(&text)?)
    }

    /// A metric without labels.
    pub async fn metric(&self, name: &str) -> Option<u64> {
        let text = self.get("/metrics").await.ok()?.text().await.ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
        line.trim().parse::<f64>().ok().map(|value| value as u64)
    }

    fn log(&self) -> PathBuf {
        self.folder.join("host.log")
    }

    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().rev().take(3).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join(" / ")
    }
}

/// Sends a signal by its name.
pub fn signal(name: &str, pid: u64) {
    if pid > 1 {
        let _ = std::process::Command::new("kill").arg(format!("-{name}")).arg(pid.to_string()).output();
    }
}
