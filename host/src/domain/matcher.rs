//! What a label must be, in the one syntax of silences, filters and Alertmanager's clients: `=`, `!=`, `=~` and `!~`.
//!
//! The meaning is Alertmanager's: a pattern takes the whole value, and a label that is not there is an empty text.

use std::fmt;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use super::alert::Alert;

/// Longest name of a label.
const NAME: usize = 256;
/// Longest value or pattern.
const VALUE: usize = 2048;
/// What a compiled pattern may take.
const REGEX_SIZE: usize = 1 << 18;
/// The label that every alert has, whatever its source calls it.
const ALERTNAME: &str = "alertname";

/// One condition on one label.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "MatcherForm", into = "MatcherForm")]
pub struct Matcher {
    name: String,
    value: String,
    /// Whether it wants the value to be so, and not to be anything else.
    equal: bool,
    regex: Option<Regex>,
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for Matcher {}

impl Matcher {
    /// A condition on a label.
    ///
    /// # Errors
    /// What is wrong with the name or the value, in a sentence.
    pub fn new(name: &str, value: &str, is_regex: bool, is_equal: bool) -> Result<Self, String> {
        if name.is_empty() {
            return Err("a matcher needs the name of a label".into());
        }
        if name.len() > NAME || value.len() > VALUE {
            return Err(format!("the name of a label has {NAME} bytes at most, and what it must be {VALUE}"));
        }
        let regex = is_regex.then(|| whole(value)).transpose()?;
        Ok(Self { name: name.to_string(), value: value.to_string(), equal: is_equal, regex })
    }

    /// Reads one matcher: `name=value`, where the value may be quoted, and so may a name that is no plain word.
    ///
    /// # Errors
    /// What is wrong with it, in the words of Alertmanager where it has some.
    pub fn parse(text: &str) -> Result<Self, String> {
        let bad = || format!("bad matcher format: {text}");
        let (name, rest) = name(text.trim()).ok_or_else(bad)?;
        let rest = rest.trim_start();
        let operators = [("=~", true, true), ("!~", true, false), ("!=", false, false), ("=", false, true)];
        let found =
            operators.into_iter().find_map(|(sign, regex, equal)| Some((rest.strip_prefix(sign)?, regex, equal)));
        let (value, is_regex, is_equal) = found.ok_or_else(bad)?;
        Self::new(&name, &unquoted(value.trim())?, is_regex, is_equal)
    }

    /// Reads several: `a="b",c=~"d"`, with or without braces around them.
    ///
    /// # Errors
    /// What is wrong with one of them.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, String> {
        let text = text.trim();
        let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(text);
        let parts = split(inner);
        let last = parts.len().saturating_sub(1);
        let kept = parts.into_iter().enumerate().filter(|(n, part)| *n < last || !part.trim().is_empty());
        kept.map(|(_, part)| Self::parse(part)).collect()
    }

    /// The label.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it must, or must not, be.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Whether the value is a pattern.
    pub fn is_regex(&self) -> bool {
        self.regex.is_some()
    }

    /// Whether it wants the value to be so.
    pub fn is_equal(&self) -> bool {
        self.equal
    }

    /// Whether a value is as it wants it.
    pub fn takes(&self, value: &str) -> bool {
        let same = self.regex.as_ref().map_or(self.value == value, |regex| regex.is_match(value));
        same == self.equal
    }

    /// Whether an alert's label is as it wants it.
    pub fn matches(&self, alert: &Alert) -> bool {
        self.takes(label(alert, &self.name))
    }

    /// The only value that it takes, if it takes one.
    pub fn only(&self) -> Option<&str> {
        (self.equal && self.regex.is_none()).then_some(self.value.as_str())
    }

    fn parts(&self) -> (&str, &str, bool, bool) {
        (&self.name, &self.value, self.is_regex(), self.equal)
    }
}

/// A label of an alert; empty where there is none.
pub fn label<'a>(alert: &'a Alert, name: &str) -> &'a str {
    let named = || if name == ALERTNAME { alert.name.as_str() } else { "" };
    alert.labels.get(name).unwrap_or_else(named)
}

