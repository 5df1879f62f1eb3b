//! The alerts of one request, and those of it that could not be taken.

use super::Alert;
use crate::domain::event::Forward;
use crate::domain::text::truncate;

/// The annotation of an alert that says what of its request could not be taken.
pub const BESIDE: &str = "tidegate_left_out";

/// Alerts of a request that say so; of a larger one only the first do.
const MARKED: usize = 50;

/// Alerts that are named.
const NAMED: usize = 20;

/// Why an alert was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The request holds more alerts than the host takes at once.
    TooMany,
    /// The source could not read it.
    Unreadable,
    /// It has neither a name nor labels.
    Nameless,
    /// One of its labels stands twice, with two values.
    TwoValues,
    /// The sender left it out of its own message.
    Truncated,
}

impl Reason {
    /// The word in metrics and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooMany => "too_many_alerts",
            Self::Unreadable => "unreadable",
            Self::Nameless => "nameless",
            Self::TwoValues => "label_with_two_values",
            Self::Truncated => "truncated",
        }
    }
}

/// An alert that was not taken, or several of which nothing else is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Its name, cut; empty when it has none.
    pub name: String,
    /// Why.
    pub reason: Reason,
    /// A sentence that names the place.
    pub text: String,
    /// How many alerts it stands for.
    pub count: u64,
}

/// What a source wants its sender to be answered. Not bounded or checked yet: who sends it does that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Media type of the body.
    pub content_type: String,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// What a request came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Normalised {
    /// The alerts that were taken.
    pub alerts: Vec<Alert>,
    /// Those that were not. None of them costs another.
    pub left_out: Vec<LeftOut>,
    /// What the sender is answered; none for the host's own answer.
    pub reply: Option<Reply>,
    /// An address that the sender wants to have fetched once.
    pub confirm: Option<String>,
    /// Events that rules send on, behind the alerts.
    pub forwards: Vec<Forward>,
}

impl LeftOut {
    /// Alerts that the sender says it left out of its message; none where it left out none.
    pub fn truncated(count: u64) -> Option<Self> {
        let text = match count {
            0 => return None,
            1 => "the sender left 1 more alert out of this message".to_string(),
            many => format!("the sender left {many} more alerts out of this message"),
        };
        Some(Self { name: String::new(), reason: Reason::Truncated, text, count })
    }

    /// The alert's name, where it has one, and why it was not taken.
    pub fn sentence(&self) -> String {
        if self.name.is_empty() { self.text.clone() } else { format!("{}: {}", self.name, self.text) }
    }
}

impl Normalised {
    /// The same, where at least one alert could be taken or there was none.
    ///
    /// # Errors
    /// When there are alerts and none of them could be taken: a sentence that names the place.
    pub fn readable(mut self) -> Result<Self, String> {
        // What the sender itself left out is no fault of the rest.
        if self.alerts.is_empty()
            && let Some(at) = self.left_out.iter().position(|one| one.reason != Reason::Truncated)
        {
            return Err(self.left_out.swap_remove(at).text);
        }
        Ok(self)
    }

    /// The alerts that were taken.
    ///
    /// # Errors
    /// As [`readable`](Self::readable).
    pub fn taken(self) -> Result<Vec<Alert>, String> {
        self.readable().map(|normalised| normalised.alerts)
    }

    /// A sentence for each alert that was not taken, as far as they can be named.
    pub fn sentences(&self) -> Vec<String> {
        let mut sentences: Vec<String> = self.left_out.iter().take(NAMED).map(LeftOut::sentence).collect();
        if self.left_out.len() > NAMED {
            sentences.push(format!("{} more", self.left_out.len() - NAMED));
        }
        sentences
    }

    /// Lets the alerts that were taken say what came beside them and was not, so that their incident tells of it.
    #[must_use]
    pub fn marked(mut self) -> Self {
        if !self.left_out.is_empty() {
            let text = truncate(&self.sentences().join("; "), 1000);
            let most = if self.alerts.len() > MARKED { 1 } else { MARKED };
            for alert in self.alerts.iter_mut().take(most) {
                alert.annotations.insert(BESIDE, text.as_str());
            }
        }
        self
    }
}
