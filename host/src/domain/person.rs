//! Whether two names are one person.

/// What a name comes down to: no matter how it is spelled, one person counts once. Case, white space
/// and letters without a shape do not tell people apart, and of `ada (as bob)`, where a name that was
/// proven says another one, the proven name counts.
pub fn identity(name: &str) -> String {
    let proven = name.split_once(" (as ").map_or(name, |(proven, _)| proven);
    let seen: String = proven.chars().filter(|letter| letter.is_whitespace() || !hidden(*letter)).collect();
    seen.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_has_many_spellings() {
        for other in ["Ada", " ada ", "ADA\n", "a\u{200b}da", "ada (as bob)", "Ada (as Carol)"] {
            assert_eq!(identity(other), "ada", "{other:?}");
        }
        assert_eq!(identity("Ada  Lovelace"), identity("ada lovelace"));
        assert_ne!(identity("ada"), identity("bob"));
        assert_eq!(identity(" \u{200b} "), "");
    }
}
