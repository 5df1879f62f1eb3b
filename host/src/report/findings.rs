//! What is wrong, in sentences: what a plugin found, then what the looks show by themselves. Told where a
//! repair is known and where none is.

use super::Language;
use super::escape::Style;
use crate::domain::Incident;
use crate::evidence;

/// Sentences of one text.
const SENTENCES: usize = 8;

/// One sentence for each finding, the most telling first.
pub(super) fn sentences(incident: &Incident, language: Language, style: Style) -> Vec<String> {
    let translation = language.translation();
    let planned = incident.plan.iter().flat_map(|plan| &plan.findings).map(|finding| match finding.about.as_str() {
        "" => style.say(&finding.text),
        about => format!("{}{}{}", style.name(about), translation.headings().colon, style.say(&finding.text)),
    });
    let looks = incident.looks.iter().filter(|look| evidence::is_evidence(look));
    let seen = evidence::findings(looks);
    let mut all: Vec<String> = planned.collect();
    all.extend(seen.iter().map(|finding| translation.finding(finding, style)));
    all.truncate(SENTENCES);
    all
}
