//! Everything that a run consists of: folder, stand-ins, host, ledger, and what phase it is in.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};

use anyhow::Context as _;
use tempfile::TempDir;
use tidegate_fakes::{FakeModel, FakeWebhook, Scripted};
use tokio::sync::mpsc;

use super::arguments::Arguments;
use super::config;
use super::host::Host;
use super::ledger::Ledger;
use super::measure::Measures;
use super::senders::StoryKind;
use super::targets::Calls;
use super::tool_server::ServerBehaviour;
use crate::sim::Dice;

/// Where everything is, for the configuration.
#[derive(Clone, Debug)]
pub struct Wiring {
    /// The host's port.
    pub port: u16,
    /// Where its journal is.
    pub data: PathBuf,
    /// Where the target with faults listens.
    pub duty: String,
    /// Where the steady target listens.
    pub archive: String,
    /// Where the model listens.
    pub model: String,
    /// This program, which is the tool server as well.
    pub program: PathBuf,
    /// The tool server's manner.
    pub control: PathBuf,
    /// The tool server's record.
    pub calls: PathBuf,
}

/// A run.
pub struct Stage {
    /// How it is meant to be.
    pub arguments: Arguments,
    /// Where everything is.
    pub wiring: Wiring,
    /// The host under test.
    pub host: Host,
    /// The target that faults happen to.
    pub duty: FakeWebhook,
    /// The target that is always well.
    pub archive: FakeWebhook,
    /// The model.
    pub model: FakeModel,
    /// What was sent, told and found wrong.
    pub ledger: Ledger,
    /// Times and sizes.
    pub measures: Measures,
    /// What phase the run is in.
    pub phase: Phase,
    /// Stories that faults want told.
    pub wishes: mpsc::UnboundedSender<StoryKind>,
    /// The other end, for the senders.
    pub wished: Mutex<Option<mpsc::UnboundedReceiver<StoryKind>>>,
    /// The small disk of the journal, where one could be made.
    pub disk: Option<Disk>,
    calls: Mutex<Calls>,
    folder: Folder,
}

impl Stage {
    /// Starts the stand-ins and writes the configuration; the host is not started yet.
    ///
    /// # Errors
    /// When one of them cannot be started.
    pub async fn set(arguments: Arguments) -> anyhow::Result<Self> {
        let temporary = tempfile::Builder::new().prefix("tidegate-soak-").tempdir()?;
        let folder = Folder::new(temporary, arguments.keep);
        let (duty, archive) = (FakeWebhook::start().await?, FakeWebhook::start().await?);
        let model = FakeModel::start(Vec::new()).await?;
        model.otherwise(answer_of_the_model());
        let data = folder.path.join("data");
        std::fs::create_dir(&data)?;
        let disk = arguments.faults.contains(&super::faults::Kind::DiskFull).then(|| Disk::mount(&data)).flatten();
        let wiring = Wiring {
            port: free_port()?,
            data,
            duty: duty.url().into(),
            archive: archive.url().into(),
            model: model.url().into(),
            program: std::env::current_exe()?,
            control: folder.path.join("tool-server.json"),
            calls: folder.path.join("tool-server.log"),
        };
        ServerBehaviour::WELL.write(&wiring.control)?;
        std::fs::write(&wiring.calls, "")?;
        std::fs::create_dir(folder.path.join("policies"))?;
        std::fs::write(folder.path.join("policies/all.rhai"), config::policies(0))?;
        std::fs::write(folder.path.join("servers.json"), config::servers(&wiring))?;
        std::fs::write(folder.path.join("tidegate.toml"), config::host(&wiring))?;
        let host = Host::new(&arguments.binary, &folder.path, wiring.port)?;
        let (wishes, wished) = mpsc::unbounded_channel();
        Ok(Self {
            arguments,
            wiring,
            host,
            duty,
            archive,
            model,
            ledger: Ledger::default(),
            measures: Measures::default(),
            phase: Phase::default(),
            wishes,
            wished: Mutex::new(Some(wished)),
            disk,
            calls: Mutex::default(),
            folder,
        })
    }

    /// The folder of the run.
    pub fn folder(&self) -> &Path {
        &self.folder.path
    }

