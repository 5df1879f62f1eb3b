//! Atlassian's document format: what version 3 of Jira's API takes. Text in it is never read as markup.

use serde_json::{Value, json};

use super::document::{Block, Document, Inline};
use super::write::spoken;

impl Document {
    /// The document as `{"type": "doc", …}`.
    pub fn to_adf(&self) -> Value {
        json!({"type": "doc", "version": 1, "content": blocks(&self.blocks)})
    }
}

fn blocks(all: &[Block]) -> Vec<Value> {
    all.iter().filter_map(block).collect()
}

fn block(block: &Block) -> Option<Value> {
    Some(match block {
        Block::Heading(level, inner) => {
            json!({"type": "heading", "attrs": {"level": (*level).clamp(1, 6)}, "content": inlines(inner, &[])})
        }
        Block::Paragraph(inner) => json!({"type": "paragraph", "content": inlines(inner, &[])}),
        Block::List(list) => {
            let items: Vec<Value> = list.items.iter().map(|item| item_of(item)).collect();
            if items.is_empty() {
                return None;
            }
            match list.start {
                Some(start) => json!({"type": "orderedList", "attrs": {"order": start}, "content": items}),
                None => json!({"type": "bulletList", "content": items}),
            }
        }
        // A quote takes paragraphs and lists alone, and an empty one is refused.
        Block::Quote(inner) => {
            let content: Vec<Value> = blocks(inner);
            let allowed = |value: &Value| {
                ["paragraph", "bulletList", "orderedList"].iter().any(|allowed| value["type"] == **allowed)
            };
            if content.is_empty() {
                return None;
            }
            if content.iter().all(allowed) {
                json!({"type": "blockquote", "content": content})
            } else {
                json!({"type": "panel", "attrs": {"panelType": "note"}, "content": flat(inner)})
            }
        }
        Block::Code { language, text } => {
            // Empty text nodes are refused.
            let content: Vec<Value> =
                (!text.is_empty()).then(|| json!({"type": "text", "text": text})).into_iter().collect();
            match language.as_str() {
                "" => json!({"type": "codeBlock", "content": content}),
                language => json!({"type": "codeBlock", "attrs": {"language": language}, "content": content}),
            }
        }
        Block::Rule => json!({"type": "rule"}),
    })
}

/// What a quote cannot hold, as paragraphs.
fn flat(all: &[Block]) -> Vec<Value> {
    let paragraph = |text: String| json!({"type": "paragraph", "content": text_nodes(&text, &[])});
    all.iter()
        .flat_map(|inner| match inner {
            Block::Heading(_, inner) | Block::Paragraph(inner) => {
                vec![json!({"type": "paragraph", "content": inlines(inner, &[])})]
            }
            Block::List(_) => block(inner).into_iter().collect(),
            Block::Quote(inner) => flat(inner),
            Block::Code { text, .. } => vec![paragraph(text.clone())],
            Block::Rule => vec![],
        })
        .collect()
}

/// An item takes no heading, quote or rule.
fn item_of(item: &[Block]) -> Value {
    let mut content = flat(item);
    // The first must be a paragraph.
    if content.first().is_none_or(|first| first["type"] != "paragraph") {
        content.insert(0, json!({"type": "paragraph", "content": []}));
    }
    json!({"type": "listItem", "content": content})
}

fn inlines(all: &[Inline], marks: &[Value]) -> Vec<Value> {
    all.iter().flat_map(|inline| inline_nodes(inline, marks)).collect()
}

fn inline_nodes(inline: &Inline, marks: &[Value]) -> Vec<Value> {
    let with = |mark: Value| {
        let mut marks = marks.to_vec();
        if !marks.contains(&mark) {
            marks.push(mark);
        }
        marks
    };
    match inline {
        Inline::Text(text) => text_nodes(text, marks),
        // Code takes no other mark than a link.
        Inline::Code(text) => {
            let mut kept: Vec<Value> = marks.iter().filter(|mark| mark["type"] == "link").cloned().collect();
            kept.push(json!({"type": "code"}));
            text_nodes(text, &kept)
        }
        Inline::Strong(inner) => inlines(inner, &with(json!({"type": "strong"}))),
        Inline::Emphasis(inner) => inlines(inner, &with(json!({"type": "em"}))),
        Inline::Link(inner, link) => {
            let mut nodes = inlines(inner, &with(json!({"type": "link", "attrs": {"href": link.url}})));
            let said = spoken(inner);
            if said != link.url && said != link.host {
                nodes.extend(text_nodes(&format!(" ({})", link.host), marks));
            }
            nodes
        }
        Inline::Break => vec![json!({"type": "hardBreak"})],
    }
}

fn text_nodes(text: &str, marks: &[Value]) -> Vec<Value> {
    match (text.is_empty(), marks.is_empty()) {
        (true, _) => vec![],
        (false, true) => vec![json!({"type": "text", "text": text})],
        (false, false) => vec![json!({"type": "text", "text": text, "marks": marks})],
    }
}
