//! YAML as the tools of a cluster read it, which are written in Go (sigs.k8s.io/yaml): what stands without quotes and looks
//! like a number, a truth or nothing is that, and where a text is wanted it becomes one again, which need not be what was
//! written: `007` is "7", `0x1F` is "31", `yes` is "true". What looks like a date stays as it was written.

use std::borrow::Cow;
use std::collections::BTreeMap;

use granit_parser::{Event, Parser, ScalarStyle, StrInput, Tag};

/// Bounds of one file: documents, nodes of all of them with what aliases repeat, and how deep they lie.
const DOCUMENTS: usize = 10_000;
const NODES: usize = 500_000;
const DEPTH: usize = 64;

/// What stands somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Text(Text),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// A text, as Go reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Text {
    pub text: String,
    /// As it was written, where that is another text.
    pub written: Option<String>,
    /// Whether there is nothing.
    pub nothing: bool,
}

impl Node {
    /// What stands under this key.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Self::Map(pairs) = self else { return None };
        // The last of several counts, as in Go.
        pairs.iter().rev().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    /// What stands at the end of this path.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// Whether there is nothing.
    pub fn is_nothing(&self) -> bool {
        matches!(self, Self::Text(text) if text.nothing)
    }

    /// What it is, in a word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }
}

/// The documents of a file in their order, each by itself: one that cannot be read takes none with it.
pub(super) fn documents(text: &str) -> Vec<Result<Node, String>> {
    let mut reading = Reading { parser: Parser::new_from_str(text), left: NODES, anchors: BTreeMap::new() };
    let mut all = Vec::new();
    loop {
        if all.len() >= DOCUMENTS {
            all.push(Err(format!("there are more than {DOCUMENTS} documents; the rest was not read")));
            return all;
        }
        match reading.document() {
            Ok(Some(node)) => all.push(Ok(node)),
            Ok(None) => return all,
            Err(why) => {
                all.push(Err(why));
                if reading.left == 0 || !matches!(reading.parser.proceed_next_document(), Ok(true)) {
                    return all;
                }
            }
        }
    }
}

struct Reading<'a> {
    parser: Parser<'a, StrInput<'a>>,
    /// Nodes that may still come.
    left: usize,
    anchors: BTreeMap<usize, (Node, usize)>,
}

impl<'a> Reading<'a> {
    fn event(&mut self) -> Result<Option<Event<'a>>, String> {
        loop {
            match self.parser.next_event() {
                None => return Ok(None),
                Some(Ok((Event::Comment(..), _))) => {}
                Some(Ok((event, _))) => return Ok(Some(event)),
                Some(Err(error)) => return Err(error.to_string()),
            }
        }
    }

    fn document(&mut self) -> Result<Option<Node>, String> {
        loop {
            match self.event()? {
                None | Some(Event::StreamEnd) => return Ok(None),
                Some(Event::DocumentStart(..)) => {
                    self.anchors.clear();
                    let first = self.event()?.ok_or("it ends within")?;
                    return self.node(first, 0).map(|(node, _)| Some(node));
                }
                Some(_) => {}
            }
        }
    }

    /// A node and all that lies in it, and how many these are.
    fn node(&mut self, event: Event<'a>, depth: usize) -> Result<(Node, usize), String> {
        if depth > DEPTH {
            return Err(format!("it lies more than {DEPTH} deep"));
        }
        self.take(1)?;
        let mut size = 1;
        let (node, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && tag.is_none();
                (Node::Text(if plain { plain_text(&text) } else { other_text(text, tag.as_deref()) }), anchor)
            }
            Event::SequenceStart(_, anchor, _) => {
                let mut items = Vec::new();
                loop {
                    match self.event()?.ok_or("it ends within a list")? {
                        Event::SequenceEnd => break,
                        event => {
                            let (item, count) = self.node(event, depth + 1)?;
                            items.push(item);
                            size += count;
                        }
                    }
                }
                (Node::List(items), anchor)
            }
            Event::MappingStart(_, anchor, _) => {
                let mut pairs = Vec::new();
                loop {
                    let key = match self.event()?.ok_or("it ends within a map")? {
                        Event::MappingEnd => break,
                        event => self.node(event, depth + 1)?,
                    };
                    let (Node::Text(Text { text: key, .. }), _) = key else {
                        return Err("a key is no text".into());
                    };
                    if key == "<<" {
                        return Err("`<<` merges maps, which is not followed here; write them out".into());
                    }
                    let event = self.event()?.ok_or("it ends within a map")?;
                    let (value, count) = self.node(event, depth + 1)?;
                    pairs.push((key, value));
                    size += count + 1;
                }
                (Node::Map(pairs), anchor)
            }
            Event::Alias(anchor) => {
                let (node, count) = self.anchors.get(&anchor).cloned().ok_or("an alias names what holds it")?;
                self.take(count)?;
                return Ok((node, count));
            }
            _ => return Err("it is no document".into()),
        };
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), size));
        }
        Ok((node, size))
    }

    fn take(&mut self, count: usize) -> Result<(), String> {
        self.left = self.left.saturating_sub(count);
        if self.left == 0 {
            Err(format!("the file holds more than {NODES} things; the rest was not read"))
        } else {
            Ok(())
        }
    }
}

