//! The written account of an incident: the report, the timeline and the short messages.
//!
//! Pure, and without a model: everything is read off the journal's entries, so that the same story
//! always gives the same text. Whatever came from outside (alerts, tools, models, people) is data:
//! in Markdown it can neither leave its place nor become a heading, a table, a link, an image or
//! HTML. A language whose translation lacks something does not compile.

mod actions;
mod alert_text;
mod anchor;
mod arguments;
mod chinese;
pub mod digest;
mod document;
mod ending;
mod english;
mod escape;
mod evidence;
mod findings;
pub mod inspection;
mod knowledge;
mod labels;
mod links;
mod message;
mod objects;
pub mod page;
mod safeguards;
mod steps;
mod timeline;
mod translation;
pub mod trial;
pub mod waiting;

use jiff::Timestamp;
use serde::Deserialize;

pub use anchor::anchor;
pub use document::markdown;
pub use labels::{EndSummary, Labels};
pub use message::{MessageContext, Visibility, message};
pub use timeline::{Detail, Line, timeline};

/// The language of reports and messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Chinese.
    Zh,
}

impl Language {
    /// `en` or `zh`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh",
        }
    }

    fn translation(self) -> &'static dyn translation::Translation {
        match self {
            Self::En => &english::English,
            Self::Zh => &chinese::Chinese,
        }
    }
}

/// RFC 3339 in UTC, to the second.
pub fn date(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The same to the minute, for what is read in a hurry.
fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%MZ").to_string()
}

#[cfg(test)]
pub(crate) mod tests;
