//! What a value must be: equality, any-of, regex, glob, comparison, network, presence, negation.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use regex::{Regex, RegexBuilder};
use rhai::Dynamic;

use super::normal::normal;
use super::number;
use crate::domain::event::Pattern;

/// How a number is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Above,
    AtLeast,
    Below,
    AtMost,
}

impl Comparison {
    fn holds(self, number: f64, limit: f64) -> bool {
        match self {
            Self::Above => number > limit,
            Self::AtLeast => number >= limit,
            Self::Below => number < limit,
            Self::AtMost => number <= limit,
        }
    }
}

/// One condition on one value.
#[derive(Clone, Debug)]
pub(super) enum Matcher {
    Is(String),
    OneOf(BTreeSet<String>),
    Any(Vec<Matcher>),
    /// Every one of them.
    All(Vec<Matcher>),
    /// A text that holds this somewhere.
    Holds {
        source: String,
        regex: Regex,
        /// The source is the text itself and no pattern.
        plain: bool,
    },
    Pattern {
        source: String,
        regex: Regex,
        glob: bool,
        /// Over normal spellings.
        ignore_case: bool,
    },
    Not(Box<Matcher>),
    Exists,
    Absent,
    Number(Comparison, f64),
    /// A number that was written as one: other spellings of it are it too.
    Equal(String, f64),
    Network(IpNet),
    /// A subject, with words that stand for others.
    Subject(Pattern),
    /// Stands in for a matcher that was written wrongly, while the rest of the file is checked.
    Broken,
}

const REGEX_SIZE: usize = 1 << 20;

/// Patterns that closures build anew for every decision.
const REMEMBERED: usize = 512;

thread_local! {
    static BUILT: RefCell<HashMap<(String, bool), Regex>> = RefCell::default();
}

/// Why no rule can search for this; none where one can.
pub fn search_problem(pattern: &str) -> Option<String> {
    build(pattern, pattern, false).err()
}

/// Compiles a pattern, or takes it from those that this thread has compiled lately.
fn build(source: &str, pattern: &str, ignore_case: bool) -> Result<Regex, String> {
    let key = (pattern.to_string(), ignore_case);
    if let Some(regex) = BUILT.with_borrow(|built| built.get(&key).cloned()) {
        return Ok(regex);
    }
    let built = RegexBuilder::new(pattern).size_limit(REGEX_SIZE).case_insensitive(ignore_case).build();
    let regex = built.map_err(|error| {
        let error = error.to_string();
        let last = error.lines().last().unwrap_or_default().trim_start_matches("error: ").trim();
        format!("`{source}` is not a pattern that can be used: {last}")
    })?;
    BUILT.with_borrow_mut(|built| {
        if built.len() >= REMEMBERED {
            built.clear();
        }
        built.insert(key, regex.clone());
    });
    Ok(regex)
}

fn anchored(source: &str) -> String {
    format!("^(?s:{source})$")
}

