//! Patterns that are compiled and tried only on texts that hold what every match of theirs holds.
//!
//! Most texts hold nothing of it. One pass over a text says which patterns could match at all, so that a
//! hundred of them cost what the few cost, in time and in memory.

use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder};
use regex::{Regex, RegexBuilder};

/// Bytes that a pattern may take while it is tried; beyond them it is tried in a slower way.
const ROOM: usize = 512 << 10;

/// Patterns, each with something that belongs to it.
pub(super) struct Prefiltered<T> {
    needs: AhoCorasick,
    /// The pattern of each text that is needed.
    of: Vec<usize>,
    patterns: Vec<Pattern<T>>,
}

struct Pattern<T> {
    source: &'static str,
    regex: OnceLock<Option<Regex>>,
    with: T,
}

impl<T> Prefiltered<T> {
    /// Patterns with the texts of which one is in every match, whatever its case.
    pub(super) fn new(patterns: impl IntoIterator<Item = (&'static [&'static str], &'static str, T)>) -> Option<Self> {
        let (mut needs, mut of, mut all) = (Vec::new(), Vec::new(), Vec::new());
        for (texts, source, with) in patterns {
            needs.extend_from_slice(texts);
            of.extend(texts.iter().map(|_| all.len()));
            all.push(Pattern { source, regex: OnceLock::new(), with });
        }
        let needs = AhoCorasickBuilder::new().ascii_case_insensitive(true).build(needs).ok()?;
        Some(Self { needs, of, patterns: all })
    }

    /// Tries those that could match, in their order. False when one does not compile.
    pub(super) fn each(&self, text: &str, mut attempt: impl FnMut(&Regex, &T)) -> bool {
        let mut due = vec![false; self.patterns.len()];
        let mut left = due.len();
        for found in self.needs.find_overlapping_iter(text) {
            let Some(due) = self.of.get(found.pattern().as_usize()).and_then(|n| due.get_mut(*n)) else { continue };
            left -= usize::from(!*due);
            *due = true;
            if left == 0 {
                break;
            }
        }
        self.patterns.iter().zip(due).filter(|(_, due)| *due).all(|(pattern, _)| {
            let regex =
                pattern.regex.get_or_init(|| RegexBuilder::new(pattern.source).dfa_size_limit(ROOM).build().ok());
            regex.as_ref().map(|regex| attempt(regex, &pattern.with)).is_some()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_could_match_is_tried() {
        let patterns = Prefiltered::new([
            (&["Password", "pwd"][..], "(?i)p(?:assword|wd)=(\\w+)", 1),
            (&["token"][..], "token=(\\w+)", 2),
            (&["broken"][..], "(", 3),
        ])
        .unwrap();
        let tried = |text: &str| {
            let mut tried = Vec::new();
            let sound = patterns.each(text, |regex, with| tried.push((*with, regex.is_match(text))));
            (sound, tried)
        };
        assert_eq!(tried("nothing of it"), (true, vec![]));
        assert_eq!(tried("PASSWORD=x token of mine"), (true, vec![(1, true), (2, false)]));
        assert_eq!(tried("a broken one"), (false, vec![]));
    }
}
