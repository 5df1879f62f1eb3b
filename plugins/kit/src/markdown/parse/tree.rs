//! Makes a tree of the parts of a text.

use super::super::document::Inline;
use super::inline::{Token, shown};
use crate::link::Link;

/// Marks within more marks are left out.
const DEEPEST: usize = 12;

/// Makes a tree of tokens.
#[derive(Default)]
pub(super) struct Tree {
    inlines: Vec<Inline>,
    /// What has begun, and what stood before it.
    open: Vec<(Span, Vec<Inline>)>,
    /// So many more have begun that are not kept.
    flat: usize,
}

enum Span {
    Strong,
    Emphasis,
    Link(String),
}

impl Tree {
    pub(super) fn token(&mut self, token: Token) {
        match token {
            Token::Text(text) => self.text(&text),
            Token::Code(code) => self.inlines.push(Inline::Code(code)),
            Token::Break => self.inlines.push(Inline::Break),
            Token::Run(run) => {
                for _ in 0..run.ends {
                    self.close();
                }
                self.text(&run.text());
                for bold in run.begins.iter().rev() {
                    self.open(if *bold { Span::Strong } else { Span::Emphasis });
                }
            }
            Token::Link(url) => self.open(Span::Link(url)),
            Token::LinkEnd => self.close(),
        }
    }

    fn open(&mut self, span: Span) {
        if self.open.len() < DEEPEST {
            self.open.push((span, std::mem::take(&mut self.inlines)));
        } else {
            self.flat += 1;
        }
    }

    fn close(&mut self) {
        if let Some(flat) = self.flat.checked_sub(1) {
            self.flat = flat;
            return;
        }
        let Some((span, before)) = self.open.pop() else { return };
        let inner = std::mem::replace(&mut self.inlines, before);
        match span {
            Span::Strong | Span::Emphasis if inner.is_empty() => {}
            Span::Strong => self.inlines.push(Inline::Strong(inner)),
            Span::Emphasis => self.inlines.push(Inline::Emphasis(inner)),
            Span::Link(url) => match Link::parse(&url) {
                Some(link) if inner.is_empty() => {
                    self.inlines.push(Inline::Link(vec![Inline::Text(link.url.clone())], link));
                }
                Some(link) => self.inlines.push(Inline::Link(inner, link)),
                None => {
                    append(&mut self.inlines, inner);
                    self.text(&format!(" ({url})"));
                }
            },
        }
    }

    fn text(&mut self, text: &str) {
        let text = shown(text);
        if !text.is_empty() {
            append(&mut self.inlines, vec![Inline::Text(text)]);
        }
    }

    pub(super) fn end(mut self) -> Vec<Inline> {
        while !self.open.is_empty() {
            self.close();
        }
        while self.inlines.last() == Some(&Inline::Break) {
            self.inlines.pop();
        }
        self.inlines
    }
}

/// Appends parts of a text; neighbours become one, so that a writer sees what stands beside a sign.
pub(super) fn append(inlines: &mut Vec<Inline>, more: Vec<Inline>) {
    for inline in more {
        match (inlines.last_mut(), inline) {
            (Some(Inline::Text(before)), Inline::Text(text)) => before.push_str(&text),
            (_, inline) => inlines.push(inline),
        }
    }
}
