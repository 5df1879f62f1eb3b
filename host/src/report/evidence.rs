//! The report's evidence: each look as a person would cut it. The whole answer is in the journal, and the
//! numbers are those that `tidegate evidence` takes.

use super::Language;
use super::date;
use super::escape::{Style, fence};
use crate::domain::Incident;
use crate::domain::text::truncate;
use crate::evidence::{Change, between_revisions, evidence_of, of};

const MD: Style = Style::Markdown;

/// More than this many looks make a report that nobody reads.
const LOOKS: usize = 12;
/// Bytes of one excerpt.
const EXCERPT: usize = 3 << 10;

/// The section, without its heading.
pub(super) fn section(incident: &Incident, language: Language) -> String {
    let (translation, headings) = (language.translation(), language.translation().headings());
    let looks = evidence_of(incident);
    let mut out = String::new();
    for revised in between_revisions(looks.iter().copied()) {
        let lines: Vec<String> = revised.changes.iter().map(Change::line).collect();
        let head = translation.revised(&revised.object, revised.older, revised.newer, MD);
        out.push_str(&format!("{head}\n\n{}\n", fence(&truncate(&lines.join("\n"), EXCERPT), "text")));
    }
    if looks.is_empty() {
        out.push_str(&format!("{}\n", headings.no_evidence));
        return out;
    }
    for (i, look) in looks.iter().take(LOOKS).enumerate() {
        let arguments = serde_json::to_string(&look.call.arguments).unwrap_or_default();
        let failed = match (&look.refused, look.ok) {
            (Some(_), _) => format!(" **{}**", headings.refused),
            (None, true) => String::new(),
            (None, false) => format!(" **{}**", headings.failed),
        };
        let (tool, at) = (MD.name(&look.call.tool), date(look.at));
        let head =
            format!("{} {}{}{tool} {}{failed} ({at})", headings.evidence, i + 1, headings.colon, MD.name(&arguments));
        out.push_str(&format!("{head}\n\n{}\n", fence(&truncate(&of(look).text(), EXCERPT), "text")));
    }
    if looks.len() > LOOKS {
        out.push_str(&format!("{}\n", translation.more(looks.len() - LOOKS)));
    }
    out.push_str(&format!("{}\n", translation.whole_looks(&incident.id.0, MD)));
    out
}
