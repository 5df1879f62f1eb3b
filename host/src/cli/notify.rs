//! `notify`: a test message to a target, through the running host.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;

use super::Context;
use super::answer::{Person, name};
use super::incidents::word;
use super::remote::{Remote, named};
use super::screen::Screen;
use crate::backend::trials::Tried;
use crate::domain::Severity;

#[derive(Args)]
#[command(subcommand_value_name = "WHAT", subcommand_help_heading = "What")]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const TEST: &str = "\
The running host sends it by the target's plugin, with its settings, secrets and grants and within the limits of every
other message. It says of itself that it is a test. Who sent it stands in the journal (`tidegate audit`).

Exit codes: 0 when the target took it, 1 when it did not, 2 for wrong usage.";

#[derive(Subcommand)]
enum Command {
    /// Send a real message that says it is a test, and print what the target answered
    #[command(after_help = TEST)]
    Test {
        /// The target: a [notifiers.NAME] of the configuration
        #[arg(value_name = "TARGET")]
        target: String,
        /// How bad it says it is: info, warning, error or critical, which may wake somebody
        #[arg(long, value_parser = word::<Severity>, default_value = "info")]
        severity: Severity,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        person: Person,
    },
}

pub async fn run(context: &Context<'_>, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Command::Test { target, severity, json, person } = arguments.command;
    let body = json!({ "person": name(context, &person)?, "severity": severity });
    let path = format!("/v1/targets/{}/test", named(&target)?);
    // The host bounds it.
    let tried: Tried = Remote::new(context)?.post_at_length(&path, &body).await?;
    if json { Screen::json(&tried)? } else { shown(&tried) }.print()?;
    Ok(if tried.delivered { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn shown(tried: &Tried) -> Screen {
    let Tried { target, plugin, took_ms, .. } = tried;
    let mut screen = Screen::default();
    if tried.delivered {
        screen.line(format!("{target} (plugin {plugin}) took the test message after {took_ms} ms"));
        match &tried.reference {
            Some(reference) => screen.text_lines(format!("it calls it {reference}")),
            None => screen.line("it does not say what it calls it"),
        }
        return screen;
    }
    screen.line(format!("{target} (plugin {plugin}) did NOT take the test message, after {took_ms} ms"));
    tried.reason.iter().for_each(|reason| screen.text_lines(format!("why: {reason}")));
    tried.advice.iter().for_each(|advice| screen.text_lines(format!("what to do: {advice}")));
    screen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::trials::Obstacle;

    #[test]
    fn what_came_of_it_is_said_with_what_to_do() {
        let taken = Tried {
            target: "chat".into(),
            plugin: "slack".into(),
            delivered: true,
            reference: Some("C1/17".into()),
            took_ms: 12,
            obstacle: None,
            reason: None,
            advice: None,
        };
        let text = shown(&taken).text().to_string();
        assert_eq!(text, "chat (plugin slack) took the test message after 12 ms\nit calls it C1/17\n");
        let refused = Tried {
            delivered: false,
            reference: None,
            obstacle: Some(Obstacle::Misconfigured),
            reason: Some("misconfigured: no\nerror: forged".into()),
            advice: Some(Obstacle::Misconfigured.advice("chat")),
            ..taken
        };
        let text = shown(&refused).text().to_string();
        assert!(text.contains("did NOT take") && text.contains("\n    error: forged\nwhat to do: mend"), "{text}");
    }
}
