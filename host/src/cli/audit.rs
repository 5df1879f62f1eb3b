//! `audit`: who did what to the host, and who tried.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use serde_json::json;

use super::Context;
use super::screen::{Screen, one};
use crate::domain::audit::{AuditOutcome, AuditView, AuditWanted};
use crate::report;

#[derive(Args)]
#[command(after_help = "\
Everything is read off the journal, whether or not a host is running. What is refused again and again is written once,
counted for ten minutes, and written once more with its number.")]
pub struct Arguments {
    /// Of somebody with this name
    #[arg(long, value_name = "NAME")]
    person: Option<String>,
    /// With this outcome: done, refused, failed or broken-off
    #[arg(long, value_name = "OUTCOME", hide_possible_values = true)]
    outcome: Option<OutcomeWord>,
    /// At or after this time, such as 2026-01-31T08:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
    /// Before this time
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
    /// Before this number, with which the list before ended
    #[arg(long, value_name = "N")]
    before: Option<u64>,
    /// At most this many, the latest first
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum OutcomeWord {
    Done,
    Refused,
    Failed,
    BrokenOff,
}

impl From<OutcomeWord> for AuditOutcome {
    fn from(word: OutcomeWord) -> Self {
        match word {
            OutcomeWord::Done => Self::Done,
            OutcomeWord::Refused => Self::Refused,
            OutcomeWord::Failed => Self::Failed,
            OutcomeWord::BrokenOff => Self::BrokenOff,
        }
    }
}

pub fn run(context: &Context<'_>, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { person, outcome, since, until, before, limit, json } = arguments;
    // One more says whether there are more.
    let one_more = limit.saturating_add(1);
    let wanted = AuditWanted { person, outcome: outcome.map(Into::into), since, until, before, limit: one_more };
    let mut views = context.host.audited(&context.config, &wanted).map_err(anyhow::Error::msg)?;
    let more = views.len() > limit;
    views.truncate(limit);
    let next = views.last().filter(|_| more).map(|view| view.n);
    let screen = match json {
        true => Screen::json(&json!({ "audit": views, "next": next }))?,
        false => shown(&views, next),
    };
    screen.print()?;
    Ok(ExitCode::SUCCESS)
}

fn shown(views: &[AuditView], next: Option<u64>) -> Screen {
    if views.is_empty() {
        return one("nothing of the kind was done or tried");
    }
    let mut screen = Screen::table(["WHEN", "WHO", "OVER", "FROM", "WHAT", "OUTCOME", "WHY"], views.iter().map(row));
    if let Some(next) = next {
        screen.line(format!(
            "these are the latest {}, and there are more: --before {next} or a larger --limit",
            views.len()
        ));
    }
    screen
}

fn row(view: &AuditView) -> [String; 7] {
    let audited = &view.audited;
    let who = match &audited.person {
        Some(person) => match person.proven() {
            Some(proven) => format!("{person} ({})", proven.proof().as_str()),
            None => person.to_string(),
        },
        None => "-".into(),
    };
    let what = match audited.route.split_once(' ') {
        Some((method, _)) if !audited.object.is_empty() => format!("{method} {}", audited.object),
        _ => audited.route.clone(),
    };
    let outcome = match audited.times {
        1 => audited.outcome.as_str().to_string(),
        times => format!("{} ({times} more)", audited.outcome.as_str()),
    };
    let from = if audited.from.is_empty() { "-".into() } else { audited.from.clone() };
    [report::date(view.at), who, audited.way.as_str().into(), from, what, outcome, audited.why.clone()]
}
