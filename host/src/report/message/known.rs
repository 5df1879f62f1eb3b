//! What is known from before, in the few lines that a message has for it.

use crate::domain::Incident;
use crate::domain::text::one_line;
use crate::report::Language;
use crate::report::escape::Style;
use crate::report::knowledge::runbook_name;

const MD: Style = Style::Markdown;

/// Runbooks and incidents, and letters of a runbook's beginning: more is in the report.
const RUNBOOKS: usize = 2;
const SIMILAR: usize = 1;
const BEGINNING: usize = 160;

/// The lines; none where nothing is known.
pub(super) fn lines(incident: &Incident, language: Language) -> Vec<String> {
    let (translation, headings) = (language.translation(), language.translation().headings());
    let words = translation.knowledge();
    let Some(known) = incident.knowledge.as_deref() else { return Vec::new() };
    let runbooks = known.runbooks.iter().take(RUNBOOKS).map(|quote| {
        let beginning = quote.excerpt.lines().find(|line| line.chars().any(char::is_alphanumeric)).unwrap_or_default();
        let beginning = MD.say(&one_line(beginning.trim_start_matches(['-', '*', '>', ' ']), BEGINNING));
        format!("**{}**{}{}{}{beginning}", words.runbook, headings.colon, runbook_name(quote), headings.colon)
    });
    let similar = known.similar.iter().take(SIMILAR).map(|past| {
        let id = MD.name(&past.incident.0);
        format!("**{}**{}{id}{}{}", words.seen_before, headings.colon, headings.comma, translation.past(past, MD))
    });
    runbooks.chain(similar).collect()
}