/// Whether an alert is as all of them want it.
pub fn all_match(matchers: &[Matcher], alert: &Alert) -> bool {
    matchers.iter().all(|matcher| matcher.matches(alert))
}

/// As Alertmanager writes it.
impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match (self.is_regex(), self.equal) {
            (false, true) => "=",
            (false, false) => "!=",
            (true, true) => "=~",
            (true, false) => "!~",
        };
        if is_plain(&self.name) {
            f.write_str(&self.name)?;
        } else {
            quoted(f, &self.name)?;
        }
        f.write_str(sign)?;
        quoted(f, &self.value)
    }
}

/// Several, as they can be read again.
pub fn format_all(matchers: &[Matcher]) -> String {
    let all: Vec<String> = matchers.iter().map(ToString::to_string).collect();
    format!("{{{}}}", all.join(", "))
}

fn quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    for letter in text.chars() {
        match letter {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            letter => fmt::Write::write_char(f, letter)?,
        }
    }
    f.write_str("\"")
}

fn is_plain(name: &str) -> bool {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_' || c == ':';
    name.starts_with(first) && name.chars().all(|c| first(c) || c.is_ascii_digit())
}

/// A pattern that must take the whole value.
fn whole(pattern: &str) -> Result<Regex, String> {
    let wrong = |error: regex::Error| {
        let error = error.to_string();
        let last = error.lines().last().unwrap_or_default().trim_start_matches("error: ").trim();
        format!("{pattern:?} is not a pattern that can be used: {last}")
    };
    // Compiled alone first, so that `a)(b` does not escape from the anchors.
    let build = |text: &str| RegexBuilder::new(text).size_limit(REGEX_SIZE).build();
    build(pattern).map_err(wrong)?;
    build(&format!("^(?:{pattern})$")).map_err(wrong)
}

/// The name of a label at the beginning, and what follows.
fn name(text: &str) -> Option<(String, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        let end = closing(quoted)?;
        let (name, rest) = quoted.split_at_checked(end)?;
        return Some((unescaped(name), rest.get(1..)?));
    }
    let reserved = |c: char| c.is_whitespace() || "{}!=~,\\\"'`".contains(c);
    let end = text.find(reserved)?;
    let (name, rest) = text.split_at_checked(end)?;
    (!name.is_empty()).then(|| (name.to_string(), rest))
}

/// Where the quote is that closes a text.
fn closing(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, letter)| {
        let closes = letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
        closes.then_some(at)
    })
}

fn unquoted(value: &str) -> Result<String, String> {
    let unescaped_quote = || format!("matcher value contains unescaped double quote: {value}");
    match value.strip_prefix('"') {
        None if closing(value).is_some() => Err(unescaped_quote()),
        None => Ok(unescaped(value)),
        Some(rest) => match closing(rest) {
            Some(end) if end + 1 == rest.len() => Ok(unescaped(rest.get(..end).unwrap_or_default())),
            _ => Err(unescaped_quote()),
        },
    }
}

/// `\"`, `\\` and `\n` stand for one letter; any other stands as it is.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (letter, letter == '\\') {
            (_, true) => match letters.next() {
                Some('n') => out.push('\n'),
                Some(quoted @ ('"' | '\\')) => out.push(quoted),
                Some(other) => out.extend(['\\', other]),
                None => out.push('\\'),
            },
            (letter, false) => out.push(letter),
        }
    }
    out
}

/// At commas that stand in no quotes.
fn split(text: &str) -> Vec<&str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(|letter: char| {
        let splits = letter == ',' && !quoted;
        if letter == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = letter == '\\' && !escaped;
        splits
    })
    .collect()
}

/// As it stands in the journal and in Alertmanager's API.
#[derive(Serialize, Deserialize)]
struct MatcherForm {
    #[serde(rename = "isEqual", default = "yes")]
    is_equal: bool,
    #[serde(rename = "isRegex")]
    is_regex: bool,
    name: String,
    value: String,
}

fn yes() -> bool {
    true
}

