//! How bad a record is.

use tidegate_plugin::source::Node;

/// As the host has it.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub(crate) enum Severity {
    Debug,
    Info,
    Warning,
    Error,
    Critical,
}

impl Severity {
    /// By its number (17 to 20 are errors, 21 and more fatal), else by its word. An exception is an error.
    pub(crate) fn of(record: Node<'_>, is_exception: bool) -> Self {
        let number = record.get("severityNumber");
        let word = number.text().and_then(|text| Some(text.strip_prefix("SEVERITY_NUMBER_")?.to_string()));
        let word = word.or_else(|| record.get("severityText").text().map(Into::into)).unwrap_or_default();
        match number.number() {
            Some(21..) => Self::Critical,
            Some(17..) => Self::Error,
            Some(13..) => Self::Warning,
            Some(9..) => Self::Info,
            Some(1..) => Self::Debug,
            _ => Self::of_word(word.trim()).unwrap_or(if is_exception { Self::Error } else { Self::Info }),
        }
    }

    fn of_word(word: &str) -> Option<Self> {
        let word = word.to_ascii_lowercase();
        let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
        Some(match word {
            "fatal" | "critical" | "crit" | "alert" | "emergency" | "emerg" | "panic" => Self::Critical,
            "error" | "err" | "severe" => Self::Error,
            "warning" | "warn" => Self::Warning,
            "info" | "information" | "notice" | "normal" => Self::Info,
            "debug" | "trace" | "verbose" => Self::Debug,
            _ => return None,
        })
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info | Self::Debug => "info",
        }
    }
}
