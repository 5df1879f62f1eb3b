//! The figures, a row a kind.

use std::fmt::Write as _;

use super::Run;

/// A table in Markdown of what became of the kinds: first under policies, then with a model.
pub fn table(covered: &[Run], asked: &[Run]) -> String {
    let mut out = String::from(
        "| kind | named without a model | rule | calls | own time, ms | asked: calls | bytes of questions | of that about the incident |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for run in covered {
        let other = asked.iter().find(|other| other.kind.name == run.kind.name);
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            run.kind.name,
            run.finding().unwrap_or("–"),
            run.incident["verdict"]["rule"].as_str().unwrap_or("–"),
            run.calls,
            run.took.as_millis(),
            other.map_or(0, |other| other.calls),
            other.map_or(0, |other| other.bytes),
            other.map_or(0, |other| other.first),
        );
    }
    let named = covered.iter().filter(|run| run.finding().is_some()).count();
    let _ = writeln!(out, "\n{named} of {} are named without a model.", covered.len());
    out
}