impl TryFrom<MatcherForm> for Matcher {
    type Error = String;

    fn try_from(written: MatcherForm) -> Result<Self, String> {
        Self::new(&written.name, &written.value, written.is_regex, written.is_equal)
    }
}

impl From<Matcher> for MatcherForm {
    fn from(matcher: Matcher) -> Self {
        let is_regex = matcher.is_regex();
        Self { is_equal: matcher.equal, is_regex, name: matcher.name, value: matcher.value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        Matcher::parse(text).map_or_else(|error| format!("! {error}"), |matcher| matcher.to_string())
    }

    #[test]
    fn all_forms_are_read_and_written_as_alertmanager_does() {
        for (text, want) in [
            ("a=b", r#"a="b""#),
            (r#" a = "b c" "#, r#"a="b c""#),
            ("a!=b", r#"a!="b""#),
            ("a=~b.*", r#"a=~"b.*""#),
            (r#"a!~"b|c""#, r#"a!~"b|c""#),
            ("a=", r#"a="""#),
            (r#"a="x\"y\\z\nw\d""#, r#"a="x\"y\\z\nw\\d""#),
            (r#""service.name"="web""#, r#""service.name"="web""#),
            ("名前=網", "\"名前\"=\"網\""),
            ("a=b,c", r#"a="b,c""#),
            ("a={b}", r#"a="{b}""#),
            ("bad", "! bad matcher format: bad"),
            ("=b", "! bad matcher format: =b"),
            ("a~b", "! bad matcher format: a~b"),
            (r#"a="b"#, "! matcher value contains unescaped double quote: \"b"),
            (r#"a=b"c"#, "! matcher value contains unescaped double quote: b\"c"),
        ] {
            assert_eq!(read(text), want, "{text}");
        }
        assert!(read("a=~(").starts_with("! \"(\" is not a pattern"), "{}", read("a=~("));
        assert!(read("a=~b)(c").starts_with("! \"b)(c\" is not a pattern"));
        assert!(read("a=~(a{1000}){1000}").starts_with("! "), "a pattern that would take much memory");
        assert!(read(&format!("a={}", "x".repeat(3000))).starts_with("! "));
    }

    #[test]
    fn lists_are_read_with_braces_and_without() {
        for text in [r#"{a="b",c=~"d,e"}"#, r#"a="b", c=~"d,e","#, r#" { a=b , c=~"d,e" , } "#] {
            assert_eq!(format_all(&Matcher::parse_all(text).unwrap()), r#"{a="b", c=~"d,e"}"#, "{text}");
        }
        assert!(Matcher::parse_all("a=b,,c=d").is_err());
        assert_eq!(Matcher::parse_all("{}").unwrap(), []);
    }

    #[test]
    fn a_pattern_takes_the_whole_value_and_what_is_missing_is_empty() {
        let takes = |text: &str, value: &str| Matcher::parse(text).unwrap().takes(value);
        assert!(takes("a=~b|c", "c") && !takes("a=~b|c", "bc") && !takes("a=~b", "xb"));
        assert!(
            takes("a!=b", "") && takes("a=", "") && takes("a=~.*", "") && !takes("a!~.*", "") && !takes("a=~.+", "")
        );
        assert!(!takes("a=~.+", "\n"), "as in Go, a dot is no end of a line");
    }

    #[test]
    fn the_journal_has_it_in_alertmanagers_form() {
        let matcher = Matcher::parse("a!~b.*").unwrap();
        let text = serde_json::to_string(&matcher).unwrap();
        assert_eq!(text, r#"{"isEqual":false,"isRegex":true,"name":"a","value":"b.*"}"#);
        assert_eq!(serde_json::from_str::<Matcher>(&text).unwrap(), matcher);
        let old: Matcher = serde_json::from_str(r#"{"name":"a","value":"b","isRegex":false}"#).unwrap();
        assert_eq!(old.to_string(), r#"a="b""#);
        assert!(serde_json::from_str::<Matcher>(r#"{"name":"a","value":"(","isRegex":true}"#).is_err());
    }
}
