//! `policy suggest`: drafts of rules out of what helped again and again.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::backtest::length;
use super::screen::{Screen, one_line};
use super::{Context, progress};
use crate::backend::policies::SuggestRequest;
use crate::suggest::DraftOutcome;

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
    let wanted = SuggestRequest { min: arguments.min, since: arguments.since, out: arguments.out };
    let progress = progress();
    let written = context.host.suggest(&context.config, &wanted, &progress)?;
    let screen = if arguments.json {
        Screen::json(&json!({ "drafts": written }))?
    } else if written.is_empty() {
        one_line(format!("nothing that a model or a person did helped {} times in the same way", wanted.min))
    } else {
        let mut screen = Screen::default();
        written.iter().for_each(|draft| show(&mut screen, draft));
        screen
    };
    screen.print()?;
    Ok(ExitCode::SUCCESS)
}

fn show(screen: &mut Screen, written: &DraftOutcome) {
    let (tools, times) = (written.tools.join(", "), written.evidence.len());
    let found = written.finding.map(|finding| format!(" where {} was found", finding.as_str())).unwrap_or_default();
    screen.line(format!("{}: {tools} helped with {}{found} {times} times", written.name, written.alert));
    for file in &written.files {
        screen.line(format!("    written  {}", file.display()));
    }
    if let Some(why) = &written.refused {
        screen.line(format!("    not written: {why}"));
    }
}
