//! What stands within a block's text.

use std::collections::BTreeMap;

use super::super::document::Inline;
use super::emphasis::{Run, pair};
use super::tree::Tree;
use crate::link::Link;
use crate::text::is_invisible;

/// Brackets within the address of a link.
const BRACKETS: usize = 32;

/// A part of the text, in order.
pub(super) enum Token {
    Text(String),
    Code(String),
    Break,
    Run(Run),
    /// The beginning of a link to this address.
    Link(String),
    /// Its end.
    LinkEnd,
}

/// Reads a block's text; its lines begin without spaces.
pub(super) fn inlines(text: &str) -> Vec<Inline> {
    let mut reader = Reader::new(text);
    reader.read();
    pair(&mut reader.tokens, &reader.runs);
    let mut tree = Tree::default();
    for token in reader.tokens {
        tree.token(token);
    }
    tree.end()
}

/// Without what cannot be seen.
pub(super) fn shown(text: &str) -> String {
    text.chars().filter(|c| !is_invisible(*c)).collect()
}

/// Text in which a backslash and an entity stand for a sign.
pub(super) fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['\\', '&']) {
        let (before, special) = rest.split_at(at);
        out.push_str(before);
        let (sign, behind) = escaped(special).or_else(|| entity(special)).unwrap_or_else(|| first(special));
        out.push(sign);
        rest = behind;
    }
    out + rest
}

fn first(text: &str) -> (char, &str) {
    let mut signs = text.chars();
    (signs.next().unwrap_or_default(), signs.as_str())
}

fn escaped(text: &str) -> Option<(char, &str)> {
    let (sign, behind) = first(text.strip_prefix('\\')?);
    sign.is_ascii_punctuation().then_some((sign, behind))
}

/// The sign of an entity: any by its number, by name those that HTML needs for its own signs.
fn entity(text: &str) -> Option<(char, &str)> {
    let name = text.strip_prefix('&')?;
    let length = name.bytes().take(10).position(|byte| byte == b';')?;
    let (name, behind) = (name.get(..length)?, name.get(length + 1..)?);
    let number = |digits: &str, radix, most| {
        let plain = !digits.is_empty() && digits.len() <= most && digits.chars().all(|c| c.is_digit(radix));
        let number = plain.then(|| u32::from_str_radix(digits, radix).ok()).flatten()?;
        Some(char::from_u32(number).filter(|sign| *sign != '\0').unwrap_or('\u{fffd}'))
    };
    let sign = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        _ => {
            let digits = name.strip_prefix('#')?;
            match digits.strip_prefix(['x', 'X']) {
                Some(digits) => number(digits, 16, 6)?,
                None => number(digits, 10, 7)?,
            }
        }
    };
    Some((sign, behind))
}

struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
    tokens: Vec<Token>,
    /// Runs that have not been paired yet.
    runs: Vec<usize>,
    /// Brackets that have not been closed: the place, and whether it is an image's.
    brackets: Vec<(usize, bool)>,
    /// So many of them stand around a link already, in which no other can begin.
    around: usize,
    /// Where the last row of so many ticks stands.
    ticks: BTreeMap<usize, usize>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            rest: text,
            tokens: Vec::new(),
            runs: Vec::new(),
            brackets: Vec::new(),
            around: 0,
            ticks: rows_of_ticks(text).map(|(at, length)| (length, at)).collect(),
        }
    }

    fn read(&mut self) {
        while let Some(at) = self.rest.find(['\\', '`', '*', '_', '[', ']', '!', '<', '&', '\n']) {
            let (before, special) = self.rest.split_at(at);
            self.say(before);
            let (sign, behind) = first(special);
            self.rest = special;
            match sign {
                '\n' => {
                    self.end_line();
                    self.break_off(behind);
                }
                '\\' if behind.starts_with('\n') => self.break_off(behind.get(1..).unwrap_or_default()),
                '\\' => self.sign(escaped(special)),
                '&' => self.sign(entity(special)),
                '`' => self.code(),
                '<' => self.address(),
                '*' | '_' => self.run(sign),
                '!' if behind.starts_with('[') => self.bracket(2),
                '[' => self.bracket(1),
                ']' => self.bracket_end(behind),
                _ => self.sign(None),
            }
        }
        let rest = std::mem::take(&mut self.rest);
        self.say(rest);
    }

    fn say(&mut self, text: &str) {
        match self.tokens.last_mut() {
            _ if text.is_empty() => {}
            // A bracket's token may become that of a link.
            Some(Token::Text(before)) if !before.ends_with('[') => before.push_str(text),
            _ => self.tokens.push(Token::Text(text.to_string())),
        }
    }

    /// Takes so many bytes as text.
    fn literally(&mut self, bytes: usize) {
        let (text, behind) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.say(text);
        self.rest = behind;
    }

    /// A sign that stands for itself, or for another one.
    fn sign(&mut self, other: Option<(char, &'a str)>) {
        let (sign, behind) = other.unwrap_or_else(|| first(self.rest));
        self.say(sign.encode_utf8(&mut [0; 4]));
        self.rest = behind;
    }

    /// Spaces at the end of a line are none of its text.
    fn end_line(&mut self) {
        if let Some(Token::Text(before)) = self.tokens.last_mut() {
            before.truncate(before.trim_end_matches(' ').len());
        }
    }

    fn break_off(&mut self, behind: &'a str) {
        self.tokens.push(Token::Break);
        self.rest = behind.trim_start_matches(' ');
    }

    fn code(&mut self) {
        let inner = self.rest.trim_start_matches('`');
        let length = self.rest.len() - inner.len();
        let from = self.text.len() - inner.len();
        if self.ticks.get(&length).is_none_or(|last| *last < from) {
            return self.literally(length);
        }
        let Some((at, _)) = rows_of_ticks(inner).find(|(_, row)| *row == length) else { return self.literally(length) };
        let (code, behind) = inner.split_at(at);
        let line = code.replace('\n', " ");
        let padded = line.strip_prefix(' ').and_then(|line| line.strip_suffix(' '));
        let code = padded.filter(|code| !code.trim_matches(' ').is_empty()).unwrap_or(&line);
        self.tokens.push(Token::Code(shown(code)));
        self.rest = behind.get(length..).unwrap_or_default();
    }

    /// `<https://host>`
    fn address(&mut self) {
        let inner = self.rest.get(1..).unwrap_or_default();
        let end = inner.find(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>'));
        let found = end.and_then(|end| Some((inner.get(..end)?, inner.get(end..)?.strip_prefix('>')?)));
        match found.filter(|(url, _)| Link::parse(url).is_some()) {
            Some((url, behind)) => {
                let link = [Token::Link(url.to_string()), Token::Text(url.to_string()), Token::LinkEnd];
                self.tokens.extend(link);
                self.rest = behind;
            }
            None => self.literally(1),
        }
    }

    fn run(&mut self, sign: char) {
        let behind = self.rest.trim_start_matches(sign);
        let total = self.rest.len() - behind.len();
        let before = self.text.get(..self.text.len() - self.rest.len()).and_then(|text| text.chars().next_back());
        let after = behind.chars().next();
        self.runs.push(self.tokens.len());
        self.tokens.push(Token::Run(Run::new(sign, total, before.unwrap_or('\n'), after.unwrap_or('\n'))));
        self.rest = behind;
    }

    fn bracket(&mut self, bytes: usize) {
        self.brackets.push((self.tokens.len(), bytes == 2));
        let (text, behind) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.tokens.push(Token::Text(text.to_string()));
        self.rest = behind;
    }

    fn bracket_end(&mut self, behind: &'a str) {
        let Some((place, image)) = self.brackets.pop() else { return self.literally(1) };
        let inactive = !image && self.brackets.len() < self.around;
        self.around = self.around.min(self.brackets.len());
        let Some((url, behind)) = destination(behind).filter(|_| !inactive) else { return self.literally(1) };
        // No mark reaches out of a link.
        let inner = self.runs.split_off(self.runs.partition_point(|run| *run < place));
        pair(&mut self.tokens, &inner);
        if let Some(begin) = self.tokens.get_mut(place) {
            *begin = Token::Link(url);
        }
        self.tokens.push(Token::LinkEnd);
        self.rest = behind;
        if !image {
            self.around = self.brackets.len();
        }
    }
}

/// Where each row of ticks begins and how long it is.
fn rows_of_ticks(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let rest = text.get(from..)?;
        let at = rest.find('`')?;
        let row = rest.get(at..)?;
        let length = row.len() - row.trim_start_matches('`').len();
        let place = from + at;
        from = place + length;
        Some((place, length))
    })
}

/// The address in the brackets behind a link's text, and what follows.
fn destination(text: &str) -> Option<(String, &str)> {
    let text = text.strip_prefix('(')?.trim_start_matches([' ', '\n']);
    let (mut depth, mut backslash) = (0_usize, false);
    let pointed = text.strip_prefix('<');
    let text = pointed.unwrap_or(text);
    for (at, byte) in text.bytes().enumerate() {
        let escaped = std::mem::take(&mut backslash) && byte.is_ascii_punctuation();
        match byte {
            _ if escaped => {}
            b'\\' => backslash = true,
            b'<' | b'\n' if pointed.is_some() => return None,
            b'>' if pointed.is_some() => return ended(text, at, 1),
            _ if pointed.is_some() => {}
            b'(' if depth == BRACKETS => return None,
            b'(' => depth += 1,
            b')' if depth > 0 => depth -= 1,
            byte if byte == b')' || byte.is_ascii_whitespace() || byte.is_ascii_control() => {
                return if depth == 0 { ended(text, at, 0) } else { None };
            }
            _ => {}
        }
    }
    None
}

fn ended(text: &str, at: usize, mark: usize) -> Option<(String, &str)> {
    let behind = text.get(at + mark..)?.trim_start_matches([' ', '\n']).strip_prefix(')')?;
    Some((unescaped(text.get(..at)?), behind))
}
