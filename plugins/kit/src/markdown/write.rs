//! Walks the tree and writes it in a target's markup.

use super::document::{Block, Document, Inline, List};
use super::escape::{Escapes, full_width};
use super::markup::{Boundary, Bullet, CodeStyle, HeadingStyle, LinkStyle, Markup, QuoteStyle};
use crate::link::Link;
use crate::text::{Limit, most_that_fits, one_line};

impl Markup {
    /// Writes a whole tree.
    pub fn write(&self, document: &Document) -> String {
        self.blocks(&document.blocks, Within::default()).trim_matches('\n').to_string()
    }

    /// Writes as much of a tree as a limit leaves room for, with `…` where something is left out. The cut
    /// is made in the tree, so that no mark is left open.
    pub fn write_within(&self, document: &Document, limit: Limit) -> String {
        let fitting =
            most_that_fits(document.length(), |most| self.write(&document.beginning(most)), |text| limit.holds(text));
        // Not even the ellipsis.
        if limit.holds(&fitting) { fitting } else { String::new() }
    }

    /// Text, written so that it stands for itself.
    pub fn text(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        self.escapes.push(&mut out, text);
        out
    }

    /// Text on one line.
    pub fn line(&self, text: &str) -> String {
        self.text(&one_line(text))
    }

    /// Text on one line, in bold.
    pub fn strong(&self, text: &str) -> String {
        let mut out = String::new();
        self.marked(&mut out, self.strong, &[Inline::Text(one_line(text))]);
        out
    }

    /// A link with its text, and where it leads.
    pub fn link(&self, text: &str, link: &Link) -> String {
        let mut out = String::new();
        self.linked(&mut out, &[Inline::Text(one_line(text))], link);
        out
    }

    fn blocks(&self, blocks: &[Block], within: Within) -> String {
        let mut out = String::new();
        for (at, block) in blocks.iter().enumerate() {
            if at > 0 {
                let list = matches!(block, Block::List(list) if list.close) && !self.list_apart;
                out.push_str(if list || within.list { "\n" } else { "\n\n" });
            }
            out.push_str(&self.block(block, within));
        }
        out
    }

    fn block(&self, block: &Block, within: Within) -> String {
        match block {
            Block::Heading(level, inlines) => self.heading(*level, inlines),
            Block::Paragraph(inlines) => self.inlines(inlines),
            Block::List(list) => self.list(list, within),
            Block::Quote(blocks) => match self.quote {
                QuoteStyle::Prefix(prefix) => prefixed(&self.blocks(blocks, within), prefix, prefix),
                QuoteStyle::Around(open, close) => {
                    let text = self.blocks(blocks, Within { quote: true, ..within });
                    if within.quote { text } else { format!("{open}{text}{close}") }
                }
            },
            Block::Code { language, text } => match self.code_block {
                CodeStyle::Text => self.text(text),
                CodeStyle::Between(open, close, escapes) => between(open, close, &escapes, text),
                CodeStyle::Ticks => {
                    let fence = ticks(text, 3);
                    let language: String = language.chars().filter(char::is_ascii_alphanumeric).collect();
                    format!("{fence}{language}\n{text}\n{fence}")
                }
            },
            Block::Rule => self.rule.to_string(),
        }
    }

    fn heading(&self, level: u8, inlines: &[Inline]) -> String {
        // A mark within a mark would end it.
        let flat: Vec<Inline> = inlines.iter().flat_map(without_marks).collect();
        match self.heading {
            HeadingStyle::Hashes => format!("{} {}", "#".repeat(level.into()), self.on_one_line(&flat)),
            HeadingStyle::Jira => format!("h{level}. {}", self.on_one_line(&flat)),
            HeadingStyle::Strong => {
                let mut out = String::new();
                self.marked(&mut out, self.strong, &flat);
                out
            }
        }
    }

