//! What happened, line by line.

use jiff::Timestamp;

use super::Language;
use super::escape::Style;
use crate::ports::Story;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// What, which rule and why, in one line for a terminal.
    pub text: String,
}

/// Everything that happened, in order.
pub fn timeline(story: &Story, language: Language) -> Vec<Line> {
    lines(story, language, Style::Plain)
}

pub(super) fn lines(story: &Story, language: Language, style: Style) -> Vec<Line> {
    let tongue = language.tongue();
    let line = |entry: &crate::domain::Entry| Line { at: entry.at, text: tongue.happened(&entry.fact, style) };
    story.entries.iter().map(line).collect()
}
