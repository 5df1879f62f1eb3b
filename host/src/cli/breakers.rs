//! `breakers`: who was stopped because its fixes did not help or its proposals were denied, and letting
//! it go on.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Context;
use super::answer::{Person, name};
use super::remote::Remote;
use super::screen::{Screen, one_line};
use crate::backend::Breaker;

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Close a breaker: its origin may act again
    Reset {
        /// The breaker, as `breakers` names it, such as rule:restart-pods or denied:rule:restart-pods
        key: String,
        /// Why, for the journal
        #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
        reason: String,
        #[command(flatten)]
        person: Person,
    },
}

#[derive(Deserialize)]
struct Listed {
    breakers: Vec<Breaker>,
}

pub async fn run(context: &Context<'_>, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let remote = Remote::new(context)?;
    match arguments.command {
        Some(Command::Reset { key, reason, person }) => {
            let body = json!({ "person": name(context, &person)?, "key": key, "reason": reason });
            let _: Value = remote.post("/v1/breakers/reset", &body).await?;
            one_line(format!("reset: {key} may act again")).print()?;
        }
        None => {
            let listed: Listed = remote.get("/v1/breakers").await?;
            let screen = if arguments.json {
                Screen::json(&json!({ "breakers": listed.breakers }))?
            } else {
                shown(&listed.breakers)
            };
            screen.print()?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn shown(breakers: &[Breaker]) -> Screen {
    if breakers.is_empty() {
        return one_line("no breaker has counted anything");
    }
    let row = |breaker: &Breaker| {
        let state = if breaker.open { "open" } else { "closed" };
        let (count, limit) = (breaker.count.to_string(), breaker.limit.to_string());
        [breaker.key.clone(), state.into(), count, limit, breaker.because.clone()]
    };
    Screen::table(["BREAKER", "STATE", "IN A ROW", "OPENS AT", "BECAUSE"], breakers.iter().map(row))
}