    fn on_one_line(&self, inlines: &[Inline]) -> String {
        self.inlines(inlines).replace(self.line_break, " ")
    }

    fn list(&self, list: &List, within: Within) -> String {
        let mut lines = Vec::new();
        for (at, item) in list.items.iter().enumerate() {
            let number = list.start.map(|start| start.saturating_add(u64::try_from(at).unwrap_or(0)));
            let inner = Within { list: true, depth: within.depth + 1, ..within };
            match self.bullet {
                Bullet::Sign(sign) => {
                    let sign = number.map_or_else(|| sign.to_string(), |number| format!("{number}. "));
                    // CommonMark wants what belongs to an item under its text.
                    let indent = if self.list_apart { " ".repeat(sign.len()) } else { "  ".into() };
                    lines.push(prefixed(&self.blocks(item, inner), &sign, &indent));
                }
                Bullet::Repeated => {
                    let sign = if number.is_some() { "#" } else { "*" }.repeat(within.depth + 1);
                    lines.push(format!("{sign} {}", self.blocks(item, inner)));
                }
            }
        }
        lines.join("\n")
    }

    fn inlines(&self, inlines: &[Inline]) -> String {
        let mut out = String::new();
        self.push_all(&mut out, inlines);
        out
    }

    fn push_all(&self, out: &mut String, inlines: &[Inline]) {
        for (at, inline) in inlines.iter().enumerate() {
            match inline {
                Inline::Text(text) => self.escapes.push(out, text),
                Inline::Break => out.push_str(self.line_break),
                Inline::Code(code) => self.code(out, code),
                Inline::Strong(inner) => self.spanned(out, self.strong, inner, inlines.get(at + 1)),
                Inline::Emphasis(inner) => self.spanned(out, self.emphasis, inner, inlines.get(at + 1)),
                Inline::Link(inner, link) => self.linked(out, inner, link),
            }
        }
    }

    fn code(&self, out: &mut String, code: &str) {
        let code = &one_line(code);
        match self.code {
            CodeStyle::Text => self.escapes.push(out, code),
            CodeStyle::Between(open, close, escapes) => out.push_str(&between(open, close, &escapes, code)),
            CodeStyle::Ticks => {
                let ticks = ticks(code, 1);
                let pad = if code.starts_with('`') || code.ends_with('`') { " " } else { "" };
                out.push_str(&format!("{ticks}{pad}{code}{pad}{ticks}"));
            }
        }
    }

    /// A marked text and what its neighbours need to let the marks be marks.
    fn spanned(&self, out: &mut String, marks: (&str, &str), inner: &[Inline], next: Option<&Inline>) {
        let before = out.chars().next_back().filter(|c| !c.is_whitespace());
        let after = next.and_then(first).filter(|c| !c.is_whitespace());
        let within = |c: Option<char>| c.is_some_and(|c| !c.is_alphanumeric());
        let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let strange = |c: Option<char>| c.is_some_and(|c| !c.is_ascii_punctuation());
        let separator = |apart: bool| match self.boundary {
            Boundary::ZeroWidth if apart => "\u{200b}",
            Boundary::Space if apart => " ",
            _ => "",
        };
        let zero = self.boundary == Boundary::ZeroWidth;
        let start = inner.first().and_then(first);
        out.push_str(separator(if zero { strange(before) } else { letter(before) && within(start) }));
        self.marked(out, marks, inner);
        let end = inner.last().and_then(last);
        out.push_str(separator(if zero { strange(after) } else { letter(after) && within(end) }));
    }

    fn marked(&self, out: &mut String, (open, close): (&str, &str), inner: &[Inline]) {
        // The text within begins no line, so nothing within it begins a block.
        out.push_str(open);
        self.push_all(out, inner);
        out.push_str(close);
    }

