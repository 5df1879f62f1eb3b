//! `serve`: start, say so, run until told to stop, stop in order.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::screen::Screen;
use super::{Context, progress};
use crate::clock::SystemClock;
use crate::config::Problems;
use crate::domain::Mode;
use crate::http;

#[derive(Args)]
pub struct Arguments {
    /// Go on although the journal lacks entries that it had: what was approved, spent and begun in them
    /// is forgotten, and may be done again. What the listing knew of them is kept beside it
    #[arg(long)]
    pub accept_loss: bool,
}

pub async fn run(context: &Context<'_>) -> anyhow::Result<ExitCode> {
    let config = &context.config;
    // Handlers first: an order to stop during a slow start must not kill the process halfway.
    let (mut stop, mut again) = (Stop::new()?, Stop::new()?);
    // The socket before the journal: a second host on the same address stops here.
    let listener = http::listen(config).await.map_err(|problem| Problems(vec![problem]))?;
    let progress = progress();
    let started = tokio::select! {
        started = context.host.start(config.clone(), &progress) => started?,
        () = stop.ordered() => return Ok(ExitCode::SUCCESS),
    };
    let backend = started.backend;
    let server = http::Server::new(listener, config, backend.clone(), Arc::new(SystemClock), context.environment);
    let server = match server {
        Ok(server) => server,
        Err(problems) => {
            backend.stop().await;
            return Err(problems.into());
        }
    };
    let url = format!("http://{}", server.address());
    greeting(&url, config.mode, config.file(), &started.loaded).print()?;
    let ordered = async {
        stop.ordered().await;
        tracing::info!("stopping: what is under way is waited for, and alerts are still taken");
        backend.wind_down().await;
    };
    let orderly = async {
        server.run(ordered).await;
        backend.stop().await;
    };
    let at_once = async {
        // Both hear the first order.
        again.ordered().await;
        again.ordered().await;
    };
    tokio::select! {
        () = orderly => Ok(ExitCode::SUCCESS),
        () = at_once => Err(anyhow::anyhow!("stopped at once, as ordered twice; work under way goes on after the next start")),
    }
}

fn greeting(url: &str, mode: Mode, file: Option<&std::path::Path>, loaded: &[String]) -> Screen {
    let mode = match mode {
        Mode::Observe => "observe: nothing is changed, what would have been done is recorded",
        Mode::Enforce => "enforce: what the gate allows is executed",
    };
    let file = file.map_or("built-in defaults".to_string(), |file| file.display().to_string());
    let mut screen = Screen::default();
    screen.line(format!("tidegate {} listens on {url}", env!("CARGO_PKG_VERSION")));
    let mut rows = vec![vec!["  mode".into(), mode.into()], vec!["  config".into(), file]];
    rows.extend(loaded.iter().map(|line| match line.split_once(": ") {
        Some((name, what)) => vec![format!("  {name}"), what.into()],
        None => vec![format!("  {line}")],
    }));
    screen.columns(&rows);
    screen.line("next, in another terminal:");
    screen.line(format!("  curl --data @alert.json {url}/alert"));
    screen.line("  tidegate incidents");
    screen
}

/// SIGTERM and SIGINT.
struct Stop {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Stop {
    fn new() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn ordered(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
