//! `incidents` and `report`: what happened.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::record::{Record, Shown};
use super::screen::Screen;
use super::{Context, handling, table, watch};
use crate::backend::Filter;
use crate::domain::entry::IncidentCommand;
use crate::domain::{Outcome, Severity, State};
use crate::report::Detail;

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    list: ListArguments,
}

#[derive(Subcommand)]
enum Command {
    /// List incidents, newest first
    List(ListArguments),
    /// Show one incident with its timeline
    Show {
        /// The incident: its id, a unique beginning of it, or `latest`
        incident: String,
        /// Print every look; without it those made one after the other are one line
        #[arg(long)]
        all: bool,
        /// Print JSON, as the HTTP API does
        #[arg(long)]
        json: bool,
    },
    /// Say that you are on it: nobody else is told in place of a target that is silent
    Ack(handling::Word),
    /// Note something that is worth knowing
    Comment(handling::Word),
    /// Close it, and say why
    Close(handling::Word),
    /// Close it and have what still fires decided anew, by the policies in force
    Rerun(handling::Word),
    /// Print a line whenever something happens to an incident, until interrupted
    Watch,
}

#[derive(Args)]
struct ListArguments {
    /// Only these: open, planning, investigating, awaiting_approval, acting, watching or closed
    #[arg(long, value_parser = word::<State>)]
    state: Option<State>,
    /// Only these: fixed, suppressed, resolved, needs_person, error or closed_by_person
    #[arg(long, value_parser = word::<Outcome>)]
    outcome: Option<Outcome>,
    /// Only those whose worst alert is: info, warning, error or critical
    #[arg(long, value_parser = word::<Severity>)]
    severity: Option<Severity>,
    /// Only those whose first alert came from this source
    #[arg(long)]
    source: Option<String>,
    /// Only those that this rule decided
    #[arg(long)]
    rule: Option<String>,
    /// Only those opened at or after this time, such as 2026-11-27T03:00:00Z
    #[arg(long, value_parser = word::<Timestamp>, value_name = "TIME")]
    since: Option<Timestamp>,
    /// At most this many
    #[arg(long, default_value_t = 50, value_name = "N")]
    limit: usize,
    /// Only those opened before the incident with this id
    #[arg(long, value_name = "ID")]
    before: Option<String>,
    /// Print JSON, as the HTTP API does
    #[arg(long)]
    json: bool,
}

/// Reads a word as the API spells it.
pub fn word<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(Value::String(text.into())).map_err(|error| error.to_string())
}

pub async fn run(context: &Context<'_>, arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        Some(Command::Watch) => return watch::run(context).await,
        Some(Command::Show { incident, all, json }) => show(context, &incident, all, json).await?,
        Some(Command::Ack(word)) => handling::say(context, word, IncidentCommand::Acknowledge).await?,
        Some(Command::Comment(word)) => handling::say(context, word, IncidentCommand::Comment).await?,
        Some(Command::Close(word)) => handling::say(context, word, IncidentCommand::Close).await?,
        Some(Command::Rerun(word)) => handling::say(context, word, IncidentCommand::Rerun).await?,
        Some(Command::List(list)) => print_list(context, list).await?,
        None => print_list(context, arguments.list).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// `report`.
pub async fn report(context: &Context<'_>, word: &str) -> anyhow::Result<ExitCode> {
    let report = Record::of(context)?.report(word).await?;
    let mut screen = Screen::default();
    screen.block(report.trim_end());
    screen.print()?;
    Ok(ExitCode::SUCCESS)
}

async fn print_list(context: &Context<'_>, list: ListArguments) -> anyhow::Result<()> {
    let filter = Filter {
        live: false,
        state: list.state,
        outcome: list.outcome,
        severity: list.severity,
        source: list.source,
        rule: list.rule,
        since: list.since,
        prefix: None,
        before: list.before,
        limit: list.limit,
    };
    let views = Record::of(context)?.list(&filter).await?;
    let screen = if list.json { Screen::json(&json!({ "incidents": views }))? } else { table::list(&views) };
    Ok(screen.print()?)
}

async fn show(context: &Context<'_>, word: &str, all: bool, json: bool) -> anyhow::Result<()> {
    let record = Record::of(context)?;
    if json {
        return Ok(Screen::json(&record.incident(word).await?)?.print()?);
    }
    let detail = if all { Detail::All } else { Detail::Folded };
    let Shown { incident, waits_for, lines } = record.shown(word, detail).await?;
    Ok(table::story(&incident, waits_for.as_deref(), &lines).print()?)
}
