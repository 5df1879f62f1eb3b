//! `model`: tries the configured endpoints.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;

use super::screen::{Screen, note};
use super::{Context, progress};
use crate::model::EndpointReport;

#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Ask each endpoint one harmless question with a harmless tool, and say what it takes
    #[command(
        after_help = "Costs one or two short requests for each endpoint. Nothing of any incident is shown to it, and \
                            no tool of yours. What it learns is forgotten with this command; a running host learns by \
                            itself.\n\nExit codes: 0 when each endpoint answered, 1 otherwise."
    )]
    Check {
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
}

pub async fn run(context: &Context<'_>, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Command::Check { json } = arguments.command;
    let progress = progress();
    progress("asking …");
    let checked = context.host.check_model(&context.config).await?;
    let code = if checked.iter().all(|one| one.problem.is_none()) { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    if json {
        Screen::json(&json!({ "endpoints": checked }))?.print()?;
        return Ok(code);
    }
    if checked.is_empty() {
        note("no language model is configured: add [model] to the configuration");
        return Ok(ExitCode::FAILURE);
    }
    let mut screen = Screen::default();
    checked.iter().flat_map(lines).for_each(|line| screen.line(line));
    screen.print()?;
    Ok(code)
}

/// What was found about an endpoint, a few lines.
fn lines(one: &EndpointReport) -> Vec<String> {
    let usage = &one.usage;
    let requests = if usage.calls == 1 { "answer" } else { "answers" };
    let tokens = usage.tokens();
    let mut lines = vec![format!("{} at {}", one.name, one.url)];
    if let Some(problem) = &one.problem {
        lines.push(format!("  cannot be used: {problem}"));
    } else {
        lines.push(format!("  answers: {} {requests}, {tokens} tokens, {} ms", usage.calls, usage.took_ms));
    }
    lines.extend((!one.tools.is_empty()).then(|| format!("  {}", one.tools)));
    lines.extend((!one.said.is_empty()).then(|| format!("  it said: {}", one.said)));
    lines.extend(one.learnt.iter().map(|lesson| format!("  learnt: it {lesson}")));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::entry::Usage;

    #[test]
    fn what_was_found_is_a_few_lines() {
        let usage = Usage { calls: 2, prompt_tokens: 30, completion_tokens: 12, took_ms: 9, ..Usage::default() };
        let one = EndpointReport {
            name: "m".into(),
            url: "http://h/v1".into(),
            tools: "tools are offered and called".into(),
            said: "It is noon.".into(),
            learnt: vec!["takes no temperature (it said: no)".into()],
            usage,
            ..EndpointReport::default()
        };
        let want = "m at http://h/v1\n  answers: 2 answers, 42 tokens, 9 ms\n  tools are offered and called\n  it said: It is noon.\n  learnt: it takes no temperature (it said: no)";
        assert_eq!(lines(&one).join("\n"), want);
        let broken = EndpointReport { problem: Some("the key is wrong".into()), ..EndpointReport::default() };
        assert_eq!(lines(&broken)[1], "  cannot be used: the key is wrong");
    }
}
