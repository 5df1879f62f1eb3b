//! `deliveries`: messages that were not delivered, and having them sent anew.

use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, Subcommand, ValueEnum};
use serde::Deserialize;
use serde_json::json;

use super::Context;
use super::answer::{Person, name};
use super::remote::{Remote, with_query};
use super::screen::{Screen, one_line};
use crate::backend::deliveries::{DeliveryView, UndeliveredState};
use crate::report;

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Only those that are queued (not tried yet), failed (tried again) or abandoned (given up)
    #[arg(long, value_name = "STATE", hide_possible_values = true)]
    state: Option<StateWord>,
    /// Only those to this target
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
    /// At most this many
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    limit: usize,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum StateWord {
    Queued,
    Failed,
    Abandoned,
}

impl StateWord {
    fn standing(self) -> UndeliveredState {
        match self {
            Self::Queued => UndeliveredState::Queued,
            Self::Failed => UndeliveredState::Failed,
            Self::Abandoned => UndeliveredState::Abandoned,
        }
    }
}

#[derive(Subcommand)]
enum Command {
    /// Have messages sent anew that have failed or were given up
    Retry {
        /// The message, as `deliveries` names it, or the incident whose messages are meant
        #[arg(value_name = "ID", conflicts_with_all = ["target", "all"])]
        id: Option<String>,
        /// All to this target
        #[arg(long, value_name = "NAME", conflicts_with = "all")]
        target: Option<String>,
        /// All
        #[arg(long)]
        all: bool,
        /// Why, for the journal
        #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
        reason: String,
        #[command(flatten)]
        person: Person,
    },
}

#[derive(Deserialize)]
struct Listed {
    deliveries: Vec<DeliveryView>,
}

#[derive(Deserialize)]
struct Retried {
    retried: usize,
}

pub async fn run(context: &Context<'_>, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let remote = Remote::new(context)?;
    match arguments.command {
        Some(Command::Retry { id: None, target: None, all: false, .. }) => {
            bail!("say which messages: an ID of `tidegate deliveries`, --target NAME or --all")
        }
        Some(Command::Retry { id, target, all, reason, person }) => {
            let person = name(context, &person)?;
            let body = json!({ "person": person, "reason": reason, "all": all, "id": id, "target": target });
            let Retried { retried } = remote.post("/v1/deliveries/retry", &body).await?;
            let messages = if retried == 1 { "message is" } else { "messages are" };
            one_line(format!("{retried} {messages} sent anew")).print()?;
        }
        None => {
            let mut query = vec![("limit", arguments.limit.to_string())];
            query.extend(arguments.state.map(|state| ("state", state.standing().as_str().to_string())));
            query.extend(arguments.target.clone().map(|target| ("target", target)));
            let listed: Listed = remote.get(&with_query("/v1/deliveries", &query)?).await?;
            let screen = if arguments.json {
                Screen::json(&json!({ "deliveries": listed.deliveries }))?
            } else {
                shown(&listed.deliveries)
            };
            screen.print()?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn shown(deliveries: &[DeliveryView]) -> Screen {
    if deliveries.is_empty() {
        return one_line("every message was delivered");
    }
    let heads = ["MESSAGE", "STATE", "SEVERITY", "ATTEMPTS", "NEXT", "TITLE", "REASON"];
    let row = |view: &DeliveryView| {
        [
            view.id.clone(),
            view.state.as_str().into(),
            view.severity.as_str().into(),
            view.attempts.to_string(),
            view.next_attempt.map(report::date).unwrap_or_default(),
            view.title.clone(),
            view.reason.clone().unwrap_or_default(),
        ]
    };
    Screen::table(heads, deliveries.iter().map(row))
}
