//! Severities of senders whose words the host would read as something else.

use std::borrow::Cow;

use super::Alert;

/// The annotation that keeps the sender's own word.
pub const SEVERITY_RAW: &str = "severity_raw";

impl Alert {
    /// A severity that the sender says in words or numbers of its own: `word` is one of `critical`, `error`, `warning`
    /// and `info`; what the sender said is kept in an annotation where it is another.
    #[must_use]
    pub fn severity_of<'t>(self, word: &'static str, said: impl Into<Option<Cow<'t, str>>>) -> Self {
        let said = said.into().filter(|said| !said.trim().eq_ignore_ascii_case(word));
        self.severity(Some(word.into())).annotation(SEVERITY_RAW, said)
    }
}

/// A severity in a text that people write by a convention of their own: `severity=critical`, `[P1] disk full`,
/// `db-cpu-warning`. Words that also describe what is measured (`high`, `low`, `error`) count only behind `severity`.
pub fn in_words(text: &str) -> Option<&str> {
    let words = || text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let told = words().skip_while(|word| !word.eq_ignore_ascii_case("severity")).nth(1);
    let known = |word: &&str| {
        let word = word.to_ascii_lowercase();
        matches!(word.as_str(), "critical" | "crit" | "fatal" | "emergency" | "warning" | "warn" | "info")
            || matches!(word.as_bytes(), [b'p', b'1'..=b'5'] | [b's', b'e', b'v', b'0'..=b'4'])
    };
    let level = |word: &&str| {
        let levels = ["high", "medium", "low", "error", "err", "major", "minor", "informational"];
        known(word) || levels.iter().any(|level| word.eq_ignore_ascii_case(level))
    };
    told.filter(level).or_else(|| words().find(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_sender_said_is_kept_where_it_is_another_word() {
        let alert = Alert::firing("a").severity_of("error", Some("Sev1".into()));
        assert_eq!((alert.severity.as_deref(), alert.annotations[0].1.as_str()), (Some("error"), "Sev1"));
        assert!(Alert::firing("a").severity_of("error", Some("Error".into())).annotations.is_empty());
    }

    #[test]
    fn words_that_describe_a_reading_are_no_severity() {
        for (text, want) in [
            ("db-cpu-critical", Some("critical")),
            ("[P1] High CPU", Some("P1")),
            ("Severity: high, see wiki", Some("high")),
            ("severity=", None),
            ("severity of the storm", None),
            ("HighErrorRate", None),
            ("High error rate on sev", None),
            ("api SEV2 latency", Some("SEV2")),
        ] {
            assert_eq!(in_words(text), want, "{text}");
        }
    }
}
