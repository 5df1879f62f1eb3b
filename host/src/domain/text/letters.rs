//! Letters without a shape: what a reader cannot see, or what moves other letters about.
//!
//! This is the one list of the host. Whatever shows text from outside to a person shows these by
//! their number, so that two names that differ look different and no text leaves its line.

use std::fmt::Write;

/// Inclusive ranges in order: the general categories Cc, Cf, Co, Zl and Zp, every
/// Default_Ignorable_Code_Point, all noncharacters (Unicode 16), and letters that are drawn as
/// nothing without saying so: U+2800, U+FFFC, U+16FE4, U+1D159. A test holds them against the
/// Unicode data of the crate `regex`, which a lookup for every letter would be too slow for.
const INVISIBLE: [(u32, u32); 47] = [
    (0x0, 0x1F),
    (0x7F, 0x9F),
    (0xAD, 0xAD),
    (0x34F, 0x34F),
    (0x600, 0x605),
    (0x61C, 0x61C),
    (0x6DD, 0x6DD),
    (0x70F, 0x70F),
    (0x890, 0x891),
    (0x8E2, 0x8E2),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x2028, 0x202E),
    (0x2060, 0x206F),
    (0x2800, 0x2800),
    (0x3164, 0x3164),
    (0xE000, 0xF8FF),
    (0xFDD0, 0xFDEF),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFFC),
    (0xFFFE, 0xFFFF),
    (0x110BD, 0x110BD),
    (0x110CD, 0x110CD),
    (0x13430, 0x1343F),
    (0x16FE4, 0x16FE4),
    (0x1BCA0, 0x1BCA3),
    (0x1D159, 0x1D159),
    (0x1D173, 0x1D17A),
    (0x1FFFE, 0x1FFFF),
    (0x2FFFE, 0x2FFFF),
    (0x3FFFE, 0x3FFFF),
    (0x4FFFE, 0x4FFFF),
    (0x5FFFE, 0x5FFFF),
    (0x6FFFE, 0x6FFFF),
    (0x7FFFE, 0x7FFFF),
    (0x8FFFE, 0x8FFFF),
    (0x9FFFE, 0x9FFFF),
    (0xAFFFE, 0xAFFFF),
    (0xBFFFE, 0xBFFFF),
    (0xCFFFE, 0xCFFFF),
    (0xDFFFE, 0xDFFFF),
    (0xE0000, 0xE0FFF),
    (0xEFFFE, 0x10FFFF),
];

/// Whether a letter has no shape of its own. White space that has a width is not among them, but
/// line breaks and tabs are: they are control characters.
pub fn is_invisible(letter: char) -> bool {
    if matches!(letter, ' '..='~') {
        return false;
    }
    let code = u32::from(letter);
    let after = INVISIBLE.partition_point(|(first, _)| *first <= code);
    let range = after.checked_sub(1).and_then(|n| INVISIBLE.get(n));
    range.is_some_and(|(_, last)| code <= *last)
}

/// Appends a letter as it is shown to people: one without a shape as its number, `\u{200b}`.
pub fn push(out: &mut String, letter: char) {
    if is_invisible(letter) {
        push_number(out, letter);
    } else {
        out.push(letter);
    }
}

/// Text of several lines, each letter for itself: line breaks and tabs stay, everything else that
/// cannot be seen, or is white space but not the ordinary one, is shown by its number.
pub fn visible(text: &str) -> String {
    shown(text, |letter| matches!(letter, '\n' | '\t'))
}

/// The same on one line: line breaks and tabs are shown by their number as well.
pub fn visible_line(text: &str) -> String {
    shown(text, |_| false)
}

/// A JSON document that says the same and has no letter without a shape in it: its strings hold
/// them as JSON escapes. Line breaks between its parts stay.
pub fn in_json(document: &str) -> String {
    let mut out = String::with_capacity(document.len());
    for letter in document.chars() {
        if letter != '\n' && is_invisible(letter) {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(letter);
        }
    }
    out
}

fn shown(text: &str, stays: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if !stays(letter) && letter != ' ' && (is_invisible(letter) || letter.is_whitespace()) {
            push_number(&mut out, letter);
        } else {
            out.push(letter);
        }
    }
    out
}

fn push_number(out: &mut String, letter: char) {
    // Writing to a string cannot fail.
    let _ = write!(out, "\\u{{{:x}}}", u32::from(letter));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_what_unicode_says() {
        let class = r"^[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}\p{DI}\x{2800}\x{FFFC}\x{16FE4}\x{1D159}]$";
        let class = regex::Regex::new(class).unwrap();
        let mut text = [0; 4];
        for letter in '\0'..=char::MAX {
            let code = u32::from(letter);
            let nothing = code & 0xFFFE == 0xFFFE || (0xFDD0..=0xFDEF).contains(&code);
            let want = nothing || class.is_match(letter.encode_utf8(&mut text));
            assert_eq!(is_invisible(letter), want, "U+{code:04X}");
        }
    }

    #[test]
    fn each_is_shown_by_its_number_and_everything_else_stays() {
        for (text, want) in [
            ("web-1", "web-1"),
            ("告警 é ß 🚨", "告警 é ß 🚨"),
            ("a\u{200b}b", "a\\u{200b}b"),
            ("a\u{202e}b\u{2066}", "a\\u{202e}b\\u{2066}"),
            ("\u{e0100}\u{fe0f}\u{3164}\u{ffa0}", "\\u{e0100}\\u{fe0f}\\u{3164}\\u{ffa0}"),
            ("\u{115f}\u{1160}\u{2800}\u{34f}", "\\u{115f}\\u{1160}\\u{2800}\\u{34f}"),
            ("\u{17b4}\u{17b5}\u{e0041}\u{ad}", "\\u{17b4}\\u{17b5}\\u{e0041}\\u{ad}"),
            ("\u{1b}[31m\u{9b}\u{7}\r", "\\u{1b}[31m\\u{9b}\\u{7}\\u{d}"),
            ("a\u{2028}b\u{2029}c\u{85}", "a\\u{2028}b\\u{2029}c\\u{85}"),
            ("a\u{a0}b\u{3000}c\u{2003}d", "a\\u{a0}b\\u{3000}c\\u{2003}d"),
            ("\u{e000}\u{10ffff}", "\\u{e000}\\u{10ffff}"),
            ("\u{0}", "\\u{0}"),
        ] {
            assert_eq!(visible(text), want, "{text:?}");
            assert_eq!(visible_line(text), want, "{text:?}");
        }
        assert_eq!(visible("a\n\tb"), "a\n\tb");
        assert_eq!(visible_line("a\n\tb"), "a\\u{a}\\u{9}b");
    }
}
