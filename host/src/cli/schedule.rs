//! `schedule`: what is done by the clock, and who is to be heard from.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::json;

use super::Context;
use super::answer::{Person, name};
use super::remote::{Remote, segment};
use super::screen::{Screen, one_line};
use crate::backend::ScheduleView;
use crate::report;

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
    /// List schedules and heartbeats: when they are due, when they were last, and what came of it
    List {
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Have the running host do now what a schedule does; exit code 1 when it fails
    Run {
        /// The [[schedule]] of the configuration
        #[arg(value_name = "NAME")]
        schedule: String,
        #[command(flatten)]
        person: Person,
    },
}

#[derive(Deserialize)]
struct Listed {
    schedules: Vec<ScheduleView>,
}

#[derive(Deserialize)]
struct Ran {
    outcome: String,
}

pub async fn run(context: &Context<'_>, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let remote = Remote::new(context)?;
    match arguments.command.unwrap_or(Command::List { json: arguments.json }) {
        Command::List { json } => {
            let all = match remote.is_there().await {
                true => remote.get::<Listed>("/v1/schedules").await?.schedules,
                false => context.host.schedules(&context.config).map_err(anyhow::Error::msg)?,
            };
            if json { Screen::json(&json!({ "schedules": all }))? } else { listed(&all) }.print()?;
        }
        Command::Run { schedule, person } => {
            let path = format!("/v1/schedules/{}/run", segment(&schedule)?);
            let body = json!({ "person": name(context, &person)? });
            let ran: Ran = remote.post_at_length(&path, &body).await?;
            one_line(ran.outcome).print()?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn listed(all: &[ScheduleView]) -> Screen {
    if all.is_empty() {
        return one_line("the configuration has no [[schedule]] and no [[heartbeat]]");
    }
    let moment = |at: Option<jiff::Timestamp>| at.map_or_else(|| "-".to_string(), report::date);
    Screen::table(
        ["NAME", "DOES", "WHEN", "NEXT", "LAST", "OUTCOME"],
        all.iter().map(|one| {
            let outcome = match (&one.under_way, one.failed) {
                (Some(since), _) => format!("under way since {}", report::date(*since)),
                (None, true) => format!("failed: {}", one.outcome.as_deref().unwrap_or("-")),
                (None, false) => one.outcome.clone().unwrap_or_else(|| "-".into()),
            };
            [one.name.clone(), one.does.clone(), one.when.clone(), moment(one.next), moment(one.last), outcome]
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_failed_is_shown_with_its_time_and_why() {
        let at = |text: &str| Some(text.parse().unwrap());
        let view = ScheduleView {
            name: "alive".into(),
            does: "ping".into(),
            when: "@every 1m".into(),
            last: at("2026-11-27T08:01:00Z"),
            last_success: at("2026-11-27T08:00:00Z"),
            failed: true,
            outcome: Some("ping.example answered 500".into()),
            ..ScheduleView::default()
        };
        let screen = listed(&[view]);
        let row = screen.text().lines().nth(1).unwrap_or_default().to_string();
        assert!(row.contains("2026-11-27") && row.contains("08:01"), "{row}");
        assert!(row.ends_with("failed: ping.example answered 500"), "{row}");
    }
}
