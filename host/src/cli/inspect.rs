//! `inspect`: looks at a whole cluster now and says what is wrong and what changed.

use std::process::ExitCode;

use clap::Args;
use serde::Deserialize;
use serde_json::json;

use super::Context;
use super::answer::{Person, name};
use super::remote::{Remote, segment};
use super::screen::{Screen, note, one};
use crate::backend::InspectionView;
use crate::domain::inspection::Run;
use crate::report;

#[derive(Args)]
#[command(after_help = "\
Where a host is running it makes the run; else it is made in this process, with the journal of the configuration.
What is found is compared with the run before. Nothing is changed in the cluster.

Exit codes:
  0  nothing is wrong
  4  something is wrong
  1  an error: there is no run, or nothing was found and not everything could be seen
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
        let mut screen = Screen::default();
        screen.text_lines(report::inspection::whole(&run, context.config.report.language));
        screen.print()?;
    }
    Ok(ExitCode::from(code(&run)))
}

/// That nothing was found says nothing where something could not be seen.
fn code(run: &Run) -> u8 {
    match (run.found(), run.is_incomplete()) {
        (true, _) => 4,
        (false, true) => 1,
        (false, false) => 0,
    }
}

fn listed(all: &[InspectionView]) -> Screen {
    if all.is_empty() {
        return one("the configuration has no [[inspection]]");
    }
    let moment = |at: Option<jiff::Timestamp>| at.map_or_else(|| "-".to_string(), report::date);
    Screen::table(
        ["NAME", "SCHEDULE", "NEXT", "LAST", "FINDINGS"],
        all.iter().map(|one| {
            let schedule = one.schedule.clone().unwrap_or_else(|| "-".into());
            [one.name.clone(), schedule, moment(one.next), moment(one.last), one.findings.len().to_string()]
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::inspection::Part;

    #[test]
    fn that_nothing_could_be_seen_is_no_success() {
        let run = |problems: &[&str]| -> Run {
            let problems = problems.iter().map(|one| (*one).to_string()).collect();
            Run {
                inspection: "daily".into(),
                at: jiff::Timestamp::UNIX_EPOCH,
                took_ms: 1,
                first: true,
                new: Vec::new(),
                still: Vec::new(),
                gone: Vec::new(),
                left_out: 0,
                parts: vec![Part { problems, ..Part::default() }],
                summary: None,
            }
        };
        assert_eq!((code(&run(&[])), code(&run(&["no answer"]))), (0, 1));
    }
}
