//! How much of what is asked a text holds, and the piece of it that is quoted.

use std::collections::BTreeSet;

use super::document::Section;
use super::tokens::tokenize;
use crate::domain::knowledge::{MatchReason, Quote};
use crate::domain::text::{one_line, truncate};

/// Bytes of an excerpt, and letters of a name.
const EXCERPT: usize = 1200;
const NAME: usize = 200;
/// Words of a text that are looked at.
const READ: usize = 20_000;
/// Words that a text must share with the incident where it names none of its alerts, and their share in percent.
const SHARED: usize = 3;
const SHARE: usize = 60;

/// What a text is asked for.
#[derive(Clone, Debug, Default)]
pub struct SearchQuery {
    /// Of each of these all words belong together.
    pub groups: Vec<Vec<String>>,
    /// Single words.
    pub words: Vec<String>,
}

/// How much of it a text holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coverage {
    whole_groups: usize,
    shared: usize,
    asked: usize,
}

impl Coverage {
    /// Whether it is likely to be about the same.
    pub fn is_enough(self) -> bool {
        self.whole_groups > 0 || self.shared >= SHARED && self.shared * 100 >= self.asked * SHARE
    }
}

/// How much of what is asked a document holds.
pub fn coverage(title: &str, sections: &[Section], asked: &SearchQuery) -> Coverage {
    let mut held: BTreeSet<String> = tokenize(title, READ).into_iter().collect();
    for section in sections {
        held.extend(tokenize(&section.heading, READ));
        held.extend(tokenize(&section.text, READ));
    }
    Coverage {
        whole_groups: asked.groups.iter().filter(|group| group.iter().all(|word| held.contains(word))).count(),
        shared: asked.words.iter().filter(|word| held.contains(*word)).count(),
        asked: asked.words.len(),
    }
}

/// Quotes the section that holds most of what is asked; the first one that says something where none holds more.
pub fn quote(title: &str, source: &str, because: MatchReason, sections: &[Section], asked: &SearchQuery) -> Quote {
    let wanted: BTreeSet<&str> = asked.groups.iter().flatten().chain(&asked.words).map(String::as_str).collect();
    let holds = |text: &str| {
        let held: BTreeSet<String> = tokenize(text, READ).into_iter().collect();
        wanted.iter().filter(|word| held.contains(**word)).count()
    };
    let mut best: Option<(usize, &Section)> = None;
    for section in sections.iter().filter(|section| !section.text.is_empty()) {
        let score = 3 * holds(&section.heading) + holds(&section.text);
        if best.is_none_or(|(most, _)| score > most) {
            best = Some((score, section));
        }
    }
    let (heading, text) = best.map_or(("", ""), |(_, section)| (&section.heading, &section.text));
    Quote {
        title: one_line(title, NAME),
        source: one_line(source, NAME),
        heading: one_line(heading, NAME),
        because,
        excerpt: truncate(text, EXCERPT),
        tools: Vec::new(),
        skip: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(groups: &[&str], text: &str) -> SearchQuery {
        SearchQuery { groups: groups.iter().map(|group| tokenize(group, 9)).collect(), words: tokenize(text, 99) }
    }

    fn section(heading: &str, text: &str) -> Section {
        Section { heading: heading.into(), text: text.into() }
    }

    #[test]
    fn a_text_is_about_the_same_where_it_names_it_or_shares_most_words() {
        let sections = [section("Crash loops", "When a pod restarts again and again, look at the logs.")];
        let enough = |asked: &SearchQuery| coverage("Pods", &sections, asked).is_enough();
        assert!(enough(&asked(&["pod crash loop"], "")));
        assert!(!enough(&asked(&["pod image pull"], "")));
        assert!(enough(&asked(&[], "restarting logs again pod")));
        assert!(!enough(&asked(&[], "pod logs")), "too little to go by");
        assert!(!enough(&asked(&[], "pod logs restarts of a database that is out of memory and disk")));
        assert!(!enough(&asked(&[], "")));
    }

    #[test]
    fn the_section_that_fits_is_quoted() {
        let sections = [
            section("", "About this page."),
            section("Image pulls", "The registry."),
            section("Crash loops", "Look at the logs.\nThen restart."),
            section("See also", ""),
        ];
        let of = |question: &SearchQuery| quote("Pods", "pods.md", MatchReason::Found, &sections, question);
        assert_eq!(of(&asked(&[], "crash")).heading, "Crash loops");
        assert_eq!(of(&asked(&[], "crash")).excerpt, "Look at the logs.\nThen restart.");
        assert_eq!(of(&asked(&[], "registry")).heading, "Image pulls");
        assert_eq!(of(&asked(&[], "nothing")).excerpt, "About this page.");
        let long = [section("", &"容器".repeat(3000))];
        assert!(quote("t", "s", MatchReason::Found, &long, &asked(&[], "")).excerpt.len() <= EXCERPT + 32);
        assert_eq!(quote("t", "s", MatchReason::Found, &[], &asked(&[], "")).excerpt, "");
    }
}
