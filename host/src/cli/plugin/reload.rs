//! `plugin reload`.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use crate::backend::Reloaded;
use crate::cli::Context;
use crate::cli::answer::{Person, name};
use crate::cli::remote::Remote;
use crate::cli::screen::one_line;

#[derive(Args)]
#[command(after_help = "\
The running host reads the plugin's folder anew, with the settings, secrets and grants that it was started with, and with the
digest that its configuration file names by now ([plugins.NAME] sha256). Calls under way end with the old code. Where the new one cannot be used, the reason is said and the old one stays.")]
pub struct Arguments {
    /// The plugin
    plugin: String,
    #[command(flatten)]
    person: Person,
}

pub async fn run(context: &Context<'_>, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let body = json!({ "person": name(context, &arguments.person)? });
    let path = format!("/v1/plugins/{}/reload", arguments.plugin);
    let Reloaded { from, to, sha256, changed } = Remote::new(context)?.post(&path, &body).await?;
    let digest = sha256.get(..12).unwrap_or(&sha256);
    let what = if changed { format!("{from} -> {to}") } else { format!("{to}: the component is the same as before") };
    one_line(format!("{what} ({digest})")).print()?;
    Ok(ExitCode::SUCCESS)
}
