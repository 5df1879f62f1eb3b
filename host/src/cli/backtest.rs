//! `policy backtest`: what other policies would have done with what is in the journal.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::screen::Screen;
use super::{Context, progress};
use crate::backend::policies::ReplayRequest;
use crate::backtest::Report;
use crate::backtest::report::{ActionSide, Changed, VerdictSide};
use crate::config::Period;

#[derive(Args)]
#[command(after_help = "\
Recorded mode: clock, history, looks, plans and model answers are those of the journal;
no tool, model or network is touched. Tools and their risks are read off recorded actions.
Executions that the journal does not know are taken to succeed at once.

Exit codes: 0 when nothing changes, 3 when something does, 1 when it cannot be told.")]
pub struct Arguments {
    /// Compare incidents opened within this time, such as 12h or 30d
    #[arg(long, value_name = "TIME", default_value = "30d", value_parser = length)]
    since: Duration,
    /// The folder with the other *.rhai [default: the configured one]
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Reads a length of time.
pub fn length(text: &str) -> Result<Duration, String> {
    let period = Period::parse(text).ok_or("write a length of time such as 12h or 30d")?;
    Ok(period.0)
}

/// Exit code for "something changes".
const CHANGES: u8 = 3;

pub fn run(context: &Context<'_>, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let replay = ReplayRequest { folder: arguments.policies, since: arguments.since };
    let progress = progress();
    let report = context.host.backtest(&context.config, &replay, &progress)?;
    let screen = if arguments.json { Screen::json(&report)? } else { shown(&report) };
    screen.print()?;
    Ok(if report.changes.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(CHANGES) })
}

fn shown(report: &Report) -> Screen {
    let mut screen = Screen::default();
    report.changes.iter().for_each(|changed| one(&mut screen, changed));
    if !report.not_reproduced.is_empty() {
        screen.line("not reproduced: these same policies decided otherwise when this was recorded, because of");
        screen.line("something that the journal does not hold (such as another configuration)");
        screen.gap();
        report.not_reproduced.iter().for_each(|changed| one(&mut screen, changed));
    }
    summary(&mut screen, report);
    screen
}

fn one(screen: &mut Screen, changed: &Changed) {
    let opened = changed.opened_at.strftime("%Y-%m-%d %H:%M");
    screen.line(format!("{}  {opened}  {}", changed.incident, changed.alert));
    if let Some(pair) = &changed.verdict {
        screen.line(format!("    verdict  {}  →  {}", verdict(&pair.old), verdict(&pair.new)));
    }
    for action in &changed.actions {
        let (what, on) = (&action.tool, &action.target);
        screen.line(format!("    action   {what} on {on}: {}  →  {}", side(&action.old), side(&action.new)));
    }
    for route in &changed.routes {
        let list = |list: &[String]| if list.is_empty() { "nobody".into() } else { list.join(", ") };
        screen.line(format!("    {:<8} {}  →  {}", route.occasion, list(&route.old), list(&route.new)));
    }
    if changed.model_calls_saved > 0 {
        let (calls, tokens) = (changed.model_calls_saved, changed.tokens_saved);
        screen.line(format!("    model    {calls} calls fewer ({tokens} tokens)"));
    }
    if changed.model_calls_added > 0 {
        screen.line("    model    would be asked; there is no recorded answer");
    }
    changed.notes.iter().for_each(|note| screen.line(format!("    note     {note}")));
    screen.gap();
}

fn verdict(side: &VerdictSide) -> String {
    let detail = if side.detail.is_empty() { String::new() } else { format!(" {}", side.detail) };
    let rule = side.rule.as_deref().unwrap_or("no rule");
    let mode = if side.mode == "observe" { ", observe" } else { "" };
    format!("{}{detail} ({rule}{mode})", side.verdict)
}

fn side(side: &ActionSide) -> String {
    let rule = side.rule.as_deref().map_or(String::new(), |rule| format!(" ({})", rule));
    format!("{}{rule}", side.fate.as_str())
}

fn summary(screen: &mut Screen, report: &Report) {
    let sum = &report.summary;
    let digest: String = report.policies.chars().take(12).collect();
    let mut rows = vec![
        ("incidents compared", sum.incidents),
        ("incidents with changes", sum.changed),
        ("changed verdicts", sum.verdicts),
        ("actions newly happening", sum.newly_happening),
        ("actions newly waiting for a person", sum.newly_asked),
        ("actions no longer waiting for a person", sum.no_longer_asked),
        ("actions no longer happening", sum.no_longer_happening),
        ("newly allowed, in mode observe", sum.newly_allowed_in_observe),
        ("no longer allowed, in mode observe", sum.no_longer_allowed_in_observe),
        ("changed messages", sum.routes),
        ("model calls saved", sum.model_calls_saved),
        ("model calls added", sum.model_calls_added),
        ("tokens saved", sum.tokens_saved),
    ];
    if !report.not_reproduced.is_empty() {
        rows.push(("incidents not reproduced", report.not_reproduced.len() as u64));
    }
    let lines = rows.into_iter().map(|(what, count)| vec![format!("  {what}"), count.to_string()]);
    let lines: Vec<Vec<String>> = lines.collect();
    let since = report.since.strftime("%Y-%m-%d %H:%M");
    screen.line(format!("since {since}, policies {digest}, recorded mode"));
    screen.columns(&lines);
}
