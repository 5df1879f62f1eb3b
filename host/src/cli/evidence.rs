//! `evidence`: what was looked at for an incident, cut as in the report, and each answer as it was stored.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use super::Context;
use super::record::Record;
use super::screen::Screen;
use crate::backend::EvidenceView;
use crate::domain::text::truncate;
use crate::report::date;

#[derive(Args)]
pub struct Arguments {
    /// The incident: its id, a unique beginning of it, or `latest`
    incident: String,
    /// Print this answer as it is in the journal, counted as in the report
    #[arg(value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    number: Option<u32>,
    /// Print JSON, as the HTTP API does
    #[arg(long)]
    json: bool,
}

pub async fn run(context: &Context<'_>, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let (record, word) = (Record::of(context)?, &arguments.incident);
    let screen = match (arguments.number, arguments.json) {
        (None, json) => match record.evidence(word).await? {
            (incident, all) if json => Screen::json(&serde_json::json!({ "incident": incident, "evidence": all }))?,
            (incident, all) => list(&incident, &all),
        },
        (Some(number), json) => {
            let one = record.answer(word, number).await?;
            if json { Screen::json(&one)? } else { whole(&one).context("a piece of evidence has its text")? }
        }
    };
    screen.print()?;
    Ok(ExitCode::SUCCESS)
}

fn list(incident: &str, all: &[EvidenceView]) -> Screen {
    let mut screen = Screen::default();
    if all.is_empty() {
        screen.line(format!("nothing was looked at for incident {incident}"));
    }
    for view in all {
        screen.line(head(view));
        for line in &view.excerpt {
            screen.line(format!("   {line}"));
        }
    }
    screen
}

fn whole(view: &EvidenceView) -> Option<Screen> {
    let mut screen = Screen::default();
    screen.line(head(view));
    screen.block(view.text.as_deref()?.trim_end());
    Some(screen)
}

fn head(view: &EvidenceView) -> String {
    let arguments = serde_json::to_string(&view.call.arguments).unwrap_or_default();
    let said = match (&view.refused, view.ok) {
        (Some(gate), _) => format!(", refused by gate {gate}"),
        (None, true) => String::new(),
        (None, false) => ", failed".into(),
    };
    format!("{}. {} {} {}{said}", view.number, date(view.at), view.call.tool, truncate(&arguments, 300))
}
