//! The figures, a row a kind and server.

use std::fmt::Write as _;

use super::{Decider, Run};
use crate::rig::ToolServer;

/// What became of all kinds one way with one server.
pub struct DecisionCounts {
    /// The server.
    pub server: ToolServer,
    /// Who decided.
    pub way: Decider,
    /// A kind each.
    pub runs: Vec<Run>,
}

/// How many kinds were named by the host itself, with the policies alone.
pub fn named(part: &DecisionCounts) -> usize {
    part.runs.iter().filter(|run| run.is_told()).count()
}

/// A table in Markdown of what became of the kinds, each with each server, and of what it cost.
pub fn table(parts: &[DecisionCounts], apart: bool) -> String {
    let together = "All kinds came at once, so a time says how long one waits among the others.";
    let alone = "One kind came after the other.";
    let mut out = format!(
        "Named without a model, looks, rule, actions: with the shipped policies. Calls and bytes: no rule decides, and a \
         scripted model answers. Down: no rule decides, and the model's server fails. Times are from the alert to the \
         report or to where it waits, in ms, without what the model took. {}\n\n\
         | kind | server | named without a model | looks | rule | actions | time | calls | bytes of questions \
         | of that about the incident | time | named, model down | time |\n\
         |---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
        if apart { alone } else { together }
    );
    for covered in parts.iter().filter(|part| part.way == Decider::Covered) {
        for run in &covered.runs {
            let of = |way: Decider| {
                let part = parts.iter().find(|part| part.way == way && part.server == covered.server);
                part.and_then(|part| part.runs.iter().find(|other| other.kind.name == run.kind.name))
            };
            let (asked, down) = (of(Decider::Asked), of(Decider::Down));
            let number = |run: Option<&Run>, of: fn(&Run) -> usize| run.map_or("–".into(), |run| of(run).to_string());
            let millis = |run: &Run| usize::try_from(run.own.as_millis()).unwrap_or(usize::MAX);
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
                run.kind.name,
                covered.server.name(),
                run.told(),
                run.looks,
                run.incident["verdict"]["rule"].as_str().unwrap_or("–"),
                run.actions(),
                millis(run),
                number(asked, |run| run.calls),
                number(asked, |run| run.bytes),
                number(asked, |run| run.first),
                number(asked, millis),
                down.map_or("–", Run::told),
                number(down, millis),
            );
        }
    }
    for part in parts.iter().filter(|part| part.way == Decider::Covered) {
        let (named, all) = (named(part), part.runs.len());
        let _ = writeln!(out, "\n{}: {named} of {all} are named without a model.", part.server.name());
    }
    for part in parts.iter().filter(|part| part.way == Decider::Asked) {
        let most = |of: fn(&Run) -> usize| part.runs.iter().map(of).max().unwrap_or(0);
        let _ = writeln!(
            out,
            "\n{}: where a model is asked, at most {} calls and {} bytes, of which {} tell of the incident.",
            part.server.name(),
            most(|run| run.calls),
            most(|run| run.bytes),
            most(|run| run.first)
        );
    }
    out
}