fn other_text(text: Cow<'_, str>, tag: Option<&Tag>) -> Text {
    // What is said to be a number or a truth is read as one.
    if tag.and_then(Tag::core_suffix).is_some_and(|kind| kind != "str") {
        return plain_text(&text);
    }
    Text { text: text.into_owned(), ..Text::default() }
}

fn plain_text(written: &str) -> Text {
    match of_go(written) {
        None => Text { nothing: true, ..Text::default() },
        Some(text) => {
            let other = (text != written).then(|| written.to_string());
            Text { text: text.into_owned(), written: other, nothing: false }
        }
    }
}

/// What Go makes of a plain text where a text is wanted; none for nothing.
fn of_go(written: &str) -> Option<Cow<'_, str>> {
    let number = |text: String| Some(Cow::Owned(text));
    match written {
        "" | "~" | "null" | "Null" | "NULL" => return None,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Some("true".into());
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Some("false".into());
        }
        ".nan" | ".NaN" | ".NAN" => return Some("NaN".into()),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Some("+Inf".into()),
        "-.inf" | "-.Inf" | "-.INF" => return Some("-Inf".into()),
        _ => {}
    }
    match written.bytes().next() {
        Some(b'0'..=b'9' | b'+' | b'-') if !is_date(written) => {
            let bare = written.replace('_', "");
            if let Some(whole) = whole(&bare) {
                return number(whole);
            }
            decimal(&bare).and_then(number).or(Some(Cow::Borrowed(written)))
        }
        Some(b'.') => decimal(written).and_then(number).or(Some(Cow::Borrowed(written))),
        _ => Some(Cow::Borrowed(written)),
    }
}

