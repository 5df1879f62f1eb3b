//! `check`: everything is loaded, nothing is started, all problems are reported at once.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::{Context, print_problems, progress, table};
use crate::config::Problem;
use crate::telemetry;

#[derive(Args)]
#[command(after_help = "Exit codes: 0 when everything is right, 1 when there are problems, 2 for wrong usage.")]
pub struct Arguments {
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

pub async fn run(context: &Context<'_>, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let config = &context.config;
    let progress = progress();
    let checked = context.host.check(config.clone(), &progress).await;
    let mut problems = config.missing_secrets(context.environment);
    if let Err(text) = telemetry::readable(&config.log) {
        problems.push(config.problem(&["log", "level"], text));
    }
    for problem in checked.problems {
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
    report(&arguments, &checked.loaded, &problems)
}

/// Prints what was found.
pub fn report(arguments: &Arguments, loaded: &[String], problems: &[Problem]) -> anyhow::Result<ExitCode> {
    let code = if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    if arguments.json {
        let document = serde_json::to_string_pretty(&json!({ "loaded": loaded, "problems": problems }))?;
        table::print(&format!("{document}\n"))?;
        return Ok(code);
    }
    let lines: String = loaded.iter().map(|line| format!("{line}\n")).collect();
    table::print(&table::clean(&lines))?;
    print_problems(problems);
    match problems.len() {
        0 => table::print("everything is right\n")?,
        1 => eprintln!("1 problem"),
        n => eprintln!("{n} problems"),
    }
    Ok(code)
}
