//! From CommonMark to the tree: line by line into blocks, then each block's text into what stands in it.
//!
//! Everything that the host writes is read as CommonMark wants it, and so is most of what may stand in a text
//! of somebody else. What would need a table of two thousand names or a second pass over the text stays text:
//! other named entities than those of HTML's own signs, definitions of links apart from the link, titles of
//! links, code by mere indentation, and HTML.

mod emphasis;
mod inline;
mod line;
#[cfg(test)]
mod oracle;
mod table;
#[cfg(test)]
mod tests;
mod tree;

use super::document::{Block, Document, List};
use inline::inlines;
use line::{Fence, Mark, Marker};

/// What is nested deeper is text: whoever walks the tree does it recursively.
const DEEPEST: usize = 12;

/// Parses a whole text, in time proportional to its length. A line break in the text is one in the tree,
/// because that is how the host's messages are written and how people read them; so are rows of a table. An image becomes its link;
/// a link to what is no plain address becomes text.
pub fn parse(markdown: &str) -> Document {
    let mut blocks = Blocks { open: vec![Container::new(Kind::Root)], leaf: Leaf::None, blank: true };
    for line in markdown.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        blocks.line(line);
        blocks.blank = line.chars().all(|c| matches!(c, ' ' | '\t' | '>'));
    }
    blocks.close(1);
    Document { blocks: blocks.open.pop().map(|root| root.blocks).unwrap_or_default() }
}

/// What has begun and not ended.
struct Blocks {
    /// From the whole document inwards.
    open: Vec<Container>,
    /// In the innermost of them.
    leaf: Leaf,
    /// Whether the line before is blank.
    blank: bool,
}

struct Container {
    kind: Kind,
    blocks: Vec<Block>,
    /// How the items are marked, where the last block is a list that may go on.
    list: Option<Mark>,
}

#[derive(Clone, Copy)]
enum Kind {
    Root,
    Quote,
    /// Its lines are indented by so much.
    Item(usize),
}

enum Leaf {
    None,
    Paragraph(String),
    Code(Fence, String),
}

impl Container {
    fn new(kind: Kind) -> Self {
        Self { kind, blocks: Vec::new(), list: None }
    }

    fn push(&mut self, block: Block) {
        self.blocks.push(block);
        self.list = None;
    }

    /// What a line holds behind the sign that it belongs here; none where it has no such sign.
    fn holds<'a>(&self, line: &'a str) -> Option<&'a str> {
        match self.kind {
            Kind::Root => Some(line),
            Kind::Quote => line::quote(line),
            Kind::Item(width) if line.trim().is_empty() => Some(line.get(width..).unwrap_or_default()),
            Kind::Item(width) => line.get(..width).filter(|front| front.trim().is_empty()).and(line.get(width..)),
        }
    }
}

impl Blocks {
    fn line(&mut self, line: &str) {
        let mut rest = line;
        let mut kept = 0;
        for container in &self.open {
            let Some(behind) = container.holds(rest) else { break };
            (rest, kept) = (behind, kept + 1);
        }
        let all = kept == self.open.len();
        if let Leaf::Code(fence, text) = &mut self.leaf
            && all
        {
            if fence.ends(rest) {
                self.close(kept);
            } else {
                text.push_str(fence.unindented(rest));
                text.push('\n');
            }
            return;
        }
        if rest.trim().is_empty() {
            let empty = self.open.last().is_some_and(|innermost| innermost.blocks.is_empty());
            // An item may begin with one empty line, but not with two.
            let item = matches!(self.open.last(), Some(Container { kind: Kind::Item(_), .. }));
            let over = all && item && empty && matches!(self.leaf, Leaf::None);
            return self.close(if over { kept - 1 } else { kept });
        }
        if all && self.heading_of_paragraph(rest) {
            return;
        }
        let mut item = false;
        // Within a paragraph that goes on, not everything begins something else.
        let mut within = all && matches!(self.leaf, Leaf::Paragraph(_));
        let mut begun = false;
        while let Some(marker) = line::marker(rest, within) {
            let container = matches!(marker, Marker::Quote(_) | Marker::Item { .. });
            if container && kept > DEEPEST {
                break;
            }
            if !begun {
                self.close(kept);
            }
            (begun, within) = (true, false);
            match marker {
                Marker::Quote(behind) => {
                    self.open.push(Container::new(Kind::Quote));
                    rest = behind;
                }
                Marker::Item { mark, start, width, behind } => {
                    self.item(mark, start, width, item || !self.blank);
                    item = true;
                    rest = behind;
                }
                Marker::Rule => return self.push(Block::Rule),
                Marker::Heading(level, text) => return self.push(Block::Heading(level, inlines(text))),
                Marker::Fence(fence) => {
                    self.leaf = Leaf::Code(fence, String::new());
                    return;
                }
            }
            kept = self.open.len();
        }
        let text = rest.trim_start();
        match &mut self.leaf {
            // Also where the line lacks the signs of what the paragraph stands in.
            Leaf::Paragraph(before) if !begun => {
                before.push('\n');
                before.push_str(text);
            }
            _ => {
                if !begun {
                    self.close(kept);
                }
                if !text.is_empty() {
                    self.leaf = Leaf::Paragraph(text.to_string());
                }
            }
        }
    }

    /// A line under a paragraph can make it a heading.
    fn heading_of_paragraph(&mut self, line: &str) -> bool {
        let Leaf::Paragraph(text) = &self.leaf else { return false };
        let Some(level) = line::underline(line) else { return false };
        let heading = Block::Heading(level, inlines(text.trim_end()));
        self.leaf = Leaf::None;
        self.push(heading);
        true
    }

    fn item(&mut self, mark: Mark, start: Option<u64>, width: usize, close: bool) {
        if let Some(parent) = self.open.last_mut()
            && parent.list != Some(mark)
        {
            parent.push(Block::List(List { start, close, items: Vec::new() }));
            parent.list = Some(mark);
        }
        self.open.push(Container::new(Kind::Item(width)));
    }

    fn push(&mut self, block: Block) {
        if let Some(innermost) = self.open.last_mut() {
            innermost.push(block);
        }
    }

    /// Ends the leaf, and what stands deeper than so many containers.
    fn close(&mut self, kept: usize) {
        match std::mem::replace(&mut self.leaf, Leaf::None) {
            Leaf::None => {}
            Leaf::Paragraph(text) => match table::rows(text.trim_end()).unwrap_or_else(|| inlines(text.trim_end())) {
                inlines if inlines.is_empty() => {}
                inlines => self.push(Block::Paragraph(inlines)),
            },
            Leaf::Code(fence, text) => self.push(fence.block(&text)),
        }
        while self.open.len() > kept
            && let Some(container) = self.open.pop()
            && let Some(parent) = self.open.last_mut()
        {
            match (container.kind, parent.blocks.last_mut()) {
                (Kind::Item(_), Some(Block::List(list))) => list.items.push(container.blocks),
                _ => parent.push(Block::Quote(container.blocks)),
            }
        }
    }
}
