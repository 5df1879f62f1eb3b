//! `journal verify`: whether the record is whole.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::screen::{note, one};
use super::{Context, progress};

#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Read the whole journal and check its hash chain; finds changed and missing entries
    #[command(after_help = "Exit codes: 0 when the journal is whole, 1 when it is not or cannot be read.")]
    Verify,
}

pub fn run(context: &Context<'_>, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Command::Verify = arguments.command;
    let progress = progress();
    let found = context.host.verify(&context.config, &progress).map_err(anyhow::Error::msg)?;
    let journal = context.config.journal.display();
    let size = format!("{} entries in {} streams", found.entries, found.streams);
    if found.faults.is_empty() {
        one(format!("the journal {journal} is whole: {size}")).print()?;
        return Ok(ExitCode::SUCCESS);
    }
    for fault in &found.faults {
        note(format!("error: {fault}"));
    }
    note(format!("the journal {journal} is not whole: {} faults among {size}", found.faults.len()));
    Ok(ExitCode::FAILURE)
}
