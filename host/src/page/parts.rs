//! Small parts of pages: text from outside, times, severities.

use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};

use super::Frame;
use crate::domain::text::{letters, one_line};
use crate::domain::{Incident, Severity};

/// Letters of a text that stands on one line.
const LINE: usize = 600;

/// Text from outside on one line; letters without a shape are shown by their number.
pub fn line(text: &str) -> String {
    one_line(text, LINE)
}

/// Text from outside as it is, line by line; letters without a shape are shown by their number.
pub fn multiline(text: &str) -> String {
    letters::visible(text)
}

/// A moment: how long ago it was or how long it is until then, and when that is.
pub fn time(frame: &Frame<'_>, at: Timestamp) -> Markup {
    let away = at.duration_since(frame.now);
    let texts = frame.texts();
    let relative = if away > SignedDuration::ZERO { texts.left(away.as_secs()) } else { texts.ago(-away.as_secs()) };
    html! {
        time datetime=(at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()) title=(at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()) {
            span.rel { (relative) } " " span.abs { (absolute(frame, at)) }
        }
    }
}

/// When it is, with the day where it is not today's.
pub fn absolute(frame: &Frame<'_>, at: Timestamp) -> String {
    let day = |at: Timestamp| at.strftime("%Y-%m-%d").to_string();
    let format = if day(at) == day(frame.now) { "%H:%M:%S UTC" } else { "%Y-%m-%d %H:%M UTC" };
    at.strftime(format).to_string()
}

/// How bad it is: a shape, a colour and a word.
pub fn severity(frame: &Frame<'_>, severity: Severity) -> Markup {
    let shape = match severity {
        Severity::Critical => "✖",
        Severity::Error => "▲",
        Severity::Warning => "◆",
        Severity::Info => "●",
    };
    html! { span class={ "sev " (severity.as_str()) } { span aria-hidden="true" { (shape) } " " (frame.language.severity(severity)) } }
}

/// Where an incident stands, and how it ended.
pub fn state(frame: &Frame<'_>, incident: &Incident) -> Markup {
    let state = incident.state();
    html! {
        span class={ "state " (state.as_str()) } { (frame.language.state(state)) }
        @if let Some(outcome) = incident.outcome() {
            " " span class={ "outcome " (outcome.as_str()) } { (frame.language.outcome(outcome)) }
        }
    }
}

/// The address of an incident's page.
pub fn path(incident: &Incident) -> String {
    format!("/i/{}", incident.id)
}

/// The head of a table.
pub fn table_head(names: &[&str]) -> Markup {
    html! { thead { tr { @for name in names { th scope="col" { (name) } } } } }
}

/// A label and its text; nothing where the text says nothing.
pub fn row(label: &str, text: &str) -> Markup {
    html! {
        @if !text.trim().is_empty() {
            dt { (label) }
            dd { (line(text)) }
        }
    }
}
