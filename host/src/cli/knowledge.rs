//! `search` and `similar`: runbooks and incidents of the past.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::Context;
use super::record::Record;
use super::screen::Screen;
use crate::domain::knowledge::{MatchReason, Quote, Recurrence, SimilarIncident};
use crate::domain::text::one_line;
use crate::report::date;

/// Lines of a piece.
const LINES: usize = 6;

#[derive(Args)]
pub struct SearchArguments {
    /// Words; those found hold all of them
    #[arg(required = true)]
    text: Vec<String>,
    /// At most this many of each
    #[arg(long, default_value_t = 5, value_name = "N")]
    limit: usize,
    /// Print JSON, as the HTTP API does
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub struct SimilarArguments {
    /// The incident: its id, a unique beginning of it, or `latest`
    incident: String,
    /// Print JSON, as the HTTP API does
    #[arg(long)]
    json: bool,
}

pub async fn search(context: &Context<'_>, arguments: &SearchArguments) -> anyhow::Result<ExitCode> {
    let found = Record::of(context)?.search(&arguments.text.join(" "), arguments.limit).await?;
    let screen = if arguments.json {
        Screen::json(&found)?
    } else {
        listed(&found.runbooks, &found.incidents, &found.unread, "nothing holds these words")
    };
    screen.print()?;
    Ok(ExitCode::SUCCESS)
}

pub async fn similar(context: &Context<'_>, arguments: &SimilarArguments) -> anyhow::Result<ExitCode> {
    let (incident, known) = Record::of(context)?.known_about(&arguments.incident).await?;
    let screen = if arguments.json {
        Screen::json(&json!({
            "incident": incident, "runbooks": known.runbooks, "similar": known.similar, "unread": known.unread,
        }))?
    } else {
        listed(&known.runbooks, &known.similar, &known.unread, "no runbook applies, and no closed incident is like it")
    };
    screen.print()?;
    Ok(ExitCode::SUCCESS)
}

fn listed(runbooks: &[Quote], incidents: &[SimilarIncident], unread: &[String], nothing: &str) -> Screen {
    let mut screen = Screen::default();
    if runbooks.is_empty() && incidents.is_empty() {
        screen.line(nothing);
    }
    for quote in runbooks {
        let place = if quote.heading.is_empty() { String::new() } else { format!(" › {}", quote.heading) };
        let because = match quote.because {
            MatchReason::Declared => "declares that it applies",
            MatchReason::Linked => "named by the alert",
            MatchReason::Found => "found by its words",
        };
        screen.line(format!("runbook  {}{place}  {} ({because})", quote.source, quote.title));
        for line in quote.excerpt.lines().filter(|line| !line.trim().is_empty()).take(LINES) {
            screen.line(format!("   {}", one_line(line, 160)));
        }
    }
    for past in incidents {
        let held = match past.held {
            Recurrence::Stayed => "did not come back within a day".to_string(),
            Recurrence::CameBack { after_seconds } => format!("came back after {after_seconds} s"),
            Recurrence::SoFar => "has not come back until now".to_string(),
        };
        screen.line(format!(
            "{}  {}  {}  {}; {held}",
            past.incident,
            date(past.closed_at),
            past.outcome.as_str(),
            past.title
        ));
        for repair in &past.repairs {
            let helped = if repair.helped { "helped" } else { "did not help" };
            screen.line(format!("   {} on {} {helped}", repair.tool, repair.target));
        }
        if !past.cause.is_empty() {
            screen.line(format!("   cause: {}", past.cause));
        }
    }
    for sentence in unread {
        screen.line(format!("not looked up: {sentence}"));
    }
    screen
}
