//! `plugin install`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde::Deserialize;

use super::{cache, failed, note_stale};
use crate::author::configuration::{self, ExistingConfig};
use crate::author::{PluginFolder, install};
use crate::backend::PluginView;
use crate::cli::Context;
use crate::cli::remote::Remote;
use crate::cli::screen::Screen;
use crate::config::is_this_machine;

#[derive(Args)]
#[command(after_help = "\
Copies plugin.toml and the component into `[plugins] path`, and notes the component's digest in pins.toml there: a
component with another digest is not loaded. The configuration is not changed; the lines for it are printed. A digest
in the configuration goes before pins.toml, and holds also against whoever can write the folder.")]
pub struct Arguments {
    /// The plugin's folder, or its WASM file beside plugin.toml
    #[arg(value_name = "FILE|FOLDER")]
    plugin: PathBuf,
    /// Let it take the place of the bundled plugin of the same name
    #[arg(long)]
    replace: bool,
}

#[derive(Deserialize)]
struct Running {
    plugins: Vec<PluginView>,
}

pub async fn run(context: &Context<'_>, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let found = PluginFolder::at(&arguments.plugin).map_err(failed)?;
    let manifest = found.whole().map_err(failed)?.clone();
    note_stale(&found);
    let cache = cache(context.environment);
    let config = &context.config;
    let (plugins, bundled, replace) =
        (config.plugins.directory.path.clone(), context.host.bundled(), arguments.replace);
    let installed = tokio::task::spawn_blocking(move || {
        let into = install::Destination { plugins: &plugins, cache: cache.as_deref(), bundled: &bundled, replace };
        install::install(&found, into)
    })
    .await?
    .map_err(failed)?;
    let mut screen = Screen::default();
    screen.line(format!("installed {} into {}", manifest.label(), installed.folder.display()));
    if let Some(before) = &installed.replaced {
        let same = if before.sha256 == installed.sha256 { ", the same component" } else { "" };
        screen.line(format!("it takes the place of {}{same}", before.version));
    }
    screen.line(format!("pinned to sha256 {}", installed.sha256));
    let options = config.plugins.each.get(&manifest.name);
    let old = options.and_then(|options| options.sha256.as_ref()).filter(|pin| **pin != installed.sha256);
    if old.is_some() {
        let place = config.problem(
            &["plugins", &manifest.name, "sha256"],
            "it names another component and goes before pins.toml: put this one's digest there",
        );
        screen.line(place.to_string());
    }
    screen.gap();
    screen.line("for the configuration, with what you allow of it, beside what stands there:");
    screen.gap();
    let listen = config.server.listen;
    let beside = ExistingConfig {
        targets: config.notifiers.keys().cloned().collect(),
        listen: Some(listen.to_string()),
        open: !is_this_machine(listen.ip()),
    };
    configuration::lines(&manifest, &installed.sha256, &beside).lines().for_each(|line| screen.line(line));
    screen.gap();
    screen.line(format!("then `tidegate check`, and {}", next(context, &manifest.name).await));
    screen.print()?;
    Ok(ExitCode::SUCCESS)
}

/// What lets a host use it.
async fn next(context: &Context<'_>, name: &str) -> String {
    let running = match Remote::new(context) {
        Ok(remote) => remote.get::<Running>("/v1/plugins").await.ok(),
        Err(_) => None,
    };
    let Some(running) = running else { return "start the host".into() };
    let known =
        running.plugins.iter().any(|plugin| plugin.name == name && plugin.from != BUNDLED && plugin.state != REFUSED);
    if known {
        format!("`tidegate plugin reload {name}`: the running host takes the new code; what else changes takes a start")
    } else {
        "start the running host anew: it does not know this plugin yet".into()
    }
}

/// Where a plugin comes from that lies in no folder.
const BUNDLED: &str = "bundled";
/// The state of a plugin of which nothing is in use that new code could take the place of.
const REFUSED: &str = "refused";
