//! `plugin build`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::failed;
use crate::author::{PluginFolder, build};
use crate::cli::screen::{note, one_line};
use crate::environment::Environment;

#[derive(Args)]
#[command(after_help = "\
Runs `[build] command` of plugin.toml in the plugin's folder, after it has looked for the toolchain. The command leaves
NAME.wasm in the folder; for Cargo its module is taken from the target folder. A core module is made a component.")]
pub struct Arguments {
    /// The plugin's folder
    #[arg(default_value = ".", hide_default_value = true)]
    folder: PathBuf,
}

pub fn run(arguments: &Arguments, environment: &dyn Environment) -> anyhow::Result<ExitCode> {
    let found = PluginFolder::at(&arguments.folder).map_err(failed)?;
    let built = build::build(&found, environment, &|line| note(line)).map_err(failed)?;
    let size = size(built.size);
    one_line(format!("{}: {size}, sha256 {}", built.path.display(), built.sha256)).print()?;
    Ok(ExitCode::SUCCESS)
}

/// Bytes for people.
pub fn size(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{} KiB", bytes.div_ceil(1024)),
        _ => format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20)),
    }
}
