//! Cuts text to the limit of a target, counted in the target's own unit, and never within what a
//! reader sees as one character: an emoji with its joiners stays whole.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// What a target counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes of UTF-8.
    Bytes,
    /// Units of UTF-16, as JavaScript and Java count.
    Utf16,
    /// Unicode scalar values, as most databases and Python count.
    Characters,
    /// Columns of a terminal or a telephone: a Chinese character takes two.
    Columns,
}

impl Unit {
    /// How long a text is.
    pub fn length(self, text: &str) -> usize {
        match self {
            Self::Bytes => text.len(),
            Self::Utf16 => text.encode_utf16().count(),
            Self::Characters => text.chars().count(),
            Self::Columns => text.width(),
        }
    }
}

/// A limit of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// How many.
    pub most: usize,
    /// Of what.
    pub unit: Unit,
}

impl Limit {
    /// So many bytes of UTF-8.
    pub const fn bytes(most: usize) -> Self {
        Self { most, unit: Unit::Bytes }
    }

    /// So many units of UTF-16.
    pub const fn utf16(most: usize) -> Self {
        Self { most, unit: Unit::Utf16 }
    }

    /// So many Unicode scalar values.
    pub const fn characters(most: usize) -> Self {
        Self { most, unit: Unit::Characters }
    }

    /// So many columns.
    pub const fn columns(most: usize) -> Self {
        Self { most, unit: Unit::Columns }
    }

    /// Whether a text keeps it.
    pub fn holds(self, text: &str) -> bool {
        // No unit counts more than there are bytes, but columns may: a control character has none.
        (self.unit != Unit::Columns && text.len() <= self.most) || self.unit.length(text) <= self.most
    }
}

const ELLIPSIS: &str = "…";

/// The text, or its beginning with `…` behind it. Both together keep the limit; where not even the
/// ellipsis fits, nothing is left.
pub fn cut(text: &str, limit: Limit) -> Cow<'_, str> {
    if limit.holds(text) {
        return Cow::Borrowed(text);
    }
    match limit.most.checked_sub(limit.unit.length(ELLIPSIS)) {
        None => Cow::Borrowed(""),
        Some(room) => Cow::Owned(format!("{}{ELLIPSIS}", beginning(text, Limit { most: room, ..limit }).trim_end())),
    }
}

/// Like [`cut`], at the end of a line where one is in the last quarter of what fits.
pub fn cut_at_line(text: &str, limit: Limit) -> Cow<'_, str> {
    if limit.holds(text) {
        return Cow::Borrowed(text);
    }
    let mark = format!("\n{ELLIPSIS}");
    let Some(room) = limit.most.checked_sub(limit.unit.length(&mark)) else { return cut(text, limit) };
    let start = beginning(text, Limit { most: room, ..limit });
    let line_ends = text.get(start.len()..).is_some_and(|rest| rest.starts_with('\n'));
    match if line_ends { Some(start.len()) } else { start.rfind('\n') } {
        Some(end) if end >= start.len() - start.len() / 4 => {
            Cow::Owned(format!("{}{mark}", start.get(..end).unwrap_or_default().trim_end()))
        }
        _ => cut(text, limit),
    }
}

/// The longest beginning within a limit that ends between two characters as a reader sees them.
pub fn beginning(text: &str, limit: Limit) -> &str {
    let (mut used, mut end) = (0, 0);
    for (at, character) in text.grapheme_indices(true) {
        used += limit.unit.length(character);
        if used > limit.most {
            break;
        }
        end = at + character.len();
    }
    text.get(..end).unwrap_or_default()
}

/// How many characters a text has as a reader sees them.
pub fn seen(text: &str) -> usize {
    text.graphemes(true).count()
}

/// One line: no line breaks, no control characters, nothing that turns the direction of writing. For a
/// title, and for every place that knows no markup.
pub fn one_line(text: &str) -> String {
    let spaced = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c });
    let line: String = spaced.filter(|c| !is_invisible(*c)).collect();
    line.trim().to_string()
}

/// Control characters, and those that turn the direction of writing: with them `gpj.exe` reads `exe.jpg`.
pub(crate) fn is_invisible(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fdd0}'..='\u{fdef}')
}

/// The most of something that still fits, by bisection: `make(n)` for the largest `n` up to `most` for
/// which `fits` holds. Markup and escapes make sizes hard to foresee, so it is tried. `make(0)` where
/// nothing fits.
pub fn most_that_fits<T>(most: usize, make: impl Fn(usize) -> T, fits: impl Fn(&T) -> bool) -> T {
    let whole = make(most);
    if fits(&whole) {
        return whole;
    }
    let (mut fitting, mut too_much) = (0, most);
    while too_much - fitting > 1 {
        let middle = fitting + (too_much - fitting) / 2;
        if fits(&make(middle)) { fitting = middle } else { too_much = middle }
    }
    make(fitting)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ellipsis_counts_in_every_unit() {
        for (limit, want) in [
            (Limit::bytes(9), "修复…"),
            (Limit::bytes(8), "修…"),
            (Limit::bytes(2), ""),
            (Limit::utf16(3), "修复…"),
            (Limit::characters(3), "修复…"),
            (Limit::columns(5), "修复…"),
            (Limit::columns(4), "修…"),
        ] {
            let cut = cut("修复完成了", limit);
            assert_eq!(cut, want, "{limit:?}");
            assert!(limit.unit.length(&cut) <= limit.most);
        }
        assert_eq!(cut("short", Limit::bytes(5)), "short");
    }

    #[test]
    fn characters_stay_whole() {
        let family = "a👩\u{200d}👩\u{200d}👧z";
        for most in 0..family.len() {
            assert!(["", "…", "a…"].contains(&&*cut(family, Limit::bytes(most))), "at {most}");
            assert!(["", "…", "a…"].contains(&&*cut(family, Limit::utf16(most.min(9)))), "at {most}");
        }
        assert_eq!(cut("e\u{301}\u{301}x", Limit::characters(2)), "…");
        assert_eq!(cut("🇨🇳🇩🇪", Limit::utf16(5)), "🇨🇳…");
    }

    #[test]
    fn a_near_line_end_is_preferred() {
        assert_eq!(cut_at_line("first line\nsecond\nthird", Limit::characters(19)), "first line\nsecond\n…");
        assert_eq!(cut_at_line("a\nsecond line that is long", Limit::characters(10)), "a\nsecond…");
        assert_eq!(cut_at_line("one", Limit::bytes(8)), "one");
    }

    #[test]
    fn bisection_finds_the_most_that_fits() {
        for limit in 0..40 {
            let made = most_that_fits(30, |n| "&amp;".repeat(n), |text| text.len() <= limit);
            assert_eq!(made.len(), (limit / 5 * 5).min(150), "{limit}");
        }
    }

    #[test]
    fn one_line_shows_nothing_that_cannot_be_seen() {
        assert_eq!(one_line(" a\r\nb\u{202e}c\u{1b}[2J\tx "), "a  bc[2J x");
    }
}
