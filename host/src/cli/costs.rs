//! `costs`: what language models have cost, by day, rule and model.

use std::process::ExitCode;

use clap::Args;

use super::Context;
use super::screen::{Screen, one_line};
use crate::model::amount;
use crate::model::costs::{Costs, DecidedCount, Row};

#[derive(Args)]
#[command(after_help = "\
Everything is read off the journal, whether or not a host is running. Days are those of UTC. Amounts are in the unit of
the prices that were configured when an answer came; without prices they are 0. An incident counts on the day on which
it was opened, what it cost on the days of its answers. SAVED is what the earlier answers had cost that were used again.")]
pub struct Arguments {
    /// So many days, today included
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=31))]
    days: u32,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context<'_>, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let costs = context.host.costs(&context.config, arguments.days).map_err(anyhow::Error::msg)?;
    let screen = if arguments.json { Screen::json(&costs)? } else { shown(&costs) };
    screen.print()?;
    Ok(ExitCode::SUCCESS)
}

fn shown(costs: &Costs) -> Screen {
    if costs.decided.is_empty() && costs.spent.is_empty() {
        return one_line("no incidents");
    }
    let mut screen = Screen::table(
        ["DAY", "RULE", "INCIDENTS", "WITHOUT MODEL", "USED AGAIN", "SAVED"],
        costs.decided.iter().map(decided).chain([all(costs)]),
    );
    screen.gap();
    if costs.spent.is_empty() {
        screen.line("no model was asked");
        return screen;
    }
    screen.extend(&Screen::table(
        ["DAY", "RULE", "MODEL", "CALLS", "PROMPT TOKENS", "ANSWER TOKENS", "COST"],
        costs.spent.iter().map(spent).chain([total(costs)]),
    ));
    screen
}

fn rule(rule: Option<&String>) -> String {
    rule.cloned().unwrap_or_else(|| "(no rule)".into())
}

fn decided(row: &DecidedCount) -> [String; 6] {
    [
        row.day.to_string(),
        rule(row.rule.as_ref()),
        row.incidents.to_string(),
        format!("{} ({} %)", row.without_model, row.share()),
        row.reused.to_string(),
        saved(row),
    ]
}

fn saved(row: &DecidedCount) -> String {
    if row.reused == 0 { "-".into() } else { format!("{} in {} calls", amount(row.saved_micros), row.saved_calls) }
}

fn all(costs: &Costs) -> [String; 6] {
    let mut all = DecidedCount::default();
    for row in &costs.decided {
        all.incidents += row.incidents;
        all.without_model += row.without_model;
        all.reused += row.reused;
        all.saved_calls += row.saved_calls;
        all.saved_micros += row.saved_micros;
    }
    let [_, _, rest @ ..] = decided(&all);
    let [incidents, without, reused, saved] = rest;
    ["all".into(), String::new(), incidents, without, reused, saved]
}

fn spent(row: &Row) -> [String; 7] {
    let model = if row.model.is_empty() { "(not recorded)".to_string() } else { row.model.clone() };
    [
        row.day.to_string(),
        rule(row.rule.as_ref()),
        model,
        row.calls.to_string(),
        row.prompt_tokens.to_string(),
        row.completion_tokens.to_string(),
        amount(row.cost_micros),
    ]
}

fn total(costs: &Costs) -> [String; 7] {
    let sum = |of: fn(&Row) -> u64| costs.spent.iter().map(of).fold(0, u64::saturating_add);
    [
        "all".into(),
        String::new(),
        String::new(),
        sum(|row| row.calls).to_string(),
        sum(|row| row.prompt_tokens).to_string(),
        sum(|row| row.completion_tokens).to_string(),
        amount(sum(|row| row.cost_micros)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_two_tables() {
        let day = "2026-01-02".parse().unwrap();
        let row = Row {
            day,
            model: "m".into(),
            calls: 3,
            prompt_tokens: 90,
            completion_tokens: 9,
            cost_micros: 1_250_000,
            ..Row::default()
        };
        let decided = |rule: Option<&str>, incidents, without_model, reused| DecidedCount {
            day,
            rule: rule.map(str::to_string),
            incidents,
            without_model,
            reused,
            saved_calls: 2 * reused,
            saved_micros: 500_000 * reused,
            ..DecidedCount::default()
        };
        let costs = Costs { spent: vec![row], decided: vec![decided(None, 4, 3, 1), decided(Some("r"), 6, 6, 0)] };
        let text = shown(&costs).text().to_string();
        for line in [
            "2026-01-02  (no rule)  4          3 (75 %)       1           0.50 in 2 calls",
            "2026-01-02  r          6          6 (100 %)      0           -",
            "all                    10         9 (90 %)       1           0.50 in 2 calls",
            "2026-01-02  (no rule)  m      3      90             9              1.25",
        ] {
            assert!(text.contains(line), "{line} in\n{text}");
        }
        assert_eq!(shown(&Costs::default()).text().trim(), "no incidents");
    }
}
