//! Parts of a message for targets with little room.

use super::{Button, Notification, Stage};
use crate::markdown::{Document, Markup, parse};
use crate::text::one_line;

impl Notification {
    /// The whole text with its detail behind a thematic break, without the lines that only repeat what
    /// [`buttons`](Self::buttons) say.
    pub fn whole_text_beside_buttons(&self) -> Document {
        let buttons = self.buttons();
        let urls: Vec<&str> = buttons.iter().map(|button| button.link.url.as_str()).collect();
        parse(&self.body_markdown).without_lines_of(&urls)
    }

    /// The facts on one line: `Incident: i7k2m9 · Severity: warning`.
    pub fn facts_line(&self) -> String {
        let fact = |(name, value): &(String, String)| format!("{}: {}", one_line(name), one_line(value));
        self.facts.iter().map(fact).collect::<Vec<_>>().join(" · ")
    }

    /// The host's own links on one line, each with its host, for targets without buttons: beside a text that
    /// is cut they are whole.
    pub fn links_line(&self, markup: &Markup) -> String {
        let link = |button: Button| markup.link(&button.title, &button.link);
        self.buttons().into_iter().map(link).collect::<Vec<_>>().join(" · ")
    }

    /// Whether nobody has anything left to do: it is mended, quieted or over. What was opened can be closed,
    /// and nobody is to be woken.
    pub fn is_over(&self) -> bool {
        self.stage == Stage::End
            || matches!(self.outcome.as_str(), "fixed" | "resolved" | "suppressed" | "closed_by_person")
    }
}
