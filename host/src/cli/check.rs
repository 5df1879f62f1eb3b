//! `check`: everything is loaded, nothing is started but tool servers where that is wanted, and all problems are
//! reported at once.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::screen::{Screen, note, one_line};
use super::{Context, print_problems, progress};
use crate::config::Problem;
use crate::telemetry;

#[derive(Args)]
#[command(after_help = "Exit codes: 0 when everything is right, 1 when there are problems, 2 for wrong usage.")]
pub struct Arguments {
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    /// Start the configured tool servers too, list what they offer, and end them
    #[arg(long)]
    tools: bool,
}

pub async fn run(context: &Context<'_>, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let config = &context.config;
    let progress = progress();
    let mut checked = context.host.check(config.clone(), &progress).await;
    // What is started is told by the configuration, which must say what is meant.
    if arguments.tools && config.is_sound() {
        let tools = context.host.check_tools(config.clone(), &progress).await;
        checked.loaded.extend(tools.loaded);
        checked.problems.extend(tools.problems);
    }
    let mut problems = config.mistakes();
    problems.extend(config.missing_secrets(context.environment));
    if let Err(text) = telemetry::readable(&config.log) {
        problems.push(config.problem(&["log", "level"], text));
    }
    for problem in checked.problems {
        if !problems.contains(&problem) && !config.misses(&problem.subject) {
            problems.push(problem);
        }
    }
    if arguments.tools && !config.is_sound() {
        checked
            .loaded
            .push("not checked: the tool servers, which are not started while the configuration has mistakes".into());
    }
    report(&arguments, &checked.loaded, &problems)
}

/// Prints what was found.
pub fn report(arguments: &Arguments, loaded: &[String], problems: &[Problem]) -> anyhow::Result<ExitCode> {
    let code = if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    if arguments.json {
        Screen::json(&json!({ "loaded": loaded, "problems": problems }))?.print()?;
        return Ok(code);
    }
    let mut screen = Screen::default();
    loaded.iter().for_each(|line| screen.line(line));
    screen.print()?;
    print_problems(problems);
    match problems.len() {
        0 => one_line("everything is right").print()?,
        1 => note("1 problem"),
        n => note(format!("{n} problems")),
    }
    Ok(code)
}
