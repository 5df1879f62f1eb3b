//! Cuts a large policy file into pieces that mean the same one after the other.
//!
//! rhai looks through all closures of a script for every variable that it parses, so that one file
//! of thousands of rules would take seconds. Each piece keeps its statements on the lines that they
//! have in the file; what later statements need from earlier ones (imports and constants) is
//! repeated, functions are compiled once for all pieces, and variables stay in the scope.

use std::ops::Range;

/// Files up to this many bytes stay whole.
const WHOLE: usize = 48 << 10;
/// About how large a piece is.
const PIECE: usize = 24 << 10;

/// A file in pieces.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pieces {
    /// All functions; empty for a file that stays whole.
    pub functions: String,
    /// The statements.
    pub texts: Vec<String>,
}

/// Cuts a file; one that is small or not well formed stays whole.
pub(super) fn split(text: &str) -> Pieces {
    let whole = || Pieces { functions: String::new(), texts: vec![text.to_string()] };
    if text.len() <= WHOLE {
        return whole();
    }
    match units(text) {
        Some(units) => pieces(text, &units),
        None => whole(),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Function,
    Repeated,
    Once,
}

fn pieces(text: &str, units: &[(Kind, Range<usize>)]) -> Pieces {
    let mut groups: Vec<Vec<&(Kind, Range<usize>)>> = vec![Vec::new()];
    let mut repeated: Vec<&(Kind, Range<usize>)> = Vec::new();
    let mut size = 0;
    for unit in units.iter().filter(|(kind, _)| *kind != Kind::Function) {
        if size > PIECE {
            groups.push(repeated.clone());
            size = 0;
        }
        if unit.0 == Kind::Repeated {
            repeated.push(unit);
        }
        size += unit.1.len();
        groups.iter_mut().next_back().into_iter().for_each(|group| group.push(unit));
    }
    let functions: Vec<_> = units.iter().filter(|(kind, _)| *kind == Kind::Function).collect();
    Pieces { functions: placed(text, &functions), texts: groups.iter().map(|group| placed(text, group)).collect() }
}

/// These units on their own lines, the rest of the file as empty lines.
fn placed(text: &str, units: &[&(Kind, Range<usize>)]) -> String {
    let mut out = String::new();
    let mut at = 0;
    for (_, range) in units {
        let skipped = text.get(at..range.start).unwrap_or_default();
        out.extend(skipped.bytes().filter(|byte| *byte == b'\n').map(char::from));
        out.push_str(text.get(range.clone()).unwrap_or_default());
        at = range.end;
    }
    out
}

/// The top-level statements and functions in order; none when brackets or quotes do not match.
fn units(text: &str) -> Option<Vec<(Kind, Range<usize>)>> {
    let bytes = text.as_bytes();
    let mut units = Vec::new();
    let (mut at, mut start, mut depth) = (0usize, 0usize, 0usize);
    while let Some(&byte) = bytes.get(at) {
        let next = bytes.get(at + 1).copied();
        match byte {
            b'/' if next == Some(b'/') => at = line_end(bytes, at),
            b'/' if next == Some(b'*') => at = comment_end(bytes, at)?,
            b'"' => at = quote_end(bytes, at + 1, b'"')?,
            b'`' => at = template_end(bytes, at + 1)?,
            b'\'' => at = quote_end(bytes, at + 1, b'\'')?,
            // Raw texts, which policies have no need for.
            b'#' if matches!(next, Some(b'"' | b'#')) => return None,
            b'(' | b'[' | b'{' => {
                depth += 1;
                at += 1;
            }
            b')' | b']' | b'}' => {
                depth = depth.checked_sub(1)?;
                at += 1;
                let function = kind(text.get(start..at)?) == Kind::Function;
                let before_function = text.get(at..).is_some_and(|rest| kind(rest) == Kind::Function);
                if depth == 0 && byte == b'}' && (function || before_function) {
                    units.push((kind(text.get(start..at)?), start..at));
                    start = at;
                }
            }
            b';' if depth == 0 => {
                at += 1;
                units.push((kind(text.get(start..at)?), start..at));
                start = at;
            }
            _ => at += 1,
        }
    }
    if depth != 0 {
        return None;
    }
    units.push((kind(text.get(start..)?), start..text.len()));
    Some(units)
}

/// What a statement is by its first word.
fn kind(text: &str) -> Kind {
    let mut rest = text.trim_start();
    while rest.starts_with("//") || rest.starts_with("/*") {
        let bytes = rest.as_bytes();
        let end = if rest.starts_with("//") { Some(line_end(bytes, 0)) } else { comment_end(bytes, 0) };
        rest = end.and_then(|end| rest.get(end..)).unwrap_or_default().trim_start();
    }
    match rest.split(|c: char| !c.is_ascii_alphabetic()).next() {
        Some("fn" | "private") => Kind::Function,
        Some("import" | "const") => Kind::Repeated,
        _ => Kind::Once,
    }
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |length| at + length)
}

