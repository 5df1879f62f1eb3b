//! Patterns over subjects: words between dots, `*` for one of them and `>` at the end for one or more.

use std::fmt;

/// Which subjects are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// A sentence where no subject could be meant by it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| Err(format!("{text:?} is no pattern of subjects: {why}"));
        let tokens: Vec<&str> = text.split('.').collect();
        if text.len() > super::ATTRIBUTE {
            return wrong("it is too long");
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return wrong("a subject has no spaces");
        }
        for (n, token) in tokens.iter().enumerate() {
            match *token {
                "" => return wrong("two dots stand side by side, or one at an end; no message has such a subject"),
                ">" if n + 1 < tokens.len() => return wrong("`>` stands for the rest, so nothing can follow it"),
                "*" | ">" => {}
                part if part.contains(['*', '>']) => return wrong("`*` and `>` stand alone between dots"),
                _ => {}
            }
        }
        Ok(Self(text.into()))
    }

    /// Whether it is just the one subject.
    pub fn is_literal(&self) -> bool {
        !self.0.contains(['*', '>'])
    }

    /// Whether there is a subject that both mean.
    pub fn overlaps(&self, other: &Self) -> bool {
        let (mut one, mut two) = (self.0.split('.'), other.0.split('.'));
        loop {
            match (one.next(), two.next()) {
                (None, None) => return true,
                (Some(">"), Some(_)) | (Some(_), Some(">")) => return true,
                (Some("*"), Some(_)) | (Some(_), Some("*")) => {}
                (Some(part), Some(other)) if part == other => {}
                _ => return false,
            }
        }
    }

    /// Whether a subject is meant.
    pub fn matches(&self, subject: &str) -> bool {
        let (mut wanted, mut given) = (self.0.split('.'), subject.split('.'));
        loop {
            match (wanted.next(), given.next()) {
                (None, None) => return true,
                (Some(">"), Some(_)) => return true,
                (Some("*"), Some(token)) if !token.is_empty() => {}
                (Some(part), Some(token)) if part == token => {}
                _ => return false,
            }
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_one_word_and_the_rest() {
        for (pattern, subject, meant) in [
            ("ops.a", "ops.a", true),
            ("ops.a", "ops.a.b", false),
            ("ops.*", "ops.a", true),
            ("ops.*", "ops", false),
            ("ops.*", "ops.", false),
            ("ops.*", "ops.a.b", false),
            ("ops.>", "ops.a.b", true),
            ("ops.>", "ops", false),
            ("ops.*.nodes.>", "ops.c.nodes.gpu-07.rack3.lan.events", true),
            ("ops.clusters.*.nodes.*.events", "ops.clusters.k.nodes.gpu-07.rack3.lan.events", false),
            (">", "x", true),
            ("Ops.a", "ops.a", false),
        ] {
            assert_eq!(Pattern::parse(pattern).unwrap().matches(subject), meant, "{pattern} {subject}");
        }
    }

    #[test]
    fn two_patterns_overlap_where_one_subject_is_meant_by_both() {
        for (one, other, overlap) in [
            ("ops.>", "ops.a", true),
            ("ops.>", "ops", false),
            ("ops.*.a", "ops.b.*", true),
            ("ops.*", "ops.a.b", false),
            ("ops.a", "ops.a", true),
            ("ops.a", "ops.b", false),
            (">", "x.*", true),
            ("ops.*.a.>", "ops.b.c.>", false),
        ] {
            let [one, other] = [one, other].map(|text| Pattern::parse(text).unwrap());
            assert_eq!([one.overlaps(&other), other.overlaps(&one)], [overlap; 2], "{one} {other}");
        }
    }

    #[test]
    fn what_can_mean_no_subject_is_refused() {
        for (text, part) in [
            ("", "side by side"),
            ("a..b", "side by side"),
            (".a", "side by side"),
            ("a.>.b", "nothing can follow"),
            ("a.b*", "stand alone"),
            ("a b", "no spaces"),
        ] {
            assert!(Pattern::parse(text).unwrap_err().contains(part), "{text}");
        }
    }
}
