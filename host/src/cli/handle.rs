//! `handle`: payload files through the whole pipeline, in this process, to the end.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;

use super::screen::{Screen, note};
use super::{Context, table};
use crate::backend::{HandleReport, Payload, ReceiveReport};
use crate::clock::SystemClock;
use crate::domain::incident::IncidentView;
use crate::domain::{Labels, Outcome, State};
use crate::ports::{Clock, Inbound, IncidentRecord};
use crate::report::{Detail, timeline};
use crate::source::alertmanager;

const EXIT_CODES: &str = "\
Exit codes; with several incidents the worst wins:
  0  fixed, or resolved without doing anything
  3  suppressed by a policy
  4  needs a person
  1  an error, also when a payload cannot be read
  2  wrong usage";

#[derive(Args)]
#[command(after_help = EXIT_CODES)]
pub struct Arguments {
    /// Payload files as a sender would post them; `-` reads standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print one JSON document instead of timelines
    #[arg(long)]
    json: bool,
    /// The source that decodes the payloads
    #[arg(long, value_name = "NAME", default_value = alertmanager::NAME)]
    source: String,
}

pub async fn run(context: &Context<'_>, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let mut payloads = Vec::new();
    for path in &arguments.files {
        let body = read(path)?;
        let request = Inbound {
            method: "POST".into(),
            headers: Labels::new(),
            query: Vec::new(),
            body,
            received_at: SystemClock.now(),
        };
        let name = path.display().to_string();
        payloads.push(Payload { name, source: arguments.source.clone(), request });
    }
    // Who calls this in a script wants to know as well what it waits for.
    let progress = |line: &str| note(format!("… {line}"));
    let handled = context.host.handle(context.config.clone(), payloads, &progress).await?;
    let views: Vec<IncidentView> = handled.stories.iter().map(|story| IncidentView::from(&story.incident)).collect();
    if arguments.json {
        let payloads = handled.taken.iter().map(|(name, received)| json!({ "name": name, "received": received }));
        let payloads: Vec<_> = payloads.collect();
        Screen::json(&json!({ "incidents": views, "payloads": payloads, "undelivered": handled.undelivered }))?
            .print()?;
    } else {
        let language = context.config.report.language;
        let mut screen = Screen::default();
        for (n, (story, view)) in handled.stories.iter().zip(&views).enumerate() {
            if n > 0 {
                screen.gap();
            }
            let lines = timeline(story, Detail::Folded, language).into_iter().map(table::Happened::from);
            screen.extend(&table::story(view, None, &lines.collect::<Vec<_>>()));
        }
        screen.print()?;
    }
    for (name, received) in &handled.taken {
        account(name, received).into_iter().for_each(note);
    }
    for sentence in &handled.undelivered {
        note(format!("warning: {sentence}"));
    }
    for (name, why) in &handled.failures {
        note(format!("error: {name}: {why}"));
    }
    Ok(ExitCode::from(code(&handled)))
}

/// What became of a payload, also where nothing did.
fn account(name: &str, received: &ReceiveReport) -> Vec<String> {
    let plural = |count: u64, one: &str, more: &str| format!("{count} {}", if count == 1 { one } else { more });
    let mut parts = Vec::new();
    match received.incidents.as_slice() {
        [] => {}
        [one] => parts.push(format!("incident {one}")),
        several => parts.push(format!("{} incidents", several.len())),
    }
    let counts = [
        (received.repeats, "was known already", "were known already"),
        (
            received.late,
            "was older than what is known, which changes nothing",
            "were older than what is known, which changes nothing",
        ),
        (received.unknown_resolved, "resolved that was not known", "resolved that were not known"),
        (received.counted, "is beyond the bounds and counted", "are beyond the bounds and counted"),
    ];
    parts
        .extend(counts.into_iter().filter(|(count, ..)| *count > 0).map(|(count, one, more)| plural(count, one, more)));
    if received.incidents.is_empty() {
        parts.push("there is nothing to do".into());
    }
    let alerts = plural(received.alerts as u64, "alert", "alerts");
    let mut lines = vec![format!("{name}: {alerts}: {}", parts.join(", "))];
    // Whoever sends the same again may want it decided again, as after a change of the policies.
    if received.repeats > 0 && received.repeats >= received.alerts as u64 {
        lines.push(format!(
            "{name}: nothing is decided anew for what was known already; `tidegate incidents rerun ID` does that"
        ));
    }
    lines.extend(received.left_out.iter().map(|sentence| format!("warning: {name}: not taken: {sentence}")));
    lines
}

/// A file's text, or standard input's for `-`.
pub fn read(path: &Path) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().read_to_end(&mut bytes).context("standard input cannot be read")?;
    } else {
        bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    }
    // As a host that receives it does.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The worst of all.
pub fn code(handled: &HandleReport) -> u8 {
    // From bad to worse.
    const ORDER: [u8; 4] = [0, 3, 4, 1];
    let failed = if handled.failures.is_empty() { 0 } else { 1 };
    let codes = handled.stories.iter().map(code_of).chain([failed]);
    codes.max_by_key(|code| ORDER.iter().position(|known| known == code)).unwrap_or(0)
}

fn code_of(story: &IncidentRecord) -> u8 {
    match story.incident.outcome() {
        Some(Outcome::Fixed | Outcome::Resolved | Outcome::ClosedByPerson) => 0,
        Some(Outcome::Suppressed) => 3,
        Some(Outcome::NeedsPerson) => 4,
        Some(Outcome::Error) => 1,
        // It was left waiting: for an answer, which only a person can give, or for no good reason.
        None if story.incident.state() == State::AwaitingApproval => 4,
        None => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_a_payload_is_said_also_where_nothing_did() {
        let nothing = ReceiveReport { alerts: 1, unknown_resolved: 1, ..ReceiveReport::default() };
        assert_eq!(
            account("a.json", &nothing),
            ["a.json: 1 alert: 1 resolved that was not known, there is nothing to do"]
        );
        assert_eq!(account("a.json", &ReceiveReport::default()), ["a.json: 0 alerts: there is nothing to do"]);
        let some = ReceiveReport {
            alerts: 3,
            incidents: vec!["i-1".into()],
            repeats: 2,
            left_out: vec!["Odd: alerts[3].labels: is missing".into()],
            ..ReceiveReport::default()
        };
        let want = [
            "a.json: 3 alerts: incident i-1, 2 were known already",
            "warning: a.json: not taken: Odd: alerts[3].labels: is missing",
        ];
        assert_eq!(account("a.json", &some), want);
        let again = ReceiveReport { alerts: 2, incidents: vec!["i-1".into()], repeats: 2, ..ReceiveReport::default() };
        assert!(
            account("a.json", &again)[1].contains("`tidegate incidents rerun ID`"),
            "{:?}",
            account("a.json", &again)
        );
    }
}
