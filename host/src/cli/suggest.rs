//! `policy suggest`: drafts of rules out of what helped again and again.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::backtest::length;
use super::{Context, progress, table};
use crate::backend::policies::Suggest;
use crate::suggest::Written;

#[derive(Args)]
#[command(after_help = "\
A draft is never in force: it says mode observe and lies in a folder of its own, with its
evidence and its tests. Read it, run `tidegate policy test` on the folder, then move both files
where your policies are and try them with `tidegate policy backtest`.")]
pub struct Arguments {
    /// At least so many incidents that ended in the same way
    #[arg(long, value_name = "N", default_value_t = 3)]
    min: usize,
    /// Only incidents opened within this time, such as 30d [default: all]
    #[arg(long, value_name = "TIME", value_parser = length)]
    since: Option<Duration>,
    /// Where drafts are written; never over a file that is there, never where policies are in force
    #[arg(long, value_name = "DIR", default_value = "policies-drafts")]
    out: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context<'_>, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let wanted = Suggest { min: arguments.min, since: arguments.since, out: arguments.out };
    let progress = progress();
    let written = context.host.suggest(&context.config, &wanted, &progress)?;
    let text = if arguments.json {
        format!("{}\n", serde_json::to_string_pretty(&json!({ "drafts": written }))?)
    } else if written.is_empty() {
        format!("nothing that a model or a person did helped {} times in the same way\n", wanted.min)
    } else {
        table::clean(&written.iter().map(one).collect::<String>())
    };
    table::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn one(written: &Written) -> String {
    let line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let tools = line(&written.tools.join(", "));
    let mut text =
        format!("{}: {} helped with {} {} times\n", written.name, tools, line(&written.alert), written.evidence.len());
    for file in &written.files {
        text.push_str(&format!("    written  {}\n", file.display()));
    }
    if let Some(why) = &written.refused {
        text.push_str(&format!("    not written: {why}\n"));
    }
    text
}
