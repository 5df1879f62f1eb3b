//! `report`: the language of reports and messages.

use serde::Deserialize;

use crate::report::Language;

/// How reports are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Their language.
    pub language: Language,
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
