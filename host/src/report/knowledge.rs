//! The report's section on what is known from before: pieces of runbooks with their source, incidents that were
//! alike. A piece is a block from which it cannot get out.

use super::Language;
use super::escape::{Style, fence};
use crate::domain::knowledge::{Knowledge, MatchReason, Quote};

const MD: Style = Style::Markdown;

/// Headings and labels.
pub(super) struct KnowledgeStrings {
    pub section: &'static str,
    pub runbooks: &'static str,
    pub similar: &'static str,
    pub unread: &'static str,
    pub declared: &'static str,
    pub linked: &'static str,
    pub found: &'static str,
    pub tools: &'static str,
    pub skip: &'static str,
    /// Before a runbook and before an incident, in a message.
    pub runbook: &'static str,
    pub seen_before: &'static str,
}

/// The section, without its heading.
pub(super) fn section(known: &Knowledge, language: Language) -> String {
    let (translation, headings) = (language.translation(), language.translation().headings());
    let words = translation.knowledge();
    let mut out = String::new();
    if !known.runbooks.is_empty() {
        out.push_str(&format!("**{}**\n\n", words.runbooks));
        for quote in &known.runbooks {
            out.push_str(&format!(
                "{} ({})\n\n{}\n",
                runbook_name(quote),
                because(quote.because, words),
                fence(&quote.excerpt, "text")
            ));
            for (label, tools) in [(words.tools, &quote.tools), (words.skip, &quote.skip)] {
                if !tools.is_empty() {
                    let tools: Vec<String> = tools.iter().map(|tool| MD.name(tool)).collect();
                    out.push_str(&format!("{label}{}{}\n\n", headings.colon, tools.join(headings.comma)));
                }
            }
        }
    }
    if !known.similar.is_empty() {
        out.push_str(&format!("**{}**\n\n", words.similar));
        for past in &known.similar {
            let title = MD.say(&past.title);
            let told = translation.past(past, MD);
            out.push_str(&format!("- {}{}{title}\n  {told}\n", MD.name(&past.incident.0), headings.colon));
        }
        out.push('\n');
    }
    if !known.unread.is_empty() {
        out.push_str(&format!("**{}**\n\n", words.unread));
        known.unread.iter().for_each(|sentence| out.push_str(&format!("- {}\n", MD.say(sentence))));
    }
    out
}

fn because(because: MatchReason, words: &KnowledgeStrings) -> &'static str {
    match because {
        MatchReason::Declared => words.declared,
        MatchReason::Linked => words.linked,
        MatchReason::Found => words.found,
    }
}

/// A runbook with its file and heading.
pub(super) fn runbook_name(quote: &Quote) -> String {
    let place =
        if quote.heading.is_empty() { quote.source.clone() } else { format!("{} › {}", quote.source, quote.heading) };
    format!("{} · {}", MD.say(&quote.title), MD.name(&place))
}