fn glob_pattern(source: &str) -> String {
    let mut out = String::from("^(?s:");
    for c in source.chars() {
        match c {
            '*' => out.push_str(".*"),
            '?' => out.push('.'),
            c => out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    out.push_str(")$");
    out
}

impl Matcher {
    /// A regular expression that must match the whole value.
    pub fn regex(source: &str) -> Result<Self, String> {
        // Compiled alone first, so that `a)(b` does not escape from the anchors.
        build(source, source, false)?;
        let regex = build(source, &anchored(source), false)?;
        Ok(Self::Pattern { source: source.into(), regex, glob: false, ignore_case: false })
    }

    /// A regular expression that must match somewhere in the value.
    pub fn search(source: &str) -> Result<Self, String> {
        Ok(Self::Holds { source: source.into(), regex: build(source, source, false)?, plain: false })
    }

    /// A text that must stand somewhere in the value.
    pub fn contains(source: &str) -> Result<Self, String> {
        Ok(Self::Holds { source: source.into(), regex: build(source, &regex::escape(source), false)?, plain: true })
    }

    /// `*` for anything, `?` for one character.
    pub fn glob(source: &str) -> Result<Self, String> {
        let regex = build(source, &glob_pattern(source), false)?;
        Ok(Self::Pattern { source: source.into(), regex, glob: true, ignore_case: false })
    }

    /// An address within this network.
    pub fn network(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a network; write it like \"10.0.0.0/8\"");
        let net = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        net.map(Self::Network).map_err(|_| wrong())
    }

    /// Reads a matcher from the value that stands in a rule.
    pub fn from_value(value: &Dynamic) -> Result<Self, String> {
        if let Some(matcher) = value.read_lock::<Self>() {
            return Ok(matcher.clone());
        }
        if let Some(matcher) = Self::number(value) {
            return Ok(matcher);
        }
        if let Some(text) = plain(value) {
            return Ok(Self::Is(text));
        }
        let Ok(items) = value.as_array_ref() else {
            return Err(format!(
                "a matcher is a text, a number, true or false, a list of them, or re(…), glob(…), contains(…), search(…), not(…), all_of(…), exists(), absent(), gt(…), cidr(…), but this is {}",
                value.type_name()
            ));
        };
        if items.is_empty() {
            return Err("an empty list matches nothing; name at least one value".into());
        }
        let numbers = items.iter().any(|item| Self::number(item).is_some());
        if let Some(texts) = items.iter().map(plain).collect::<Option<BTreeSet<_>>>().filter(|_| !numbers) {
            return Ok(Self::OneOf(texts));
        }
        items.iter().map(Self::from_value).collect::<Result<_, _>>().map(Self::Any)
    }

    /// Reads what a subject must be: texts may have `*` for a word and `>` for the rest.
    pub fn of_subjects(value: &Dynamic) -> Result<Self, String> {
        let one = |text: &str| {
            let pattern = Pattern::parse(text)?;
            Ok(if pattern.is_literal() { Self::Is(text.into()) } else { Self::Subject(pattern) })
        };
        if let Ok(text) = value.as_immutable_string_ref() {
            // What is no subject of a bus, such as a path, is just itself.
            return if text.contains(['*', '>']) { one(&text) } else { Ok(Self::Is(text.to_string())) };
        }
        match value.as_array_ref() {
            Ok(items) if !items.is_empty() => {
                items.iter().map(Self::of_subjects).collect::<Result<_, _>>().map(Self::Any)
            }
            _ => Self::from_value(value),
        }
    }

    /// A number, rather than a text that looks like one.
    fn number(value: &Dynamic) -> Option<Self> {
        let text = (value.is_int() || value.is_float()).then(|| plain(value)).flatten()?;
        let number = text.parse().ok()?;
        Some(Self::Equal(text, number))
    }

    /// Whether a value of an action is what is wanted; none when nobody can say, because a number or an
    /// address is asked for and the value is not plainly one. What reads it further on may read it
    /// otherwise: `0x64`, `1_00` and ` 100 ` are 100 for some.
    pub fn judges(&self, value: Option<&str>) -> Option<bool> {
        match (self, value) {
            (Self::Not(inner), value) => inner.judges(value).map(|accepted| !accepted),
            (Self::Any(any), value) => {
                let mut unclear = false;
                for matcher in any {
                    match matcher.judges(value) {
                        Some(true) => return Some(true),
                        Some(false) => {}
                        None => unclear = true,
                    }
                }
                (!unclear).then_some(false)
            }
            (Self::Number(order, limit), Some(value)) => number::plain(value).map(|number| order.holds(number, *limit)),
            (Self::All(all), value) => {
                let mut unclear = false;
                for matcher in all {
                    match matcher.judges(value) {
                        Some(false) => return Some(false),
                        Some(true) => {}
                        None => unclear = true,
                    }
                }
                (!unclear).then_some(true)
            }
            #[expect(clippy::float_cmp, reason = "both were written down; whoever asks for 0 means 0")]
            (Self::Equal(_, wanted), Some(value)) => number::plain(value).map(|number| number == *wanted),
            (Self::Network(net), Some(value)) => address(value).map(|address| net.contains(&address)),
            _ => Some(self.accepts(value)),
        }
    }

    /// Whether the value, or its absence, is what is wanted.
    pub fn accepts(&self, value: Option<&str>) -> bool {
        match (self, value) {
            (Self::Not(inner), value) => !inner.accepts(value),
            (Self::Any(any), value) => any.iter().any(|matcher| matcher.accepts(value)),
            (Self::All(all), value) => all.iter().all(|matcher| matcher.accepts(value)),
            (Self::Absent, value) => value.is_none(),
            (_, None) | (Self::Broken, _) => false,
            (Self::Exists, Some(_)) => true,
            (Self::Is(text), Some(value)) => text == value,
            (Self::OneOf(texts), Some(value)) => texts.contains(value),
            (Self::Pattern { regex, .. } | Self::Holds { regex, .. }, Some(value)) => regex.is_match(value),
            (Self::Number(order, limit), Some(value)) => {
                value.trim().parse::<f64>().is_ok_and(|number| order.holds(number, *limit))
            }
            (Self::Equal(text, _), Some(value)) => text == value,
            (Self::Subject(pattern), Some(value)) => pattern.matches(value),
            (Self::Network(net), Some(value)) => address(value).is_some_and(|address| net.contains(&address)),
        }
    }

    /// Whether it is about absence, the only thing that a missing value can satisfy in a gate that
    /// allows.
    pub fn wants_absence(&self) -> bool {
        match self {
            Self::Absent => true,
            Self::Not(inner) => matches!(**inner, Self::Exists),
            Self::Any(any) => any.iter().any(Self::wants_absence),
            Self::All(all) => !all.is_empty() && all.iter().all(Self::wants_absence),
            _ => false,
        }
    }

    /// Whether no value at all is refused, so that even `*` may be allowed.
    pub fn accepts_everything(&self) -> bool {
        match self {
            Self::Exists => true,
            Self::Is(text) => text == "*",
            Self::OneOf(texts) => texts.contains("*"),
            Self::Any(any) => any.iter().any(Self::accepts_everything),
            Self::All(all) => all.iter().all(Self::accepts_everything),
            Self::Not(inner) => matches!(**inner, Self::Absent),
            Self::Pattern { source, glob, .. } => {
                matches!((source.as_str(), glob), ("*", true) | (".*" | ".+" | "(.*)", false))
            }
            _ => false,
        }
    }

    /// Whether it says what a value must not be.
    pub fn negates(&self) -> bool {
        match self {
            Self::Not(_) => true,
            Self::Any(list) | Self::All(list) => list.iter().any(Self::negates),
            _ => false,
        }
    }

    /// The values of an equality or any-of matcher: what an index can use.
    pub fn literals(&self) -> Option<Vec<&str>> {
        match self {
            Self::Is(text) => Some(vec![text]),
            Self::OneOf(texts) => Some(texts.iter().map(String::as_str).collect()),
            _ => None,
        }
    }

    /// The regular expression over the whole value, of what is one.
    pub fn pattern(&self) -> Option<String> {
        match self {
            Self::Is(text) | Self::Equal(text, _) => Some(format!("^(?:{})$", regex::escape(text))),
            Self::OneOf(texts) => {
                let all: Vec<String> = texts.iter().map(|text| regex::escape(text)).collect();
                Some(format!("^(?:{})$", all.join("|")))
            }
            Self::Pattern { source, glob, ignore_case, .. } => {
                let pattern = if *glob { glob_pattern(source) } else { anchored(source) };
                Some(if *ignore_case { format!("(?i){pattern}") } else { pattern })
            }
            Self::Holds { regex, .. } => Some(format!("^(?s:.*)(?:{})(?s:.*)$", regex.as_str())),
            _ => None,
        }
    }

    /// The same matcher over [`normal`] spellings, for gates that forbid.
    pub fn normalised(&self) -> Self {
        match self {
            Self::Is(text) => Self::Is(normal(text)),
            Self::OneOf(texts) => Self::OneOf(texts.iter().map(|text| normal(text)).collect()),
            Self::Any(any) => Self::Any(any.iter().map(Self::normalised).collect()),
            Self::All(all) => Self::All(all.iter().map(Self::normalised).collect()),
            Self::Holds { source, regex, plain } => {
                // A text is looked for in the same spelling as it is held against.
                let pattern = if *plain { regex::escape(&normal(source)) } else { regex.as_str().to_string() };
                let regex = build(source, &pattern, true).unwrap_or_else(|_| regex.clone());
                Self::Holds { source: source.clone(), regex, plain: *plain }
            }
            Self::Not(inner) => Self::Not(Box::new(inner.normalised())),
            Self::Pattern { source, glob, .. } => {
                let pattern = if *glob { glob_pattern(source) } else { anchored(source) };
                match build(source, &pattern, true) {
                    Ok(regex) => Self::Pattern { source: source.clone(), regex, glob: *glob, ignore_case: true },
                    Err(_) => self.clone(),
                }
            }
            other => other.clone(),
        }
    }
}

/// A text, whole number, decimal or truth value as the text that labels hold.
pub(super) fn plain(value: &Dynamic) -> Option<String> {
    if let Ok(text) = value.as_immutable_string_ref() {
        return Some(text.to_string());
    }
    if let Ok(flag) = value.as_bool() {
        return Some(flag.to_string());
    }
    if let Ok(number) = value.as_int() {
        return Some(number.to_string());
    }
    if let Ok(number) = value.as_float() {
        return Some(number.to_string());
    }
    value.as_bool().ok().map(|truth| truth.to_string())
}

/// The address in `10.0.0.7`, `10.0.0.7:9100`, `[::1]:9100` or `::1`.
fn address(value: &str) -> Option<IpAddr> {
    let value = value.trim();
    if let Ok(address) = value.parse() {
        return Some(address);
    }
    let host = match value.strip_prefix('[') {
        Some(rest) => rest.split(']').next()?,
        None => value.rsplit_once(':')?.0,
    };
    host.parse().ok()
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, items: Vec<String>| write!(f, "[{}]", items.join(", "));
        match self {
            Self::Is(text) => write!(f, "{text:?}"),
            Self::Subject(pattern) => write!(f, "{:?}", pattern.to_string()),
            Self::Equal(text, _) => f.write_str(text),
            Self::OneOf(texts) => list(f, texts.iter().map(|text| format!("{text:?}")).collect()),
            Self::Any(any) => list(f, any.iter().map(Self::to_string).collect()),
            Self::All(all) => {
                f.write_str("all_of(")?;
                list(f, all.iter().map(Self::to_string).collect())?;
                f.write_str(")")
            }
            Self::Holds { source, plain, .. } => {
                write!(f, "{}({source:?})", if *plain { "contains" } else { "search" })
            }
            Self::Pattern { source, glob: true, .. } => write!(f, "glob({source:?})"),
            Self::Pattern { source, .. } => write!(f, "re({source:?})"),
            Self::Not(inner) => write!(f, "not({inner})"),
            Self::Exists => f.write_str("exists()"),
            Self::Absent => f.write_str("absent()"),
            Self::Number(Comparison::Above, n) => write!(f, "gt({n})"),
            Self::Number(Comparison::AtLeast, n) => write!(f, "ge({n})"),
            Self::Number(Comparison::Below, n) => write!(f, "lt({n})"),
            Self::Number(Comparison::AtMost, n) => write!(f, "le({n})"),
            Self::Network(net) => write!(f, "cidr({:?})", net.to_string()),
            Self::Broken => f.write_str("(broken)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_values_and_cannot_leave_their_anchors() {
        let kube = Matcher::regex("kube-.*|openshift").unwrap();
        assert!(kube.accepts(Some("kube-system")) && kube.accepts(Some("openshift")));
        assert!(!kube.accepts(Some("my-kube-system")) && !kube.accepts(Some("openshift-x")));
        assert!(!kube.accepts(None));
        assert!(Matcher::regex("a)|(b").is_err());
        assert!(Matcher::regex("(").unwrap_err().contains("not a pattern"));
        let glob = Matcher::glob("web-?.*").unwrap();
        assert!(glob.accepts(Some("web-1.x")) && !glob.accepts(Some("web-1x")));
    }

    #[test]
    fn numbers_networks_and_presence() {
        assert!(Matcher::Number(Comparison::Above, 0.9).accepts(Some(" 0.95 ")));
        assert!(!Matcher::Number(Comparison::Above, 0.9).accepts(Some("many")));
        let ten = Matcher::network("10.0.0.0/8").unwrap();
        assert!(ten.accepts(Some("10.1.2.3")) && ten.accepts(Some("10.1.2.3:9100")));
        assert!(!ten.accepts(Some("11.1.2.3")) && !ten.accepts(Some("ten")));
        assert!(Matcher::network("::1").unwrap().accepts(Some("[::1]:80")));
        assert!(Matcher::Not(Box::new(Matcher::Is("a".into()))).accepts(None));
        assert!(Matcher::Absent.accepts(None) && !Matcher::Exists.accepts(None));
    }

    #[test]
    fn what_is_not_plainly_a_number_or_an_address_is_unclear() {
        let more = Matcher::Number(Comparison::Above, 10.0);
        assert_eq!(
            (more.judges(Some("100")), more.judges(Some("3")), more.judges(None)),
            (Some(true), Some(false), Some(false))
        );
        for unclear in ["0x64", "1_00", " 100", "+100", "0144", "1e2", "nan", "inf", "[100]", "true", "", "１００"] {
            assert_eq!(more.judges(Some(unclear)), None, "{unclear}");
            assert_eq!(Matcher::Not(Box::new(more.clone())).judges(Some(unclear)), None, "{unclear}");
        }
        let none = Matcher::from_value(&Dynamic::from_int(0)).unwrap();
        assert_eq!(
            [none.judges(Some("0")), none.judges(Some("0.0")), none.judges(Some("-0")), none.judges(Some("1"))],
            [Some(true), Some(true), Some(true), Some(false)]
        );
        assert_eq!(none.judges(Some("0x0")), None);
        let either = Matcher::from_value(&Dynamic::from_array(vec![Dynamic::from_int(0), "all".into()])).unwrap();
        assert_eq!(
            (either.judges(Some("all")), either.judges(Some("2")), either.judges(Some("two"))),
            (Some(true), Some(false), None)
        );
        let inner = Matcher::network("10.0.0.0/8").unwrap();
        assert_eq!((inner.judges(Some("10.1.2.3")), inner.judges(Some("0x0a010203"))), (Some(true), None));
    }

    #[test]
    fn a_normalised_pattern_ignores_case() {
        let kube = Matcher::regex("Kube-.*").unwrap().normalised();
        assert!(kube.accepts(Some("kube-system")));
    }
}
