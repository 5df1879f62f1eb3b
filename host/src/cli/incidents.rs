//! `incidents` and `report`: what happened, read from the data files.

use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::screen::Screen;
use super::{Context, handling, table, watch};
use crate::backend::{Cancellation, Filter, Records, find};
use crate::domain::entry::Says;
use crate::domain::incident::IncidentView;
use crate::domain::{Outcome, Severity, State};
use crate::report::{Detail, timeline};

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
    /// Only these: fixed, suppressed, resolved, needs_person or error
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
fn word<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(Value::String(text.into())).map_err(|error| error.to_string())
}

pub async fn run(context: &Context<'_>, arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        Some(Command::Watch) => return watch::run(context).await,
        Some(Command::Show { incident, all, json }) => show(context, &incident, all, json)?,
        Some(Command::Ack(word)) => handling::say(context, word, Says::Acknowledge).await?,
        Some(Command::Comment(word)) => handling::say(context, word, Says::Comment).await?,
        Some(Command::Close(word)) => handling::say(context, word, Says::Close).await?,
        Some(Command::Rerun(word)) => handling::say(context, word, Says::Rerun).await?,
        Some(Command::List(list)) => print_list(records(context)?.as_ref(), list)?,
        None => print_list(records(context)?.as_ref(), arguments.list)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// `report`.
pub fn report(context: &Context<'_>, word: &str) -> anyhow::Result<ExitCode> {
    let records = records(context)?;
    let incident = find(records.as_ref(), word)?;
    let none = || anyhow!("incident {} has no report yet; it stands at {}", incident.id, incident.state().as_str());
    let report = incident.report.as_ref().with_context(none)?;
    let mut screen = Screen::default();
    screen.block(report.trim_end());
    screen.print()?;
    Ok(ExitCode::SUCCESS)
}

fn records(context: &Context<'_>) -> anyhow::Result<Box<dyn Records>> {
    context.host.records(&context.config).map_err(anyhow::Error::msg)
}

fn print_list(records: &dyn Records, list: ListArguments) -> anyhow::Result<()> {
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
    let incidents = records.list(&filter, &Cancellation::default()).map_err(anyhow::Error::msg)?;
    let views: Vec<IncidentView> = incidents.iter().map(IncidentView::from).collect();
    let screen = if list.json { Screen::json(&json!({ "incidents": views }))? } else { table::list(&views) };
    Ok(screen.print()?)
}

fn show(context: &Context<'_>, word: &str, all: bool, json: bool) -> anyhow::Result<()> {
    let records = records(context)?;
    let incident = find(records.as_ref(), word)?;
    let language = context.config.report.language;
    let screen = if json {
        Screen::json(&IncidentView::from(&incident))?
    } else {
        let story = records.story(&incident.id.0).map_err(anyhow::Error::msg)?;
        let story = story.with_context(|| format!("incident {} has no entries", incident.id))?;
        let detail = if all { Detail::All } else { Detail::Folded };
        let waits_for = records.waits_for(&story.incident);
        let lines = timeline(&story, detail, language);
        table::story(&IncidentView::from(&story.incident), waits_for.as_deref(), &lines)
    };
    Ok(screen.print()?)
}
