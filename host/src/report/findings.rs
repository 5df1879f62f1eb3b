//! What is wrong, in sentences: what a plugin found, then what the looks show by themselves. Told where a
//! repair is known and where none is.

use super::Language;
use super::escape::Style;
use crate::diagnosis;
use crate::domain::Incident;

/// Sentences of one text.
const SENTENCES: usize = 8;

/// One sentence for each finding, the most telling first.
pub(super) fn sentences(incident: &Incident, language: Language, style: Style) -> Vec<String> {
    let translation = language.translation();
    let planned = incident.plan.iter().flat_map(|plan| &plan.findings).map(|finding| match finding.about.as_str() {
        "" => style.say(&finding.text),
        about => format!("{}{}{}", style.name(about), translation.headings().colon, style.say(&finding.text)),
    });
    // What was named when it was decided stands in the record; of what was looked at for a plan alone it is named now.
    let named = incident.causes().map_or_else(|| diagnosis::of(incident), <[_]>::to_vec);
    let mut all: Vec<String> = planned.collect();
    all.extend(named.iter().map(|finding| translation.finding(finding, style)));
    all.truncate(SENTENCES);
    all
}
