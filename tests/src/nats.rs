//! Real NATS servers for a test: of several versions, started, stopped and started again on the same port and files.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, ensure};
use async_nats::jetstream::{self, stream};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use crate::process::PATIENCE;

/// The versions that `tests/setup` installs: Debian's, and those from PyPI.
pub const VERSIONS: [&str; 3] = ["debian", "2.10.26", "2.15.1"];

/// A running server.
pub struct Server {
    folder: TempDir,
    binary: PathBuf,
    arguments: Vec<String>,
    port: u16,
    child: Child,
}

/// Where the server of a version is.
fn binary(version: &str) -> anyhow::Result<PathBuf> {
    let found = match version {
        "debian" => PathBuf::from("/usr/sbin/nats-server"),
        version => Path::new(env!("CARGO_MANIFEST_DIR")).join("toolchains/nats").join(version).join("bin/nats-server"),
    };
    ensure!(found.is_file(), "{} is not there: tests/setup installs it", found.display());
    Ok(found)
}

impl Server {
    /// Starts one with these arguments beside its own.
    pub async fn start(version: &str, arguments: &[&str]) -> anyhow::Result<Self> {
        Self::started(TempDir::new()?, version, arguments).await
    }

    /// Starts one with a file of configuration, in which `FOLDER` is a folder of its own.
    pub async fn configured(version: &str, config: &str) -> anyhow::Result<Self> {
        let folder = TempDir::new()?;
        let file = configure(&folder, config)?;
        Self::started(folder, version, &["-c", &file.display().to_string()]).await
    }

    /// Gives one that was started with a file another one, for its next start.
    pub fn configure(&self, config: &str) -> anyhow::Result<()> {
        configure(&self.folder, config)?;
        Ok(())
    }

    async fn started(folder: TempDir, version: &str, arguments: &[&str]) -> anyhow::Result<Self> {
        let binary = binary(version)?;
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        let child = spawn(&binary, folder.path(), "-1", &arguments)?;
        let mut server = Self { folder, binary, arguments, port: 0, child };
        server.port = server.listens().await?;
        Ok(server)
    }

    /// Where it listens.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// A client: of the user that the arguments name, or trusting the certificate that they name.
    pub async fn client(&self) -> anyhow::Result<async_nats::Client> {
        let options = match self.arguments.as_slice() {
            [_, user, _, password] => {
                async_nats::ConnectOptions::with_user_and_password(user.clone(), password.clone())
            }
            [_, _, certificate, ..] => {
                tidegate::network::install_provider();
                let options = async_nats::ConnectOptions::new().require_tls(true);
                options.add_root_certificates(certificate.into())
            }
            _ => async_nats::ConnectOptions::new(),
        };
        Ok(options.connect(format!("nats://{}", self.address())).await?)
    }

    /// Sends it a signal: `STOP` makes it a server that is there and answers nothing, until `CONT`.
    pub async fn signal(&self, signal: &str) -> anyhow::Result<()> {
        let id = self.child.id().context("it has ended")?;
        let sent = Command::new("kill").args([&format!("-{signal}"), &id.to_string()]).status().await?;
        ensure!(sent.success(), "the signal {signal} is not sent");
        Ok(())
    }

    /// Stops it, as a service manager does.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        self.signal("TERM").await?;
        tokio::time::timeout(PATIENCE, self.child.wait()).await.context("it does not stop")??;
        Ok(())
    }

    /// Writes another configuration, which holds from the next start on.
    pub fn reconfigure(&self, config: &str) -> anyhow::Result<()> {
        let file = self.folder.path().join("server.conf");
        Ok(std::fs::write(file, config.replace("FOLDER", &self.folder.path().display().to_string()))?)
    }

    /// Starts it again where it was, without asking whether it lets anybody in.
    pub fn restart(&mut self) -> anyhow::Result<()> {
        self.child = spawn(&self.binary, self.folder.path(), &self.port.to_string(), &self.arguments)?;
        Ok(())
    }

    /// Starts it again where it was.
    pub async fn again(&mut self) -> anyhow::Result<()> {
        self.restart()?;
        let deadline = Instant::now() + PATIENCE;
        while self.client().await.is_err() {
            ensure!(Instant::now() < deadline, "it does not come back");
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// The port that it has found, by the file that it writes.
    async fn listens(&self) -> anyhow::Result<u16> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            for entry in std::fs::read_dir(self.folder.path())?.flatten() {
                let path = entry.path();
                if path.extension().is_some_and(|extension| extension == "ports")
                    && let Ok(ports) = serde_json::from_str::<Value>(&std::fs::read_to_string(&path)?)
                {
                    let url = ports["nats"][0].as_str().context("it names no address")?;
                    return Ok(url.rsplit_once(':').context("it names no port")?.1.parse()?);
                }
            }
            ensure!(Instant::now() < deadline, "the server does not listen");
            sleep(Duration::from_millis(10)).await;
        }
    }
}

fn configure(folder: &TempDir, config: &str) -> anyhow::Result<PathBuf> {
    let file = folder.path().join("server.conf");
    std::fs::write(&file, config.replace("FOLDER", &folder.path().display().to_string()))?;
    Ok(file)
}

fn spawn(binary: &Path, folder: &Path, port: &str, arguments: &[String]) -> anyhow::Result<Child> {
    let mut command = Command::new(binary);
    command.args(["-a", "127.0.0.1", "-p", port]);
    // A file says itself whether there are streams.
    if arguments.first().is_none_or(|first| first != "-c") {
        command.arg("-js").arg("--store_dir").arg(folder.join("store"));
    }
    command.arg("--ports_file_dir").arg(folder).arg("-l").arg(folder.join("log")).args(arguments);
    let command = command.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    command.spawn().with_context(|| format!("{} does not start", binary.display()))
}

/// Makes the stream `ops` as its manual says, kept in files.
pub async fn make_stream(client: &async_nats::Client) -> anyhow::Result<()> {
    let config = stream::Config {
        name: "ops".into(),
        subjects: vec!["ops.>".into()],
        max_age: Duration::from_secs(24 * 3600),
        duplicate_window: Duration::from_secs(120),
        ..stream::Config::default()
    };
    jetstream::new(client.clone()).create_stream(config).await?;
    Ok(())
}

/// Publishes as ops does: without a header, and without waiting for the stream.
pub async fn publish(client: &async_nats::Client, event: &Value) -> anyhow::Result<()> {
    let subject = event["subject"].as_str().context("the event has no subject")?.to_string();
    client.publish(subject, event.to_string().into()).await?;
    client.flush().await?;
    Ok(())
}

/// Publishes into a stream of another domain, which says that it has it.
pub async fn stored(client: &async_nats::Client, domain: &str, event: &Value) -> anyhow::Result<()> {
    let subject = event["subject"].as_str().context("the event has no subject")?.to_string();
    let streams = jetstream::with_domain(client.clone(), domain);
    let sent = async { anyhow::Ok(streams.publish(subject, event.to_string().into()).await?.await?) };
    tokio::time::timeout(Duration::from_secs(2), sent).await??;
    Ok(())
}