    /// Where a link leads is written beside it, whatever its text says.
    fn linked(&self, out: &mut String, inner: &[Inline], link: &Link) {
        let said = spoken(inner);
        let honest = said == link.url || said == link.host;
        // Within a link no client looks for another, and the host beside it leads where it says.
        let inside = Self { escapes: Escapes { hosts: None, ..self.escapes }, ..*self };
        let mut text = String::from(" ");
        inside.push_all(&mut text, inner);
        let (text, url) = (text.trim_start(), &link.url);
        match self.link {
            LinkStyle::Plain if honest => return out.push_str(url),
            LinkStyle::Plain => return out.push_str(&format!("{text}: {url}")),
            LinkStyle::Markdown => out.push_str(&format!("[{text}]({url})")),
            LinkStyle::Angle => out.push_str(&format!("<{url}|{text}>")),
            LinkStyle::Html => out.push_str(&format!("<a href=\"{}\">{text}</a>", url.replace('&', "&amp;"))),
            LinkStyle::Jira => out.push_str(&format!("[{text}|{url}]")),
        }
        if !honest {
            inside.escapes.push(out, &format!(" ({})", link.host));
        }
    }
}

/// Where a block stands.
#[derive(Clone, Copy, Default)]
struct Within {
    list: bool,
    quote: bool,
    depth: usize,
}

/// Text in which the closing mark cannot stand.
fn between(open: &str, close: &str, escapes: &Escapes, text: &str) -> String {
    let mut inner = String::from(" ");
    escapes.push(&mut inner, text);
    let inner = inner.strip_prefix(' ').unwrap_or_default();
    let mark = close.trim();
    let mut broken: String = mark.chars().next().map(full_width).into_iter().collect();
    broken.extend(mark.chars().skip(1));
    format!("{open}{}{close}", inner.replace(mark, &broken))
}

fn ticks(text: &str, least: usize) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(least.max(if longest >= least { longest + 1 } else { least }))
}

fn prefixed(text: &str, first: &str, others: &str) -> String {
    let prefix = |at: usize| if at == 0 { first } else { others };
    let lines = text.split('\n').enumerate().map(|(at, line)| match (line, at) {
        ("", 1..) if others.trim().is_empty() => String::new(),
        _ => format!("{}{line}", prefix(at)),
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn without_marks(inline: &Inline) -> Vec<Inline> {
    match inline {
        Inline::Strong(inner) | Inline::Emphasis(inner) => inner.iter().flat_map(without_marks).collect(),
        other => vec![other.clone()],
    }
}

/// What a reader would say.
pub(super) fn spoken(inlines: &[Inline]) -> String {
    let said = inlines.iter().map(|inline| match inline {
        Inline::Text(text) | Inline::Code(text) => text.clone(),
        Inline::Strong(inner) | Inline::Emphasis(inner) | Inline::Link(inner, _) => spoken(inner),
        Inline::Break => " ".into(),
    });
    said.collect()
}

fn first(inline: &Inline) -> Option<char> {
    match inline {
        // A mark of its own stands there.
        Inline::Code(_) | Inline::Link(..) => Some('`'),
        _ => spoken(std::slice::from_ref(inline)).chars().next(),
    }
}

fn last(inline: &Inline) -> Option<char> {
    match inline {
        Inline::Code(_) | Inline::Link(..) => Some('`'),
        _ => spoken(std::slice::from_ref(inline)).chars().next_back(),
    }
}

/// What a reader would say of whole blocks.
#[cfg(test)]
pub(super) fn spoken_blocks(blocks: &[Block]) -> String {
    let said = blocks.iter().map(|block| match block {
        Block::Heading(_, inner) | Block::Paragraph(inner) => spoken(inner),
        Block::Quote(inner) => spoken_blocks(inner),
        Block::List(list) => list.items.iter().map(|item| spoken_blocks(item)).collect(),
        Block::Code { text, .. } => text.clone(),
        Block::Rule => String::new(),
    });
    said.collect::<Vec<_>>().join("\n")
}
