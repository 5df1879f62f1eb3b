//! `policy`: prove policies before they are live, and see why they say what they say.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;

use super::screen::{Screen, one_line};
use super::{Context, backtest, handle, progress, suggest};
use crate::backend::Payload;
use crate::backend::policies::{ExplainInput, LintReport, LintRequest, TestReport};
use crate::clock::SystemClock;
use crate::domain::{Labels, event};
use crate::ports::{Clock, Inbound};
use crate::source::alertmanager;

mod explain;

#[derive(Args)]
#[command(subcommand_value_name = "WHAT", subcommand_help_heading = "What")]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the table tests in tests/*.toml beside the policies; exit code 1 when one fails
    Test(TestArguments),
    /// Find what cannot be meant: rules that never match, tools that do not exist; exit code 1 if there is any
    Lint(LintArguments),
    /// Show which rule decides and why, with --all every rule that was considered, and what every gate says
    Explain(ExplainArguments),
    /// Replay the journal against other policies: what would change; exit code 3 when anything does
    Backtest(backtest::Arguments),
    /// Write drafts of rules for what helped again and again; nothing is put in force
    Suggest(suggest::Arguments),
}

#[derive(Args)]
struct TestArguments {
    /// The folder with *.rhai [default: the configured one]
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Name the rules, gates and branches that no test reached
    #[arg(long)]
    coverage: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct LintArguments {
    /// The folder with *.rhai [default: the configured one]
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Start no tool servers; then nothing is said about their tools
    #[arg(long)]
    offline: bool,
}

#[derive(Args)]
struct ExplainArguments {
    /// An incident (its id, a unique beginning of it, or `latest`), or a payload file
    #[arg(value_name = "INCIDENT|FILE", required_unless_present = "event")]
    subject: Option<String>,
    /// A file with CloudEvents instead (- for standard input): which rules about events speak, and what comes of it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["subject", "source"])]
    event: Option<PathBuf>,
    /// The source that decodes a payload file
    #[arg(long, value_name = "NAME", default_value = alertmanager::NAME)]
    source: String,
    /// Every rule that was considered, also those that decide nothing
    #[arg(long)]
    all: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

pub async fn run(context: &Context<'_>, arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        Command::Test(arguments) => {
            let tested = context.host.test_policies(&context.config, arguments.folder.as_deref())?;
            let screen = if arguments.json { Screen::json(&tested)? } else { told(&tested, arguments.coverage) };
            screen.print()?;
            Ok(code(tested.failed.is_empty()))
        }
        Command::Lint(LintArguments { folder, offline }) => {
            let wanted = LintRequest { folder, offline };
            let linted = context.host.lint_policies(context.config.clone(), &wanted, &progress()).await?;
            linted_text(&linted).print()?;
            Ok(code(linted.findings.is_empty()))
        }
        Command::Explain(arguments) => explained(context, arguments).await,
        Command::Backtest(arguments) => backtest::run(context, arguments),
        Command::Suggest(arguments) => suggest::run(context, arguments),
    }
}

fn code(good: bool) -> ExitCode {
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn linted_text(linted: &LintReport) -> Screen {
    let mut screen = Screen::default();
    linted.findings.iter().for_each(|finding| screen.line(finding));
    screen.line(match linted.findings.len() {
        0 => "nothing to complain about".to_string(),
        1 => "1 finding".to_string(),
        n => format!("{n} findings"),
    });
    linted.unchecked.iter().for_each(|line| screen.line(format!("not checked: {line}")));
    screen
}

fn told(tested: &TestReport, coverage: bool) -> Screen {
    let mut screen = Screen::default();
    for failure in &tested.failed {
        // Its lines are of the test's making; what is in them was put on one each.
        screen.block(&format!("FAILED {failure}"));
        screen.gap();
    }
    let TestReport { folder, passed, reached, all, .. } = tested;
    let failed = tested.failed.len();
    if passed + failed == 0 {
        screen.line(format!("{folder}: no tests; write them into tests/*.toml beside the policies"));
    } else {
        screen.line(format!("{folder}: {passed} passed, {failed} failed"));
    }
    let percent = (reached * 100).checked_div(*all).unwrap_or(100);
    if coverage {
        screen.line(format!("coverage: {percent} % ({reached} of {all} declarations and sides of `when`)"));
        tested.missing.iter().for_each(|line| screen.line(format!("  {line}")));
    }
    screen
}

async fn explained(context: &Context<'_>, arguments: ExplainArguments) -> anyhow::Result<ExitCode> {
    let word = arguments.subject.unwrap_or_default();
    let path = Path::new(&word);
    let subject = if let Some(path) = &arguments.event {
        ExplainInput::Events(payload(path, event::SOURCE)?)
    } else if word == "-" || path.is_file() || looks_like_a_file(&word) {
        ExplainInput::Payload(payload(path, &arguments.source)?)
    } else {
        ExplainInput::Incident(word)
    };
    let progress = progress();
    let explained = context.host.explain(context.config.clone(), subject, &progress).await?;
    if arguments.json {
        Screen::json(&json!({ "incidents": explained }))?.print()?;
    } else if explained.is_empty() {
        one_line("no alert in it opens an incident").print()?;
    } else {
        let mut screen = Screen::default();
        for (n, one) in explained.iter().enumerate() {
            if n > 0 {
                screen.gap();
            }
            explain::show(&mut screen, one, arguments.all);
        }
        screen.print()?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn payload(path: &Path, source: &str) -> anyhow::Result<Payload> {
    let request = Inbound {
        method: "POST".into(),
        headers: Labels::new(),
        query: Vec::new(),
        body: handle::read(path)?,
        received_at: SystemClock.now(),
    };
    Ok(Payload { name: path.display().to_string(), source: source.into(), request })
}

/// No id has these, so a typing error in a file's name is not taken for an unknown incident.
pub(super) fn looks_like_a_file(word: &str) -> bool {
    word.contains('/') || word.ends_with(".json")
}

#[cfg(test)]
mod tests;
