//! Patterns as Go reads them, for the regular expressions of this host: where the two differ, the pattern is written anew,
//! and what Go refuses is refused.

use std::iter::Peekable;
use std::str::Chars;

use regex_syntax::hir::{Hir, HirKind};

use crate::policy::search_problem;

/// Go refuses to repeat anything more often.
const MOST: u32 = 1_000;
const SPACE: &str = r"\t\n\f\r ";
const WORD: &str = "0-9A-Za-z_";

/// Why a pattern is none here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PatternError {
    /// Go does not compile it either.
    Go(String),
    /// It is too large for a rule of this host.
    Here(String),
}

/// The same pattern.
///
/// # Errors
/// Why there is none.
pub(super) fn translate(pattern: &str) -> Result<String, PatternError> {
    let translated = rewritten(pattern).map_err(PatternError::Go)?;
    let parsed = regex_syntax::parse(&translated).map_err(|error| {
        let error = error.to_string();
        PatternError::Go(error.lines().last().unwrap_or_default().trim_start_matches("error: ").trim().to_string())
    })?;
    if !repeats(&parsed, MOST) {
        return Err(PatternError::Go(format!(
            "Go repeats nothing more than {MOST} times, also not one within the other"
        )));
    }
    search_problem(&translated).map_or(Ok(translated), |why| Err(PatternError::Here(why)))
}

/// Whether what is repeated within what is repeated comes to no more than so many times.
fn repeats(hir: &Hir, most: u32) -> bool {
    match hir.kind() {
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min).max(1);
            times <= most && repeats(&repetition.sub, most / times)
        }
        HirKind::Capture(capture) => repeats(&capture.sub, most),
        HirKind::Concat(all) | HirKind::Alternation(all) => all.iter().all(|one| repeats(one, most)),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => true,
    }
}

fn rewritten(pattern: &str) -> Result<String, String> {
    let mut out = String::new();
    let mut chars = pattern.chars().peekable();
    // Whether what stands before is repeated already: Go repeats nothing twice.
    let mut repeated = false;
    while let Some(c) = chars.next() {
        let was = std::mem::take(&mut repeated);
        match c {
            '\\' => escape(&mut chars, &mut out)?,
            '[' => class(&mut chars, &mut out)?,
            '(' if chars.peek() == Some(&'?') => group(&mut chars, &mut out)?,
            '*' | '+' | '?' if was => return Err(format!("Go repeats nothing twice, as `{c}` would here")),
            '*' | '+' | '?' => {
                out.push(c);
                repeated = true;
                if chars.next_if_eq(&'?').is_some() {
                    out.push('?');
                }
            }
            '{' => match repetition(&chars) {
                Some((text, most)) if most <= MOST => {
                    if was {
                        return Err(format!("Go repeats nothing twice, as `{text}` would here"));
                    }
                    text.chars().skip(1).for_each(|_| {
                        chars.next();
                    });
                    out.push_str(&text);
                    repeated = true;
                    if chars.next_if_eq(&'?').is_some() {
                        out.push('?');
                    }
                }
                Some((text, _)) => return Err(format!("Go repeats nothing more than {MOST} times, as `{text}` would")),
                None => out.push_str(r"\{"),
            },
            '}' | ']' => {
                out.push('\\');
                out.push(c);
            }
            other => out.push(other),
        }
    }
    Ok(out)
}

/// `{3}`, `{3,}` or `{3,5}` behind its first brace, and the largest number in it.
fn repetition(chars: &Peekable<Chars<'_>>) -> Option<(String, u32)> {
    let rest: String = chars.clone().take_while(|c| *c != '}').collect();
    let (least, most) = rest.split_once(',').unwrap_or((&rest, ""));
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().unwrap_or(u32::MAX));
    let least = number(least).filter(|_| !least.is_empty())?;
    let most = if most.is_empty() { least } else { number(most)? };
    chars.clone().any(|c| c == '}').then(|| (format!("{{{rest}}}"), least.max(most)))
}

/// `(?` and what follows up to the end of its head.
fn group(chars: &mut Peekable<Chars<'_>>, out: &mut String) -> Result<(), String> {
    let rest: String = chars.clone().collect();
    let head = |text: &str| text.chars().take(4).collect::<String>();
    let looks = ["?=", "?!", "?<=", "?<!"].iter().any(|look| rest.starts_with(look));
    if looks {
        return Err(format!("Go's regular expressions know no look-around, such as `({}`", head(&rest)));
    }
    let named = ["?P<", "?<"].iter().any(|name| rest.starts_with(name));
    let flags: String = rest.chars().skip(1).take_while(|c| !matches!(c, ':' | ')')).collect();
    if !named && !flags.chars().all(|c| "imsU-".contains(c)) {
        return Err(format!("Go does not know `({}`", head(&rest)));
    }
    out.push('(');
    out.push('?');
    chars.next();
    Ok(())
}

fn escape(chars: &mut Peekable<Chars<'_>>, out: &mut String) -> Result<(), String> {
    let Some(c) = chars.next() else { return Err("it ends in a backslash".into()) };
    match c {
        'd' => out.push_str("[0-9]"),
        'D' => out.push_str("[^0-9]"),
        's' => out.push_str(&format!("[{SPACE}]")),
        'S' => out.push_str(&format!("[^{SPACE}]")),
        'w' => out.push_str(&format!("[{WORD}]")),
        'W' => out.push_str(&format!("[^{WORD}]")),
        'b' => out.push_str(r"(?-u:\b)"),
        'Q' => {
            let rest: String = chars.clone().collect();
            let literal = rest.split_once(r"\E").map_or(rest.as_str(), |(literal, _)| literal);
            let length = literal.chars().count() + if rest.len() > literal.len() { 2 } else { 0 };
            out.push_str(&regex::escape(literal));
            (0..length).for_each(|_| {
                chars.next();
            });
        }
        'A' | 'B' | 'z' => out.extend(['\\', c]),
        other => member(other, chars, out)?,
    }
    Ok(())
}

