//! The tree, and how it is cut and divided.

use unicode_segmentation::UnicodeSegmentation;

use crate::link::Link;
use crate::text::seen;

/// A whole text or a part of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// In reading order.
    pub blocks: Vec<Block>,
}

/// What stands on lines of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// From level 1, the largest, to 6.
    Heading(u8, Vec<Inline>),
    /// Lines of text; [`Inline::Break`] stands between them.
    Paragraph(Vec<Inline>),
    /// Items, with a bullet or a number in front.
    List(List),
    /// What somebody else says.
    Quote(Vec<Block>),
    /// Text without markup, line breaks included.
    Code {
        /// The word behind the fence, such as `json`; may be empty.
        language: String,
        /// Without the last line break.
        text: String,
    },
    /// A thematic break.
    Rule,
}

/// A list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// The number of the first item; none for bullets.
    pub start: Option<u64>,
    /// Whether it stands right beneath the line before it.
    pub close: bool,
    /// What each item holds.
    pub items: Vec<Vec<Block>>,
}

/// What stands within a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inline {
    /// Text, whatever it looks like.
    Text(String),
    /// Text of a machine, such as a name or a command.
    Code(String),
    /// Bold.
    Strong(Vec<Inline>),
    /// Italic.
    Emphasis(Vec<Inline>),
    /// A link that is safe to show. Writers say its host beside it where the text does not.
    Link(Vec<Inline>, Link),
    /// The end of a line.
    Break,
}

impl Document {
    /// What stands before the first thematic break and what stands behind it: the part that is read first,
    /// and the detail.
    pub fn halves(self) -> (Self, Self) {
        let mut first = self.blocks;
        let detail = match first.iter().position(|block| *block == Block::Rule) {
            Some(at) => first.drain(at..).skip(1).collect(),
            None => Vec::new(),
        };
        (Self { blocks: first }, Self { blocks: detail })
    }

    /// Without the lines that hold a link to one of these addresses: a target that shows them as buttons
    /// need not repeat them.
    pub fn without_lines_of(mut self, urls: &[&str]) -> Self {
        let leads_there = |line: &[Inline]| line.iter().any(|inline| leads_to(inline, urls));
        self.blocks.retain_mut(|block| {
            let Block::Paragraph(inlines) = block else { return true };
            let lines = inlines.split(|inline| *inline == Inline::Break);
            let kept: Vec<_> = lines.filter(|line| !leads_there(line)).collect();
            *inlines = kept.join(&Inline::Break);
            !inlines.is_empty()
        });
        self
    }

    /// Characters as a reader sees them.
    pub fn length(&self) -> usize {
        let mut counter = Cutter::new(usize::MAX);
        counter.blocks(&self.blocks);
        usize::MAX - counter.left
    }

    /// The beginning with at most so many characters, and `…` where something is left out.
    pub fn beginning(&self, most: usize) -> Self {
        Self { blocks: Cutter::new(most).blocks(&self.blocks) }
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }
}

fn leads_to(inline: &Inline, urls: &[&str]) -> bool {
    match inline {
        Inline::Link(_, link) => urls.contains(&link.url.as_str()),
        Inline::Strong(inner) | Inline::Emphasis(inner) => inner.iter().any(|inline| leads_to(inline, urls)),
        Inline::Text(_) | Inline::Code(_) | Inline::Break => false,
    }
}

/// Copies a tree until its characters are used up.
struct Cutter {
    left: usize,
    /// The ellipsis is written: nothing follows.
    cut: bool,
}

const ELLIPSIS: &str = "…";

impl Cutter {
    fn new(left: usize) -> Self {
        Self { left, cut: false }
    }

    /// Copies as many of `from` as there is room for; `ellipsis` stands for the others.
    fn all<T, U>(&mut self, from: &[T], copy: impl Fn(&mut Self, &T) -> U, ellipsis: impl Fn() -> U) -> Vec<U> {
        let mut kept = Vec::new();
        for one in from {
            if self.cut {
                break;
            }
            if self.left == 0 {
                self.cut = true;
                kept.push(ellipsis());
                break;
            }
            kept.push(copy(self, one));
        }
        kept
    }

    fn blocks(&mut self, blocks: &[Block]) -> Vec<Block> {
        self.all(blocks, Self::block, ellipsis)
    }

    fn block(&mut self, block: &Block) -> Block {
        match block {
            Block::Heading(level, inlines) => Block::Heading(*level, self.inlines(inlines)),
            Block::Paragraph(inlines) => Block::Paragraph(self.inlines(inlines)),
            Block::Quote(blocks) => Block::Quote(self.blocks(blocks)),
            Block::Code { language, text } => Block::Code { language: language.clone(), text: self.text(text) },
            Block::Rule => Block::Rule,
            Block::List(list) => {
                let items = self.all(&list.items, |cutter, item| cutter.blocks(item), || vec![ellipsis()]);
                Block::List(List { start: list.start, close: list.close, items })
            }
        }
    }

    fn inlines(&mut self, inlines: &[Inline]) -> Vec<Inline> {
        self.all(inlines, Self::inline, || Inline::Text(ELLIPSIS.into()))
    }

    fn inline(&mut self, inline: &Inline) -> Inline {
        match inline {
            Inline::Text(text) => Inline::Text(self.text(text)),
            Inline::Code(text) => Inline::Code(self.text(text)),
            Inline::Strong(inner) => Inline::Strong(self.inlines(inner)),
            Inline::Emphasis(inner) => Inline::Emphasis(self.inlines(inner)),
            Inline::Link(inner, link) => Inline::Link(self.inlines(inner), link.clone()),
            Inline::Break => {
                self.left = self.left.saturating_sub(1);
                Inline::Break
            }
        }
    }

    fn text(&mut self, text: &str) -> String {
        let length = seen(text);
        if let Some(left) = self.left.checked_sub(length) {
            self.left = left;
            return text.to_string();
        }
        let kept = beginning_of(text, self.left);
        (self.left, self.cut) = (0, true);
        format!("{}{ELLIPSIS}", kept.trim_end())
    }
}

fn ellipsis() -> Block {
    Block::Paragraph(vec![Inline::Text(ELLIPSIS.into())])
}

fn beginning_of(text: &str, most: usize) -> &str {
    let end = text.grapheme_indices(true).nth(most).map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or_default()
}
