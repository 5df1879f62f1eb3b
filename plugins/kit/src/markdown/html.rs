//! HTML, for mail.

use super::document::{Block, Document, Inline, List};
use super::escape::{Escapes, Place, Way};
use super::write::spoken;
use crate::link::Link;

const TEXT: Escapes = Escapes::of(&[(Place::Anywhere, "&<>\"'", Way::Named)]);

/// Clients take styles only where they are used.
const CODE: &str = "font-family:monospace;background:#f2f2f2";

impl Document {
    /// HTML without a page around it, made of paragraphs, lists and links; styles stand inline.
    pub fn to_html(&self) -> String {
        let mut out = String::new();
        blocks(&mut out, &self.blocks);
        out
    }
}

/// Text in HTML, also in a quoted attribute.
pub fn html_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    TEXT.push(&mut out, text);
    out
}

fn blocks(out: &mut String, all: &[Block]) {
    for block in all {
        match block {
            Block::Heading(level, inner) => {
                let level = (*level).clamp(1, 6);
                out.push_str(&format!("<h{level}>"));
                inlines(out, inner);
                out.push_str(&format!("</h{level}>\n"));
            }
            Block::Paragraph(inner) => {
                out.push_str("<p>");
                inlines(out, inner);
                out.push_str("</p>\n");
            }
            Block::List(list) => items(out, list),
            Block::Quote(inner) => {
                out.push_str("<blockquote>\n");
                blocks(out, inner);
                out.push_str("</blockquote>\n");
            }
            Block::Code { text, .. } => {
                out.push_str(&format!("<pre style=\"{CODE};white-space:pre-wrap\">{}</pre>\n", html_text(text)));
            }
            Block::Rule => out.push_str("<hr>\n"),
        }
    }
}

fn items(out: &mut String, list: &List) {
    let tag = if list.start.is_some() { "ol" } else { "ul" };
    let start = list.start.filter(|start| *start != 1).map(|start| format!(" start=\"{start}\""));
    out.push_str(&format!("<{tag}{}>\n", start.unwrap_or_default()));
    for item in &list.items {
        out.push_str("<li>");
        match item.split_first() {
            // One line needs no paragraph around it.
            Some((Block::Paragraph(line), rest)) => {
                inlines(out, line);
                blocks(out, rest);
            }
            _ => blocks(out, item),
        }
        out.push_str("</li>\n");
    }
    out.push_str(&format!("</{tag}>\n"));
}

fn inlines(out: &mut String, all: &[Inline]) {
    for inline in all {
        match inline {
            Inline::Text(text) => TEXT.push(out, text),
            Inline::Code(text) => out.push_str(&format!("<code style=\"{CODE}\">{}</code>", html_text(text))),
            Inline::Strong(inner) => around(out, "b", inner),
            Inline::Emphasis(inner) => around(out, "i", inner),
            Inline::Link(inner, link) => linked(out, inner, link),
            Inline::Break => out.push_str("<br>\n"),
        }
    }
}

fn around(out: &mut String, tag: &str, inner: &[Inline]) {
    out.push_str(&format!("<{tag}>"));
    inlines(out, inner);
    out.push_str(&format!("</{tag}>"));
}

fn linked(out: &mut String, inner: &[Inline], link: &Link) {
    out.push_str(&format!("<a href=\"{}\">", html_text(&link.url)));
    inlines(out, inner);
    out.push_str("</a>");
    let said = spoken(inner);
    if said != link.url && said != link.host {
        TEXT.push(out, &format!(" ({})", link.host));
    }
}
