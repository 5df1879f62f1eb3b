//! The host's CommonMark as a small tree, and one writer per target's markup.
//!
//! A message's `body-markdown` is parsed once. Everything that is not markup of the host's own is text in
//! the tree, and every writer escapes text: what an alert says can neither mention people nor hide where
//! a link leads, whichever target shows it.

mod adaptive;
mod adf;
mod document;
mod escape;
mod found;
mod html;
mod markup;
mod parse;
mod write;

pub use adaptive::adaptive_text;
pub use document::{Block, Document, Inline, List};
pub use escape::{Escapes, Place, Way};
pub use html::html_text;
pub use markup::{Boundary, Bullet, CodeStyle, HeadingStyle, LinkStyle, Markup, QuoteStyle};
pub use parse::parse;

#[cfg(test)]
mod tests;
