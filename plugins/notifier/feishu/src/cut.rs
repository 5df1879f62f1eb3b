//! Cuts text without breaking characters.

/// The longest start of `text` with at most `limit` bytes that ends between two characters as a
/// reader sees them: an emoji with its joiners and modifiers stays whole.
pub(crate) fn at_most(text: &str, limit: usize) -> &str {
    if text.len() <= limit {
        return text;
    }
    let mut end = limit;
    while end > 0 && !is_boundary(text, end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// Like `at_most`, but at the end of a line where one is near.
pub(crate) fn at_line(text: &str, limit: usize) -> &str {
    let start = at_most(text, limit);
    if start.len() == text.len() {
        return start;
    }
    match start.rfind('\n') {
        Some(end) if start.len() - end < 300 => start.get(..end).unwrap_or(start),
        _ => start,
    }
}

fn is_boundary(text: &str, at: usize) -> bool {
    let (Some(before), Some(after)) = (text.get(..at), text.get(at..)) else {
        return false;
    };
    !before.ends_with('\u{200d}') && !after.starts_with(joins)
}

fn joins(c: char) -> bool {
    matches!(c, '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{300}'..='\u{36f}' | '\u{1f3fb}'..='\u{1f3ff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_stay_whole() {
        assert_eq!(at_most("修复完成", 7), "修复");
        let family = "a👩\u{200d}👩\u{200d}👧";
        for limit in 1..family.len() {
            assert_eq!(at_most(family, limit), "a", "at {limit}");
        }
        assert_eq!(at_most(family, family.len()), family);
    }

    #[test]
    fn a_near_line_end_is_preferred() {
        assert_eq!(at_line("one\ntwo three", 8), "one");
        assert_eq!(at_line("one", 8), "one");
    }
}
