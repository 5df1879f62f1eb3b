//! The alerts of one request, and those of it that could not be taken.

use super::Alert;

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
}

impl Reason {
    /// The word in metrics and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooMany => "too_many_alerts",
            Self::Unreadable => "unreadable",
            Self::Nameless => "nameless",
            Self::TwoValues => "label_with_two_values",
        }
    }
}

/// An alert that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Its name, cut; empty when it has none.
    pub name: String,
    /// Why.
    pub reason: Reason,
    /// A sentence that names the place.
    pub text: String,
}

/// The alerts of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Normalised {
    /// Those that were taken.
    pub alerts: Vec<Alert>,
    /// Those that were not. None of them costs another.
    pub left_out: Vec<LeftOut>,
}

impl Normalised {
    /// The alerts that were taken.
    ///
    /// # Errors
    /// When there are alerts and none of them could be taken: a sentence that names the place.
    pub fn taken(self) -> Result<Vec<Alert>, String> {
        match self.left_out.into_iter().next() {
            Some(first) if self.alerts.is_empty() => Err(first.text),
            _ => Ok(self.alerts),
        }
    }
}
