//! `report`: the language of reports and messages.

use serde::Deserialize;

use crate::report;

/// How reports are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Their language.
    pub language: Language,
}

/// A language of reports and messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
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

    /// The language as the writer of texts knows it.
    pub fn of_texts(self) -> report::Language {
        match self {
            Self::En => report::Language::En,
            Self::Zh => report::Language::Zh,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    language: Option<Language>,
}

impl Raw {
    pub fn build(self) -> Report {
        Report { language: self.language.unwrap_or_default() }
    }
}
