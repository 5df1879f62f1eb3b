//! `inspect`: looks at a whole cluster now and says what is wrong and what changed.

use std::process::ExitCode;

use clap::Args;
use serde::Deserialize;
use serde_json::json;

use super::Context;
use super::answer::{Person, name};
use super::remote::{Remote, segment};
use super::screen::{Screen, note, one_line};
use crate::backend::InspectionView;
use crate::domain::inspection::{Coverage, Run};
use crate::report;

#[derive(Args)]
#[command(after_help = "\
Where a host is running it makes the run; else it is made in this process, with the journal of the configuration.
What is found is compared with the run before. Nothing is changed in the cluster.

Exit codes:
  0  nothing is wrong
  4  something is wrong
  1  an error: there is no run, nothing could be seen, or nothing was found and not everything could be seen
  2  wrong usage")]
pub struct Arguments {
    /// The [[inspection]] of the configuration
    #[arg(value_name = "NAME", required_unless_present = "list")]
    inspection: Option<String>,
    /// List the inspections, when they are due and what the last run found
    #[arg(long, conflicts_with = "inspection")]
    list: bool,
    /// Print one JSON document instead of Markdown
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    person: Person,
}

#[derive(Deserialize)]
struct Listed {
    inspections: Vec<InspectionView>,
}

pub async fn run(context: &Context<'_>, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let remote = Remote::new(context)?;
    let runs = remote.is_there().await;
    let Some(inspection) = arguments.inspection else {
        let all = match runs {
            true => remote.get::<Listed>("/v1/inspections").await?.inspections,
            false => context.host.inspections(&context.config).map_err(anyhow::Error::msg)?,
        };
        let screen = if arguments.json { Screen::json(&json!({ "inspections": all }))? } else { listed(&all) };
        screen.print()?;
        return Ok(ExitCode::SUCCESS);
    };
    let run: Run = if runs {
        let path = format!("/v1/inspections/{}/run", segment(&inspection)?);
        let body = json!({ "person": name(context, &arguments.person)? });
        note(format!("… the host that is running inspects {inspection}"));
        remote.post_at_length(&path, &body).await?
    } else {
        let progress = |line: &str| note(format!("… {line}"));
        context.host.inspect(context.config.clone(), &inspection, &progress).await?
    };
    if arguments.json {
        Screen::json(&run)?.print()?;
    } else {
        document(&run, context.config.report.language).print()?;
    }
    Ok(ExitCode::from(code(&run)))
}

/// The report as it stands, like those of incidents: what it holds from outside was put on lines when it was written.
fn document(run: &Run, language: report::Language) -> Screen {
    let mut screen = Screen::default();
    screen.block(&report::inspection::whole(run, language));
    screen
}

/// That nothing was found says nothing where something could not be seen.
fn code(run: &Run) -> u8 {
    match (run.sight(), run.found()) {
        (Coverage::None, _) => 1,
        (_, true) => 4,
        (Coverage::Partial, false) => 1,
        (Coverage::Whole, false) => 0,
    }
}

fn listed(all: &[InspectionView]) -> Screen {
    if all.is_empty() {
        return one_line("the configuration has no [[inspection]]");
    }
    let moment = |at: Option<jiff::Timestamp>| at.map_or_else(|| "-".to_string(), report::date);
    Screen::table(
        ["NAME", "SCHEDULE", "NEXT", "LAST", "SEEN", "FINDINGS"],
        all.iter().map(|one| {
            let schedule = one.schedule.clone().unwrap_or_else(|| "-".into());
            let seen = match &one.failed {
                Some(why) => format!("failed: {why}"),
                None => one.seen.map_or("-", Coverage::as_str).to_string(),
            };
            [one.name.clone(), schedule, moment(one.next), moment(one.last), seen, one.findings.len().to_string()]
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::inspection::{Finding, KindResult, Problem, TrackedFinding};
    use crate::domain::subject::AffectedObject;
    use crate::domain::{Severity, text::letters::is_invisible};

    fn run(part: KindResult, found: bool) -> Run {
        let what = Problem::PodNotReady { status: "Pending\n# forged".into() };
        let finding = Finding::of("k", &AffectedObject::new("pod", "shop", "a"), Severity::Error, what);
        let standing = TrackedFinding { since: jiff::Timestamp::UNIX_EPOCH, finding };
        Run {
            inspection: "daily".into(),
            at: jiff::Timestamp::UNIX_EPOCH,
            took_ms: 1,
            first: true,
            new: found.then_some(standing).into_iter().collect(),
            still: Vec::new(),
            unseen: Vec::new(),
            gone: Vec::new(),
            left_out: 0,
            parts: vec![part],
            summary: None,
        }
    }

    #[test]
    fn that_nothing_could_be_seen_is_no_success() {
        let seen = KindResult { answered: 1, ..KindResult::of("k", "pod") };
        let mut blind = seen.clone();
        blind.note_blind_spot("no answer");
        let deaf = KindResult { answered: 0, ..blind.clone() };
        for (part, found, want) in [
            (&seen, false, 0),
            (&seen, true, 4),
            (&blind, false, 1),
            (&blind, true, 4),
            (&deaf, false, 1),
            (&deaf, true, 1),
        ] {
            assert_eq!(code(&run(part.clone(), found)), want, "{part:?} {found}");
        }
    }

    #[test]
    fn a_report_is_a_document_whose_lines_are_the_hosts_own() {
        let seen = KindResult { answered: 1, ..KindResult::of("k", "pod") };
        let screen = document(&run(seen, true), report::Language::En);
        let lines: Vec<&str> = screen.text().lines().collect();
        assert_eq!(
            lines[..3],
            ["# Inspection daily: 1 new, 0 still there, 0 gone", "", "**1 new, 0 still there, 0 gone**"]
        );
        assert!(lines.iter().filter(|line| line.starts_with('#')).count() == 1, "{screen:?}");
        assert!(screen.text().chars().all(|letter| letter == '\n' || !is_invisible(letter)));
    }
}
