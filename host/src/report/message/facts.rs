//! Short lines about the incident and its handling, for targets that show fields.

use crate::domain::Incident;
use crate::domain::alert::excerpt::Excerpt;
use crate::domain::incident::ActionRecord;
use crate::domain::text::one_line;
use crate::report::Language;
use crate::report::escape::Style;

/// What the text does not say already; `record` is what is asked about.
pub(super) fn lines(
    incident: &Incident,
    record: Option<&ActionRecord>,
    alerts: &Excerpt,
    language: Language,
) -> Vec<(String, String)> {
    let (translation, headings) = (language.translation(), language.translation().headings());
    let mut facts = vec![(headings.severity, translation.severity(incident.severity()).to_string())];
    let place = incident.place();
    if !place.is_empty() {
        facts.push((headings.place, place.join(" / ")));
    }
    facts.push((headings.incident, incident.id.to_string()));
    if let Some(decision) = &incident.decision {
        facts.push((headings.decided_by, translation.decided_by(decision.rule.as_deref(), Style::Plain)));
    }
    if let Some(record) = record {
        facts.push((headings.digest, prefix(&record.action.digest).to_string()));
    }
    if alerts.left_out() + alerts.shortened() > 0 {
        facts.push((headings.shortened, translation.shortened(alerts.left_out(), alerts.shortened())));
    }
    facts.into_iter().map(|(label, text)| (label.to_string(), one_line(&text, 200))).collect()
}

/// Enough of a digest to compare by eye.
pub(super) fn prefix(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}