/// Comments nest.
fn comment_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0usize;
    loop {
        match (bytes.get(at)?, bytes.get(at + 1)) {
            (b'/', Some(b'*')) => (depth, at) = (depth + 1, at + 2),
            (b'*', Some(b'/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return Some(at);
        }
    }
}

fn quote_end(bytes: &[u8], mut at: usize, quote: u8) -> Option<usize> {
    loop {
        match *bytes.get(at)? {
            b'\\' => at += 2,
            byte if byte == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
}

/// A text in backticks, with code in `${…}`.
fn template_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match (*bytes.get(at)?, bytes.get(at + 1)) {
            (b'`', _) => return Some(at + 1),
            (b'$', Some(b'{')) => at = code_end(bytes, at + 2)?,
            _ => at += 1,
        }
    }
}

fn code_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 1usize;
    loop {
        match *bytes.get(at)? {
            b'"' => at = quote_end(bytes, at + 1, b'"')?,
            b'`' => at = template_end(bytes, at + 1)?,
            byte => {
                at += 1;
                match byte {
                    b'{' => depth += 1,
                    b'}' => depth -= 1,
                    _ => {}
                }
                if depth == 0 {
                    return Some(at);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_end_where_they_end() {
        let text = "import \"x;y\" as x; // a; b\nfn f(a) { a; { b } }\nfor n in 1..2 { g(n); }\nfn h() { 1 }\n/* ; /* ; */ */ let s = `a;${ if x { \"}\" } };`; const C = ';'; rule(\"a\", #{\n when: |i| { 1; 2 },\n});";
        let found = units(text).unwrap();
        let shown: Vec<(Kind, &str)> = found.into_iter().map(|(kind, range)| (kind, text[range].trim())).collect();
        assert_eq!(
            shown,
            [
                (Kind::Repeated, "import \"x;y\" as x;"),
                (Kind::Function, "// a; b\nfn f(a) { a; { b } }"),
                (Kind::Once, "for n in 1..2 { g(n); }"),
                (Kind::Function, "fn h() { 1 }"),
                (Kind::Once, "/* ; /* ; */ */ let s = `a;${ if x { \"}\" } };`;"),
                (Kind::Repeated, "const C = ';';"),
                (Kind::Once, "rule(\"a\", #{\n when: |i| { 1; 2 },\n});"),
                (Kind::Once, ""),
            ]
        );
        assert_eq!(units("rule(\"a\";"), None);
        assert_eq!(units("let s = \"a;"), None);
    }

    #[test]
    fn pieces_keep_their_lines_and_what_they_need() {
        let mut text = String::from("import \"lib/x\" as x;\nfn f() { 1 }\nlet a = 1;\n");
        for n in 0..3_000 {
            text.push_str(&format!("rule(\"r{n}\", #{{ then: escalate() }});\n"));
        }
        let pieces = split(&text);
        assert!(pieces.texts.len() > 2);
        assert_eq!(pieces.functions, "\nfn f() { 1 }");
        let last = pieces.texts.last().unwrap();
        assert!(last.starts_with("import \"lib/x\" as x;\n") && !last.contains("let a"));
        assert_eq!(last.trim_end().lines().count(), 3_003);
        assert_eq!(split("let a = 1;").texts, ["let a = 1;"]);
    }
}
