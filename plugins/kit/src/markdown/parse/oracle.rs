//! What another reader of CommonMark makes of a text, in the same tree.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag};

use super::super::document::{Block, Document, Inline, List};
use super::inline::shown as visible;
use crate::link::Link;

/// What is nested deeper is flattened: whoever walks the tree does it recursively.
const DEEPEST: usize = 24;

pub(super) fn parse(markdown: &str) -> Document {
    let mut open = vec![Open::new(Kind::Root)];
    for (event, range) in Parser::new_ext(markdown, Options::ENABLE_TABLES).into_offset_iter() {
        match event {
            Event::Start(tag) => {
                let close = !follows_blank(markdown.get(..range.start).unwrap_or_default());
                let kind = if open.len() < DEEPEST { Kind::of(tag, close) } else { Kind::Flat };
                open.push(Open::new(kind));
            }
            Event::End(_) => {
                if let Some(closed) = open.pop()
                    && let Some(parent) = open.last_mut()
                {
                    parent.take(closed);
                }
            }
            other => {
                if let Some(parent) = open.last_mut() {
                    parent.leaf(other);
                }
            }
        }
    }
    let mut blocks = Vec::new();
    for mut part in open {
        part.flush();
        blocks.append(&mut part.blocks);
    }
    Document { blocks }
}

/// Whether the line before is blank.
fn follows_blank(before: &str) -> bool {
    // A line of nothing but marks is longer in no message.
    let before = before.get(before.len().saturating_sub(64)..).unwrap_or(before);
    let line = before.trim_end_matches([' ', '\t', '>']);
    let above = line.strip_suffix('\n').unwrap_or(line).trim_end_matches([' ', '\t', '\r', '>']);
    above.is_empty() || above.ends_with('\n')
}

enum Kind {
    Root,
    Heading(u8),
    Lines,
    Quote,
    List(Option<u64>, bool),
    Item,
    Code(String),
    Strong,
    Emphasis,
    Link(String),
    Row,
    Cell,
    /// Adds nothing to what it holds.
    Flat,
}

impl Kind {
    fn of(tag: Tag<'_>, close: bool) -> Self {
        match tag {
            Tag::Paragraph | Tag::HtmlBlock | Tag::Table(_) => Self::Lines,
            Tag::Heading { level, .. } => Self::Heading(level as u8),
            Tag::BlockQuote(_) => Self::Quote,
            Tag::CodeBlock(CodeBlockKind::Fenced(language)) => Self::Code(language.to_string()),
            Tag::CodeBlock(CodeBlockKind::Indented) => Self::Code(String::new()),
            Tag::List(start) => Self::List(start, close),
            Tag::Item => Self::Item,
            Tag::TableHead | Tag::TableRow => Self::Row,
            Tag::TableCell => Self::Cell,
            Tag::Strong => Self::Strong,
            Tag::Emphasis => Self::Emphasis,
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => Self::Link(dest_url.to_string()),
            _ => Self::Flat,
        }
    }
}

/// What has begun and not ended.
struct Open {
    kind: Kind,
    blocks: Vec<Block>,
    inlines: Vec<Inline>,
    items: Vec<Vec<Block>>,
}

impl Open {
    fn new(kind: Kind) -> Self {
        Self { kind, blocks: Vec::new(), inlines: Vec::new(), items: Vec::new() }
    }

    /// Text that stands in no paragraph, as that of a list's item does, becomes one.
    fn flush(&mut self) {
        while self.inlines.last() == Some(&Inline::Break) {
            self.inlines.pop();
        }
        if !self.inlines.is_empty() {
            self.blocks.push(Block::Paragraph(std::mem::take(&mut self.inlines)));
        }
    }

    fn push(&mut self, block: Block) {
        self.flush();
        self.blocks.push(block);
    }

    fn take(&mut self, mut closed: Open) {
        match std::mem::replace(&mut closed.kind, Kind::Root) {
            Kind::Heading(level) => self.push(Block::Heading(level, closed.inlines)),
            Kind::Lines => {
                self.flush();
                closed.flush();
                self.blocks.append(&mut closed.blocks);
            }
            Kind::Quote => {
                closed.flush();
                self.push(Block::Quote(closed.blocks));
            }
            Kind::List(start, close) => {
                closed.flush();
                if !closed.blocks.is_empty() {
                    closed.items.push(closed.blocks);
                }
                self.push(Block::List(List { start, close, items: closed.items }));
            }
            Kind::Item => {
                closed.flush();
                self.items.push(closed.blocks);
            }
            Kind::Code(language) => {
                let text = plain(&closed.inlines);
                self.push(Block::Code { language, text: text.trim_end_matches('\n').to_string() });
            }
            Kind::Strong if !closed.inlines.is_empty() => self.inlines.push(Inline::Strong(closed.inlines)),
            Kind::Emphasis if !closed.inlines.is_empty() => self.inlines.push(Inline::Emphasis(closed.inlines)),
            Kind::Link(url) => match Link::parse(&url) {
                Some(link) if closed.inlines.is_empty() => {
                    self.inlines.push(Inline::Link(vec![Inline::Text(link.url.clone())], link));
                }
                Some(link) => self.inlines.push(Inline::Link(closed.inlines, link)),
                None => {
                    self.append(closed.inlines);
                    self.text(&format!(" ({url})"));
                }
            },
            Kind::Row => {
                if !self.inlines.is_empty() {
                    self.inlines.push(Inline::Break);
                }
                self.append(closed.inlines);
            }
            Kind::Cell => {
                if !self.inlines.is_empty() {
                    self.text(" | ");
                }
                self.append(closed.inlines);
            }
            Kind::Root | Kind::Strong | Kind::Emphasis | Kind::Flat => {
                self.append(closed.inlines);
                if !closed.blocks.is_empty() {
                    self.flush();
                    self.blocks.append(&mut closed.blocks);
                }
                self.items.append(&mut closed.items);
            }
        }
    }

    fn leaf(&mut self, event: Event<'_>) {
        match event {
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => self.lines(&text),
            Event::Code(text) => self.inlines.push(Inline::Code(visible(&text))),
            Event::SoftBreak | Event::HardBreak => self.inlines.push(Inline::Break),
            Event::Rule => self.push(Block::Rule),
            // Only with options that are not set.
            Event::Start(_)
            | Event::End(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::FootnoteReference(_)
            | Event::TaskListMarker(_) => {}
        }
    }

    fn lines(&mut self, text: &str) {
        for (at, line) in text.split('\n').enumerate() {
            if at > 0 {
                self.inlines.push(Inline::Break);
            }
            self.text(line);
        }
    }

    fn append(&mut self, inlines: Vec<Inline>) {
        for inline in inlines {
            match inline {
                Inline::Text(text) => self.text(&text),
                other => self.inlines.push(other),
            }
        }
    }

    /// Neighbours become one, so that a writer sees what stands beside a sign.
    fn text(&mut self, text: &str) {
        match self.inlines.last_mut() {
            Some(Inline::Text(before)) => before.push_str(&visible(text)),
            _ if text.is_empty() => {}
            _ => self.inlines.push(Inline::Text(visible(text))),
        }
    }
}

/// The text of a block of code, which arrives as text and breaks.
fn plain(inlines: &[Inline]) -> String {
    let parts = inlines.iter().map(|inline| match inline {
        Inline::Text(text) | Inline::Code(text) => text.as_str(),
        _ => "\n",
    });
    parts.collect()
}
