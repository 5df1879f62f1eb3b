//! What is wrong with a configuration, for people.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

/// One problem: a sentence, and where it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// The line in it, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// What it is about, such as `server.listen`; empty for a file as a whole.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// What is wrong and what to do.
    pub text: String,
}

impl Problem {
    /// A problem without a place.
    pub fn general(text: impl Into<String>) -> Self {
        Self { file: None, line: None, subject: String::new(), text: text.into() }
    }

    /// A problem in a line of a file.
    pub fn at(file: impl Into<PathBuf>, line: Option<usize>, text: impl Into<String>) -> Self {
        Self { file: Some(file.into()), line, subject: String::new(), text: text.into() }
    }

    /// Whether it is about `subject` or a part of it.
    pub(super) fn is_within(&self, subject: &str) -> bool {
        is_part(&self.subject, subject)
    }

    /// Whether what is wrong there may be why `subject` looks wrong. One of a list says nothing about the others.
    pub(super) fn explains(&self, subject: &str) -> bool {
        let rest = self.subject.strip_prefix(subject).and_then(|rest| rest.strip_prefix('.'));
        let is_of_list = rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        self.is_within(subject) && !is_of_list
    }
}

/// Whether `part` names `whole` or something in it.
pub(super) fn is_part(part: &str, whole: &str) -> bool {
    part.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.line) {
            (Some(file), Some(line)) => write!(f, "{}:{line}: ", file.display())?,
            (Some(file), None) => write!(f, "{}: ", file.display())?,
            (None, _) => {}
        }
        if !self.subject.is_empty() {
            write!(f, "{}: ", self.subject)?;
        }
        f.write_str(&self.text)
    }
}

/// All problems that were found, never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// In the order of their places.
    pub fn sorted(mut problems: Vec<Problem>) -> Self {
        problems.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        Self(problems)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

/// Takes a problem with the value at a path of keys.
pub type Report<'a> = dyn FnMut(&[&str], String) + 'a;
