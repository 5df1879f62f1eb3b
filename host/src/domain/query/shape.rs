//! The shape of a query that the library has read as valid: which segments spread out, and what
//! filters hold. Only what bounds the cost; what is not understood is an error.

use regex::RegexBuilder;

/// Size that a pattern of `match` or `search` may have when it is compiled: it is compiled often.
const COMPILED: usize = 64 << 10;

/// A query.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Path {
    /// Whether it begins at `$`.
    pub absolute: bool,
    pub segments: Vec<Segment>,
}

#[derive(Debug, Default, PartialEq)]
pub(super) struct Segment {
    /// Whether it is `..`.
    pub descends: bool,
    pub selectors: Vec<Selector>,
}

#[derive(Debug, PartialEq)]
pub(super) enum Selector {
    /// A name or an index.
    One,
    /// A wildcard or a slice.
    Many,
    Filter(Filter),
}

/// What a filter evaluates for each value.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Filter {
    /// Its queries.
    pub paths: Vec<Path>,
    /// Calls of `match` and `search`.
    pub patterns: u64,
    /// Its bytes: how much there is to evaluate at most.
    pub length: u64,
}

impl Path {
    /// Reads a valid query.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut reader = Reader { rest: text };
        reader.space();
        let path = reader.path()?;
        reader.space();
        if reader.rest.is_empty() { Ok(path) } else { Err("is written in a way that cannot be bounded".into()) }
    }

    /// How many segments `..` it has, those in filters included.
    pub fn descents(&self) -> usize {
        let own = self.segments.iter().filter(|segment| segment.descends).count();
        own + self.inner().map(Self::descents).sum::<usize>()
    }

    /// How deep filters are nested.
    pub fn filters(&self) -> usize {
        let here = self.segments.iter().flat_map(|segment| &segment.selectors).filter_map(|selector| match selector {
            Selector::Filter(filter) => Some(1 + filter.paths.iter().map(Self::filters).max().unwrap_or(0)),
            _ => None,
        });
        here.max().unwrap_or(0)
    }

    fn inner(&self) -> impl Iterator<Item = &Self> {
        let selectors = self.segments.iter().flat_map(|segment| &segment.selectors);
        selectors.flat_map(|selector| match selector {
            Selector::Filter(filter) => filter.paths.as_slice(),
            _ => &[],
        })
    }
}

/// How deep brackets and parentheses are nested, those in texts included.
pub(super) fn nesting(text: &str) -> usize {
    let (mut now, mut deepest) = (0usize, 0);
    for c in text.chars() {
        match c {
            '[' | '(' => now += 1,
            ']' | ')' => now = now.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(now);
    }
    deepest
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn take(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let first = chars.next();
        self.rest = chars.as_str();
        first
    }

    fn eat(&mut self, wanted: &str) -> bool {
        let rest = self.rest.strip_prefix(wanted);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn path(&mut self) -> Result<Path, String> {
        let absolute = self.eat("$");
        if !absolute && !self.eat("@") {
            return Err("does not begin with $".into());
        }
        let mut path = Path { absolute, segments: Vec::new() };
        loop {
            let before = self.rest;
            self.space();
            let descends = self.eat("..");
            if !descends && self.eat(".") {
                path.segments.push(Segment { descends, selectors: vec![self.shorthand()] });
            } else if self.eat("[") {
                path.segments.push(Segment { descends, selectors: self.selectors()? });
            } else if descends {
                path.segments.push(Segment { descends, selectors: vec![self.shorthand()] });
            } else {
                self.rest = before;
                return Ok(path);
            }
        }
    }

    /// `*` or a name.
    fn shorthand(&mut self) -> Selector {
        self.space();
        if self.eat("*") {
            return Selector::Many;
        }
        let name = |c: char| c.is_alphanumeric() || c == '_' || !c.is_ascii();
        self.rest = self.rest.trim_start_matches(name);
        Selector::One
    }

    fn selectors(&mut self) -> Result<Vec<Selector>, String> {
        let mut selectors = Vec::new();
        loop {
            self.space();
            let selector = match self.peek() {
                Some('*') => {
                    self.take();
                    Selector::Many
                }
                Some('?') => {
                    self.take();
                    Selector::Filter(self.filter()?)
                }
                Some('\'' | '"') => {
                    self.text()?;
                    Selector::One
                }
                // An index, or a slice, which has a colon.
                _ => {
                    let end = self.rest.find([',', ']']).unwrap_or(self.rest.len());
                    let (number, rest) = self.rest.split_at(end);
                    self.rest = rest;
                    if number.contains(':') { Selector::Many } else { Selector::One }
                }
            };
            selectors.push(selector);
            self.space();
            match self.take() {
                Some(',') => {}
                Some(']') => return Ok(selectors),
                _ => return Err("is written in a way that cannot be bounded".into()),
            }
        }
    }

    /// A filter, up to the comma or bracket behind it.
    fn filter(&mut self) -> Result<Filter, String> {
        let before = self.rest.len();
        let mut filter = Filter::default();
        let mut open = 0u32;
        loop {
            match self.peek() {
                None => return Err("is written in a way that cannot be bounded".into()),
                Some(']') => break,
                Some(',') if open == 0 => break,
                Some('$' | '@') => filter.paths.push(self.path()?),
                Some('\'' | '"') => {
                    self.text()?;
                }
                Some('(') => {
                    open += 1;
                    self.take();
                }
                Some(')') => {
                    open = open.saturating_sub(1);
                    self.take();
                }
                Some(c) if c.is_ascii_lowercase() => {
                    let end = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
                    let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
                    self.rest = rest;
                    if matches!(word, "match" | "search") {
                        self.pattern(&mut filter)?;
                    }
                }
                Some(_) => {
                    self.take();
                }
            }
        }
        filter.length = (before - self.rest.len()) as u64;
        Ok(filter)
    }

    /// The arguments of `match` or `search`: what is looked at, and a pattern that is written out.
    fn pattern(&mut self, filter: &mut Filter) -> Result<(), String> {
        filter.patterns += 1;
        self.space();
        let mut written = self.eat("(");
        self.space();
        match self.peek() {
            Some('$' | '@') => filter.paths.push(self.path()?),
            Some('\'' | '"') => {
                self.text()?;
            }
            _ => written = false,
        }
        self.space();
        written &= self.eat(",");
        self.space();
        if !written || !matches!(self.peek(), Some('\'' | '"')) {
            return Err("must say what `match` or `search` looks at as a query, and the pattern as a text".into());
        }
        let pattern = self.text()?;
        // An escape of JSONPath makes a pattern shorter, never longer.
        let compiled = RegexBuilder::new(pattern).size_limit(COMPILED).build();
        if let Err(regex::Error::CompiledTooBig(_)) = compiled {
            return Err("holds a pattern that is too large".into());
        }
        self.space();
        if self.eat(")") { Ok(()) } else { Err("is written in a way that cannot be bounded".into()) }
    }

    /// A text in quotes; what stands in them.
    fn text(&mut self) -> Result<&'a str, String> {
        let unclosed = || "has a text without an end".to_string();
        let quote = self.take().ok_or_else(unclosed)?;
        let (mut escaped, all) = (false, self.rest);
        for (at, c) in all.char_indices() {
            if escaped {
                escaped = false;
            } else if c == '\\' {
                escaped = true;
            } else if c == quote {
                let (inner, rest) = all.split_at(at);
                self.rest = rest.strip_prefix(quote).unwrap_or(rest);
                return Ok(inner);
            }
        }
        Err(unclosed())
    }
}
