//! Patterns in settings: `*` stands for anything, and case does not count.

/// Whether a text is what a pattern stands for.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.trim().to_ascii_lowercase(), text.trim().to_ascii_lowercase());
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut left) = text.strip_prefix(first) else { return false };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return left.ends_with(part);
        }
        let Some(at) = left.find(part) else { return false };
        left = left.get(at + part.len()..).unwrap_or_default();
    }
    true
}

/// What the closest of these patterns stands for: the one with most letters of its own. Settings have no order.
pub fn best<'p>(pairs: &'p [(String, String)], text: &str) -> Option<&'p str> {
    let closeness = |pattern: &str| (!pattern.contains('*'), pattern.chars().filter(|c| *c != '*').count());
    let matching = pairs.iter().filter(|(pattern, _)| matches(pattern, text));
    matching.max_by_key(|(pattern, _)| closeness(pattern)).map(|(_, word)| word.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_pattern_counts() {
        let pairs = [("*", "any"), ("up*", "well"), ("update", "new"), ("*e", "e")].map(|(a, b)| (a.into(), b.into()));
        for (text, want) in [("down", "any"), ("UP", "well"), ("update", "new"), ("updates", "well"), ("fire", "e")] {
            assert_eq!(best(&pairs, text), Some(want), "{text}");
        }
        assert_eq!(best(&pairs[1..3], "down"), None);
    }

    #[test]
    fn patterns_stand_for_types() {
        for (pattern, text, want) in [
            ("a.b", "A.B", true),
            ("a.*", "a.b.c", true),
            ("*.debug", "a.b.debug", true),
            ("*.debug", "a.debug.x", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c", false),
            ("*", "", true),
            ("a", "ab", false),
        ] {
            assert_eq!(matches(pattern, text), want, "{pattern} {text}");
        }
    }
}
