//! `audit`: who did what to the host, and who tried.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::Context;
use super::remote::{Remote, with_query};
use super::screen::{Screen, one_line};
use crate::domain::audit::{AuditOutcome, AuditQuery, AuditView};
use crate::report;

#[derive(Args)]
#[command(after_help = "\
Everything is read off the journal, whether or not a host is running; with --listen the host there is asked. What is
refused again and again is written once, counted for ten minutes, and written once more with its number. All of it is listed by
when it was done, which may be before it was written.")]
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

#[derive(Deserialize)]
struct Listed {
    audit: Vec<AuditView>,
    next: Option<u64>,
}

/// Those that a running host tells.
async fn of_host(context: &Context<'_>, wanted: AuditQuery) -> anyhow::Result<Listed> {
    let mut query: Vec<(&str, String)> = vec![("limit", wanted.limit.to_string())];
    query.extend(wanted.person.map(|person| ("person", person)));
    query.extend(wanted.outcome.map(|outcome| ("outcome", outcome.as_str().into())));
    query.extend(wanted.since.map(|since| ("since", since.to_string())));
    query.extend(wanted.until.map(|until| ("until", until.to_string())));
    query.extend(wanted.before.map(|before| ("before", before.to_string())));
    Remote::new(context)?.get(&with_query("/v1/audit", &query)?).await
}

/// Those that the files hold.
fn of_files(context: &Context<'_>, wanted: AuditQuery) -> anyhow::Result<Listed> {
    let limit = wanted.limit;
    // One more says whether there are more.
    let wanted = AuditQuery { limit: limit.saturating_add(1), ..wanted };
    let mut audit = context.host.audited(&context.config, &wanted).map_err(anyhow::Error::msg)?;
    let more = audit.len() > limit;
    audit.truncate(limit);
    let next = audit.last().filter(|_| more).map(|view| view.n);
    Ok(Listed { audit, next })
}

pub async fn run(context: &Context<'_>, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { person, outcome, since, until, before, limit, json } = arguments;
    let wanted = AuditQuery { person, outcome: outcome.map(Into::into), since, until, before, limit };
    let Listed { audit: views, next } =
        if context.asks_host { of_host(context, wanted).await? } else { of_files(context, wanted)? };
    let screen = match json {
        true => Screen::json(&json!({ "audit": views, "next": next }))?,
        false => shown(&views, next),
    };
    screen.print()?;
    Ok(ExitCode::SUCCESS)
}

fn shown(views: &[AuditView], next: Option<u64>) -> Screen {
    if views.is_empty() {
        return one_line("nothing of the kind was done or tried");
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
    let outcome = audited.outcome.as_str();
    let outcome = match (audited.more(), audited.since) {
        (None, _) => outcome.to_string(),
        (Some(more), None) => format!("{outcome} ({more} more)"),
        (Some(more), Some(since)) => format!("{outcome} ({more} more since {})", report::date(since)),
    };
    let from = if audited.from.is_empty() { "-".into() } else { audited.from.clone() };
    [report::date(view.at), who, audited.way.as_str().into(), from, what, outcome, audited.why.clone()]
}