    /// What the tool server has on record.
    pub fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap()
    }

    /// A stream of chance of its own.
    pub fn dice(&self, purpose: &str) -> Dice {
        Dice::new(self.arguments.seed, purpose)
    }

    /// What is about to happen, in one line.
    pub fn introduction(&self) -> String {
        let Arguments { lasts, seed, binary, faults, rate, .. } = &self.arguments;
        let names: Vec<&str> = faults.iter().map(|kind| kind.name()).collect();
        let disk = if self.disk.is_none() && names.contains(&"disk-full") {
            " (without disk-full: it needs a mount)"
        } else {
            ""
        };
        format!(
            "{} for {} s, seed {seed}, {rate} alerts a second, faults: {}{disk}\nfolder: {}",
            binary.display(),
            lasts.as_secs(),
            names.join(" "),
            self.folder().display()
        )
    }
}

/// What the model says when it is well.
pub fn answer_of_the_model() -> Scripted {
    Scripted::text(
        "```yaml\ndecision: need_person\nreason: no tool helps here\nroot_cause: a riddle\nconfidence: 50\nsteps: [ask an expert]\n```",
    )
}

fn free_port() -> anyhow::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// The folder, which is removed at the end unless it is to be kept.
struct Folder {
    path: PathBuf,
    _temporary: Option<TempDir>,
}

impl Folder {
    fn new(temporary: TempDir, keep: bool) -> Self {
        if keep {
            return Self { path: temporary.keep(), _temporary: None };
        }
        Self { path: temporary.path().into(), _temporary: Some(temporary) }
    }
}

/// A file system of its own for the journal, which can run full in a moment.
pub struct Disk {
    path: PathBuf,
}

impl Disk {
    fn mount(path: &Path) -> Option<Self> {
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", "size=75%", "tmpfs"]).arg(path).output().ok()?;
        done.status.success().then(|| Self { path: path.into() })
    }

    /// Leaves no room beyond what is used now, or makes room again.
    ///
    /// # Errors
    /// When the size cannot be changed.
    pub fn full(&self, full: bool) -> anyhow::Result<()> {
        if !full {
            return self.resize("75%");
        }
        let mut tries = 0;
        loop {
            match self.resize(&format!("{}k", self.used_kb()?.max(64))) {
                // What the host writes between the two commands makes the size one that cannot be set.
                Err(_) if tries < 20 => tries += 1,
                done => return done,
            }
        }
    }

    fn resize(&self, size: &str) -> anyhow::Result<()> {
        let mount = Command::new("mount").args(["-o", &format!("remount,size={size}")]).arg(&self.path).output()?;
        anyhow::ensure!(mount.status.success(), "{}", String::from_utf8_lossy(&mount.stderr));
        Ok(())
    }

    fn used_kb(&self) -> anyhow::Result<u64> {
        let df = Command::new("df").args(["-k", "--output=used"]).arg(&self.path).output()?;
        let text = String::from_utf8_lossy(&df.stdout).into_owned();
        text.split_whitespace().last().and_then(|used| used.parse().ok()).context("df says nothing")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.path).output();
    }
}

/// What phase the run is in.
#[derive(Debug, Default)]
pub struct Phase {
    now: AtomicU8,
    changes: AtomicU64,
}

impl Phase {
    const QUIET: u8 = 1;
    const OVER: u8 = 2;
    const CLOSING: u8 = 3;

    fn set(&self, to: u8) {
        self.now.store(to, Ordering::SeqCst);
        self.changes.fetch_add(1, Ordering::SeqCst);
    }

    /// Load and faults.
    pub fn busy(&self) {
        self.set(0);
    }

    /// Little load and no fault.
    pub fn quiet(&self) {
        self.set(Self::QUIET);
    }

    /// No story begins any more.
    pub fn over(&self) {
        self.set(Self::OVER);
    }

    /// Whatever still fires resolves.
    pub fn closing(&self) {
        self.set(Self::CLOSING);
    }

    /// Whether nothing is broken and little is sent.
    pub fn is_quiet(&self) -> bool {
        self.now.load(Ordering::SeqCst) == Self::QUIET
    }

    /// Whether no story begins any more.
    pub fn is_over(&self) -> bool {
        self.now.load(Ordering::SeqCst) >= Self::OVER
    }

    /// Whether whatever still fires resolves.
    pub fn is_closing(&self) -> bool {
        self.now.load(Ordering::SeqCst) == Self::CLOSING
    }

    /// How often it has changed: two equal numbers mean one phase.
    pub fn number(&self) -> u64 {
        self.changes.load(Ordering::SeqCst)
    }
}
