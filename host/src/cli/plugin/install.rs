//! `plugin install`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{cache, failed};
use crate::author::{Found, configuration, install};
use crate::cli::Context;
use crate::cli::screen::Screen;

#[derive(Args)]
#[command(after_help = "\
Copies plugin.toml and the component into `[plugins] path`, and notes the component's digest in pins.toml there: a
component with another digest is not loaded. The configuration is not changed; the lines for it are printed. A digest
in the configuration goes before pins.toml, and holds also against whoever can write the folder.")]
pub struct Arguments {
    /// The plugin's folder, or its WASM file beside plugin.toml
    #[arg(value_name = "FILE|FOLDER")]
    plugin: PathBuf,
}

pub async fn run(context: &Context<'_>, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let found = Found::at(&arguments.plugin).map_err(failed)?;
    let manifest = found.whole().map_err(failed)?.clone();
    let cache = cache(context.environment);
    let folder = context.config.plugins.directory.path.clone();
    let installed = tokio::task::spawn_blocking(move || install::install(&found, &folder, cache.as_deref()))
        .await?
        .map_err(failed)?;
    let mut screen = Screen::default();
    screen.line(format!("installed {} into {}", manifest.label(), installed.folder.display()));
    if let Some(before) = &installed.replaced {
        let same = if before.sha256 == installed.sha256 { ", the same component" } else { "" };
        screen.line(format!("it takes the place of {}{same}", before.version));
    }
    screen.line(format!("pinned to sha256 {}", installed.sha256));
    screen.gap();
    screen.line("for the configuration, with what you allow of it:");
    screen.gap();
    configuration::lines(&manifest, &installed.sha256).lines().for_each(|line| screen.line(line));
    screen.gap();
    screen.line("then `tidegate check`, and start the host anew");
    screen.print()?;
    Ok(ExitCode::SUCCESS)
}
