//! A page that says one thing: what is not there, what is not allowed, what failed.

use maud::html;

use super::frame::{Frame, LiveUpdates, document};
use super::parts::line;

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// There is nothing at this address.
    NotFound,
    /// There is no such incident or action.
    Gone(String),
    /// The records cannot be read, or the host has no room: a sentence in English.
    Unavailable(String),
    /// This may not be done: a sentence in English.
    Forbidden(String),
    /// The form cannot be read.
    Invalid(String),
}

/// The page.
pub fn page(message: &Message, frame: &Frame<'_>) -> String {
    let words = frame.strings();
    let (title, detail, help) = match message {
        Message::NotFound => (words.not_found, None, words.not_found_help),
        Message::Gone(detail) => (words.not_found, Some(detail), words.not_found_help),
        Message::Unavailable(detail) => (words.unavailable, Some(detail), words.unavailable_help),
        Message::Forbidden(detail) => (words.forbidden, Some(detail), words.forbidden_help),
        Message::Invalid(detail) => (words.invalid, Some(detail), words.invalid_help),
    };
    let body = html! {
        h1 { (title) }
        @if let Some(detail) = detail { p { q lang="en" { (line(detail)) } } }
        p { (help) }
        p { a href=(frame.here) { (words.again) } " · " a href="/" { (words.now) } }
    };
    document(frame, title, &LiveUpdates::Off, &body)
}
