//! Texts for people.

use std::borrow::Cow;

/// The first sentence of a text for people.
pub fn first_sentence(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    let line = text.lines().next().unwrap_or(text);
    let end = line.match_indices(". ").map(|(at, _)| at + 1).find(|at| *at > 20).unwrap_or(line.len());
    line.get(..end).unwrap_or(line).into()
}

#[cfg(test)]
mod tests {
    use super::first_sentence;

    #[test]
    fn the_first_sentence_ends_where_a_person_would_say() {
        for (text, want) in [
            ("The disk of the database is full. It was 98% before.\nMore", "The disk of the database is full."),
            ("v1.2 of e.g. the shop is down\nSee the wiki", "v1.2 of e.g. the shop is down"),
            ("  down ", "down"),
            ("", ""),
        ] {
            assert_eq!(first_sentence(text), want);
        }
    }
}