/// What an escape means within a class and outside of it alike.
fn member(c: char, chars: &mut Peekable<Chars<'_>>, out: &mut String) -> Result<(), String> {
    match c {
        'a' | 'f' | 'n' | 'r' | 't' | 'v' | 'x' => out.extend(['\\', c]),
        'p' | 'P' => {
            let (mut negated, mut rest) = (c == 'P', String::new());
            if chars.next_if_eq(&'{').is_some() {
                if chars.next_if_eq(&'^').is_some() {
                    negated = !negated;
                }
                rest.push('{');
            }
            out.extend(['\\', if negated { 'P' } else { 'p' }]);
            out.push_str(&rest);
            if !rest.is_empty() {
                for c in chars.by_ref() {
                    out.push(c);
                    if c == '}' {
                        break;
                    }
                }
            } else if let Some(one) = chars.next() {
                out.push(one);
            }
        }
        '0'..='7' => {
            let mut digits = String::from(c);
            while digits.len() < 3
                && let Some(digit) = chars.next_if(|c| matches!(c, '0'..='7'))
            {
                digits.push(digit);
            }
            if c != '0' && digits.len() == 1 {
                return Err(format!("Go's regular expressions know no back-reference, such as `\\{c}`"));
            }
            let code = u32::from_str_radix(&digits, 8).unwrap_or(0);
            out.push_str(&format!("\\x{{{code:x}}}"));
        }
        c if c.is_ascii_alphanumeric() || !c.is_ascii() => return Err(format!("Go does not know the escape `\\{c}`")),
        c => out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
    }
    Ok(())
}

/// What stands between brackets: within them a bracket, `&` and `~` mean nothing to Go.
fn class(chars: &mut Peekable<Chars<'_>>, out: &mut String) -> Result<(), String> {
    out.push('[');
    if chars.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    let mut first = true;
    loop {
        let Some(c) = chars.next() else { return Err("a bracket is not closed".into()) };
        match c {
            ']' if !first => break,
            '[' if chars.peek() == Some(&':') => {
                out.push('[');
                for c in chars.by_ref() {
                    out.push(c);
                    if c == ']' {
                        break;
                    }
                }
            }
            '\\' => match chars.next() {
                None => return Err("it ends in a backslash".into()),
                Some('d') => out.push_str("0-9"),
                Some('D') => out.push_str("[^0-9]"),
                Some('s') => out.push_str(SPACE),
                Some('S') => out.push_str(&format!("[^{SPACE}]")),
                Some('w') => out.push_str(WORD),
                Some('W') => out.push_str(&format!("[^{WORD}]")),
                Some('-') => out.push_str(r"\-"),
                Some(c) => member(c, chars, out)?,
            },
            '-' if first || chars.peek() == Some(&']') => out.push_str(r"\-"),
            '-' => out.push('-'),
            c => out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
        first = false;
    }
    out.push(']');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(pattern: &str, text: &str) -> bool {
        regex::Regex::new(&translate(pattern).unwrap()).unwrap().is_match(text)
    }

    #[test]
    fn what_the_two_read_otherwise_is_read_as_go_does() {
        for (pattern, text, wanted) in [
            (r"^\d+$", "12", true),
            (r"^\d+$", "١٢", false),
            (r"^\w$", "é", false),
            (r"^[\w.-]+$", "a_b.c-d", true),
            (r"^[\D]$", "٣", true),
            (r"\bcart\b", "a cart here", true),
            (r#"{"status":"alerting"}"#, r#"{"status":"alerting"}"#, true),
            (r"a{2}", "aa", true),
            (r"x{,3}", "x{,3}", true),
            (r"[a[b]", "[", true),
            (r"^[a&&b]$", "&", true),
            (r"^[]x]$", "]", true),
            (r"\<tag\>", "<tag>", true),
            (r"\Qa.b\E+", "a.bb", true),
            (r"\Qa.b\E+", "axbb", false),
            (r"\101", "A", true),
            (r"\p{^Lu}", "a", true),
            (r"(?i)BACKOFF", "BackOff", true),
            (r"(?s)a.b", "a\nb", true),
            (r"[[:upper:]]+-x", "AB-x", true),
            (r"a]b}c", "a]b}c", true),
        ] {
            assert_eq!(finds(pattern, text), wanted, "{pattern} in {text}: {:?}", translate(pattern));
        }
    }

    #[test]
    fn what_is_too_large_for_a_rule_is_told_from_what_go_refuses() {
        for pattern in [r"\pL{900}", r"(?i)(\pL|\pN){700}x"] {
            assert!(matches!(translate(pattern), Err(PatternError::Here(_))), "{pattern}");
        }
    }

    #[test]
    fn what_go_does_not_compile_is_refused() {
        for (pattern, part) in [
            ("(?=.*cart).*BackOff", "look-around"),
            ("(?<!a)b", "look-around"),
            (r"(a)\1", "back-reference"),
            ("(?x) a", "Go does not know"),
            ("a**", "twice"),
            ("a{2}{3}", "twice"),
            ("a{1001}", "1000 times"),
            ("((a{100}){9}){9}", "within the other"),
            (r"\Z", "escape"),
            (r"\u0041", "escape"),
            ("[a", "not closed"),
            ("(a", "unclosed"),
            ("*a", "missing"),
            ("a\\", "backslash"),
        ] {
            let Err(PatternError::Go(error)) = translate(pattern) else { panic!("{pattern}: Go refuses it") };
            assert!(error.contains(part), "{pattern}: {error}");
        }
    }
}
