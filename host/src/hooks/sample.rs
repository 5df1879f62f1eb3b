//! A text that a pattern matches, so that what is imported can be tested.

use regex_syntax::hir::{Class, Hir, HirKind};

/// Bytes after which a text is no good example any more.
const LONGEST: usize = 4 << 10;

/// Some text in which the pattern is found, as far as that can be told by looking at it.
pub(super) fn of(pattern: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let hir = regex_syntax::parse(pattern).ok()?;
    write(&hir, &mut bytes).then(|| String::from_utf8(bytes).ok()).flatten()
}

fn write(hir: &Hir, out: &mut Vec<u8>) -> bool {
    if out.len() > LONGEST {
        return false;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => {
            out.extend_from_slice(&literal.0);
            true
        }
        HirKind::Class(class) => match letter(class) {
            Some(letter) => {
                out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                true
            }
            None => false,
        },
        HirKind::Repetition(repetition) => (0..repetition.min).all(|_| write(&repetition.sub, out)),
        HirKind::Capture(capture) => write(&capture.sub, out),
        HirKind::Concat(all) => all.iter().all(|one| write(one, out)),
        HirKind::Alternation(all) => all.first().is_some_and(|first| write(first, out)),
    }
}

/// A plain one, where there is one.
fn letter(class: &Class) -> Option<char> {
    let ranges: Vec<(char, char)> = match class {
        Class::Unicode(class) => class.ranges().iter().map(|range| (range.start(), range.end())).collect(),
        Class::Bytes(class) => class.ranges().iter().map(|range| (range.start().into(), range.end().into())).collect(),
    };
    let among = |wanted: char| ranges.iter().any(|(from, to)| (*from..=*to).contains(&wanted));
    ['a', 'A', '0', '-', ' '].into_iter().find(|c| among(*c)).or_else(|| ranges.first().map(|(from, _)| *from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_a_pattern_is_found_by_it() {
        for pattern in [".*(BackOff|OOMKilled).*", "^reason: [A-Z]\\w+", "x{3}y?", "(?m)^reason: BackOff", "[^a]b"] {
            let text = of(pattern).unwrap();
            assert!(regex::Regex::new(pattern).unwrap().is_match(&text), "{pattern}: {text}");
        }
        assert_eq!(of("("), None);
    }
}