/// A whole number in any of Go's bases, in the tenth.
fn whole(text: &str) -> Option<String> {
    let (sign, digits) = match text.split_at_checked(1) {
        Some(("-", rest)) => ("-", rest),
        Some(("+", rest)) => ("", rest),
        _ => ("", text),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = if let Some(rest) = lower.strip_prefix("0x") {
        (16, rest)
    } else if let Some(rest) = lower.strip_prefix("0b") {
        (2, rest)
    } else if let Some(rest) = lower.strip_prefix("0o") {
        (8, rest)
    } else if lower.len() > 1 && lower.starts_with('0') {
        (8, lower.trim_start_matches('0'))
    } else {
        (10, lower.as_str())
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let value = if digits.is_empty() && radix == 8 { 0 } else { u64::from_str_radix(digits, radix).ok()? };
    match sign {
        "-" if value == 0 => Some("0".into()),
        "-" => (value <= 1 << 63).then(|| format!("-{value}")),
        _ => Some(value.to_string()),
    }
}

/// A number with a point or an exponent, as Go writes it in the shortest way.
fn decimal(text: &str) -> Option<String> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = digits.split_once(['e', 'E']).map_or((digits, None), |(one, two)| (one, Some(two)));
    let all = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (front, back) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.map(|text| text.strip_prefix(['+', '-']).unwrap_or(text));
    let fits = all(front) && all(back) && !(front.is_empty() && back.is_empty());
    if !fits || exponent.is_some_and(|text| text.is_empty() || !all(text)) {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    if !value.is_finite() {
        return None;
    }
    // Go writes exponents below -4 and from 21 on, with two digits at least.
    let short = format!("{value:e}");
    let (mantissa, exponent) = short.split_once('e')?;
    let exponent: i32 = exponent.parse().ok()?;
    if value != 0.0 && !(-4..21).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return Some(format!("{mantissa}e{sign}{:02}", exponent.abs()));
    }
    Some(format!("{value}"))
}

/// Whether Go takes it for a moment, which stays as it was written.
fn is_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let (Some(year), Some(month), Some(rest)) = (parts.next(), parts.next(), parts.next()) else { return false };
    let all = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    year.len() == 4 && all(year) && month.len() <= 2 && all(month) && rest.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_without_quotes_is_what_go_reads() {
        for (written, read) in [
            ("007", "7"),
            ("08", "8"),
            ("0x1F", "31"),
            ("0o17", "15"),
            ("0b101", "5"),
            ("-0x10", "-16"),
            ("+12", "12"),
            ("1_000", "1000"),
            ("1e3", "1000"),
            ("1.0", "1"),
            ("1.50", "1.5"),
            (".5", "0.5"),
            ("5.", "5"),
            ("1e21", "1e+21"),
            ("1e20", "100000000000000000000"),
            ("1.5e-7", "1.5e-07"),
            ("0.0001", "0.0001"),
            ("-0", "0"),
            ("18446744073709551615", "18446744073709551615"),
            ("yes", "true"),
            ("Off", "false"),
            ("n", "false"),
            (".inf", "+Inf"),
            ("2026-11-27", "2026-11-27"),
            ("2026-11-27T08:00:00Z", "2026-11-27T08:00:00Z"),
            ("1.2.3", "1.2.3"),
            ("10.0.0.1", "10.0.0.1"),
            ("12:30", "12:30"),
            ("5xx", "5xx"),
            ("-", "-"),
            ("node-1", "node-1"),
            ("10005", "10005"),
        ] {
            assert_eq!(of_go(written).as_deref(), Some(read), "{written}");
        }
        assert_eq!((of_go("~"), of_go("null"), of_go("")), (None, None, None));
    }

    #[test]
    fn a_document_that_cannot_be_read_takes_none_with_it() {
        let all =
            documents("a: 007\nb: '007'\nc: [yes, !!str yes]\n---\na: [1, 2\n---\na: &x {b: c}\nd: *x\n---\n<<: {}\n");
        let [first, second, third, fourth] = all.as_slice() else { panic!("{all:?}") };
        let first = first.as_ref().unwrap();
        let text = |node: Option<&Node>| match node {
            Some(Node::Text(text)) => (text.text.clone(), text.written.clone().unwrap_or_default()),
            other => panic!("{other:?}"),
        };
        assert_eq!(text(first.get("a")), ("7".into(), "007".into()));
        assert_eq!(text(first.get("b")), ("007".into(), String::new()));
        let Some(Node::List(list)) = first.get("c") else { panic!("{first:?}") };
        assert_eq!(text(list.first()), ("true".into(), "yes".into()));
        assert_eq!(text(list.get(1)), ("yes".into(), String::new()));
        assert!(second.is_err(), "{second:?}");
        assert_eq!(text(third.as_ref().unwrap().at(&["d", "b"])), ("c".into(), String::new()));
        assert!(fourth.as_ref().unwrap_err().contains("merges maps"), "{fourth:?}");
    }

    #[test]
    fn no_file_grows_in_memory_or_nests_without_end() {
        let mut laughs = "a: &a [x, x, x, x, x, x, x, x, x, x]\n".to_string();
        for (one, before) in ["b", "c", "d", "e", "f", "g", "h"].iter().zip(["a", "b", "c", "d", "e", "f", "g"]) {
            laughs.push_str(&format!("{one}: &{one} [{}]\n", vec![format!("*{before}"); 10].join(", ")));
        }
        assert!(documents(&laughs).iter().any(|one| one.as_ref().is_err_and(|why| why.contains("more than"))));
        let deep = "[".repeat(10_000);
        assert!(documents(&deep).iter().all(Result::is_err));
    }
}
